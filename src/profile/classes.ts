// The classes of limiters in question: how parameters become a model, and where to start looking for
// them. A new algorithm is one entry here.

import type { RefillStyle, WindowAnchor } from '../core/limits.ts'
import type { ProfiledAlgorithm } from '../core/profileDocument.ts'
import type { Micros } from '../core/units.ts'
import type { TimedAlgorithm } from '../limiters/limiter.ts'
import type { TraceFeatures } from './features.ts'
import type { Parameters } from './parameters.ts'
import type { Hypothesis } from './playing.ts'
import {
  boundarySeeds,
  bucketSeeds,
  extendedSeeds,
  fadingSeeds,
  spanSeeds,
  stepSeeds,
} from './seeds.ts'

export interface HypothesisClass {
  readonly id: string
  readonly title: string
  readonly algorithm: ProfiledAlgorithm
  readonly anchor: WindowAnchor | null
  readonly chargesRejected: boolean | null
  /** Continuous parameters that are to be found, besides the limit. */
  readonly free: readonly ('spanUs' | 'phaseUs')[]
  /** Several far apart parameters may agree: seeds are to be tried again and again. */
  readonly hasAliases: boolean
  readonly hasStep: boolean
  readonly isLossy: boolean
  /** How many times rougher than others its span may be known: each look at it costs a whole limit. */
  readonly roughness: number
  model(parameters: Parameters): Hypothesis
  seeds(features: TraceFeatures): readonly Parameters[]
}

/** By how much of the dearest request the last that passes may have gone beyond the limit. */
const overshoots = [0.9, 0.4] as const

/** The class of those that charge after the response. */
export function chargedAfter(of: HypothesisClass): HypothesisClass {
  return {
    ...of,
    id: `${of.id}/post`,
    title: `${of.title}, charged after the response`,
    model: (parameters) => ({ ...of.model(parameters), isPost: true }),
    seeds: (features) =>
      of
        .seeds(features)
        .flatMap((at) =>
          overshoots.map((share) => ({ ...at, limit: at.limit - share * features.mostCost })),
        ),
  }
}

/** The period after which the phase of a hypothesis repeats. */
export function periodUs({ hasStep }: HypothesisClass, { spanUs, step }: Parameters): Micros {
  return hasStep ? spanUs * step : spanUs
}

type WindowKind = 'fixed-window' | 'sliding-log' | 'sliding-counter'

interface WindowClass {
  readonly id: string
  readonly title: string
  readonly kind: WindowKind
  readonly anchor: WindowAnchor | null
  readonly chargesRejected: boolean | null
  readonly extended?: boolean
  readonly floored?: boolean
}

const windowClasses: readonly HypothesisClass[] = (
  [
    {
      id: 'window-first',
      title: 'fixed window from the first request',
      kind: 'fixed-window',
      anchor: 'first-request',
      chargesRejected: null,
    },
    {
      id: 'window-wall',
      title: 'fixed window on a clock',
      kind: 'fixed-window',
      anchor: 'wall-clock',
      chargesRejected: null,
    },
    {
      id: 'window-extended',
      title: 'fixed window extended by rejected requests',
      kind: 'fixed-window',
      anchor: 'first-request',
      chargesRejected: true,
      extended: true,
    },
    {
      id: 'log',
      title: 'sliding log',
      kind: 'sliding-log',
      anchor: null,
      chargesRejected: false,
    },
    {
      id: 'log-charging',
      title: 'sliding log that charges rejected requests',
      kind: 'sliding-log',
      anchor: null,
      chargesRejected: true,
    },
    {
      id: 'counter-wall',
      title: 'sliding counter on a clock',
      kind: 'sliding-counter',
      anchor: 'wall-clock',
      chargesRejected: false,
    },
    {
      id: 'counter-wall-charging',
      title: 'sliding counter on a clock that charges rejected requests',
      kind: 'sliding-counter',
      anchor: 'wall-clock',
      chargesRejected: true,
    },
    {
      id: 'counter-first',
      title: 'sliding counter from the first request',
      kind: 'sliding-counter',
      anchor: 'first-request',
      chargesRejected: false,
    },
    {
      id: 'counter-first-charging',
      title: 'sliding counter from the first request that charges rejected requests',
      kind: 'sliding-counter',
      anchor: 'first-request',
      chargesRejected: true,
    },
    {
      id: 'counter-floored',
      title: 'sliding counter in whole units',
      kind: 'sliding-counter',
      anchor: 'wall-clock',
      chargesRejected: false,
      floored: true,
    },
    {
      id: 'counter-floored-charging',
      title: 'sliding counter in whole units that charges rejected requests',
      kind: 'sliding-counter',
      anchor: 'first-request',
      chargesRejected: true,
      floored: true,
    },
  ] as const satisfies readonly WindowClass[]
).map(windowClass)

