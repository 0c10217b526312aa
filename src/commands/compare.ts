// `limitscope compare BASE CANDIDATE`: two sets of runs, read from their folders, or two profiles.

import { existsSync, readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { type ComparedRun, compareRuns } from '../analysis/compare.ts'
import type { ChangeVerdict, Comparison } from '../analysis/comparison.ts'
import { type ComparedProfile, compareProfiles } from '../analysis/profileChanges.ts'
import { readRun } from '../analysis/storedRun.ts'
import { type ExitCode, exitCodes, UserError } from '../core/errors.ts'
import { comparisonMarkdown } from '../report/comparisonMarkdown.ts'
import { comparisonText } from '../report/comparisonText.ts'
import { appendGithubSummary } from './github.ts'
import { type CommandIo, wantsColour } from './io.ts'
import { fileLimiter, profileFile, readProfile } from './profileFile.ts'

export interface CompareFlags {
  readonly minChange: number
  readonly margin: number
  readonly force?: boolean
  readonly json?: boolean
  readonly markdown?: boolean
}

export async function compareCommand(
  sets: SetNames,
  flags: CompareFlags,
  io: CommandIo,
): Promise<number> {
  const { json = false, markdown = false } = flags
  const isFile = (name: string) =>
    statSync(resolve(io.cwd, name), { throwIfNoEntry: false })?.isFile() ?? false
  const isAboutProfiles = isFile(sets.base) || isFile(sets.candidate)
  const comparison = isAboutProfiles ? ofProfiles(sets, flags, io) : ofRuns(sets, flags, io)
  const text = () =>
    markdown
      ? comparisonMarkdown(comparison)
      : `${comparisonText(comparison, wantsColour(io.stdout, io.env))}\n`
  appendGithubSummary(comparisonMarkdown(comparison), io)
  io.stdout.write(json ? `${JSON.stringify(comparison, null, 2)}\n` : text())
  return exitCodeOf(comparison.verdict)
}

export function exitCodeOf(verdict: ChangeVerdict): ExitCode {
  if (verdict === 'REGRESSION') return exitCodes.regression
  return verdict === 'INCONCLUSIVE' ? exitCodes.inconclusive : exitCodes.passed
}

interface SetNames {
  readonly base: string
  readonly candidate: string
}

function ofRuns(sets: SetNames, flags: CompareFlags, io: CommandIo): Comparison {
  const [base, candidate] = [readSet(sets.base, io), readSet(sets.candidate, io)]
  return compareRuns(base, candidate, {
    thresholds: thresholdsOf(flags),
    isForced: flags.force === true,
  })
}

function ofProfiles({ base, candidate }: SetNames, flags: CompareFlags, io: CommandIo): Comparison {
  const [before, after] = [comparedProfile(base, io), comparedProfile(candidate, io)]
  return compareProfiles(before, after, thresholdsOf(flags))
}

function thresholdsOf({ minChange, margin }: CompareFlags) {
  return { changeLeast: minChange, margin }
}

const comparedFile = profileFile.extend({
  target: z.string(),
  conclusion: z.string(),
  reasons: z.array(z.string()),
  limiters: z.array(
    fileLimiter.extend({
      equivalents: z.array(z.string()),
      confidence: z.number(),
      retryAfter: z.looseObject({ present: z.boolean() }),
      intervals: z.record(z.string(), z.tuple([z.number(), z.number()])),
    }),
  ),
})

function comparedProfile(path: string, { cwd }: CommandIo): ComparedProfile {
  return { name: path, ...readProfile(path, { cwd, what: 'compare', schema: comparedFile }) }
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
