// A class fitted to ever longer beginnings of a trace: what is a little off at first is far off in the end,
// and a search looks nearby. Must not know which class is right.

import type { RandomStream } from '../core/random.ts'
import type { HypothesisClass } from './classes.ts'
import { featuresOf } from './features.ts'
import { type Fit, fitClass } from './fit.ts'
import type { TraceGroup } from './trace.ts'

const pieces = 12

interface Observed {
  readonly trace: readonly TraceGroup[]
  readonly random: RandomStream
}

/** From where it stood before, or from its seeds; null where the trace shows nothing of its limiter. */
export function fitted(
  of: HypothesisClass,
  { trace, random }: Observed,
  before: Fit | null,
): Fit | null {
  let fit: Fit | null = null
  for (let piece = 1; piece <= pieces; piece++) {
    const until = trace.slice(0, Math.ceil((trace.length * piece) / pieces))
    const features = featuresOf(until)
    if (features === null || (before === null && of.seeds(features).length === 0)) continue
    fit = fitClass(of, { trace: until, features, random, isThorough: true }, fit ?? before)
  }
  return fit
}