function windowClass(entry: WindowClass): HypothesisClass {
  const { id, title, kind, anchor, chargesRejected } = entry
  const hasPhase = anchor === 'wall-clock'
  return {
    id,
    title,
    algorithm: kind,
    anchor,
    chargesRejected,
    hasAliases: hasPhase && kind === 'fixed-window',
    free: hasPhase ? ['spanUs', 'phaseUs'] : ['spanUs'],
    hasStep: false,
    isLossy: false,
    roughness: entry.extended === true ? 2 : 1,
    model: ({ limit, spanUs, phaseUs }) => ({
      algorithm: windowModel(entry, limit, Math.round(spanUs)),
      chargesRejected: chargesRejected === true && entry.extended !== true,
      phaseUs: hasPhase ? Math.round(phaseUs) : 0,
    }),
    seeds: (features) => windowSeeds(entry, features),
  }
}

function windowSeeds(entry: WindowClass, features: TraceFeatures): readonly Parameters[] {
  const hasPhase = entry.anchor === 'wall-clock'
  if (entry.extended === true) return extendedSeeds(features)
  if (entry.kind === 'sliding-counter') return fadingSeeds(features, hasPhase)
  return hasPhase ? boundarySeeds(features) : spanSeeds(features, entry.chargesRejected === true)
}

function windowModel(entry: WindowClass, limit: number, windowUs: Micros): TimedAlgorithm {
  const { kind, anchor, extended = false } = entry
  if (kind === 'sliding-log') return { kind, limit, windowUs }
  if (kind === 'sliding-counter') {
    return { kind, limit, windowUs, anchor: anchor!, isFloored: entry.floored ?? false }
  }
  return { kind, limit, windowUs, anchor: anchor!, extendedByRejected: extended }
}

const bucketClasses: readonly HypothesisClass[] = [
  bucketClass('continuous', 'bucket', 'token bucket', (features) =>
    bucketSeeds(features, features.refillUs[0] * 0.5, features.refillUs[1] * 1.6),
  ),
  bucketClass('steps', 'bucket-steps', 'token bucket refilled in steps', stepSeeds),
  // Units come back only in pauses that are long enough: the polls' gaps, not their sum.
  bucketClass(
    'lossy',
    'bucket-lossy',
    'token bucket that loses fractions of its refill',
    (features) => bucketSeeds(features, features.refillUs[0] * 0.03, features.refillUs[1] * 1.1),
  ),
  bucketClass(
    'lossy-admitted',
    'bucket-lossy-admitted',
    'token bucket that loses fractions of its refill when it admits',
    (features) => bucketSeeds(features, features.refillUs[0] * 0.5, features.refillUs[1] * 1.6),
  ),
]

function bucketClass(
  refillStyle: RefillStyle,
  id: string,
  title: string,
  seeds: HypothesisClass['seeds'],
): HypothesisClass {
  const hasStep = refillStyle === 'steps'
  return {
    id,
    title,
    algorithm: 'token-bucket',
    anchor: null,
    chargesRejected: false,
    hasAliases: hasStep,
    free: hasStep ? ['spanUs', 'phaseUs'] : ['spanUs'],
    hasStep,
    isLossy: refillStyle.startsWith('lossy'),
    roughness: 1,
    model: ({ limit, spanUs, phaseUs, step }) => ({
      algorithm: {
        kind: 'token-bucket',
        capacity: limit,
        refillStyle,
        ...(refillStyle === 'continuous' ? rate(spanUs) : steps(spanUs, step)),
      },
      chargesRejected: false,
      phaseUs: hasStep ? Math.round(phaseUs) : 0,
    }),
    seeds,
  }
}

/** All classes, the plainest first. */
export const classes: readonly HypothesisClass[] = [...windowClasses, ...bucketClasses]

/** One unit every `unitUs`, in integers that keep the rate to four digits. */
function rate(unitUs: number): { refillUnits: number; refillUs: Micros } {
  const units = Math.max(1, Math.ceil(20_000 / unitUs))
  return { refillUnits: units, refillUs: Math.max(1, Math.round(unitUs * units)) }
}

/** `step` units at once, as often as makes one every `unitUs`. */
function steps(unitUs: number, step: number): { refillUnits: number; refillUs: Micros } {
  return { refillUnits: step, refillUs: Math.max(1, Math.round(unitUs * step)) }
}
