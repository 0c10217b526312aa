// `limitscope nightly`: tonight's run, whether it is suspicious, and pairs of runs that decide.

import { existsSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'csv-stringify/sync'
import { compareRuns } from '../analysis/compare.ts'
import type { LimiterChange } from '../analysis/comparison.ts'
import { isBaseFirst, pairsMost } from '../analysis/confirmation.ts'
import {
  metricsName,
  readMetricHistory,
  targetNameOf,
  workloadOf,
} from '../analysis/metricHistory.ts'
import {
  confirmationsOf,
  type NightFinding,
  type NightResult,
  type RunPair,
  type Suspicion,
  suspicionsOf,
  withoutFalseDiscoveries,
} from '../analysis/nightly.ts'
import { levelStarts, nightColumns, nightsName } from '../analysis/nightsFile.ts'
import type { RunSummary } from '../analysis/result.ts'
import { readRun } from '../analysis/storedRun.ts'
import { loadConfig } from '../config/load.ts'
import type { LoadedConfig } from '../config/loaded.ts'
import { type ExitCode, exitCodes } from '../core/errors.ts'
import type { Plan } from '../load/plan.ts'
import { nightMarkdown, nightText } from '../report/nightText.ts'
import { appendGithubSummary, tellGithub } from './github.ts'
import { type CommandIo, say, wantsColour } from './io.ts'
import { type Prepared, prepare } from './prepare.ts'
import { type OutputFlags, resultsPathOf, runIdFor } from './run.ts'
import { chooseScreen } from './screens.ts'
import { runSession, type SessionResult } from './session.ts'
import { chooseWorkers } from './workers.ts'

export interface NightlyFlags extends OutputFlags {
  readonly config?: string
  readonly target?: string
  /** The target that was accepted last, still running: pairs are measured against it. */
  readonly baseline?: string
}

/** Pairs whose runs could not be believed, or lack a metric, are measured again, up to this many times. */
const spoiltMost = 5

export async function nightlyCommand(
  scenarios: readonly string[],
  flags: NightlyFlags,
  io: CommandIo,
): Promise<number> {
  const loaded = await loadConfig({ ...io, configPath: flags.config })
  const night = new Night(
    loaded,
    scenarios,
    { ...flags, out: flags.out ?? loaded.config.results },
    io,
  )
  return night.run()
}

interface Measured extends SessionResult {
  readonly files: Prepared['files']
  readonly plan: Plan
}

function isFit({ reason, health }: RunSummary): boolean {
  return reason === 'completed' && health.verdict !== 'INVALID'
}

function nightExitCode({ findings, limiters }: NightResult): ExitCode {
  const isWorse = limiters.some(({ verdict }) => verdict === 'REGRESSION')
  if (isWorse || findings.some((one) => one.confirmation?.verdict === 'REGRESSION')) {
    return exitCodes.regression
  }
  const isOpen = findings.some(({ confirmation }) => confirmation === null)
  return isOpen ? exitCodes.inconclusive : exitCodes.passed
}

class Night {
  readonly #loaded: LoadedConfig
  readonly #scenarios: readonly string[]
  readonly #flags: NightlyFlags
  readonly #io: CommandIo
  readonly #results: string

  constructor(
    loaded: LoadedConfig,
    scenarios: readonly string[],
    flags: NightlyFlags,
    io: CommandIo,
  ) {
    this.#loaded = loaded
    this.#scenarios = scenarios
    this.#flags = flags
    this.#io = io
    this.#results = resultsPathOf(flags.out, io)
  }

  async run(): Promise<number> {
    const runId = runIdFor(this.#flags, 'nightly', this.#io)
    const tonight = await this.#measure(this.#flags.target, runId, this.#results)
    const { summary, exitCode } = tonight
    tellGithub(summary, tonight, this.#io)
    if (!isFit(summary)) {
      say(this.#io, `nightly: ${runId} says nothing (${summary.reason}, ${summary.health.verdict})`)
      return exitCode
    }
    const limiters = await this.#limiterChanges(tonight)
    const suspicions = await this.#suspicions(tonight)
    const findings = await this.#confirmed(suspicions, runId)
    await this.#append(summary, findings)
    const night: NightResult = { runId, findings, limiters }
    appendGithubSummary(nightMarkdown(night), this.#io)
    const { json = false } = this.#flags
    const text = json
      ? JSON.stringify({ schema: 'limitscope.night/1', ...night }, null, 2)
      : nightText(night, wantsColour(this.#io.stdout, this.#io.env))
    this.#io.stdout.write(`${text}\n`)
    return nightExitCode(night) || exitCode
  }

  /** Metrics of tonight against those of the nights before. */
  async #suspicions({ plan }: Measured): Promise<Suspicion[]> {
    const history = await readMetricHistory(join(this.#results, metricsName))
    const [workload, target] = [workloadOf(plan), targetNameOf(plan)]
    const own = history.filter((one) => one.workload === workload && one.target === target)
    const starts = await levelStarts(join(this.#results, nightsName))
    return suspicionsOf(own, starts)
  }

  /** Pairs in the order ABBA until every suspicion is decided; none without a baseline. */
  async #confirmed(suspicions: readonly Suspicion[], runId: string): Promise<NightFinding[]> {
    const open = suspicions.map((suspicion) => ({ ...suspicion, confirmation: null }))
    const { baseline } = this.#flags
    if (suspicions.length === 0 || baseline === undefined) return open
    say(this.#io, `nightly: ${suspicions.length} metrics are suspicious: measuring pairs`)
    const pairs: RunPair[] = []
    const folder = join(this.#results, `${runId}-pairs`)
    for (let at = 0; at < pairsMost + spoiltMost; at++) {
      const pair = await this.#pair({ folder, at, baseline })
      if (pair !== null) pairs.push(pair)
      const findings = confirmationsOf(suspicions, pairs)
      if (findings.every(({ confirmation }) => confirmation !== null)) {
        return withoutFalseDiscoveries(findings)
      }
    }
    return open
  }

  async #pair(options: {
    readonly folder: string
    readonly at: number
    readonly baseline: string
  }): Promise<RunPair | null> {
    const { folder, at, baseline } = options
    const name = String(at + 1).padStart(2, '0')
    const measureBase = () => this.#measure(baseline, `${name}-base`, join(folder, 'base'))
    const measureCandidate = () => {
      return this.#measure(this.#flags.target, `${name}-candidate`, join(folder, 'candidate'))
    }
    const isFirst = isBaseFirst(at)
    const first = await (isFirst ? measureBase() : measureCandidate())
    const second = await (isFirst ? measureCandidate() : measureBase())
    const pair = isFirst
      ? { base: first.summary, candidate: second.summary }
      : { base: second.summary, candidate: first.summary }
    return isFit(pair.base) && isFit(pair.candidate) ? pair : null
  }

  async #measure(target: string | undefined, runId: string, results: string): Promise<Measured> {
    const options = { runId, scenarios: this.#scenarios, overrides: { target } }
    const prepared = await prepare(this.#loaded, options, this.#io)
    const session = await runSession(
      {
        ...prepared,
        noSkip: false,
        resultsPath: results,
        rowEvery: this.#flags.requests ?? 1,
        pacing: this.#flags.pacing ?? 'auto',
        workers: chooseWorkers(prepared.plan, this.#flags.workers ?? 'auto'),
        screen: await chooseScreen(this.#flags.reporter, this.#flags.json === true, this.#io),
      },
      this.#io,
    )
    return { ...session, plan: prepared.plan, files: prepared.files }
  }

  /** What is exact needs no history and no pairs: tonight's limits against those of the last night. */
  async #limiterChanges({ plan, summary, folder }: Measured): Promise<readonly LimiterChange[]> {
    const history = await readMetricHistory(join(this.#results, metricsName))
    const [workload, target] = [workloadOf(plan), targetNameOf(plan)]
    const before = history
      .filter((one) => one.workload === workload && one.target === target)
      .flatMap(({ points }) => points)
      .filter(({ runId }) => runId !== summary.runId && existsSync(join(this.#results, runId)))
      .sort((a, b) => b.startedAt.localeCompare(a.startedAt))[0]
    if (before === undefined) return []
    const sets = [join(this.#results, before.runId), folder!].map((path) => {
      const stored = readRun(path)
      return [{ manifest: stored.folder.manifest, summary: stored.summary }]
    })
    const { limiters } = compareRuns(sets[0]!, sets[1]!, { isForced: true })
    return limiters.filter(({ p, verdict }) => p === 0 && verdict !== 'EQUIVALENT')
  }

  async #append(
    { runId, startedAt }: RunSummary,
    findings: readonly NightFinding[],
  ): Promise<void> {
    const path = join(this.#results, nightsName)
    const rows = findings.map(({ scenario, lane, shape, name, trigger, confirmation: found }) => {
      const names = [runId, startedAt, scenario, lane, shape, name, trigger.kind, trigger.change]
      if (found === null) return [...names, 'OPEN', 0, null, null, null, null]
      const { verdict, pairs, p, change, interval } = found
      return [...names, verdict, pairs, p, change, ...interval]
    })
    if (rows.length === 0) return
    const table = existsSync(path) ? rows : [nightColumns, ...rows]
    const text = stringify(table, { escape_formulas: true, record_delimiter: '\n' })
    await appendFile(path, text, { mode: 0o600 })
  }
}
