// One run from its plan to its files: gateway, engine thread, recording, screen, signals, verdict.

import type { Expects } from '../analysis/expects.ts'
import { type GeneratorReadings, judgeGenerator } from '../analysis/health.ts'
import { metricRows } from '../analysis/metricHistory.ts'
import type { RunSummary } from '../analysis/result.ts'
import { type SummaryFacts, summarize } from '../analysis/summary.ts'
import { verdictOf } from '../analysis/verdict.ts'
import { type ExitCode, exitCodes, messageOf, UserError } from '../core/errors.ts'
import type { RunEvent } from '../core/event.ts'
import { formatInteger, formatShare } from '../core/format.ts'
import { wallAnchor, wallMs } from '../core/realClock.ts'
import { sampleFloor } from '../core/statistics.ts'
import { redactor } from '../core/text.ts'
import { hasOneCore } from '../core/thread.ts'
import type { Micros } from '../core/units.ts'
import { compileEarly } from '../core/v8.ts'
import { startEngines } from '../engine/crew.ts'
import type { EngineHealth, Standing } from '../engine/messages.ts'
import { type Sentinel, type SentinelReading, startSentinel } from '../engine/sentinel.ts'
import type { EngineEnd, EngineThread } from '../engine/thread.ts'
import type { GatewaySpec } from '../gateway/spec.ts'
import { type GatewayThread, startGatewayThread } from '../gateway/thread.ts'
import { type LaneSecrets, secretValues } from '../load/lanes.ts'
import { originsIn, type Plan, planHash } from '../load/plan.ts'
import type { ScenarioOutcome } from '../load/stepResults.ts'
import { LiveFold, type LiveHealth, type LiveSnapshot } from '../recording/live.ts'
import { manifestText } from '../recording/manifest.ts'
import { RunRecorder } from '../recording/recorder.ts'
import type { RequestsProgress } from '../recording/requestsFile.ts'
import { createRunFolder, type RunFolder, writeWhole } from '../recording/runFolder.ts'
import type { Slice } from '../recording/slice.ts'
import { appendHistory, appendMetrics, writeResults } from '../report/files.ts'
import { writeDecisions } from './decisions.ts'
import { checkListening, guardHost } from './guard.ts'
import { watchHost } from './hostReadings.ts'
import { type CommandIo, say } from './io.ts'
import { choosePacing, type Pacing, type PacingName, peakRatePerS } from './pacing.ts'
import { type Interrupts, listenForInterrupts } from './signals.ts'
import { version } from './version.ts'

export interface SessionOptions {
  readonly plan: Plan
  readonly secrets: LaneSecrets
  readonly warnings: readonly string[]
  /** The embedded gateway, where the plan's target is one. */
  readonly gateway: GatewaySpec | null
  /** Folder of run folders; null: nothing is written. */
  readonly resultsPath: string | null
  /** Every how many requests one goes into `requests.csv`; 0: none does. */
  readonly rowEvery: number
  readonly pacing: PacingName
  /** Threads that share the plan. */
  readonly workers: number
  /** Whether scenarios that are skipped make the run inconclusive; default false. */
  readonly noSkip?: boolean
  /** What is expected where a system and its document differ; default 'either'. */
  readonly expects?: Expects
  /** Shows the run while it goes on. */
  readonly screen: ScreenFactory
  /** Sees every slice of the run, too. */
  readonly onSlice?: (slice: Slice) => void
}

/** A running view of the run; made once there is something to show. */
export interface Screen {
  event(event: RunEvent): void
  close(): Promise<void>
}

/** Null: nobody looks. */
export type ScreenFactory = (parts: {
  readonly snapshot: () => LiveSnapshot
  readonly onStop: () => void
  readonly onAbort: () => void
}) => Promise<Screen | null>

export interface SessionResult {
  readonly summary: RunSummary
  readonly exitCode: ExitCode
  /** Path of the run's folder; null when nothing was written. */
  readonly folder: string | null
}

