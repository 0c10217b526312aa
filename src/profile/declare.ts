// From a profile's document back to limiter models, so that a later run can declare what was found.

import type { LimiterAlgorithm, LimiterModel, NamedLimiter, ScopeField } from '../core/limits.ts'
import type { ProfiledLimiter } from '../core/profileDocument.ts'
import { concurrency, fixedWindow, limiter, tokenBucket } from '../limiters/models.ts'

/** The models of profiled limiters, in their order; the others with why they have none. */
export interface Declarable {
  readonly limiters: readonly NamedLimiter[]
  readonly left: readonly string[]
}

export function declarable(profiled: readonly ProfiledLimiter[]): Declarable {
  const pairs = profiled.map((each) => ({ id: each.id, model: modelOf(each) }))
  return {
    limiters: pairs.flatMap(({ id, model }) => (model === null ? [] : [{ name: id, model }])),
    left: pairs
      .filter(({ model }) => model === null)
      .map(({ id }) => `'${id}' is not known well enough to be played along`),
  }
}

function modelOf(profiled: ProfiledLimiter): LimiterModel | null {
  const algorithm = algorithmOf(profiled)
  if (algorithm === null) return null
  const { unit, charge, chargesRejected, scope } = profiled
  return limiter(algorithm, {
    unit,
    // Gateways that count tokens mostly do so when they know how many there were.
    charge: charge ?? (unit === 'requests' || unit === 'concurrent-requests' ? 'pre' : 'post'),
    chargesRejected: chargesRejected === true && algorithm.kind !== 'fixed-window',
    scope: scopeOf(scope),
  })
}

function algorithmOf(profiled: ProfiledLimiter): LimiterAlgorithm | null {
  const { algorithm, limit, windowMs, queue, chargesRejected } = profiled
  const windowUs = windowMs === null ? null : Math.round(windowMs * 1000)
  const anchor = profiled.anchor ?? 'first-request'
  switch (algorithm) {
    case 'fixed-window': {
      if (limit === null || windowUs === null) return null
      const window = fixedWindow(limit, windowUs)
      return { ...window, anchor, extendedByRejected: chargesRejected === true } as LimiterAlgorithm
    }
    case 'sliding-log':
      return limit === null || windowUs === null ? null : { kind: algorithm, limit, windowUs }
    case 'sliding-counter':
      return limit === null || windowUs === null
        ? null
        : { kind: algorithm, limit, windowUs, anchor }
    case 'budget':
      return limit === null ? null : { kind: algorithm, limit, windowUs, anchor }
    case 'concurrency':
      return limit === null ? null : { ...concurrency(limit), queue: queue ?? 0 }
    case 'token-bucket':
    case 'leaky-queue':
      return bucketOf(profiled)
    case 'unknown':
      return null
  }
}

function bucketOf({ algorithm, burst, refillPerS, refillStep }: ProfiledLimiter) {
  if (burst === null) return null
  const refill = refillOf(refillPerS, refillStep)
  if (refill === null) return null
  const bucket = tokenBucket(burst, refill.units, refill.us)
  if (algorithm === 'token-bucket') {
    return refillStep === null ? bucket : { ...bucket, refillStyle: 'steps' as const }
  }
  const { capacity, refillUnits, refillUs } = bucket
  return { kind: 'leaky-queue' as const, capacity, refillUnits, refillUs }
}

/** Buckets are refilled by whole units: one in so many µs, or so many in one second. */
function refillOf(perS: number | null, step: ProfiledLimiter['refillStep']) {
  if (step !== null) return { units: step.units, us: Math.round(step.everyMs * 1000) }
  if (perS === null || perS <= 0) return null
  return Number.isInteger(perS)
    ? { units: perS, us: 1_000_000 }
    : { units: 1, us: Math.max(1, Math.round(1e6 / perS)) }
}

/** Lanes are told apart by their credentials; of other things only models are known to limiters. */
function scopeOf(scope: ProfiledLimiter['scope']): readonly ScopeField[] {
  if (scope === null) return ['key']
  return scope.map((field) => (field === 'model' ? 'model' : 'key'))
}
