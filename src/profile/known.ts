// A limiter as far as it is known: for the document, as a model to be played, and what is to be warned
// of. Must not send.

import type { LimiterAlgorithm, LimitUnit, NamedLimiter } from '../core/limits.ts'
import type { ProfiledLimiter, ProfileWarning } from '../core/profileDocument.ts'
import { classes } from './classes.ts'
import { profiled } from './conclude.ts'
import { exactFit } from './fit.ts'
import type { Identified } from './identification.ts'
import { isPlainDenial } from './judging.ts'
import type { Observation } from './observation.ts'
import { Ended } from './session.ts'
import type { TraceGroup } from './trace.ts'
import { warningsOf } from './warnings.ts'

/** A limiter, and what it was identified by. */
export interface Layer {
  readonly found: Identified
  readonly unit: LimitUnit
  readonly observations: readonly Observation[]
  readonly trace: readonly TraceGroup[]
}

/** A limiter as far as it is known. */
export interface Known {
  readonly limiter: ProfiledLimiter
  readonly model: NamedLimiter
  readonly warnings: readonly ProfileWarning[]
  /** What could not be measured, and why. */
  readonly reasons: readonly string[]
  /** Why it is not what it seemed to be; null: nothing speaks against it. */
  readonly refutation: string | null
}

/** What is known of a limiter, beside those that are known already. */
export function knownOf(layer: Layer, known: readonly ProfiledLimiter[]): Known {
  const { found, unit, observations, trace } = layer
  const status = observations.find(isPlainDenial)?.status ?? [...found.denials][0] ?? null
  const limiter = profiled(found, { id: idOf(unit, known), unit, observations, trace, status })
  const model = modelOf(limiter, found)
  const warnings = limiter.confidence > 0 ? warningsOf(limiter, model, observations) : []
  return { limiter, model, warnings, reasons: [], refutation: null }
}

/** A limiter as a bucket that loses fractions, where that was told by overload and not by replays. */
export function layerAs(layer: Layer, { model: { model } }: Known): Layer {
  const { algorithm } = model
  if (algorithm.kind !== 'token-bucket' || algorithm.refillStyle !== 'lossy') return layer
  const { capacity, refillUnits, refillUs } = algorithm
  const { fit } = layer.found.leader
  if (fit.of.id === lossy.id && fit.best.limit === capacity) return layer
  const best = { limit: capacity, spanUs: refillUs / refillUnits, phaseUs: 0, step: 1 }
  const leader = { fit: exactFit(lossy, best), odds: 1 }
  return { ...layer, found: { ...layer.found, leader } }
}

const lossy = classes.find(({ id }) => id === 'bucket-lossy')!

/** What is known after something more was measured, or as much as there was when the budget ended. */
export async function withinBudget(known: Known, measure: () => Promise<Known>): Promise<Known> {
  try {
    return await measure()
  } catch (error) {
    if (!(error instanceof Ended)) throw error
    const reason = `the budget (${error.by}) ended before everything about '${known.limiter.id}' was measured`
    return { ...known, reasons: [...new Set([...known.reasons, reason])] }
  }
}

function idOf(unit: LimitUnit, known: readonly ProfiledLimiter[]): string {
  const count = known.filter((limiter) => limiter.unit === unit).length
  return count === 0 ? unit : `${unit}-${count + 1}`
}

function modelOf(limiter: ProfiledLimiter, { leader }: Identified): NamedLimiter {
  const { of, best } = leader.fit
  const { algorithm, chargesRejected } = of.model(best)
  return {
    name: limiter.id,
    model: {
      algorithm: rounded(algorithm, limiter),
      unit: limiter.unit,
      charge: limiter.charge ?? 'pre',
      chargesRejected,
      scope: ['key'],
    },
  }
}

/** The model with the figures that the document has. */
function rounded(algorithm: LimiterAlgorithm, limiter: ProfiledLimiter): LimiterAlgorithm {
  const { limit, windowMs, burst, refillPerS } = limiter
  if (algorithm.kind === 'token-bucket' && burst !== null && refillPerS !== null) {
    const refillUs = Math.round((1e6 * algorithm.refillUnits) / refillPerS)
    return { ...algorithm, capacity: burst, refillUs }
  }
  if (!('windowUs' in algorithm) || limit === null || windowMs === null) return algorithm
  return { ...algorithm, limit, windowUs: Math.round(windowMs * 1e3) }
}

const alikeShare = 0.02

/** Whether two limiters are the same, as far as they are known. */
export function isAlike(a: ProfiledLimiter, b: ProfiledLimiter): boolean {
  const isNear = (x: number | null, y: number | null) =>
    x === y || (x !== null && y !== null && Math.abs(x / y - 1) <= alikeShare)
  return (
    a.algorithm === b.algorithm &&
    a.limit === b.limit &&
    a.burst === b.burst &&
    isNear(a.windowMs, b.windowMs) &&
    isNear(a.refillPerS, b.refillPerS)
  )
}
