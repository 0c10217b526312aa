// Token bucket (≡ GCRA ≡ leaky bucket as a meter) and leaky queue: one level, refilled with time.
//
// The level is kept as `credit` = units × U, where U / R is the refill fraction in lowest terms, so
// that a microsecond adds exactly R and every comparison is between integers.

import type { LeakyQueue, RefillStyle, TokenBucket } from '../core/limits.ts'
import type { Micros } from '../core/units.ts'
import type { Algorithm } from './algorithm.ts'

/** `atUs` null: full, never used. Else the instant up to which refill has been counted. */
export interface BucketState {
  readonly credit: number
  readonly atUs: Micros | null
}

type Bucket = TokenBucket | LeakyQueue

/** A bucket that is full at first and rejects what its level does not cover. */
export const tokenBucket: Algorithm<TokenBucket, BucketState> = bucketAlgorithm()

/** The same level read as a queue: what is missing from full is the backlog to wait behind. */
export const leakyQueue: Algorithm<LeakyQueue, BucketState> = {
  ...bucketAlgorithm<LeakyQueue>(),
  delayUs(algorithm, state) {
    const { perUnit, perUs } = refill(algorithm)
    return Math.ceil((algorithm.capacity * perUnit - state.credit) / perUs)
  },
}

function bucketAlgorithm<A extends Bucket>(): Algorithm<A, BucketState> {
  return {
    fresh: (algorithm) => ({ credit: algorithm.capacity * refill(algorithm).perUnit, atUs: null }),

    advance(algorithm, state, nowUs) {
      if (state.atUs === null) return { ...state, atUs: nowUs }
      if (nowUs <= state.atUs) return state
      const { perUnit, perUs } = refill(algorithm)
      const style = styleOf(algorithm)
      const stepUs = style === 'continuous' ? 1 : algorithm.refillUs
      const elapsedUs = Math.floor((nowUs - state.atUs) / stepUs) * stepUs
      const credit = Math.min(algorithm.capacity * perUnit, state.credit + elapsedUs * perUs)
      // Whoever asks starts a lossy bucket's interval anew, and loses what had passed of it.
      return { credit, atUs: style === 'lossy' ? nowUs : state.atUs + elapsedUs }
    },

    waitUs(algorithm, state, cost, nowUs) {
      if (cost > algorithm.capacity) return null
      return untilUs(algorithm, state, cost, nowUs)
    },

    charge(algorithm, state, cost, nowUs) {
      const credit = state.credit - cost * refill(algorithm).perUnit
      return { credit, atUs: isLossy(algorithm) ? nowUs : (state.atUs ?? nowUs) }
    },

    rejected: (algorithm, state, nowUs) =>
      styleOf(algorithm) === 'lossy' ? { ...state, atUs: nowUs } : state,

    isForgetful: isLossy,

    refund(algorithm, state, cost) {
      const { perUnit } = refill(algorithm)
      return {
        ...state,
        credit: Math.min(algorithm.capacity * perUnit, state.credit + cost * perUnit),
      }
    },

    remaining: (algorithm, state) => Math.floor(state.credit / refill(algorithm).perUnit),

    resetUs: (algorithm, state, nowUs) => untilUs(algorithm, state, algorithm.capacity, nowUs),
  }
}

/** Span until the level covers `units`. */
function untilUs(algorithm: Bucket, state: BucketState, units: number, nowUs: Micros): Micros {
  const { perUnit, perUs } = refill(algorithm)
  const missing = units * perUnit - state.credit
  if (missing <= 0) return 0
  if (styleOf(algorithm) === 'continuous') return Math.ceil(missing / perUs)
  const steps = Math.ceil(missing / (algorithm.refillUs * perUs))
  return (state.atUs ?? nowUs) + steps * algorithm.refillUs - nowUs
}

function styleOf(algorithm: Bucket): RefillStyle {
  return algorithm.kind === 'token-bucket' ? algorithm.refillStyle : 'continuous'
}

function isLossy(algorithm: Bucket): boolean {
  return styleOf(algorithm).startsWith('lossy')
}

interface Refill {
  /** Credit of one unit. */
  readonly perUnit: number
  /** Credit that one µs brings. */
  readonly perUs: number
}

/** Every look at a bucket needs these: they are computed once per bucket. */
const refills = new WeakMap<Bucket, Refill>()
let latest: Bucket | null = null
let latestRefill: Refill = { perUnit: 1, perUs: 1 }

function refill(bucket: Bucket): Refill {
  if (bucket === latest) return latestRefill
  latestRefill = refillOf(bucket)
  latest = bucket
  return latestRefill
}

function refillOf(bucket: Bucket): Refill {
  const known = refills.get(bucket)
  if (known !== undefined) return known
  const { refillUnits, refillUs } = bucket
  const divisor = Number.isInteger(refillUnits) ? greatestDivisor(refillUnits, refillUs) : 1
  const computed = { perUnit: refillUs / divisor, perUs: refillUnits / divisor }
  refills.set(bucket, computed)
  return computed
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b)
}
