// Short ways to write limiter models, with the defaults that most gateways have.

import type {
  Concurrency,
  FixedWindow,
  LeakyQueue,
  LimiterAlgorithm,
  LimiterModel,
  LimitUnit,
  NamedLimiter,
  RefillStyle,
  TokenBucket,
} from '../core/limits.ts'
import { durationText, type Micros } from '../core/units.ts'

/** A limiter that counts requests per key and charges before, unless said otherwise. */
export function limiter(
  algorithm: LimiterAlgorithm,
  options: Partial<Omit<LimiterModel, 'algorithm'>> = {},
): LimiterModel {
  const unit = algorithm.kind === 'concurrency' ? 'concurrent-requests' : 'requests'
  return { unit, charge: 'pre', chargesRejected: false, scope: ['key'], ...options, algorithm }
}

/** `limit` per window that opens with its first request. */
export function fixedWindow(limit: number, windowUs: Micros): FixedWindow {
  const anchor = 'first-request'
  return { kind: 'fixed-window', limit, windowUs, anchor, extendedByRejected: false }
}

/** `refillUnits` per `refillUs`, continuously, up to `capacity`. */
export function tokenBucket(capacity: number, refillUnits: number, refillUs: Micros): TokenBucket {
  return { kind: 'token-bucket', capacity, refillUnits, refillUs, refillStyle: 'continuous' }
}

/** At most `limit` in flight, the rest rejected. */
export function concurrency(limit: number): Concurrency {
  return { kind: 'concurrency', limit, queue: 0, queueTimeoutUs: null }
}

/** One line for people: 'requests: 60 requests per 1m, fixed window, per key'. */
export function describeLimiter({ name, model }: NamedLimiter): string {
  const scope = model.scope.length === 0 ? 'shared by all' : `per ${model.scope.join(' and ')}`
  const charge = { pre: '', post: ', charged after', reserve: ', reserved and settled' }
  return `${name}: ${amountText(model.unit, model.algorithm)}${charge[model.charge]}, ${scope}`
}

const refillText = {
  continuous: '',
  steps: ', refilled in steps',
  lossy: ', losing fractions at every request',
  'lossy-admitted': ', losing fractions at every admission',
} as const satisfies Record<RefillStyle, string>

function bucketText(algorithm: TokenBucket | LeakyQueue): string {
  if (algorithm.kind === 'leaky-queue') return 'leaky queue'
  return `token bucket${refillText[algorithm.refillStyle]}`
}

function amountText(unit: LimitUnit, algorithm: LimiterAlgorithm): string {
  const kind = algorithm.kind.replace('-', ' ')
  switch (algorithm.kind) {
    case 'concurrency': {
      const queue = algorithm.queue > 0 ? `, ${algorithm.queue} may wait` : ''
      return `${algorithm.limit} requests in flight${queue}`
    }
    case 'token-bucket':
    case 'leaky-queue': {
      const rate = `${algorithm.refillUnits} ${unit} per ${durationText(algorithm.refillUs)}`
      return `${rate}, burst ${algorithm.capacity}, ${bucketText(algorithm)}`
    }
    default: {
      const per =
        algorithm.windowUs === null ? 'for ever' : `per ${durationText(algorithm.windowUs)}`
      return `${algorithm.limit} ${unit} ${per}, ${kind}`
    }
  }
}
