// A step that is done over and over beside the load, and what all its answers come to.

import type { CheckResult } from '../core/check.ts'
import type { Cancel } from '../core/clock.ts'
import type { Probe } from '../load/steps.ts'
import type { RunContext } from './context.ts'
import { type StepEnd, StepRun } from './stepRun.ts'

export class ProbeRun {
  readonly #context: RunContext
  readonly #probe: Probe
  /** By statement: how often it held, and the first of the worst answers. */
  readonly #tallies = new Map<string, { held: number; count: number; worst: CheckResult }>()
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
    return [...this.#tallies.values()].map(({ held, count, worst }) => {
      const of = `${held} of ${count} probes`
      const actual = worst.verdict === 'passed' ? of : `${of}; ${worst.actual}`
      return { ...worst, actual }
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
      const tally = this.#tallies.get(check.statement) ?? { held: 0, count: 0, worst: check }
      tally.count++
      if (check.verdict === 'passed') tally.held++
      if (ranks[check.verdict] > ranks[tally.worst.verdict]) tally.worst = check
      this.#tallies.set(check.statement, tally)
    }
  }
}

/** How much a verdict says against the target. */
const ranks: Readonly<Record<CheckResult['verdict'], number>> = {
  passed: 0,
  skipped: 1,
  inconclusive: 1,
  known: 2,
  failed: 3,
}
