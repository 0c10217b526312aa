// `limitscope run`: scenarios of a config file, and what all commands that run a plan share.

import { resolve } from 'node:path'
import type { Expects } from '../analysis/expects.ts'
import { loadConfig } from '../config/load.ts'
import type { SystemInput } from '../config/systemInput.ts'
import { exitCodes } from '../core/errors.ts'
import { wallMs } from '../core/realClock.ts'
import type { Micros } from '../core/units.ts'
import { freshRunId, runIdOf } from '../recording/runFolder.ts'
import type { ProfileVerdicts } from '../report/matrix.ts'
import { dryRunText, estimates } from './dryRun.ts'
import { tellGithub } from './github.ts'
import { type CommandIo, say, wantsColour } from './io.ts'
import type { PacingName } from './pacing.ts'
import { type Prepared, prepare } from './prepare.ts'
import type { Reporter } from './reporters.ts'
import { saveProfiles, withProfiles } from './scenarioProfiles.ts'
import { chooseScreen } from './screens.ts'
import { runSession, type SessionResult } from './session.ts'
import { tellVerdicts } from './verdicts.ts'
import { chooseWorkers } from './workers.ts'

/** What every command that runs a plan can be told. */
export interface OutputFlags {
  readonly out?: string
  readonly reporter?: Reporter
  readonly json?: boolean
  readonly dryRun?: boolean
  /** False: write no files. */
  readonly save?: boolean
  readonly name?: string
  /** The run's id, and so the name of its folder, instead of one made from time and name. */
  readonly runId?: string
  /** Which requests go to `requests.csv`, as every how many there is one; 0: none. */
  readonly requests?: number
  readonly pacing?: PacingName
  readonly workers?: number | 'auto'
  /** File of a profile, whose limits are declared. */
  readonly limits?: string
  /** False: scenarios that are skipped make the run inconclusive. */
  readonly skip?: boolean
  /** What is expected where a system and its document differ; default either. */
  readonly expect?: Expects
}

export interface RunFlags extends OutputFlags {
  readonly config?: string
  readonly target?: string
  /** Target profiles of the scenarios' system, with commas between them. */
  readonly targetProfile?: string
  readonly seed?: number
  readonly concurrency?: number
  readonly maxRequests?: number
  readonly maxRate?: number
  readonly maxDuration?: Micros
  readonly maxTokens?: number
}

export async function runCommand(
  scenarios: readonly string[],
  flags: RunFlags,
  io: CommandIo,
): Promise<number> {
  const loaded = await loadConfig({ ...io, configPath: flags.config })
  const name = scenarios.length === 1 ? scenarios[0]! : 'run'
  const { maxRequests, maxRate, maxDuration, maxTokens } = flags
  const overrides = {
    target: flags.target,
    seed: flags.seed,
    concurrency: flags.concurrency,
    caps: {
      requestsMax: maxRequests,
      ratePerSMax: maxRate,
      durationUsMax: maxDuration,
      tokensMax: maxTokens,
    },
  }
  const out = flags.out ?? loaded.config.results
  const profiles = flags.targetProfile?.split(',') ?? [undefined]
  const isAlone = profiles.length === 1
  const verdicts: ProfileVerdicts[] = []
  let worst: SessionResult['exitCode'] = exitCodes.passed
  let system: SystemInput | null = null
  let folder: string | null = null
  for (const profile of profiles) {
    const runId = runIdFor({ ...flags, out }, isAlone ? name : `${name}-${profile}`, io)
    const prepared = await prepare(
      loaded,
      { runId, scenarios, overrides, profile, limits: flags.limits },
      io,
    )
    const result = await runPlan(prepared, { ...flags, out }, io)
    if (result === null) continue
    // Of several runs, one document has all.
    if (isAlone || flags.json !== true) await tellResult(result, flags, io)
    system = prepared.system ?? null
    folder = result.folder
    worst = worse(worst, result.exitCode)
    verdicts.push({ profile: profile ?? '', summary: result.summary })
    if (isInterrupted(result)) break
  }
  if (!isAlone && verdicts.length > 0) {
    const interpretations = system?.interpretations ?? []
    await tellVerdicts(verdicts, { interpretations, folder, json: flags.json === true }, io)
  }
  return worst
}

