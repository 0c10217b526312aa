// Pathologies of identified limiters, with the figures that show them. Must not send.

import {
  costIn,
  type LimiterAlgorithm,
  type LimiterModel,
  limitOf,
  type NamedLimiter,
} from '../core/limits.ts'
import type { ProfiledLimiter, ProfileWarning } from '../core/profileDocument.ts'
import { exponentialAt, randomStream } from '../core/random.ts'
import { freshState, take } from '../limiters/limiter.ts'
import type { Observation } from './observation.ts'

/** Advice may be this much too long: whole seconds, rounded up, and a network. */
const lateAdviceMsMost = 1_500
const earlyAdviceMsMost = 250
/** Goodput below this share of the nominal rate is worth a warning. */
const goodputShareLeast = 0.9

/** What a user of this limiter should know. */
export function warningsOf(
  limiter: ProfiledLimiter,
  model: NamedLimiter,
  observations: readonly Observation[],
): readonly ProfileWarning[] {
  return [
    ...boundaryBurst(limiter),
    ...lockout(limiter),
    ...adviceWarnings(limiter),
    ...lossyRefill(limiter, model),
    ...advertisedDiffers(limiter, observations),
    ...lateTokenLimit(limiter, observations),
  ]
}

function boundaryBurst({
  id,
  algorithm,
  limit,
  windowMs,
  unit,
}: ProfiledLimiter): ProfileWarning[] {
  if (algorithm !== 'fixed-window' || limit === null || windowMs === null) return []
  return [
    {
      code: 'boundary-burst',
      limiter: id,
      message: `${2 * limit} ${unit} pass within a moment around the end of a window, twice the limit`,
      figures: { limit, burst: 2 * limit, windowMs },
    },
  ]
}

/** Who polls often enough is never let in again. */
function lockout(limiter: ProfiledLimiter): ProfileWarning[] {
  const { id, chargesRejected, limit, windowMs, algorithm } = limiter
  if (chargesRejected !== true || limit === null || windowMs === null) return []
  const pauseMs = algorithm === 'fixed-window' ? windowMs : windowMs / limit
  return [
    {
      code: 'reject-lockout',
      limiter: id,
      message: `rejected requests are charged: a client that retries more often than every ${spanText(pauseMs)} is never admitted again`,
      figures: { pauseMsLeast: pauseMs },
    },
  ]
}

function adviceWarnings({ id, retryAfter, algorithm }: ProfiledLimiter): ProfileWarning[] {
  if (algorithm === 'concurrency' || algorithm === 'unknown') return []
  if (!retryAfter.present) {
    const message = 'its rejections carry no Retry-After: clients have to guess when to come back'
    return [{ code: 'retry-after-missing', limiter: id, message, figures: {} }]
  }
  const errorMs = retryAfter.medianErrorMs
  if (errorMs === null || (errorMs <= lateAdviceMsMost && errorMs >= -earlyAdviceMsMost)) return []
  const by = spanText(Math.abs(errorMs))
  const message =
    errorMs > 0
      ? `its Retry-After asks for ${by} more than is needed (median)`
      : `who comes back after its Retry-After is rejected again: it is ${by} short (median)`
  return [{ code: 'retry-after-wrong', limiter: id, message, figures: { medianErrorMs: errorMs } }]
}

function lossyRefill({ id }: ProfiledLimiter, { model }: NamedLimiter): ProfileWarning[] {
  const { algorithm } = model
  if (algorithm.kind !== 'token-bucket' || !algorithm.refillStyle.startsWith('lossy')) return []
  const perS = nominalPerS(algorithm)!
  const goodputPerS = goodputUnderOverload({ ...model, chargesRejected: false }, 2)
  if (goodputPerS > goodputShareLeast * perS) return []
  const share = goodputPerS / perS
  return [
    {
      code: 'lossy-refill',
      limiter: id,
      message: `it loses fractions of its refill: at twice its nominal ${rateText(perS)} only ${rateText(goodputPerS)} are admitted in the long run (${(100 * share).toFixed(0)} %)`,
      figures: { nominalPerS: perS, goodputPerS, share, offeredPerS: 2 * perS },
    },
  ]
}

/** Refill intervals over which goodput is taken, after the bucket has been emptied. */
const goodputIntervals = 4_000

/** Units per second that a limiter is meant to let through in the long run; null for those without. */
export function nominalPerS(algorithm: LimiterAlgorithm): number | null {
  switch (algorithm.kind) {
    case 'token-bucket':
    case 'leaky-queue':
      return (1e6 * algorithm.refillUnits) / algorithm.refillUs
    case 'concurrency':
      return null
    default:
      return algorithm.windowUs === null ? null : (1e6 * algorithm.limit) / algorithm.windowUs
  }
}

