// The engine: runs a plan, scenario by scenario, phase by phase, on any clock. It knows drivers and
// the domain; it must not know files, screens or threads.

import { sleepUntil } from '../core/clock.ts'
import type { RunEventKind } from '../core/event.ts'
import { formatSpan } from '../core/format.ts'
import type { Progress } from '../core/progress.ts'
import { safeLine } from '../core/text.ts'
import type { Micros } from '../core/units.ts'
import type { NextRequest, SaturateOptions, Saturation } from '../drivers/autocannon.ts'
import type { Phase, Scenario } from '../load/plan.ts'
import { phaseSeed } from '../load/share.ts'
import type { ScenarioOutcome } from '../load/stepResults.ts'
import { describeStop } from '../load/stop.ts'
import { ArrivalShape } from './arrivalShape.ts'
import { type ContextParts, RunContext } from './context.ts'
import { PhaseRun, type StopReason } from './phaseRun.ts'
import { ScenarioSteps } from './scenarioSteps.ts'
import type { Source } from './source.ts'
import { sourceOf } from './sources.ts'

export interface EngineParts extends ContextParts {
  /**
   * Waits until all engines of the run have come to the same phase, this one from `readyUs` on, and
   * says when it starts; null for an engine alone.
   */
  readonly meet: ((readyUs: Micros) => Promise<Micros>) | null
  /** Starts autocannon against the target; null where that cannot be (TLS, virtual time). */
  readonly saturate: ((options: SaturateOptions, next: NextRequest) => Saturation) | null
}

/** How a run ended. */
export interface EngineResult {
  readonly reason: 'completed' | 'interrupted' | 'target-died'
  /** Requests over the whole run; planned = sent + unsent, sent = ended. */
  readonly planned: number
  readonly sent: number
  readonly unsent: number
  readonly ended: number
  /** How late requests were handed to the driver. */
  readonly lag: LagSummary
  /** What the steps of each scenario came to; those that were not reached have none. */
  readonly scenarios: readonly ScenarioOutcome[]
}

export interface LagSummary {
  readonly count: number
  readonly p50Us: Micros | null
  readonly p90Us: Micros | null
  readonly p99Us: Micros | null
  readonly maxUs: Micros | null
}

/**
 * How long progress reports are apart. Each wakes threads that share the engine's core on a small
 * machine, and whose code is not in its caches: that costs a ms or two.
 */
export const progressUs: Micros = 500_000

/** A run of one plan. */
export class Engine {
  readonly #parts: EngineParts
  readonly #context: RunContext
  readonly #interrupt = new AbortController()
  readonly #shape = new ArrivalShape()
  readonly #outcomes: ScenarioOutcome[] = []
  #current: { run: PhaseRun; source: Source } | null = null
  #steps: ScenarioSteps | null = null
  #isTargetDead = false
  #counts = { planned: 0, sent: 0, unsent: 0, ended: 0 }

  constructor(parts: EngineParts) {
    this.#parts = parts
    this.#context = new RunContext(parts)
  }

  /** Scenarios that are over, with what their steps came to. */
  get outcomes(): readonly ScenarioOutcome[] {
    return this.#outcomes
  }

  /** Whether something may come in whose time is taken. */
  get isAwaiting(): boolean {
    return this.#current === null || this.#current.run.inFlight > 0
  }

