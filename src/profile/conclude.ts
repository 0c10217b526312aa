// From a fitted hypothesis to the limiter as the document has it. Must not send.

import type { ChargeTime, LimitUnit } from '../core/limits.ts'
import type { Interval, ProfiledLimiter, RetryAfterReading } from '../core/profileDocument.ts'
import { median } from '../core/statistics.ts'
import type { Micros } from '../core/units.ts'
import type { Fit } from './fit.ts'
import { denialWaits } from './following.ts'
import type { Identified } from './identification.ts'
import type { Observation } from './observation.ts'
import { plainest } from './plainest.ts'
import { answersIn, type TraceGroup } from './trace.ts'

/** What is known of a limiter besides its algorithm. */
export interface Findings {
  readonly id: string
  readonly unit: LimitUnit
  readonly observations: readonly Observation[]
  readonly trace: readonly TraceGroup[]
  readonly status: number | null
}

/** Algorithms that are the same by definition: no probe can tell them apart. */
const sameBehaviour: Readonly<Record<string, readonly string[]>> = {
  bucket: ['gcra', 'leaky-bucket-meter'],
  'window-wall': ['token-bucket refilled as a whole'],
}

/** Denials looked at for the truth of Retry-After. */
const advicesMost = 40

/** An identified limiter with everything its replay shows. */
export function profiled(found: Identified, findings: Findings): ProfiledLimiter {
  const { fit, odds } = found.leader
  const { of } = fit
  const rivalOdds = found.rivals.reduce((sum, rival) => sum + rival.odds, 0)
  return {
    id: findings.id,
    algorithm: of.algorithm,
    equivalents: [
      ...(sameBehaviour[of.id] ?? []),
      ...found.rivals.map((rival) => rival.fit.of.title),
    ],
    unit: findings.unit,
    ...measures(fit, findings.trace),
    anchor: of.anchor,
    charge: chargeOf(of.id, findings.unit),
    chargesRejected: of.chargesRejected,
    scope: null,
    retryAfter: retryAfterOf(fit, findings),
    overAdmission: null,
    status: findings.status,
    // The best of several models that are all wrong is not probable.
    confidence: found.isExplained ? Math.min(1, odds + rivalOdds) : 0,
    evidence: evidenceOf(found, findings),
    queue: null,
  }
}

// Before an answer, a limiter of tokens may charge what it will cost at most, or reserve that.
function chargeOf(classId: string, unit: LimitUnit): ChargeTime | null {
  if (classId.endsWith('/post')) return 'post'
  return unit === 'requests' ? 'pre' : null
}

function measures(fit: Fit, trace: readonly TraceGroup[]) {
  const { of, best } = fit
  const plain = plainest(fit, trace)
  const spanUs = of.isLossy ? (plain?.spanUs ?? fit.spanUs) : fit.spanUs
  // Limits are whole units, wherever the search for their ends has stopped.
  const limit: Interval = [Math.floor(fit.limit[0]), Math.ceil(fit.limit[1])]
  const amount = plain?.limit ?? Math.round(likely(limit))
  if (of.algorithm !== 'token-bucket') {
    const windowMs: Interval = [spanUs[0] / 1e3, spanUs[1] / 1e3]
    return {
      limit: amount,
      windowMs: likely(windowMs),
      burst: null,
      refillPerS: null,
      refillStep: null,
      intervals: { limit, windowMs },
    }
  }
  const refillPerS = ratesOf(fit.spanUs)
  const everyMs = likely([(best.step * spanUs[0]) / 1e3, (best.step * spanUs[1]) / 1e3])
  return {
    limit: null,
    windowMs: null,
    burst: amount,
    refillPerS: of.hasStep ? (1e3 * best.step) / everyMs : likely(ratesOf(spanUs)),
    refillStep: of.hasStep ? { units: best.step, everyMs } : null,
    intervals: { burst: limit, refillPerS },
  }
}

function ratesOf([low, high]: Interval): Interval {
  return [1e6 / high, 1e6 / low]
}

/** In a wider interval there nearly always is a value of two digits: that it does says nothing. */
const twoDigitsWidth = 0.02

/**
 * A value of one or two digits, if one agrees with what was observed: people choose such; else the middle.
 */
export function likely([low, high]: Interval): number {
  const value = (low + high) / 2
  const digitsMost = high - low <= twoDigitsWidth * value ? 2 : 1
  const round = [1, 2].slice(0, digitsMost).map((digits) => Number(value.toPrecision(digits)))
  return round.find((each) => each >= low && each <= high) ?? value
}

function retryAfterOf(fit: Fit, { observations, trace }: Findings): RetryAfterReading {
  const advised = observations.filter(({ retryAfterUs }) => retryAfterUs !== null)
  if (advised.length === 0) return { present: false, medianErrorMs: null }
  const bySent = new Map(advised.map((each) => [each.sentUs, each]))
  const denied = trace.filter(({ deniedFromUs, denied }) => denied > 0 && bySent.has(deniedFromUs))
  const until = denied[Math.min(denied.length, advicesMost) - 1]
  const waits = denialWaits(
    fit.of.model(fit.best),
    until === undefined ? [] : trace.slice(0, trace.indexOf(until) + 1),
  )
  const errorsUs = waits.flatMap(({ deniedFromUs, waitUs }) => {
    const observation = bySent.get(deniedFromUs)
    return observation === undefined ? [] : [adviceError(observation, waitUs)]
  })
  const errorUs = median(errorsUs)
  return { present: true, medianErrorMs: errorUs === null ? null : Math.round(errorUs / 1e3) }
}

/** How much longer the advice is than the wait that would have been enough. */
function adviceError({ sentUs, receivedUs, retryAfterUs }: Observation, waitUs: Micros): Micros {
  return retryAfterUs! - (waitUs - (receivedUs - sentUs) / 2)
}

function evidenceOf({ leader, rivals, isSettled }: Identified, { trace }: Findings): string[] {
  const { fit } = leader
  const answers = answersIn(trace)
  const evidence = [
    `${answers} answers replayed, ${fit.mismatches} of them not explained by a ${fit.of.title}`,
  ]
  if (isSettled) evidence.push('foretold the outcome of the last probes before they were sent')
  for (const { fit: rival, odds } of rivals) {
    evidence.push(`a ${rival.of.title} explains them as well (${(100 * odds).toFixed(0)} %)`)
  }
  return evidence
}
