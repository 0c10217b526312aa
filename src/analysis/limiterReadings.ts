// What statements say of limiters: their first rejections, limits, windows and advice.

import { formatSpan } from '../core/format.ts'
import { type CheckSubject, missing, numeric, type Reading, spanOr } from './reading.ts'
import type { LimiterSummary } from './result.ts'
import type { Metric } from './statement.ts'

/** first(PHASE).field: the first rejection of a phase; first(LIMITER).field: of a limiter. */
export function readFirst(
  { argument, filters, field }: Metric,
  { findings }: CheckSubject,
): Reading {
  const candidates = findings
    .filter(({ phase, limiter }) => phase === argument || limiter === argument)
    .filter(({ lane }) => filters.lane === undefined || lane === filters.lane)
    .filter(({ first }) => first !== null)
  const finding = candidates.sort((a, b) => a.first!.us - b.first!.us)[0]
  if (finding === undefined) {
    // That nothing was rejected is an answer to "which limiter", not a missing one.
    const isName = field === 'limiter'
    return isName ? { value: 'none', text: 'none' } : missing(`no rejection in ${argument}`)
  }
  const first = finding.first!
  switch (field) {
    case 'limiter':
      return { value: finding.limiter, text: `${finding.limiter} (${first.confidence})` }
    case 'seq':
      return numeric(first.seq, `request ${first.seq}`)
    case 'admitted':
      return numeric(first.admitted.requestsMin, `${first.admitted.requestsMin} requests`)
    case 'tokens':
      return numeric(first.admitted.tokensMin, `${first.admitted.tokensMin} tokens`)
    case 'at':
      return numeric(first.us, formatSpan(first.us))
    case 'status':
      return numeric(first.status ?? 0, `status ${first.status}`)
    default:
      return { value: first.confidence, text: first.confidence }
  }
}

export function readLimit(
  { argument, filters, field }: Metric,
  { limiters }: CheckSubject,
): Reading {
  const found = limiters.find(
    ({ limiter, lane }) =>
      limiter === argument && (filters.lane === undefined || lane === filters.lane),
  )
  if (found === undefined) return missing(`no limiter '${argument}' was declared or seen`)
  if (field === 'rejections') return numeric(found.rejections, `${found.rejections} rejections`)
  if (field === 'recovered') {
    return spanOr(found.first?.recoveredAfterUs, `${argument} was not seen to recover`)
  }
  if (field === 'window') {
    return spanOr(found.observedWindowUs, `the window of ${argument} was not seen`)
  }
  if (field === 'retry_after' || field === 'retry_error') return readRetryAfter(field, found)
  const value = field === 'overshoot' ? found.overshoot : found.observedLimit
  return value === null
    ? missing(`${field} of ${argument} is unknown`)
    : numeric(value, String(value))
}

/** What a rejection advises; `retry_error`: how much later (or, below 0, earlier) it admits again. */
function readRetryAfter(field: string, { limiter, first }: LimiterSummary): Reading {
  const us = first?.retryAfterUs ?? null
  if (us === null) return missing(`${limiter} did not say when to come back`)
  if (field === 'retry_after') return spanOr(us, '')
  const recoveredUs = first?.recoveredAfterUs ?? null
  const errorUs = recoveredUs === null ? null : recoveredUs - us
  return spanOr(errorUs, `${limiter} was not seen to recover`)
}
