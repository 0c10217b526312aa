// For tests: a command in this process, in a folder of its own, with its output caught.

import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { parse } from 'csv-parse/sync'
import type { CommandIo } from '../commands/io.ts'

export interface Workplace {
  readonly io: CommandIo
  readonly path: string
  stdout(): string
  stderr(): string
  write(name: string, text: string): void
  /** Rows of a CSV file of the newest run. */
  csv(name: string): Record<string, string>[]
  /** Text of a file of the newest run. */
  file(name: string): string
  runs(): string[]
}

export function workplace(env: Record<string, string> = {}): Workplace {
  const path = mkdtempSync(join(tmpdir(), 'limitscope-test-'))
  const out: string[] = []
  const err: string[] = []
  const io: CommandIo = {
    cwd: path,
    env,
    argv: ['test'],
    stdin: process.stdin,
    stdout: collector(out),
    stderr: collector(err),
  }
  const runs = () => readdirSync(join(path, 'results')).filter((name) => !name.endsWith('.csv'))
  const file = (name: string) =>
    readFileSync(join(path, 'results', runs().sort().at(-1)!, name), 'utf8')
  return {
    io,
    path,
    stdout: () => out.join(''),
    stderr: () => err.join(''),
    write: (name, text) => writeFileSync(join(path, name), text),
    csv: (name) => parse(file(name), { columns: true }),
    file,
    runs,
  }
}

function collector(texts: string[]): NodeJS.WriteStream {
  const stream = new Writable({
    write(chunk, _encoding, done) {
      texts.push(String(chunk))
      done()
    },
  })
  return stream as unknown as NodeJS.WriteStream
}
