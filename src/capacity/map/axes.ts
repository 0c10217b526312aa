// The part of the plane that is worth looking at: around the crossovers and the rates that limiters
// sustain.

import type { NamedLimiter } from '../../core/limits.ts'
import { callsPerMin, crossovers } from './economics.ts'
import { type Axis, costOf, type PlaneTarget } from './plane.ts'
import { serviceUsOf } from './service.ts'

/** How far the axes reach beyond the first and the last point of interest. */
const tokensMargin = 16
const perMinMargin = 6

export interface AxisSize {
  readonly columns: number
  readonly rows: number
}

/** Axes that show every limiter of a chain, where it can be the first. */
export function axesOf(
  target: PlaneTarget,
  { columns, rows }: AxisSize,
): { readonly tokens: Axis; readonly perMin: Axis } {
  const { from, to } = tokensRange(target)
  const rates = [from, Math.sqrt(from * to), to].flatMap((tokens) => ratesAt(target, tokens))
  // What a limiter sustains far off the others would stretch the axis until nothing is seen.
  const middle = ratesAt(target, Math.sqrt(from * to))
  const low = Math.max(Math.min(...rates, 60), Math.min(...middle, 60) / perMinMargin)
  const high = Math.min(Math.max(...rates, 1), Math.max(...middle, 1) * perMinMargin)
  return {
    tokens: { from, to, count: columns },
    perMin: { from: low / perMinMargin, to: high * perMinMargin, count: rows },
  }
}

function tokensRange(target: PlaneTarget): { from: number; to: number } {
  const points = [...tokenCrossovers(target), ...serviceCrossovers(target)]
  if (points.length === 0) return { from: 10, to: Math.max(1000, ...tokenLimits(target.limiters)) }
  return {
    from: Math.max(2, Math.min(...points) / tokensMargin),
    to: Math.max(4, Math.max(...points) * tokensMargin),
  }
}

function tokenCrossovers({ limiters }: PlaneTarget): number[] {
  return crossovers(limiters).flatMap((one) => (one.kind === 'tokens' ? [one.perCall] : []))
}

/** Tokens at which a call takes as long as makes the limit on requests in flight the first. */
function serviceCrossovers({ limiters, service, promptShare }: PlaneTarget): number[] {
  return crossovers(limiters).flatMap((one) => {
    if (one.kind !== 'service' || service.perTokenUs === 0 || promptShare >= 1) return []
    const completionTokens = (one.serviceUs - service.baseUs) / service.perTokenUs
    const tokens = completionTokens / (1 - promptShare)
    return tokens > 2 && tokens < 1e6 ? [tokens] : []
  })
}

function tokenLimits(limiters: readonly NamedLimiter[]): number[] {
  return limiters.flatMap(({ model: { unit, algorithm } }) => {
    if (!unit.endsWith('tokens')) return []
    return 'limit' in algorithm ? [algorithm.limit] : [algorithm.capacity]
  })
}

function ratesAt(target: PlaneTarget, tokens: number): number[] {
  const cost = costOf(target, Math.max(2, Math.round(tokens)))
  const serviceUs = serviceUsOf(target.service, cost.completionTokens)(0)
  return target.limiters.flatMap((limiter) => callsPerMin(limiter, cost, serviceUs) ?? [])
}
