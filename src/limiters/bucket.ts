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
    const { full, perUs } = refill(algorithm)
    return Math.ceil((full - state.credit) / perUs)
  },
}

function bucketAlgorithm<A extends Bucket>(): Algorithm<A, BucketState> {
  return {
    fresh: (algorithm) => ({ credit: refill(algorithm).full, atUs: null }),

    advance(algorithm, state, nowUs) {
      if (state.atUs === null) return { ...state, atUs: nowUs }
      if (nowUs <= state.atUs) return state
      const { perUs, full, stepUs, style } = refill(algorithm)
      const elapsedUs = Math.floor((nowUs - state.atUs) / stepUs) * stepUs
      const credit = Math.min(full, state.credit + elapsedUs * perUs)
      // Whoever asks starts a lossy bucket's interval anew, and loses what had passed of it.
      return { credit, atUs: style === 'lossy' ? nowUs : state.atUs + elapsedUs }
    },

    waitUs(algorithm, state, cost, nowUs) {
      if (cost > algorithm.capacity) return null
      return untilUs(algorithm, state, cost, nowUs)
    },

    charge(algorithm, state, cost, nowUs) {
      const { perUnit, isLossy } = refill(algorithm)
      const credit = state.credit - cost * perUnit
      return { credit, atUs: isLossy ? nowUs : (state.atUs ?? nowUs) }
    },

    rejected: (algorithm, state, nowUs) =>
      refill(algorithm).style === 'lossy' ? { ...state, atUs: nowUs } : state,

    isForgetful: (algorithm) => refill(algorithm).isLossy,

    refund(algorithm, state, cost) {
      const { perUnit, full } = refill(algorithm)
      return { ...state, credit: Math.min(full, state.credit + cost * perUnit) }
    },

    remaining: (algorithm, state) => Math.floor(state.credit / refill(algorithm).perUnit),

    left: (algorithm, state) => state.credit / refill(algorithm).perUnit,

    resetUs: (algorithm, state, nowUs) => untilUs(algorithm, state, algorithm.capacity, nowUs),
  }
}

/** Span until the level covers `units`. */
function untilUs(algorithm: Bucket, state: BucketState, units: number, nowUs: Micros): Micros {
  const { perUnit, perUs, style } = refill(algorithm)
  const missing = units * perUnit - state.credit
  if (missing <= 0) return 0
  if (style === 'continuous') return Math.ceil(missing / perUs)
  const steps = Math.ceil(missing / (algorithm.refillUs * perUs))
  return (state.atUs ?? nowUs) + steps * algorithm.refillUs - nowUs
}

interface Refill {
  /** Credit of one unit. */
  readonly perUnit: number
  /** Credit that one µs brings. */
  readonly perUs: number
  /** Credit of a full bucket. */
  readonly full: number
  /** Credit comes in lumps of so long. */
  readonly stepUs: Micros
  readonly style: RefillStyle
  readonly isLossy: boolean
}

/** Every look at a bucket needs these: they are computed once per bucket. */
const refills = new WeakMap<Bucket, Refill>()
/** Mostly it is the same bucket as the time before. */
let latest: { readonly bucket: Bucket; readonly refill: Refill } | null = null

function refill(bucket: Bucket): Refill {
  if (latest?.bucket === bucket) return latest.refill
  let known = refills.get(bucket)
  if (known === undefined) {
    known = refillOf(bucket)
    refills.set(bucket, known)
  }
  latest = { bucket, refill: known }
  return known
}

function refillOf(bucket: Bucket): Refill {
  const { capacity, refillUnits, refillUs } = bucket
  const divisor = Number.isInteger(refillUnits) ? greatestDivisor(refillUnits, refillUs) : 1
  const style = bucket.kind === 'token-bucket' ? bucket.refillStyle : 'continuous'
  const perUnit = refillUs / divisor
  return {
    perUnit,
    perUs: refillUnits / divisor,
    full: capacity * perUnit,
    stepUs: style === 'continuous' ? 1 : refillUs,
    style,
    isLossy: style.startsWith('lossy'),
  }
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b)
}
