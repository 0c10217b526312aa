// Whether the target still lives: a target that is gone is told apart from one that is overloaded.

import type { Clock } from '../core/clock.ts'
import type { RequestRecord } from '../core/record.ts'
import type { Micros } from '../core/units.ts'

/** Failures in a row, without any answer, after which the target counts as dead … */
const deadFailures = 5
/** … when they span this long; a target that never answered is not waited for. */
const deadUs = 2_000_000

export class TargetLife {
  readonly #clock: Clock
  #isAnswered = false
  #failures = 0
  #firstFailureUs: Micros = 0
  #lastFailure = ''

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** An exchange ended, just now. */
  ended({ status, outcome, error }: RequestRecord): void {
    if (status !== null) {
      this.#isAnswered = true
      this.#failures = 0
    } else if (outcome === 'broken') {
      if (this.#failures++ === 0) this.#firstFailureUs = this.#clock.nowUs()
      this.#lastFailure = error ?? ''
    }
  }

  /** Nothing but broken connections for a while. */
  get isDead(): boolean {
    if (this.#failures < deadFailures) return false
    return !this.#isAnswered || this.#clock.nowUs() - this.#firstFailureUs >= deadUs
  }

  /** Failures since the last answer. */
  get failures(): number {
    return this.#failures
  }

  get lastFailure(): string {
    return this.#lastFailure
  }
}
