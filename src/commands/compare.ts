// `limitscope compare BASE CANDIDATE`: two sets of runs, read from their folders.

import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type ComparedRun, compareRuns } from '../analysis/compare.ts'
import type { ChangeVerdict } from '../analysis/comparison.ts'
import { readRun } from '../analysis/storedRun.ts'
import { type ExitCode, exitCodes, UserError } from '../core/errors.ts'
import { comparisonMarkdown } from '../report/comparisonMarkdown.ts'
import { comparisonText } from '../report/comparisonText.ts'
import { type CommandIo, wantsColour } from './io.ts'

export interface CompareFlags {
  readonly minChange: number
  readonly margin: number
  readonly force?: boolean
  readonly json?: boolean
  readonly markdown?: boolean
}

export async function compareCommand(
  sets: { readonly base: string; readonly candidate: string },
  { minChange, margin, force = false, json = false, markdown = false }: CompareFlags,
  io: CommandIo,
): Promise<number> {
  const thresholds = { changeLeast: minChange, margin }
  const [base, candidate] = [readSet(sets.base, io), readSet(sets.candidate, io)]
  const comparison = compareRuns(base, candidate, { thresholds, isForced: force })
  const text = () =>
    markdown
      ? comparisonMarkdown(comparison)
      : `${comparisonText(comparison, wantsColour(io.stdout, io.env))}\n`
  io.stdout.write(json ? `${JSON.stringify(comparison, null, 2)}\n` : text())
  return exitCodeOf(comparison.verdict)
}

export function exitCodeOf(verdict: ChangeVerdict): ExitCode {
  if (verdict === 'REGRESSION') return exitCodes.regression
  return verdict === 'INCONCLUSIVE' ? exitCodes.inconclusive : exitCodes.passed
}

/** The runs of a set: folders of runs, folders of those, with commas between. */
export function readSet(names: string, { cwd }: CommandIo): ComparedRun[] {
  return names
    .split(',')
    .flatMap((name) => runFolders(resolve(cwd, name)))
    .map(comparedRun)
}

function runFolders(path: string): string[] {
  if (!existsSync(path) || existsSync(join(path, 'manifest.json'))) return [path]
  const folders = readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(path, name))
    .filter((folder) => existsSync(join(folder, 'manifest.json')))
  if (folders.length > 0) return folders.sort()
  throw new UserError('usage', `compare: expected folders of runs in '${path}', found none`)
}

function comparedRun(path: string): ComparedRun {
  const { folder, summary } = readRun(path)
  return { manifest: folder.manifest, summary }
}
