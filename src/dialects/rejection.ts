// How a dialect states a rejection: who, how sure, and when to come back. Must not know any format
// but Retry-After, which all of them share.

import type { LimitUnit } from '../core/limits.ts'
import { safeLine } from '../core/text.ts'
import type { MatchStrength, Rejection, ResponseView } from './dialect.ts'
import { type ReadSpan, readRetryAfter, waitIn } from './reset.ts'
import { cleanName, clockOf, field, numberIn } from './view.ts'

/** What a dialect found; the rest of a rejection is read from what all formats share. */
export interface Finding {
  readonly strength: MatchStrength
  readonly limiter: string | null
  readonly unit: LimitUnit | null
  readonly evidence: readonly string[]
  /** A text that may advise a wait, for responses without Retry-After. */
  readonly message?: string
  /** A wait from elsewhere in the body, likewise. */
  readonly wait?: ReadSpan | null
}

/** A rejection with the advice that comes with it. */
export function rejectionOf(view: ResponseView, finding: Finding): Rejection {
  const { strength, limiter, unit, message = '', wait = null } = finding
  const advice = retryAfterOf(view) ?? wait ?? waitIn(message)
  const evidence = advice === null ? finding.evidence : [...finding.evidence, advice.as]
  return {
    strength,
    limiter: cleanName(limiter),
    unit,
    retryAfterUs: advice?.us ?? null,
    evidence: evidence.map((line) => safeLine(line)),
  }
}

/** Advice in Retry-After fields, the finest first; `as` names the field. */
export function retryAfterOf(view: ResponseView): ReadSpan | null {
  for (const name of ['retry-after-ms', 'x-ms-retry-after-ms']) {
    const ms = numberIn(field(view, name))
    if (ms !== null) return { us: Math.round(ms * 1000), as: `${name}: milliseconds` }
  }
  return adviceIn(view, 'retry-after')
}

/** Advice in one field, read as Retry-After is; null when there is none. */
export function adviceIn(view: ResponseView, name: string): ReadSpan | null {
  const value = field(view, name)
  if (value === null) return null
  const clock = clockOf(view)
  const { us, as } = readRetryAfter(value, clock)
  return { us, as: `${name}: ${as}${as.startsWith('HTTP-date') ? clock.note : ''}` }
}
