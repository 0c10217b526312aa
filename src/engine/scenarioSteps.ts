// The steps of one scenario around its phases: what it needs, setup, what comes before phases, probes,
// what is asked afterwards, teardown.
//
//   needs ──fails──▸ skipped
//   setup, before ──fails──▸ broken: no more phases and steps
//   teardown: always, after an interruption, too

import type { CheckResult } from '../core/check.ts'
import type { RunEventKind } from '../core/event.ts'
import type { Phase, Scenario } from '../load/plan.ts'
import type { ScenarioOutcome } from '../load/stepResults.ts'
import { type Step, variablesIn } from '../load/steps.ts'
import type { RunContext } from './context.ts'
import { ProbeRun } from './probeRun.ts'
import { openChecks, type StepEnd, StepRun } from './stepRun.ts'

export interface ScenarioStepsParts {
  readonly context: RunContext
  readonly scenario: Scenario
  /** The run is to end: no more steps but the teardown. */
  readonly interrupt: AbortSignal
  readonly event: (kind: RunEventKind, text: string, phase?: Phase) => void
}

export class ScenarioSteps {
  readonly #parts: ScenarioStepsParts
  readonly #checks: CheckResult[] = []
  readonly #probes: readonly ProbeRun[]
  #skipped: string | null
  #broken: string | null = null
  #current: StepRun | null = null
  #isDropped = false

  constructor(parts: ScenarioStepsParts) {
    this.#parts = parts
    this.#skipped = parts.scenario.skip
    this.#probes = parts.scenario.probes.map((probe) => new ProbeRun(parts.context, probe))
  }

  /** Whether phases and steps are to be run. */
  get isGoingOn(): boolean {
    return this.#skipped === null && this.#broken === null && !this.#parts.interrupt.aborted
  }

  /** What the scenario needs, and its setup. */
  async open(): Promise<void> {
    const { context, scenario, event } = this.#parts
    context.begin()
    if (this.#skipped === null) await this.#checkNeeds()
    if (this.#skipped !== null) return event('scenario-skipped', this.#skipped)
    await this.#prepare(scenario.setup)
  }

  /** What comes before a phase. */
  async before(phase: Phase): Promise<void> {
    if (this.isGoingOn) await this.#prepare(phase.before, phase)
    if (!this.isGoingOn) return
    const { context, event } = this.#parts
    const problem = context.problemOf(phase)
    if (problem === null) return
    this.#broken = context.memory.redact(problem)
    event('check-failed', this.#broken, phase)
  }

  startProbes(): void {
    for (const probe of this.#probes) probe.start()
  }

  async stopProbes(): Promise<void> {
    await Promise.all(this.#probes.map((probe) => probe.stop()))
  }

  /** What is asked after the phases, then the teardown. */
  async close(): Promise<ScenarioOutcome> {
    const { scenario, context } = this.#parts
    for (const probe of this.#probes) this.#checks.push(...probe.results())
    for (const step of scenario.steps) {
      if (this.isGoingOn) await this.#run(step)
      else if (this.#skipped === null) this.#checks.push(...openChecks(step, this.#why()))
    }
    if (this.#skipped === null) await this.#tearDown()
    return {
      scenario: scenario.name,
      skipped: this.#skipped,
      broken: this.#broken,
      checks: this.#checks,
      values: context.memory.captured,
    }
  }

  /** Drops the step under way; the second time, what is left of the teardown, too. */
  abort(): void {
    this.#isDropped = this.#current === null || this.#parts.interrupt.aborted
    this.#current?.abort()
  }

  async #checkNeeds(): Promise<void> {
    const { scenario, context, interrupt, event } = this.#parts
    for (const step of scenario.needs) {
      if (interrupt.aborted) return
      const end = await new StepRun(context, step).run(interrupt)
      event('step', end.text)
      const failed = end.checks.find(({ verdict }) => verdict !== 'passed' && verdict !== 'known')
      if (failed === undefined) continue
      const why = [`${failed.statement}, got ${failed.actual}`, step.remedy]
      this.#skipped = why.filter((part) => part !== '').join('; ')
      return
    }
  }

  async #prepare(steps: readonly Step[], phase?: Phase): Promise<void> {
    for (const step of steps) {
      if (!this.isGoingOn) {
        this.#checks.push(...openChecks(step, this.#why()))
        continue
      }
      const end = await this.#run(step, phase)
      if (!end.isGood) this.#broken = `step ${step.name} failed`
    }
  }

  /** Steps whose variables nobody has given have nothing to take down. */
  async #tearDown(): Promise<void> {
    const { scenario, context } = this.#parts
    for (const step of scenario.teardown) {
      const { path, body, headers } = step
      const needed = variablesIn({ path, body, headers })
      if (needed.some((name) => !context.memory.variables.has(name))) continue
      if (this.#isDropped) this.#checks.push(...openChecks(step, 'not torn down: interrupted'))
      else await this.#run(step)
    }
  }

  async #run(step: Step, phase?: Phase): Promise<StepEnd> {
    const { context, interrupt, event } = this.#parts
    this.#current = new StepRun(context, step)
    const end = await this.#current.run(interrupt)
    this.#current = null
    this.#checks.push(...end.checks)
    event('step', end.text, phase)
    for (const { verdict, statement, actual } of end.checks) {
      if (verdict === 'failed') event('check-failed', `${statement}, got ${actual}`, phase)
    }
    return end
  }

  #why(): string {
    return this.#broken ?? 'the run was interrupted'
  }
}
