// How probable each class is, given how well it fits: mismatches count against it, and so does every
// parameter that had to be chosen finely for the fit.

import { windowUsOf } from '../core/limits.ts'
import type { Micros } from '../core/units.ts'
import { periodUs } from './classes.ts'
import type { Fit } from './fit.ts'

export interface Weighed {
  readonly fit: Fit
  readonly odds: number
}

/** Nats by which one observation that a class cannot explain counts against it. */
const mismatchNats = 6
/** And what it can explain only if a request arrived just then; all of them together for less than a mismatch. */
const coincidenceNats = 0.5
const coincidencesNatsMost = 5
/** Nats against what few limiters do, and what excuses much: that fractions of a refill are lost. */
const lossyNats = 3
/** Intervals are not narrower than this for what they say about plausibility. */
const widthLeast = 2e-2
/** The phase of a clock is either seen or hit by chance: that its releases come when another class has to have them. */
const phaseWidthLeast = 5e-3

/** Classes with their posterior probabilities, the most probable first. */
export function posterior(fits: readonly Fit[]): readonly Weighed[] {
  const least = Math.min(...fits.map(({ mismatches }) => mismatches))
  const logs = fits.map((fit) => {
    const coincidences = Math.min(coincidencesNatsMost, coincidenceNats * fit.coincidences)
    return -mismatchNats * (fit.mismatches - least) - coincidences + logWidth(fit)
  })
  const most = Math.max(...logs)
  const weights = logs.map((log) => Math.exp(log - most))
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return fits.map((fit, i) => ({ fit, odds: weights[i]! / sum })).sort((a, b) => b.odds - a.odds)
}

/** The share of what a class allows for that agrees with what was seen, as a logarithm. */
function logWidth(fit: Fit): number {
  const { of, best, spanUs, phaseUs, limit } = fit
  const span = Math.log(Math.max(Math.log(spanUs[1] / spanUs[0]), widthLeast))
  const limits = Math.log(limit[1] - limit[0] + 1)
  const period = periodUs(of, best)
  const phase = of.free.includes('phaseUs')
    ? Math.log(Math.min(1, Math.max((phaseUs[1] - phaseUs[0]) / period, phaseWidthLeast)))
    : 0
  const step = of.hasStep ? -Math.log(8) : 0
  return span + limits + phase + step - (of.isLossy ? lossyNats : 0)
}

/** Spans that are known better than this share need not be known better still. */
export const spanErrorMost = 0.007

/** Whether the span of a fit is known well enough, for its class. */
export function hasPreciseSpan(fit: Fit): boolean {
  return spanError(fit) <= spanErrorMost * fit.of.roughness
}

/** Half the width of the interval of a fit's span, as a share of its middle. */
export function spanError({ spanUs: [low, high] }: Fit): number {
  return (high - low) / (high + low)
}

/** How long a limiter as it fits best takes to be as at first. */
export function recoveryUs({ of, best }: Fit): Micros {
  return windowUsOf(of.model(best).algorithm) ?? 0
}
