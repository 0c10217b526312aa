// A limit that was another one before: the longest beginning of what was observed that a class explains
// by itself, with the parameters it then had. Must not send.

import type { RandomStream } from '../core/random.ts'
import type { HypothesisClass } from './classes.ts'
import { featuresOf } from './features.ts'
import { exactFit, type Fit, fitClass } from './fit.ts'
import { explains, type Identified } from './identification.ts'
import { fitted } from './pieces.ts'
import { posterior } from './posterior.ts'
import { answersIn, type TraceGroup } from './trace.ts'

/** Where a class explained all that had come, and until when. */
export interface Beginning {
  readonly fit: Fit
  /** Groups that it explains. */
  readonly groups: number
}

/** Releases without which a beginning says nothing. */
const releasesLeast = 2

/** The longest beginning that a class explains; null where that is no more than its first releases. */
export function longestBeginning(
  of: HypothesisClass,
  trace: readonly TraceGroup[],
  random: RandomStream,
): Beginning | null {
  let found: Beginning | null = null
  let [low, high] = [0, trace.length]
  while (low < high) {
    const groups = Math.ceil((low + high) / 2)
    const fit = explained(of, trace.slice(0, groups), random)
    if (fit === null) high = groups - 1
    else {
      found = { fit, groups }
      low = groups
    }
  }
  const releases = found === null ? [] : (featuresOf(trace.slice(0, found.groups))?.releases ?? [])
  return releases.length >= releasesLeast ? found : null
}

/**
 * What was taken for a bucket that loses fractions, once it was overloaded: a rival that keeps them and
 * explains that as well is more than one of those that explain nearly anything. Null where there is none.
 */
export function keepingFractions(
  found: Identified,
  trace: readonly TraceGroup[],
  random: RandomStream,
): Identified | null {
  if (!found.leader.fit.of.isLossy) return null
  const answers = answersIn(trace)
  const fits = found.rivals
    .filter(({ fit }) => !fit.of.isLossy)
    .map(({ fit }) => fitted(fit.of, { trace, random }, fit))
    .filter((fit) => fit !== null && explains(fit.mismatches, answers))
  if (fits.length === 0) return null
  const [leader, ...rivals] = posterior(fits as readonly Fit[])
  return { ...found, leader: leader!, rivals, isExplained: true, isForetold: rivals.length === 0 }
}

const nothingYet = { limit: 1, spanUs: 1, phaseUs: 0, step: 1 }

// What is too short to look at is explained by anything.
function explained(of: HypothesisClass, trace: readonly TraceGroup[], random: RandomStream) {
  const features = featuresOf(trace)
  if (features === null || of.seeds(features).length === 0) return exactFit(of, nothingYet)
  const fit = fitClass(of, { trace, features, random, isThorough: true }, null)
  return fit.mismatches < 1 ? fit : null
}