  /** Sends no more, waits for what is in flight. */
  stop(): void {
    if (this.#interrupt.signal.aborted) return
    this.land()
    const inFlight = this.#current?.run.inFlight ?? 0
    const text = `interrupted: waiting for ${inFlight} in flight; interrupt again to drop them`
    this.#event('interrupted', null, text)
    this.#interrupt.abort()
    this.#current?.run.stop({ kind: 'interrupted' })
  }

  /** Drops what is in flight, too. */
  abort(): void {
    this.#steps?.abort()
    this.stop()
    this.#current?.run.abortAll()
    this.#current?.source.abort()
  }

  /** Every request that was answered gets its record now, not only at the end of the turn. */
  land(): void {
    this.#context.turn.land()
  }

  /** Resolves when every request has its record. */
  async run(): Promise<EngineResult> {
    const { plan } = this.#context
    this.#event('run-started', null, `run ${plan.runId}, seed ${plan.seed}`)
    for (const scenario of plan.scenarios) {
      if (this.#isOver) break
      this.#event('scenario-started', { scenario }, scenario.title)
      await this.#runScenario(scenario)
    }
    const reason = this.#isTargetDead
      ? 'target-died'
      : this.#interrupt.signal.aborted
        ? 'interrupted'
        : 'completed'
    this.#event('run-ended', null, reason)
    return { reason, ...this.#counts, lag: this.lag(), scenarios: this.#outcomes }
  }

  async #runScenario(scenario: Scenario): Promise<void> {
    const steps = new ScenarioSteps({
      context: this.#context,
      scenario,
      interrupt: this.#interrupt.signal,
      event: (kind, text, phase) =>
        this.#event(kind, phase === undefined ? { scenario } : { scenario, phase }, text),
    })
    this.#steps = steps
    await steps.open()
    for (const phase of scenario.phases) {
      await steps.before(phase)
      if (!steps.isGoingOn || this.#isOver) break
      await this.#isolate(scenario, phase)
      if (this.#isOver) break
      const startUs = await this.#meet()
      if (this.#isOver) break
      steps.startProbes()
      await this.#runPhase(scenario, phase, startUs)
      await steps.stopProbes()
    }
    this.#outcomes.push(await steps.close())
    this.#steps = null
  }

  get #isOver(): boolean {
    return this.#interrupt.signal.aborted || this.#isTargetDead
  }

  /** Waits until the limiters of the phase's lanes are as new. */
  async #isolate(scenario: Scenario, phase: Phase): Promise<void> {
    if (phase.isolate === 'none') return
    const { clock } = this.#context
    const nowUs = clock.nowUs()
    const untilUs = this.#context.cleanAtUs(phase.lanes)
    if (untilUs === null) return
    const text = `waiting ${formatSpan(untilUs - nowUs)} for clean windows`
    this.#event('waiting', { scenario, phase }, text, { until_us: untilUs })
    const waiting = (): Progress => ({
      us: clock.nowUs(),
      scenario: scenario.name,
      phase: phase.name,
      state: 'waiting',
      share: (clock.nowUs() - nowUs) / (untilUs - nowUs),
      endsUs: untilUs,
      inFlight: 0,
      planned: 0,
      sent: 0,
      unsent: 0,
      ended: 0,
      offeredPerS: null,
      gauges: this.#context.gauges(phase.lanes),
    })
    const stopReports = this.#report(waiting)
    await sleepUntil(clock, untilUs, this.#interrupt.signal)
    stopReports()
  }

  /** When the next phase starts: now, or when all engines are ready for it. */
  async #meet(): Promise<Micros> {
    const { clock } = this.#context
    const { meet } = this.#parts
    if (meet === null) return clock.nowUs()
    const startUs = await meet(clock.nowUs())
    await sleepUntil(clock, startUs, this.#interrupt.signal)
    return startUs
  }

  async #runPhase(scenario: Scenario, phase: Phase, startUs: Micros): Promise<void> {
    const { clock } = this.#context
    const until = this.#asked(scenario, phase).until.map(describeStop).join(' or ')
    this.#event('phase-started', { scenario, phase }, until === '' ? '' : `until ${until}`)
    let stopped: (reason: StopReason) => void = () => {}
    let idle: () => void = () => {}
    const hasStopped = new Promise<StopReason>((resolve) => {
      stopped = resolve
    })
    const isIdle = new Promise<void>((resolve) => {
      idle = resolve
    })
    const run = new PhaseRun(
      this.#context,
      { scenario: scenario.name, phase, startUs },
      { stop: stopped, idle },
    )
    const source = this.#sourceOf(run, scenario)
    this.#current = { run, source }
    let state: Progress['state'] = phase.warmupUs > 0 ? 'warmup' : 'measure'
    let drainEndsUs: Micros | null = null
    const stopReports = this.#report(() => run.progress(state, drainEndsUs))
    const measureAt = clock.at(run.startUs + phase.warmupUs, () => {
      if (state !== 'warmup') return
      state = 'measure'
      this.#event('measure-started', { scenario, phase }, 'warm-up is over')
    })
    source.start()
    const reason = await hasStopped
    measureAt()
    source.stop()
    if (run.inFlight > 0) {
      state = 'drain'
      drainEndsUs = clock.nowUs() + phase.drainUs
      this.#event('draining', { scenario, phase }, `${run.inFlight} in flight`)
      const giveUp = clock.at(drainEndsUs, () => {
        run.abortAll()
        source.abort()
      })
      await isIdle
      giveUp()
    }
    stopReports()
    this.#ended(scenario, phase, run, reason)
  }

  #ended(scenario: Scenario, phase: Phase, run: PhaseRun, reason: StopReason): void {
    this.#current = null
    const { counts } = run
    for (const name of ['planned', 'sent', 'unsent', 'ended'] as const) {
      this.#counts[name] += counts[name]
    }
    const place = { scenario, phase }
    if (reason.kind === 'target-died') {
      this.#isTargetDead = true
      const { failures, lastFailure } = this.#context.target
      const text = `no answer from the target ${failures} times in a row: ${safeLine(lastFailure)}`
      this.#event('target-died', place, text)
    }
    if (reason.kind === 'cap-reached')
      this.#event('cap-reached', place, 'a cap of the run was reached')
    const why = this.#why(scenario, phase, reason)
    const text = `${counts.sent} sent, ${counts.unsent} unsent; ended by ${why}`
    this.#event('phase-ended', place, text, { ...counts, reason: why })
  }

  /** The phase as the user has it: the engine's own may be a part of it. */
  #asked(scenario: Scenario, phase: Phase): Phase {
    const whole = this.#parts.plan.scenarios.find(({ name }) => name === scenario.name)
    return whole?.phases.find(({ name }) => name === phase.name) ?? phase
  }

  #why(scenario: Scenario, phase: Phase, reason: StopReason): string {
    if (reason.kind !== 'rule') return reason.kind
    return describeStop(this.#asked(scenario, phase).until[phase.until.indexOf(reason.rule)]!)
  }

  #sourceOf(run: PhaseRun, scenario: Scenario): Source {
    const { saturate } = this.#parts
    const { phase } = run
    const { ratePerSMax } = this.#context.plan.caps
    return sourceOf(phase.arrivals, {
      run,
      clock: this.#context.clock,
      seed: phaseSeed(this.#context.plan, scenario.name, phase.name),
      owns: (i) => this.#context.owns(i, phase.lanes.length),
      shape: this.#shape,
      gapUsMin: ratePerSMax === null ? 0 : Math.ceil(1e6 / ratePerSMax),
      saturate:
        saturate === null || phase.driver !== 'autocannon'
          ? null
          : (options, next) => saturate({ ...options, timeoutUs: phase.timeoutUs }, next),
    })
  }

  /** Reports progress at a steady pace until told to stop. */
  #report(progress: () => Progress): () => void {
    const { clock, sink } = this.#context
    let cancel = () => {}
    const report = () => {
      sink.progress(progress())
      cancel = clock.at(clock.nowUs() + progressUs, report)
    }
    report()
    return () => {
      cancel()
      sink.progress(progress())
    }
  }

  #event(
    kind: RunEventKind,
    place: { scenario: Scenario; phase?: Phase } | null,
    text: string,
    data: Readonly<Record<string, unknown>> = {},
  ): void {
    this.#context.sink.event({
      us: this.#context.clock.nowUs(),
      kind,
      scenario: place?.scenario.name ?? null,
      phase: place?.phase?.name ?? null,
      text,
      data,
    })
  }

  /** How late requests have been handed to the driver so far. */
  lag(): LagSummary {
    const { lag } = this.#context
    const [p50Us, p90Us, p99Us] = [0.5, 0.9, 0.99].map((q) => lag.quantile(q))
    return { count: lag.count, p50Us: p50Us!, p90Us: p90Us!, p99Us: p99Us!, maxUs: lag.maxUs }
  }

  /** How far the gaps between sends are from those planned, for random arrivals; null: unknown. */
  arrivalDistance(): number | null {
    return this.#shape.distance()
  }
}
