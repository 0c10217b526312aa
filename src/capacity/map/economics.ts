// The closed forms of limiter economics: what rate a limiter sustains, and where two of them change
// places. What simulation is checked with, and what a map's axes are chosen by.

import {
  costIn,
  type LimiterAlgorithm,
  type NamedLimiter,
  type RequestCost,
  windowUsOf,
} from '../../core/limits.ts'
import type { Micros } from '../../core/units.ts'

/** Units that a limiter lets through per minute in the long run; null: it gives none back. */
export function unitsPerMin(algorithm: LimiterAlgorithm): number | null {
  switch (algorithm.kind) {
    case 'token-bucket':
    case 'leaky-queue':
      return (algorithm.refillUnits * 60e6) / algorithm.refillUs
    case 'concurrency':
      return null
    default:
      return algorithm.windowUs === null ? null : (algorithm.limit * 60e6) / algorithm.windowUs
  }
}

/** Calls per minute that a limiter lets through in the long run: R, T/τ, 60·C/S; null: no bound. */
export function callsPerMin(
  { model }: NamedLimiter,
  cost: RequestCost,
  serviceUs: Micros,
): number | null {
  const { algorithm, unit } = model
  if (algorithm.kind === 'concurrency') {
    return serviceUs > 0 ? (algorithm.limit * 60e6) / serviceUs : null
  }
  const perMin = unitsPerMin(algorithm)
  const perCall = costIn(unit, cost)
  return perMin === null || perCall <= 0 ? null : perMin / perCall
}

/** Where two limiters change places. */
export type Crossover =
  /** τ* = T/R: below, the request limiter is first; above, the token limiter. */
  | {
      readonly kind: 'tokens'
      readonly tokens: string
      readonly requests: string
      readonly perCall: number
    }
  /** S* = 60·C/R: calls that take longer meet the limit on requests in flight first. */
  | {
      readonly kind: 'service'
      readonly concurrency: string
      readonly requests: string
      readonly serviceUs: Micros
    }

/** The crossovers of a chain, each request limiter with each of the others. */
export function crossovers(limiters: readonly NamedLimiter[]): Crossover[] {
  const requests = limiters.filter(({ model }) => model.unit === 'requests')
  return requests.flatMap((request) => {
    const perMin = unitsPerMin(request.model.algorithm)
    if (perMin === null) return []
    return limiters.flatMap((other): Crossover[] => {
      const { algorithm, unit } = other.model
      if (algorithm.kind === 'concurrency') {
        const serviceUs = (algorithm.limit * 60e6) / perMin
        return [{ kind: 'service', concurrency: other.name, requests: request.name, serviceUs }]
      }
      const tokensPerMin = unit.endsWith('tokens') ? unitsPerMin(algorithm) : null
      if (tokensPerMin === null) return []
      const perCall = tokensPerMin / perMin
      return [{ kind: 'tokens', tokens: other.name, requests: request.name, perCall }]
    })
  })
}

/** Windows longer than this are not waited for. */
const horizonUsMost = 3600e6
/** Where no limiter has a window. */
const horizonUsUnbounded = 10e6

/**
 * How long steady traffic has to go on before "no limiter says no" means it: two windows, or the
 * time in which 10 % more than its refill drains a bucket.
 */
export function horizonUsOf(limiters: readonly NamedLimiter[]): Micros {
  const spans = limiters.map(({ model: { algorithm } }) => {
    const isBucket = algorithm.kind === 'token-bucket' || algorithm.kind === 'leaky-queue'
    return (windowUsOf(algorithm) ?? 0) * (isBucket ? 10 : 2)
  })
  const longest = Math.max(0, ...spans)
  return longest === 0 ? horizonUsUnbounded : Math.min(horizonUsMost, longest)
}
