// The steps of a search as a curve over load: steps of one load are one point.

import type { Criterion } from '../capacity/search/observation.ts'
import type { Step } from '../capacity/search/search.ts'
import type { Micros } from '../core/units.ts'

/** What a curve is made from: a result, or a search under way. */
export interface CurveSource {
  readonly steps: readonly Step[]
  readonly criteria: readonly Criterion[]
}

export interface CurvePoint {
  readonly loadPerS: number
  readonly steps: number
  readonly goodputPerS: number
  readonly p50Us: Micros | null
  readonly p99Us: Micros | null
  /** Per criterion, the share of requests that break it; null without any. */
  readonly shares: readonly (number | null)[]
  readonly verdict: string
}

/** Points by rising load; steps from above are apart from those on the way up. */
export function curveOf({ steps, criteria }: CurveSource): CurvePoint[] {
  const points = new Map<string, Step[]>()
  for (const step of steps) {
    const isFromAbove = step.move.kind === 'from-above'
    const key = `${step.move.loadPerS} ${isFromAbove}`
    points.set(key, [...(points.get(key) ?? []), step])
  }
  return [...points.values()]
    .map((own) => pointOf(own, criteria.length))
    .sort((a, b) => a.loadPerS - b.loadPerS)
}

function pointOf(steps: readonly Step[], criteria: number): CurvePoint {
  const last = steps.at(-1)!
  const longest = steps.reduce((a, b) => (b.move.measureUs > a.move.measureUs ? b : a)).observation
  const us = steps.reduce((sum, { move }) => sum + move.measureUs, 0)
  const ok = steps.reduce((sum, s) => sum + s.observation.goodputPerS * s.move.measureUs, 0)
  const total = (c: number, of: 'bad' | 'all') =>
    steps.reduce((sum, s) => {
      return sum + s.observation.counts[c]![of].reduce((inner, count) => inner + count, 0)
    }, 0)
  return {
    loadPerS: last.move.loadPerS,
    steps: steps.length,
    goodputPerS: ok / us,
    // Quantiles do not add up; those of the longest step are the best known.
    p50Us: longest.p50Us,
    p99Us: longest.p99Us,
    shares: Array.from({ length: criteria }, (_, c) =>
      total(c, 'all') === 0 ? null : total(c, 'bad') / total(c, 'all'),
    ),
    verdict: last.move.kind === 'from-above' ? `${last.verdict}, from above` : last.verdict,
  }
}
