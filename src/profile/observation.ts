// What the profiler asks of the outside and what it is told: one request, one observation. Must not
// know how requests travel; the same interface stands for a simulation and for the network.

import type { Clock } from '../core/clock.ts'
import type { LimitUnit, RequestCost } from '../core/limits.ts'
import type { Outcome } from '../core/record.ts'
import type { Micros } from '../core/units.ts'
import type { LimitSignal } from '../dialects/dialect.ts'

/** A kind of request the profiler may send, and what one costs at most. */
export interface ProbeShape {
  readonly name: string
  readonly estimate: RequestCost
}

/** An identity to send as. The first is the one that is profiled. */
export interface ProbeLane {
  readonly name: string
  /** The header or parameter in which it differs from the first lane; null for the first. */
  readonly differsIn: string | null
}

/** One request to send at once. */
export interface ProbeRequest {
  readonly shape: string
  readonly lane: string
}

/**
 * One request and what came of it. It reached the limiter somewhere between `sentUs` and
 * `receivedUs`, or, when it is lost (`timeout`, `broken`, `aborted`), perhaps never.
 */
export interface Observation {
  readonly seq: number
  readonly shape: string
  readonly lane: string
  readonly sentUs: Micros
  readonly receivedUs: Micros
  /** `limited` where the dialect reads a rejection; `failed` and `refused` may be one all the same. */
  readonly outcome: Outcome
  readonly status: number | null
  /** What it cost by the answer's own account; null when the answer does not say. */
  readonly cost: RequestCost | null
  /** The limiter that the rejection names, else null. */
  readonly limiter: string | null
  /** What that limiter counts, where the rejection says so. */
  readonly unit: LimitUnit | null
  /** The advice on when to come back, from the receipt. */
  readonly retryAfterUs: Micros | null
  /** Limits that the answer advertises. */
  readonly signals: readonly LimitSignal[]
}

/** Sends the profiler's requests. */
export interface Prober {
  /** Instants of observations are on this clock. */
  readonly clock: Clock
  /** Unix time in ms at which the clock stood at 0: wall-clock windows are anchored to that. */
  readonly epochUnixMs: number
  /** At least one; the first is the cheapest. */
  readonly shapes: readonly ProbeShape[]
  /** At least one. */
  readonly lanes: readonly ProbeLane[]
  /** Sends at once, and resolves with what came of it: never rejects, never waits for ever. */
  send(request: ProbeRequest): Promise<Observation>
}
