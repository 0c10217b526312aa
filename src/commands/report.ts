// `limitscope report RUN`: makes the reports of a run anew, from what its folder holds.

import { join, resolve } from 'node:path'
import { exitCodes } from '../core/errors.ts'
import { reportNames, writeReports } from '../report/runReports.ts'
import type { CommandIo } from './io.ts'

export interface ReportFlags {
  readonly baseline?: string
}

export function reportCommand(run: string, { baseline }: ReportFlags, io: CommandIo): number {
  const path = resolve(io.cwd, run)
  writeReports(path, baseline === undefined ? null : resolve(io.cwd, baseline))
  for (const name of reportNames) io.stdout.write(`${join(run, name)}\n`)
  return exitCodes.passed
}