/** What a limiter lets through of random (Poisson) arrivals at so many times its nominal rate. */
export function goodputUnderOverload(model: LimiterModel, times: number): number {
  const random = randomStream(1, 'goodput')
  const unitUs = 1e6 / nominalPerS(model.algorithm)!
  const emptiedUs = 20 * limitOf(model.algorithm) * unitUs
  const endUs = emptiedUs + goodputIntervals * unitUs
  let state = freshState(model)
  let admitted = 0
  let us = 0
  for (let i = 0; us < endUs; i++) {
    us += (exponentialAt(random, i) * unitUs) / times
    const [decision, next] = take(model, state, 1, Math.round(us))
    state = next
    if (decision.kind === 'allowed' && us > emptiedUs) admitted++
  }
  return admitted / ((endUs - emptiedUs) / 1e6)
}

/** Charged after the answer: whoever comes while anything is left gets in, whatever it will cost. */
export function lateTokenLimit(
  { id, unit, charge, limit, burst }: ProfiledLimiter,
  observations: readonly Observation[],
): ProfileWarning[] {
  const most = limit ?? burst
  if (charge !== 'post' || unit === 'requests' || most === null) return []
  const costs = observations.flatMap(({ cost }) => (cost === null ? [] : [costIn(unit, cost)]))
  const dearest = Math.max(0, ...costs)
  if (dearest < 2) return []
  return [
    {
      code: 'late-token-limit',
      limiter: id,
      message: `it charges after the answer: with 1 of ${most} ${unit} left, a request of ${dearest} still passes, ${dearest - 1} beyond the limit; so does everything that is under way by then`,
      figures: { limit: most, dearest, overMost: dearest - 1 },
    },
  ]
}

/** A limit that answers advertise and that is not the one enforced. */
function advertisedDiffers(
  limiter: ProfiledLimiter,
  observations: readonly Observation[],
): ProfileWarning[] {
  const enforced = limiter.limit ?? limiter.burst
  const signals = observations
    .flatMap((observation) => observation.signals)
    .filter(({ unit, limit }) => limit !== null && (unit === null || unit === limiter.unit))
  const advertised = signals[0]?.limit ?? null
  if (enforced === null || advertised === null) return []
  if (signals.some(({ limit }) => limit === enforced)) return []
  const message = `its answers advertise a limit of ${advertised}; ${enforced} is enforced`
  return [
    { code: 'advertised-differs', limiter: limiter.id, message, figures: { advertised, enforced } },
  ]
}

/** A limit that was one thing for so many seconds, and is another; null: what it is now is not known. */
export function limitChanged(
  before: ProfiledLimiter,
  after: ProfiledLimiter | null,
  sinceS: number,
): ProfileWarning {
  const now = after === null ? 'to what could not be told' : `to ${limitText(after)}`
  const [from, to] = [before.limit ?? before.burst ?? 0, after?.limit ?? after?.burst ?? null]
  return {
    code: 'limit-changed',
    limiter: after?.id ?? before.id,
    message: `its limit changed while it was profiled, ${sinceS} s after the first request: from ${limitText(before)} ${now}`,
    figures: { from, ...(to === null ? {} : { to }), afterS: sinceS },
  }
}

function limitText({ algorithm, limit, burst, windowMs, refillPerS }: ProfiledLimiter): string {
  const name = algorithm.replace('-', ' ')
  if (windowMs !== null) return `${limit} per ${spanText(windowMs)} (${name})`
  return `${burst ?? limit}${refillPerS === null ? '' : `, ${rateText(refillPerS)}`} (${name})`
}

/** Errors that no limiter explains, where they are frequent. */
export function backgroundErrors(
  observations: readonly Observation[],
  denials: ReadonlySet<number | null>,
): ProfileWarning[] {
  const errors = observations.filter(
    ({ outcome, status }) => outcome === 'failed' && !denials.has(status),
  )
  const share = errors.length / Math.max(1, observations.length)
  if (errors.length < 2 || share < 0.005) return []
  const message = `${errors.length} of ${observations.length} requests failed for reasons that are no limiter`
  return [
    {
      code: 'background-errors',
      limiter: null,
      message,
      figures: { count: errors.length, share },
    },
  ]
}

function spanText(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${Number((ms / 1_000).toPrecision(3))} s`
}

function rateText(perS: number): string {
  return `${Number(perS.toPrecision(3))}/s`
}