/** Runs a plan to its end, whatever the end is; throws `UserError` before anything was sent. */
export async function runSession(options: SessionOptions, io: CommandIo): Promise<SessionResult> {
  const { plan } = options
  if (plan.target.kind === 'url') await checkTarget(plan, plan.target.url)
  else await guardOrigins(plan)
  const gateway = options.gateway === null ? null : await startGatewayThread(options.gateway)
  try {
    const url = gateway?.url ?? (plan.target.kind === 'url' ? plan.target.url : '')
    return await new Session(options, io, url, gateway).run()
  } finally {
    await gateway?.close()
  }
}

/** Where every scenario asks for the target itself, one that is not there is no mistake. */
async function checkTarget(plan: Plan, url: string): Promise<void> {
  const scenarios = plan.scenarios.filter(({ skip }) => skip === null)
  if (scenarios.length === 0) return
  try {
    await guardHost(url, plan.caps)
    await checkListening(url)
    await guardOrigins(plan)
  } catch (error) {
    const isAbsent = error instanceof UserError && error.code === 'target'
    if (!isAbsent || scenarios.some(({ needs }) => needs.length === 0)) throw error
  }
}

/** Other hosts that a plan names: whether they answer is for its steps to find out. */
async function guardOrigins(plan: Plan): Promise<void> {
  for (const origin of originsIn(plan)) {
    await guardHost(origin, plan.caps).catch((error: unknown) => {
      if (!(error instanceof UserError && error.code === 'target')) throw error
    })
  }
}

class Session {
  readonly #options: SessionOptions
  readonly #io: CommandIo
  readonly #targetUrl: string
  readonly #gateway: GatewayThread | null
  readonly #folder: RunFolder | null
  readonly #startedMs = Math.floor(wallMs())
  readonly #planHash: string
  readonly #redact: (text: string) => string
  readonly #recorder: RunRecorder
  readonly #live: LiveFold
  readonly #readHost = watchHost()
  #sentinel: Sentinel | null = null
  #sentinelReading: SentinelReading | null = null
  readonly #pacing: Pacing
  #engine: Omit<EngineThread, 'start'> | null = null
  #screen: Screen | null = null
  #health: EngineHealth | null = null
  #writeError: Error | null = null
  #lostRows = 0
  #outcomes: readonly ScenarioOutcome[] = []
  /** Whether the generator has read itself since the last commit. */
  #isHealthNew = false
  #isFinishing = false
  #toldCatchUpMs = 0

