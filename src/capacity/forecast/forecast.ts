// The forecast: many futures, and what they say together about each tier and about all.

import { sortedQuantile } from '../../core/bootstrap.ts'
import { playFuture, type TierFuture } from './future.ts'
import type { ForecastSpec, Tier } from './spec.ts'

/** P10, P50 and P90 over the futures. */
export interface Spread {
  readonly p10: number
  readonly p50: number
  readonly p90: number
}

export interface TierForecast {
  readonly name: string
  readonly keys: number
  readonly offeredPerS: Spread
  readonly carriedPerS: Spread
  /** Share of offered calls that is rejected. */
  readonly rejectedShare: Spread
  readonly tokensPerS: Spread
  readonly usdPerHour: Spread
  /** Per limiter, the share of futures in which it rejects most; 'none' where hardly any is rejected. */
  readonly binding: Readonly<Record<string, number>>
}

export interface Forecast {
  readonly futures: number
  readonly tiers: readonly TierForecast[]
  readonly total: Omit<TierForecast, 'binding' | 'name'>
}

/** Below this share of rejections no limiter is said to bind. */
export const bindingShareLeast = 0.005

/** Plays the futures of a spec; `told` is called now and then with how many were played. */
export function forecast(spec: ForecastSpec, told: (played: number) => void = () => {}): Forecast {
  const futures: TierFuture[][] = []
  for (let index = 0; index < spec.futures; index++) {
    futures.push(playFuture(spec, index))
    told(index + 1)
  }
  const seconds = spec.horizonUs / 1e6
  return {
    futures: spec.futures,
    tiers: spec.tiers.map((tier, t) => {
      return tierForecast(
        tier,
        futures.map((future) => future[t]!),
        seconds,
      )
    }),
    total: {
      keys: spec.tiers.reduce((sum, { keys }) => sum + keys, 0),
      ...spreads(futures.map(summed), seconds),
    },
  }
}

/** The limiter that rejects most, or 'none'. */
export function bindingOf({ offered, rejected }: Pick<TierFuture, 'offered' | 'rejected'>): string {
  const all = [...rejected.values()].reduce((sum, count) => sum + count, 0)
  if (all < bindingShareLeast * offered || all === 0) return 'none'
  return [...rejected].reduce((a, b) => (b[1] > a[1] ? b : a))[0]
}

function tierForecast(tier: Tier, futures: readonly TierFuture[], seconds: number): TierForecast {
  const names = [...tier.limiters.map(({ name }) => name), 'none']
  const found = futures.map(bindingOf)
  const shares = names.map((name) => {
    return [name, found.filter((one) => one === name).length / futures.length] as const
  })
  return {
    name: tier.name,
    keys: tier.keys,
    ...spreads(futures, seconds),
    binding: Object.fromEntries(shares),
  }
}

function spreads(futures: readonly TierFuture[], seconds: number) {
  const of = (value: (future: TierFuture) => number): Spread => {
    const sorted = futures.map(value).sort((a, b) => a - b)
    const at = (q: number) => sortedQuantile(sorted, q)
    return { p10: at(0.1), p50: at(0.5), p90: at(0.9) }
  }
  return {
    offeredPerS: of(({ offered }) => offered / seconds),
    carriedPerS: of(({ carried }) => carried / seconds),
    rejectedShare: of(({ offered, carried }) => (offered === 0 ? 0 : 1 - carried / offered)),
    tokensPerS: of(({ tokens }) => tokens / seconds),
    usdPerHour: of(({ usd }) => (usd / seconds) * 3600),
  }
}

function summed(tiers: readonly TierFuture[]): TierFuture {
  const sum = (of: (tier: TierFuture) => number) =>
    tiers.reduce((total, tier) => total + of(tier), 0)
  return {
    offered: sum(({ offered }) => offered),
    carried: sum(({ carried }) => carried),
    tokens: sum(({ tokens }) => tokens),
    usd: sum(({ usd }) => usd),
    rejected: new Map(),
  }
}
