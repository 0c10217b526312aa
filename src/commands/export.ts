// `limitscope export RUN --to FORMAT`: a run in the format of another tool, on stdout or in a file.

import { createWriteStream } from 'node:fs'
import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { readRun } from '../analysis/storedRun.ts'
import { exitCodes, messageOf, UserError } from '../core/errors.ts'
import { exportFormats } from '../report/export/formats.ts'
import type { ExportFormatName } from '../report/export/names.ts'
import type { CommandIo } from './io.ts'

export interface ExportFlags {
  readonly to: ExportFormatName
  readonly output?: string
}

export async function exportCommand(
  run: string,
  { to, output }: ExportFlags,
  io: CommandIo,
): Promise<number> {
  const text = exportFormats[to](readRun(resolve(io.cwd, run)))
  if (output === undefined) {
    await pipeline(Readable.from(text), io.stdout, { end: false })
    return exitCodes.passed
  }
  try {
    await pipeline(Readable.from(text), createWriteStream(resolve(io.cwd, output), { mode: 0o600 }))
  } catch (error) {
    if (error instanceof UserError) throw error
    const message = `export: cannot write '${output}': ${messageOf(error)}`
    throw new UserError('write', message, { cause: error })
  }
  return exitCodes.passed
}