  constructor(
    options: SessionOptions,
    io: CommandIo,
    targetUrl: string,
    gateway: GatewayThread | null,
  ) {
    const { plan, resultsPath } = options
    this.#options = options
    this.#planHash = planHash(plan)
    this.#io = io
    this.#targetUrl = targetUrl
    this.#gateway = gateway
    this.#pacing = choosePacing(plan, options.pacing)
    if (hasOneCore && peakRatePerS(plan) > 0) compileEarly()
    this.#redact = redactor(secretValues(options.secrets))
    this.#folder = resultsPath === null ? null : createRunFolder(resultsPath, plan.runId)
    this.#live = new LiveFold({
      runId: plan.runId,
      target: this.#targetName(),
      scenarios: plan.scenarios.map(({ name }) => name),
    })
    this.#writeManifest()
    this.#recorder = new RunRecorder({
      plan,
      folder: this.#folder,
      startedMs: this.#startedMs,
      redact: this.#redact,
      hasRows: options.rowEvery > 0,
      hasJournal: this.#folder !== null,
      onWriteError: (error) => this.#writeFailed(error),
      onCatchUp: (progress) => this.#catchUp(progress),
      onEvent: (event) => {
        this.#live.event(event)
        this.#screen?.event(event)
      },
    })
    this.#recorder.commit({ facts: this.#facts(null) })
  }

  async run(): Promise<SessionResult> {
    const interrupts = listenForInterrupts({
      onStop: () => (this.#isFinishing ? this.#recorder.stopCatchUp() : this.#engine?.stop()),
      onAbort: () => (this.#isFinishing ? this.#recorder.stopCatchUp() : this.#engine?.abort()),
    })
    try {
      this.#screen = await this.#options.screen({
        snapshot: () => this.#live.snapshot(this.#liveHealth()),
        onStop: () => interrupts.interrupt(),
        onAbort: () => interrupts.interrupt(),
      })
      this.#engine = startEngines(this.#engineInput(), this.#options.workers, {
        slice: (slice) => {
          this.#recorder.slice(slice)
          // Only a screen asks for what is live.
          if (this.#screen !== null) this.#live.slice(slice)
          this.#options.onSlice?.(slice)
        },
        rows: (batch, lost) => {
          this.#recorder.rows(batch)
          this.#lostRows = lost
        },
        event: (event) => this.#recorder.event(event),
        progress: (progress) => {
          // Not before the first requests: they have a start to make.
          this.#sentinel ??= startSentinel()
          this.#live.progress(progress)
          this.#recorder.progress(progress)
        },
        health: (health) => {
          this.#health = health
          this.#isHealthNew = true
        },
        reached: (_us, standing) => this.#reached(standing),
      })
      const result = await this.#engine.result
      return await this.#finish(result, interrupts)
    } catch (error) {
      // Whatever was recorded up to here stays on disk.
      await this.#recorder.close()
      throw error
    } finally {
      await this.#screen?.close()
      interrupts.close()
    }
  }

  async #finish(result: EngineEnd, interrupts: Interrupts): Promise<SessionResult> {
    await this.#screen?.close()
    const { plan } = this.#options
    this.#recorder.findings = result.findings
    this.#sentinelReading = (await this.#sentinel?.finish()) ?? null
    this.#outcomes = result.scenarios
    const facts = this.#facts(result)
    this.#recorder.commit({ findings: result.findings, facts })
    const summary = summarize({ plan, ...facts, recorder: this.#recorder })
    this.#isFinishing = true
    // What is written in a moment needs no word.
    this.#toldCatchUpMs = wallMs()
    await this.#recorder.close()
    if (this.#folder !== null && this.#writeError === null) {
      await writeResults(this.#folder, summary)
      // Its code is not needed, nor held, while the run lasts.
      const { writeReports } = await import('../report/runReports.ts')
      writeReports(this.#folder.path)
      await appendHistory(this.#folder, summary)
      await appendMetrics(this.#folder, metricRows(plan, summary, version))
      if (this.#gateway !== null) {
        const decisions = await this.#gateway.decisions()
        await writeDecisions(this.#folder, decisions, this.#startedMs)
      }
      this.#recorder.discardJournal()
    }
    return {
      summary,
      exitCode: this.#exitCode(summary, interrupts),
      folder: this.#folder?.path ?? null,
    }
  }

  /** Everything that was told so far is whole: it is what a run that is killed now comes to. */
  #reached(standing: Standing | null): void {
    this.#outcomes = standing?.scenarios ?? this.#outcomes
    if (this.#folder === null) return
    const facts = this.#isHealthNew ? { facts: this.#facts(null) } : {}
    const findings = standing === null ? {} : { findings: standing.findings }
    this.#isHealthNew = false
    this.#recorder.commit({ ...findings, ...facts })
  }

  /** What the summary says beside what was recorded; `end` null: so far, as if interrupted. */
  #facts(end: EngineEnd | null): SummaryFacts {
    const { noSkip = false, expects = 'either' } = this.#options
    return {
      noSkip,
      expects,
      planHash: this.#planHash,
      target: this.#targetName(),
      startedMs: this.#startedMs,
      durationUs: this.#elapsedUs(),
      reason: end?.reason ?? 'interrupted',
      health: judgeGenerator(this.#readings(end)),
      outcomes: this.#outcomes,
    }
  }

  #exitCode(summary: RunSummary, interrupts: Interrupts): ExitCode {
    if (this.#writeError !== null) {
      const { path } = this.#folder!
      say(
        this.#io,
        `results: writing to '${path}' failed: ${messageOf(this.#writeError)}; the run went on, what was written before is there`,
      )
      return exitCodes.notWritten
    }
    return interrupts.exitCode ?? verdictOf(summary).exitCode
  }

  /** Says now and then how much of requests.csv is still to be written. */
  #catchUp({ rowsDone, rowsTotal }: RequestsProgress): void {
    const nowMs = wallMs()
    if (nowMs - this.#toldCatchUpMs < 2000 || rowsDone === rowsTotal) return
    this.#toldCatchUpMs = nowMs
    const share = formatShare(rowsDone / Math.max(1, rowsTotal))
    say(
      this.#io,
      `requests.csv: ${share} of ${formatInteger(rowsTotal)} rows; Ctrl-C leaves the rest to 'limitscope recover'`,
    )
  }

  #writeFailed(error: Error): void {
    this.#writeError ??= error
    // Load whose results are lost helps nobody.
    this.#engine?.stop()
  }

  #writeManifest(): void {
    if (this.#folder === null) return
    const parts = {
      plan: this.#options.plan,
      version,
      startedMs: this.#startedMs,
      targetUrl: this.#targetUrl,
      warnings: this.#options.warnings,
      pacing: this.#pacing.text,
      argv: this.#io.argv,
    }
    writeWhole(this.#folder.file('manifest.json'), manifestText(parts, this.#redact))
  }

  #engineInput() {
    const { plan, secrets } = this.#options
    return {
      plan,
      targetUrl: this.#targetUrl,
      secrets: [...secrets],
      epochMs: this.#startedMs,
      wallAnchor: wallAnchor(),
      spinUs: this.#pacing.spinUs,
      userAgent: `limitscope/${version}`,
      rowEvery: this.#folder === null ? 0 : this.#options.rowEvery,
    }
  }

  #readings(end: EngineEnd | null): GeneratorReadings {
    const { unsent, ...others } = this.#recorder.counts
    const sent = Object.values(others).reduce((sum, count) => sum + count, 0)
    const peakPerS = peakRatePerS(this.#options.plan)
    return {
      planned: end?.planned ?? sent + unsent,
      sent: end?.sent ?? sent,
      ended: end?.ended ?? sent,
      records: sent + unsent,
      pacing: this.#pacing.name,
      lag: end?.lag ?? this.#health?.lag ?? emptyLag,
      responseP50Us: this.#quickestMedianUs(),
      stalls: this.#health?.stalls ?? null,
      thread: this.#health?.thread ?? null,
      arrivalDistance: this.#health?.arrivalDistance ?? null,
      ceilingPerS: this.#health?.ceilingPerS ?? null,
      peakPerS: peakPerS > 0 ? peakPerS : null,
      host: this.#readHost(),
      sentinel: this.#sentinelReading,
      lostRows: this.#lostRows + this.#recorder.lostRows,
      isOver: end !== null,
    }
  }

  #liveHealth(): LiveHealth {
    const readings = this.#readings(null)
    const { verdict, reasons } = judgeGenerator(readings)
    const { lag, thread } = readings
    // Below its sample floor a p99 is the maximum, and says nothing.
    const lagP99Us = lag.count >= sampleFloor(0.99) ? lag.p99Us : null
    return { verdict, reasons, lagP99Us, loopDelayP99Us: thread?.loopDelayP99Us ?? null }
  }

  /** The quickest kind of OK answer is the one that the generator's own delays distort most. */
  #quickestMedianUs(): Micros | null {
    const medians = this.#recorder.series
      .all()
      .filter(({ names }) => names.outcome === 'ok')
      .flatMap((series) => series.histogram('response')?.quantile(0.5) ?? [])
    return medians.length === 0 ? null : Math.min(...medians)
  }

  #elapsedUs(): Micros {
    return Math.round((wallMs() - this.#startedMs) * 1000)
  }

  #targetName(): string {
    const { target } = this.#options.plan
    return target.kind === 'gateway' ? `gateway:${target.preset} (${this.#targetUrl})` : target.url
  }
}

const emptyLag = { count: 0, p50Us: null, p90Us: null, p99Us: null, maxUs: null }