/** Who interrupts a run wants no other one. */
function isInterrupted({ exitCode }: SessionResult): boolean {
  return exitCode === exitCodes.interrupted || exitCode === exitCodes.terminated
}

/** A failure says more than what is open, and an interruption ends it all. */
function worse<C extends SessionResult['exitCode']>(a: C, b: C): C {
  if (b === exitCodes.interrupted || b === exitCodes.terminated) return b
  if (a === exitCodes.passed) return b
  if (b === exitCodes.passed || a === exitCodes.failed) return a
  return b
}

/** The id that was asked for, or one from the time and a name that no run has. */
export function runIdFor(
  { runId, name, out }: OutputFlags,
  fallback: string,
  io: CommandIo,
): string {
  return runId ?? freshRunId(resultsPathOf(out, io), runIdOf(wallMs(), name ?? fallback))
}

/** Where run folders go. */
export function resultsPathOf(out: string | undefined, { cwd }: CommandIo): string {
  return resolve(cwd, out ?? 'results')
}

/** Runs a prepared plan, or only tells what it would do. */
export async function runPrepared(
  prepared: Prepared,
  flags: OutputFlags,
  io: CommandIo,
): Promise<number> {
  const result = await runPlan(prepared, flags, io)
  if (result === null) return exitCodes.passed
  await tellResult(result, flags, io)
  return result.exitCode
}

/** Null where it was only to be told what would be done. */
async function runPlan(
  prepared: Prepared,
  flags: OutputFlags,
  io: CommandIo,
): Promise<SessionResult | null> {
  const json = flags.json === true
  for (const warning of prepared.warnings) say(io, `warning: ${warning}`)
  if (flags.dryRun === true) {
    tellPlan(prepared, json, io)
    return null
  }
  const resultsPath = flags.save === false ? null : resultsPathOf(flags.out, io)
  const profiled = await withProfiles(prepared, io)
  const { plan } = profiled.prepared
  const screen = await chooseScreen(flags.reporter, json, io)
  const rowEvery = flags.requests ?? 1
  const pacing = flags.pacing ?? 'auto'
  const workers = chooseWorkers(plan, flags.workers ?? 'auto')
  const noSkip = flags.skip === false
  const expects = flags.expect ?? 'either'
  const session = {
    ...profiled.prepared,
    noSkip,
    expects,
    resultsPath,
    rowEvery,
    pacing,
    workers,
    screen,
  }
  const result = await runSession(session, io)
  const { summary, folder } = result
  tellGithub(summary, prepared, io)
  if (folder !== null) saveProfiles(profiled, folder)
  return result
}

async function tellResult(
  { summary, folder }: SessionResult,
  { json }: OutputFlags,
  io: CommandIo,
): Promise<void> {
  if (json === true) {
    io.stdout.write(`${JSON.stringify({ ...summary, folder }, null, 2)}\n`)
    return
  }
  const colour = wantsColour(io.stdout, io.env)
  const columns = io.stdout.columns ?? Number.POSITIVE_INFINITY
  // To know how wide characters are takes a tenth of a start.
  const { summaryText } = await import('../report/summaryText.ts')
  io.stdout.write(`${summaryText(summary, { colour, columns, folder })}\n`)
}

function tellPlan({ plan }: Prepared, json: boolean, io: CommandIo): void {
  const { target } = plan
  const name = target.kind === 'gateway' ? `gateway:${target.preset}` : target.url
  if (json) io.stdout.write(`${JSON.stringify({ plan, estimates: estimates(plan) }, null, 2)}\n`)
  else io.stdout.write(`${dryRunText(plan, name)}\n`)
}
