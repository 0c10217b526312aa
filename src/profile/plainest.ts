// Which of the parameters that explain everything take the fewest coincidences: with what arrived in the
// middle of its stretch, and not wherever it has to have arrived. Must not judge what explains everything.

import type { Interval } from '../core/profileDocument.ts'
import { type Fit, spansAcross } from './fit.ts'
import { misfits } from './following.ts'
import type { Parameters } from './parameters.ts'
import type { TraceGroup } from './trace.ts'

export interface Plainest {
  readonly limit: number
  readonly spanUs: Interval
}

/**
 * The whole limit, and the spans with it; null where nothing is to be chosen from: the limit is known, or no
 * two agree, as with tokens. What loses fractions excuses so much that its span is chosen, too.
 */
export function plainest(fit: Fit, trace: readonly TraceGroup[]): Plainest | null {
  const { of, sample } = fit
  const limits = new Set(sample.map(({ limit }) => limit))
  const isKnown = limits.size === 1 && !of.isLossy
  const isWhole = limits.size < sample.length || sample.length === 1
  if (isKnown || !isWhole) return null
  const spans = spansAcross(fit)
  const across = [...limits].flatMap((limit) => spans.map((at) => ({ ...at, limit })))
  return plainestOf([...sample, ...across], (at) => misfits(of.model(at), trace))
}

/** Of the limits that are as plain as any, the one with most places. */
function plainestOf(
  places: readonly Parameters[],
  misfitsOf: (at: Parameters) => number,
): Plainest {
  const counted = places.map((at) => ({ at, count: misfitsOf(at) }))
  const least = Math.min(...counted.map(({ count }) => count))
  const plain = counted.filter(({ count }) => count === least).map(({ at }) => at)
  const byLimit = [...Map.groupBy(plain, ({ limit }) => limit)]
  const [limit, having] = byLimit.sort(([, a], [, b]) => b.length - a.length)[0]!
  const spans = having.map(({ spanUs }) => spanUs)
  return { limit, spanUs: [Math.min(...spans), Math.max(...spans)] }
}
