// A limiter's figures without what a slower one denied while it was identified, which may have been taken for
// its doing. Must not send.

import type { RandomStream } from '../core/random.ts'
import { explains } from './identification.ts'
import { verdictsOf } from './judging.ts'
import type { Layer } from './known.ts'
import type { Observation } from './observation.ts'
import { type Other, withoutOthers } from './others.ts'
import { fitted } from './pieces.ts'
import { traceOf } from './trace.ts'

/** What else there is by now. */
interface Since {
  /** All since the limiter was fresh, those it was identified by first. */
  readonly observations: readonly Observation[]
  readonly others: readonly Other[]
  readonly random: RandomStream
}

/** The same limiter, closed in anew; null where nothing was another's doing, or nothing better was found. */
export function closedIn(layer: Layer, { observations, others, random }: Since): Layer | null {
  const { found } = layer
  const before = found.leader.fit
  const all = verdictsOf(observations, found.denials)
  const verdicts = withoutOthers(observations, all, others)
  const mine = layer.observations.length
  if (!verdicts.slice(0, mine).some((verdict, i) => verdict !== all[i])) return null
  const trace = traceOf(observations.slice(0, mine), verdicts.slice(0, mine), () => 1)
  const fit = fitted(before.of, { trace, random }, before)
  if (fit === null || !explains(fit.mismatches, mine)) return null
  return { ...layer, found: { ...found, leader: { ...found.leader, fit } } }
}
