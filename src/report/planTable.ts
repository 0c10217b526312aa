// The table of a forecast: a row per tier, and one for all.

import type { Forecast, Spread } from '../capacity/forecast/forecast.ts'
import type { Table } from './tables.ts'

const measures = [
  'offered_per_s',
  'carried_per_s',
  'rejected_share',
  'tokens_per_s',
  'usd_per_hour',
]

/** What a back-test measured of a tier. */
export interface MeasuredTier {
  readonly name: string
  readonly carriedPerS: number
  readonly binding: string
}

/** `binding` is the limiter that binds in most futures, with the share of them. */
export function planTable(forecast: Forecast, measured: readonly MeasuredTier[] | null): Table {
  const columns = [
    'tier',
    'keys',
    ...measures.flatMap((measure) => ['p10', 'p50', 'p90'].map((q) => `${measure}_${q}`)),
    'binding',
    'binding_share',
    'measured_carried_per_s',
    'measured_binding',
  ]
  const cells = (spread: Spread) => [spread.p10, spread.p50, spread.p90]
  const spreads = (one: Forecast['total']) => [
    ...cells(one.offeredPerS),
    ...cells(one.carriedPerS),
    ...cells(one.rejectedShare),
    ...cells(one.tokensPerS),
    ...cells(one.usdPerHour),
  ]
  const rows = forecast.tiers.map((tier) => {
    const [name, share] = likeliest(tier.binding)
    const own = measured?.find((one) => one.name === tier.name)
    return [
      tier.name,
      tier.keys,
      ...spreads(tier),
      name,
      share,
      own?.carriedPerS ?? null,
      own?.binding ?? null,
    ]
  })
  const sum = measured?.reduce((total, { carriedPerS }) => total + carriedPerS, 0) ?? null
  const all = ['all', forecast.total.keys, ...spreads(forecast.total), null, null, sum, null]
  return { columns, rows: [...rows, all] }
}

/** The likeliest of several, with its share. */
export function likeliest(shares: Readonly<Record<string, number>>): readonly [string, number] {
  return Object.entries(shares).reduce((a, b) => (b[1] > a[1] ? b : a))
}
