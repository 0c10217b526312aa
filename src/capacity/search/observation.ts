// What a search sees: per step and criterion, how many requests of each second were too many, of how
// many. Must not know how steps are run.

import type { Micros } from '../../core/units.ts'

/** What a criterion is about: latency of answers, rejections of limiters, or failures. */
export type CriterionKind = 'latency' | 'rejections' | 'failures'

/** A promise as a budget: at most this share of requests may break it. */
export interface Criterion {
  /** As the user has it: 'p99(response) < 50ms', or what it is for people. */
  readonly name: string
  readonly kind: CriterionKind
  readonly budget: number
}

/** Per second of a step: requests that broke the promise, and requests that it was about. */
export interface SecondCounts {
  readonly bad: readonly number[]
  readonly all: readonly number[]
}

/** Load that was offered for a while, and what became of it. */
export interface StepObservation {
  readonly loadPerS: number
  readonly measureUs: Micros
  /** In the order of the criteria. */
  readonly counts: readonly SecondCounts[]
  readonly attempted: number
  readonly goodputPerS: number
  readonly p50Us: Micros | null
  readonly p99Us: Micros | null
  /** Requests in flight, on average. */
  readonly inFlightMean: number
  /** Rejections by limiter. */
  readonly limiters: Readonly<Record<string, number>>
  readonly generator: 'VALID' | 'SUSPECT' | 'INVALID'
  readonly generatorReasons: readonly string[]
  readonly end: 'completed' | 'interrupted' | 'target-died'
}
