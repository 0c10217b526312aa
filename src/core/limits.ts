// The vocabulary of limits as plain data: what a limiter counts, how it works, what it answers. Must
// not hold behaviour; the state machines are in ../limiters.

import type { Micros } from './units.ts'

/** What a limiter counts. */
export type LimitUnit =
  | 'requests'
  | 'tokens'
  | 'prompt-tokens'
  | 'completion-tokens'
  | 'concurrent-requests'
  | 'usd'

/** When the cost is charged: before, after the response, or an estimate first and settled after. */
export type ChargeTime = 'pre' | 'post' | 'reserve'

/** Properties of a request that decide which counter it shares. */
export type ScopeField = 'key' | 'tier' | 'model' | 'address'

/** Where a window begins: at the first charged request, or at multiples of its length. */
export type WindowAnchor = 'first-request' | 'wall-clock'

/** Counts reset at boundaries; `extendedByRejected` lets every rejected request restart the window. */
export interface FixedWindow {
  readonly kind: 'fixed-window'
  readonly limit: number
  readonly windowUs: Micros
  readonly anchor: WindowAnchor
  readonly extendedByRejected: boolean
  /** Expired windows are noticed only at multiples of this, or by a charge; default: at once. */
  readonly sweepUs?: Micros
}

/** Every admitted cost is remembered for exactly one window. */
export interface SlidingLog {
  readonly kind: 'sliding-log'
  readonly limit: number
  readonly windowUs: Micros
}

/**
 * The previous window's count, weighted by how much of it still overlaps, plus the current one's.
 * `isFloored`: the weighted part counts in whole units only, as in HAProxy and Upstash; default false.
 */
export interface SlidingCounter {
  readonly kind: 'sliding-counter'
  readonly limit: number
  readonly windowUs: Micros
  readonly anchor: WindowAnchor
  readonly isFloored?: boolean
}

/**
 * How the units of a bucket return: continuously (this is GCRA with emission interval
 * refillUs / refillUnits and burst `capacity`); in steps, a refill at once at each interval's end;
 * or lossily, in steps counted from the last request, or from the last one admitted: what had passed
 * of an interval by then is forgotten.
 */
export type RefillStyle = 'continuous' | 'steps' | 'lossy' | 'lossy-admitted'

/** `refillUnits` return every `refillUs`. */
export interface TokenBucket {
  readonly kind: 'token-bucket'
  readonly capacity: number
  readonly refillUnits: number
  readonly refillUs: Micros
  readonly refillStyle: RefillStyle
}

/** A queue that drains at a constant rate: delays what it admits, rejects when `capacity` is full. */
export interface LeakyQueue {
  readonly kind: 'leaky-queue'
  readonly capacity: number
  readonly refillUnits: number
  readonly refillUs: Micros
}

/** At most `limit` in flight; `queue` more wait (0: reject), for at most `queueTimeoutUs`. */
export interface Concurrency {
  readonly kind: 'concurrency'
  readonly limit: number
  readonly queue: number
  readonly queueTimeoutUs: Micros | null
}

/** A long-period allowance; `windowUs` null means that it never resets. */
export interface Budget {
  readonly kind: 'budget'
  readonly limit: number
  readonly windowUs: Micros | null
  readonly anchor: WindowAnchor
}

export type LimiterAlgorithm =
  | FixedWindow
  | SlidingLog
  | SlidingCounter
  | TokenBucket
  | LeakyQueue
  | Concurrency
  | Budget

/** One limiter: an algorithm, and what, when and whom it charges. */
export interface LimiterModel {
  readonly algorithm: LimiterAlgorithm
  readonly unit: LimitUnit
  readonly charge: ChargeTime
  readonly chargesRejected: boolean
  readonly scope: readonly ScopeField[]
}

/** A limiter of a chain, by the name it goes by in files and on screen. */
export interface NamedLimiter {
  readonly name: string
  readonly model: LimiterModel
}

/** What one request costs, known before (an estimate) or after. */
export interface RequestCost {
  readonly promptTokens: number
  readonly completionTokens: number
  readonly usd: number
}

/** Units left and time until all are back; spans are from the instant of the decision. */
export interface LimiterState {
  readonly remaining: number
  readonly resetUs: Micros
}

/**
 * A limiter's answer. `delayUs`: admitted, but only after that long. `retryAfterUs`: not until then
 * (null: no instant is known); `until` says what has to happen first.
 */
export type Decision =
  | ({ readonly kind: 'allowed'; readonly delayUs: Micros } & LimiterState)
  | ({ readonly kind: 'queued' } & LimiterState)
  | ({
      readonly kind: 'denied'
      readonly retryAfterUs: Micros | null
      readonly until: 'time' | 'release' | 'never'
    } & LimiterState)

/** The cost of a request in one limiter's unit. */
export function costIn(unit: LimitUnit, cost: RequestCost): number {
  switch (unit) {
    case 'requests':
    case 'concurrent-requests':
      return 1
    case 'tokens':
      return cost.promptTokens + cost.completionTokens
    case 'prompt-tokens':
      return cost.promptTokens
    case 'completion-tokens':
      return cost.completionTokens
    case 'usd':
      return cost.usd
  }
}

/** Most units a limiter lets through at once. */
export function limitOf(algorithm: LimiterAlgorithm): number {
  return 'limit' in algorithm ? algorithm.limit : algorithm.capacity
}

/** The span after which an idle limiter is as new; null for those without one. */
export function windowUsOf(algorithm: LimiterAlgorithm): Micros | null {
  switch (algorithm.kind) {
    case 'token-bucket':
    case 'leaky-queue':
      return Math.ceil((algorithm.capacity / algorithm.refillUnits) * algorithm.refillUs)
    case 'concurrency':
      return null
    default:
      return algorithm.windowUs
  }
}
