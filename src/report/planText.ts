// A forecast in the terminal: per tier what is carried, what is rejected and by whom, what it costs.

import type { KeyLimit } from '../capacity/forecast/derating.ts'
import type { Forecast, Spread, TierForecast } from '../capacity/forecast/forecast.ts'
import type { ForecastSpec } from '../capacity/forecast/spec.ts'
import { formatCount, formatInteger, formatRate, formatShare, formatSpan } from '../core/format.ts'
import { describeLimiter } from '../limiters/models.ts'
import type { MeasuredTier } from './planTable.ts'

export interface PlanTextParts {
  readonly spec: ForecastSpec
  readonly forecast: Forecast
  readonly limits: readonly { readonly tier: string; readonly limits: readonly KeyLimit[] }[]
  readonly measured: readonly MeasuredTier[] | null
  readonly folder: string | null
}

/** The whole report of a forecast. */
export function planText({ spec, forecast, limits, measured, folder }: PlanTextParts): string {
  return [
    `${forecast.futures} futures of ${formatSpan(spec.horizonUs)}; ranges are P10 to P90`,
    '',
    ...forecast.tiers.flatMap((tier, t) => [
      ...tierLines(tier),
      ...spec.tiers[t]!.limiters.map((one, i) =>
        limitLine(describeLimiter(one), limits[t]!.limits[i]!),
      ),
      '',
    ]),
    ...spreadLines('all', forecast.total, forecast.total.usdPerHour.p50 > 0),
    ...(measured === null ? [] : ['', ...backtestLines(forecast, measured)]),
    ...(folder === null ? [] : ['', `written to ${folder}`]),
  ].join('\n')
}

function tierLines(tier: TierForecast): string[] {
  const binding = Object.entries(tier.binding)
    .filter(([, share]) => share > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([name, share]) => `${name === 'none' ? 'no limiter' : name} ${formatShare(share)}`)
  return [
    ...spreadLines(`tier ${tier.name}`, tier, tier.usdPerHour.p50 > 0),
    `  binds:    ${binding.join(', ')} of the futures`,
  ]
}

function spreadLines(title: string, one: Forecast['total'], hasCost: boolean): string[] {
  const keys = `${formatInteger(one.keys)} ${one.keys === 1 ? 'key' : 'keys'}`
  return [
    `${title}: ${keys}`,
    `  offered:  ${rangeText(one.offeredPerS, formatRate)}`,
    `  carried:  ${rangeText(one.carriedPerS, formatRate)}, ${rangeText(one.tokensPerS, formatCount)} tokens/s`,
    `  rejected: ${rangeText(one.rejectedShare, formatShare)}`,
    ...(hasCost
      ? [`  costs:    ${rangeText(one.usdPerHour, (usd) => `$${formatCount(usd)}`)} per hour`]
      : []),
  ]
}

/** '  40 requests per 10 s: 240 calls/min in the long run' */
export function limitLine(
  what: string,
  { callsPerMin, deratedPerMin, overshootNote }: KeyLimit,
): string {
  const parts = [
    ...(callsPerMin === null ? [] : [`${formatCount(callsPerMin)} calls/min in the long run`]),
    ...(deratedPerMin === null
      ? []
      : [`${formatCount(deratedPerMin)} calls/min if 99 % of windows are to see no rejection`]),
    ...(overshootNote === null ? [] : [overshootNote]),
  ]
  return `  ${what}${parts.length === 0 ? '' : `: ${parts.join('; ')}`}`
}

/** A title, and a line for each tier. */
export function backtestLines(forecast: Forecast, measured: readonly MeasuredTier[]): string[] {
  const lines = measured.map(({ name, carriedPerS, binding }) => {
    const tier = forecast.tiers.find((one) => one.name === name)!
    const { p10, p50, p90 } = tier.carriedPerS
    const isInside = carriedPerS >= p10 && carriedPerS <= p90
    const error = p50 === 0 ? '' : `, forecast off by ${formatShare(p50 / carriedPerS - 1)}`
    const expected = Object.entries(tier.binding).reduce((a, b) => (b[1] > a[1] ? b : a))[0]
    return `  ${isInside ? '✓' : '✗'} tier ${name}: ${formatRate(carriedPerS)} carried${error}; ${binding} binds${expected === binding ? '' : `, ${expected} was expected`}`
  })
  return ['back-test on the embedded gateway, in virtual time:', ...lines]
}

/** '12/s (10/s to 14/s)' */
export function rangeText({ p10, p50, p90 }: Spread, format: (value: number) => string): string {
  return p10 === p90 ? format(p50) : `${format(p50)} (${format(p10)} to ${format(p90)})`
}
