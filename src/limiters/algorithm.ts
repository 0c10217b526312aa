// What every limiter algorithm is: a pure state machine over integer µs. Must not know who asks.

import type { LimiterAlgorithm } from '../core/limits.ts'
import type { Micros } from '../core/units.ts'

/**
 * A limiter algorithm with parameters `A` and state `S`. All functions are pure; `nowUs` never goes
 * back, and counts from the origin that wall-clock windows are multiples of. Every function but
 * `advance` is given a state that is already advanced to `nowUs`.
 */
export interface Algorithm<A extends LimiterAlgorithm, S> {
  /** A limiter nobody has used yet. */
  fresh(algorithm: A): S
  /** The state as of `nowUs`: what has expired is forgotten, what was due is refilled. */
  advance(algorithm: A, state: S, nowUs: Micros): S
  /** Span until `cost` fits if nothing else happens: 0 is now, null is never. */
  waitUs(algorithm: A, state: S, cost: number, nowUs: Micros): Micros | null
  /** Takes `cost`, whether it fits or not: a response can cost more than was left. */
  charge(algorithm: A, state: S, cost: number, nowUs: Micros): S
  /** Gives back `cost` that was charged at `chargedUs`, unless it has expired since. */
  refund(algorithm: A, state: S, cost: number, chargedUs: Micros): S
  /** Whole units left; below 0 after an overshoot. */
  remaining(algorithm: A, state: S, nowUs: Micros): number
  /** Units left, with the fraction of one, where there are any; default: units are whole. */
  left?(algorithm: A, state: S): number
  /** Span until all units are back if nothing else happens. */
  resetUs(algorithm: A, state: S, nowUs: Micros): Micros
  /** What a rejected request does to the state beyond its cost; default nothing. */
  rejected?(algorithm: A, state: S, nowUs: Micros): S
  /** Whether a request starts an interval anew, so that having come earlier may leave less; default no. */
  isForgetful?(algorithm: A): boolean
  /** The end of a window after which the next request opens another; null: none is open. */
  endUs?(algorithm: A, state: S): Micros | null
  /**
   * Until then nothing changes by itself or by a rejection, room only grows, and it makes no difference
   * when something is charged, nor in how many parts; -∞: it does from the first.
   */
  quietUntilUs?(algorithm: A, state: S): Micros
  /** How long an admitted request is held back; default 0. */
  delayUs?(algorithm: A, state: S): Micros
}
