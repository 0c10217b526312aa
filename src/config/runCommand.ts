// Runs a shell command for what it prints, with bounds on time and size.

import { spawn } from 'node:child_process'
import { messageOf } from '../core/errors.ts'
import { safeLine } from '../core/text.ts'
import type { Environment } from './interpolate.ts'
import { looseRedactor } from './redact.ts'

export interface CommandOptions {
  readonly cwd: string
  readonly env: Environment
  /** Default 30 s. */
  readonly timeoutMs?: number
}

/** Most characters kept of either output. */
const charactersMax = 64 * 1024

/** What the command printed; rejects with why it came to nothing, secrets blanked out. */
export function runCommand(command: string, options: CommandOptions): Promise<string> {
  const { cwd, env, timeoutMs = 30_000 } = options
  return new Promise((resolve, reject) => {
    // A group of its own, so that what the shell started ends with it.
    const detached = process.platform !== 'win32'
    const child = spawn(command, {
      shell: true,
      cwd,
      env: { ...env },
      detached,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const output = collect(child.stdout)
    const errors = collect(child.stderr)
    const timer = setTimeout(() => {
      killGroup(child.pid, detached)
      reject(new Error(`no answer within ${timeoutMs / 1000} s`))
    }, timeoutMs)
    child.on('error', (error) => {
      clearTimeout(timer)
      reject(new Error(messageOf(error)))
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      if (code === 0) return resolve(output())
      const redact = looseRedactor(env, [output().trim()])
      const said = safeLine(redact(beginning(errors())).trim().replace(/\s+/g, ' '), 300)
      const end = code === null ? `signal ${signal}` : `exit code ${code}`
      reject(new Error(said === '' ? end : `${end}: ${said}`))
    })
  })
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    if (text.length < charactersMax) text += chunk
  })
  return () => text
}

/** As much as is worth to be looked through, without a word that is cut in two. */
function beginning(text: string): string {
  return text.length <= 4096 ? text : text.slice(0, 4096).replace(/\S*$/, '')
}

function killGroup(pid: number | undefined, isGroup: boolean): void {
  if (pid === undefined) return
  try {
    process.kill(isGroup ? -pid : pid, 'SIGKILL')
  } catch {
    // It has ended in the meantime.
  }
}
