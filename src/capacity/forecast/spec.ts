// What a forecast is made from: tiers with their keys, traffic and limits, the service behind them, and
// how well all of that is known.

import type { NamedLimiter } from '../../core/limits.ts'
import type { Micros } from '../../core/units.ts'
import type { LatencyModel, Price } from '../../gateway/spec.ts'

/** Tokens of calls: a log-normal spread around a mean, or calls as they were. */
export type TokenSource =
  | {
      readonly kind: 'log-normal'
      readonly promptMean: number
      readonly promptCv: number
      readonly completionMean: number
      readonly completionCv: number
    }
  | { readonly kind: 'sample'; readonly calls: readonly CallTokens[] }

export interface CallTokens {
  readonly promptTokens: number
  readonly completionTokens: number
}

/** A call at an instant, by a key. */
export interface TimedCall extends CallTokens {
  readonly us: Micros
  readonly key: string
}

/** When calls are made: at random, independently of each other, or as they were. */
export type TierArrivals =
  | { readonly kind: 'poisson'; readonly perKeyPerS: number }
  | { readonly kind: 'replay'; readonly calls: readonly TimedCall[] }

export interface Tier {
  readonly name: string
  readonly keys: number
  readonly arrivals: TierArrivals
  readonly tokens: TokenSource
  /** Completion tokens that calls ask for; null: just as many as they get. What is reserved. */
  readonly maxTokens: number | null
  /** In the order in which they are asked. */
  readonly limiters: readonly NamedLimiter[]
}

/** Relative standard deviations of what was measured; 0: it is exact. */
export interface Uncertainty {
  readonly limit: number
  readonly tokens: number
  readonly latency: number
  readonly rate: number
}

export interface ForecastSpec {
  readonly tiers: readonly Tier[]
  readonly service: LatencyModel
  readonly price: Price
  /** Time that is forecast; what comes before it, `warmupUs` long, fills the windows. */
  readonly horizonUs: Micros
  readonly warmupUs: Micros
  readonly uncertainty: Uncertainty
  readonly futures: number
  readonly seed: number
}
