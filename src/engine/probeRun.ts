// A step that is done over and over beside the load, and what all its answers come to.

import type { CheckResult } from '../core/check.ts'
import type { Cancel } from '../core/clock.ts'
import type { Probe } from '../load/steps.ts'
import type { RunContext } from './context.ts'
import { type StepEnd, StepRun } from './stepRun.ts'

export class ProbeRun {
  readonly #context: RunContext
  readonly #probe: Probe
  /** By statement: how often it held, and the first answer for which it did not. */
  readonly #tallies = new Map<string, { held: number; count: number; failed: CheckResult | null }>()
  #current: Promise<void> | null = null
  #run: StepRun | null = null
  #cancel: Cancel = () => {}
  #isRunning = false

  constructor(context: RunContext, probe: Probe) {
    this.#context = context
    this.#probe = probe
  }

  /** One at a time: a slow answer delays the next probe, it does not pile them up. */
  start(): void {
    this.#isRunning = true
    this.#next()
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#isRunning = false
    this.#cancel()
    this.#run?.abort()
    await this.#current
  }

  /** One result per statement. */
  results(): CheckResult[] {
    return [...this.#tallies].map(([statement, { held, count, failed }]) => {
      const of = `${held} of ${count} probes`
      return failed === null
        ? { statement, verdict: 'passed', actual: of, reason: '' }
        : { ...failed, actual: `${of}; ${failed.actual}` }
    })
  }

  #next(): void {
    const { clock } = this.#context
    const nextUs = clock.nowUs() + this.#probe.everyUs
    this.#run = new StepRun(this.#context, this.#probe.step)
    this.#current = this.#run.run().then((end) => {
      this.#run = null
      // An answer that we gave up says nothing about the target.
      if (!this.#isRunning) return
      this.#count(end)
      this.#cancel = clock.at(Math.max(nextUs, clock.nowUs()), () => this.#next())
    })
  }

  #count({ checks }: StepEnd): void {
    for (const check of checks) {
      const isHeld = check.verdict === 'passed' || check.verdict === 'known'
      const tally = this.#tallies.get(check.statement) ?? { held: 0, count: 0, failed: null }
      tally.count++
      if (isHeld) tally.held++
      else tally.failed ??= check
      this.#tallies.set(check.statement, tally)
    }
  }
}
