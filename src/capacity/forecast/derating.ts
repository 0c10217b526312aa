// The closed forms per key beside the forecast: which limiter binds in the long run, and how far below
// its rate random token counts keep a key that wants hardly any rejection.

import { limitOf, type NamedLimiter } from '../../core/limits.ts'
import { callsPerMin, unitsPerMin } from '../map/economics.ts'
import type { ForecastSpec, Tier } from './spec.ts'
import { tokenMoments } from './tokens.ts'

/** What one limiter lets through per key. */
export interface KeyLimit {
  readonly limiter: string
  /** R, T / E[τ], 60·C / S; null: no bound that can be told. */
  readonly callsPerMin: number | null
  /** The rate at which 99 % of windows see no rejection; null where counts are not random. */
  readonly deratedPerMin: number | null
  /** How far above its limit a window may end: calls that are charged after their answer. */
  readonly overshootNote: string | null
}

/** 99 % of windows. */
const z = 2.326348

/** The limits of a tier, per key that has its counters for itself. */
export function keyLimits(tier: Tier, { service }: ForecastSpec): KeyLimit[] {
  const { promptMean, completionMean, promptSd, sd } = tokenMoments(tier.tokens)
  const serviceUs = service.ttftUs + service.itlUs * Math.max(0, completionMean - 1)
  return tier.limiters.map((limiter) => {
    const { charge, unit } = limiter.model
    // A limiter that reserves asks for what a call may cost, not for what it will.
    const isReserved = charge === 'reserve' && tier.maxTokens !== null
    const completionTokens = isReserved ? tier.maxTokens! : completionMean
    const cost = { promptTokens: promptMean, completionTokens, usd: 0 }
    const perCall = promptMean + completionTokens
    return {
      limiter: limiter.name,
      callsPerMin: unit === 'usd' ? null : callsPerMin(limiter, cost, serviceUs),
      deratedPerMin:
        unit === 'tokens' ? deratedPerMin(limiter, perCall, isReserved ? promptSd : sd) : null,
      overshootNote:
        unit === 'tokens' && charge === 'post'
          ? `may end a window above its limit by what is in flight, ${Math.round(perCall)} tokens a call`
          : null,
    }
  })
}

// n E[τ] + z sd(τ) √n = T has one positive root in √n.
function deratedPerMin({ model }: NamedLimiter, mean: number, sd: number): number | null {
  const perMin = unitsPerMin(model.algorithm)
  if (perMin === null || mean <= 0) return null
  const limit = limitOf(model.algorithm)
  const root = (-z * sd + Math.sqrt((z * sd) ** 2 + 4 * mean * limit)) / (2 * mean)
  return root ** 2 * (perMin / limit)
}
