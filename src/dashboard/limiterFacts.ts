// What is to be said about one limiter, field by field, whatever the layout.

import { formatSpan, unknown } from '../core/format.ts'
import type { LiveLimiter, LiveSnapshot } from '../recording/live.ts'
import { bad, cleanText, dim, good, plain, type Row, strong, type Tone, warn } from './row.ts'
import { amountText, countText, movingSpan, unitText } from './values.ts'

/** Rejecting now; has rejected but admits; has not rejected yet. */
export type LimiterCondition = 'closed' | 'open' | 'not hit'

export function conditionOf({ isClosed, rejections, first }: LiveLimiter): LimiterCondition {
  if (isClosed) return 'closed'
  return rejections > 0 || first !== null ? 'open' : 'not hit'
}

/** Whether names of lanes tell limiters apart. */
export function hasLanes(limiters: readonly LiveLimiter[]): boolean {
  return new Set(limiters.map(({ lane }) => lane)).size > 1
}

export function conditionCell(limiter: LiveLimiter): Row {
  switch (conditionOf(limiter)) {
    case 'closed':
      return [bad('CLOSED')]
    case 'open':
      return [good('open')]
    case 'not hit':
      return [dim('not hit')]
  }
}

export function laneCell({ lane }: LiveLimiter): Row {
  return [plain(cleanText(lane))]
}

export function nameCell({ limiter }: LiveLimiter): Row {
  return [strong(cleanText(limiter))]
}

/** Share of the limit that is used; null when nobody told the limit. */
export function usedShare({ gauge }: LiveLimiter): number | null {
  return gauge === null || !(gauge.limit > 0) ? null : gauge.used / gauge.limit
}

/** From this share on a limiter is about to close. */
const nearShare = 0.8

export function usedTone(limiter: LiveLimiter): Tone {
  if (limiter.isClosed) return 'bad'
  return (usedShare(limiter) ?? 0) >= nearShare ? 'warn' : 'good'
}

export function amountCell({ gauge }: LiveLimiter, isShort: boolean): Row {
  if (gauge === null) return [dim('limit unknown')]
  const { used, limit, unit } = gauge
  return [
    strong(amountText(used, unit)),
    plain(` / ${amountText(limit, unit)}`),
    dim(` ${unitText(unit, isShort)}`),
  ]
}

export function rejectionsCell({ rejections }: LiveLimiter): Row {
  const text = `${countText(rejections)} rejected`
  return [rejections > 0 ? plain(text) : dim(text)]
}

/** When it opens: by what the target said, else by when the ledger will be empty. */
export function countdownCell(
  limiter: LiveLimiter,
  { nowUs, progress }: LiveSnapshot,
  isShort: boolean,
): Row {
  const { retryAtUs, gauge, isClosed } = limiter
  if (isClosed && retryAtUs !== null && retryAtUs > nowUs) {
    return [dim(isShort ? 'retry ' : 'retry in '), warn(movingSpan(retryAtUs - nowUs))]
  }
  const sinceUs = Math.max(0, nowUs - (progress?.us ?? nowUs))
  const resetUs = gauge === null ? 0 : gauge.resetUs - sinceUs
  if (resetUs > 0) {
    const span = movingSpan(resetUs)
    return [dim(isShort ? 'reset ' : 'resets in '), isClosed ? warn(span) : plain(span)]
  }
  return [dim(isClosed && retryAtUs !== null ? 'retry now' : unknown)]
}

export function confidenceCell({ first }: LiveLimiter): Row {
  if (first === null) return [dim(unknown)]
  const isSure = first.confidence === 'named' || first.confidence === 'inferred'
  return [isSure ? plain(first.confidence) : warn(cleanText(first.confidence))]
}

/** The first rejection in a column of its own. */
export function firstCell({ first }: LiveLimiter, isShort: boolean): Row {
  if (first === null) return [dim(unknown)]
  const at: Row = [strong(formatSpan(first.us)), plain(` #${countText(first.seq)}`)]
  if (isShort) return at
  const { admittedRequests, admittedTokens } = first
  const after = `, ${countText(admittedRequests)} req / ${countText(admittedTokens)} tok`
  return [dim('first '), ...at, plain(after)]
}

/** The first rejection, from the longest wording to the shortest. */
export function firstWordings({ first, rejections }: LiveLimiter): Row[] {
  if (first === null)
    return [[dim(rejections > 0 ? 'first rejection unknown' : 'no rejection yet')]]
  const at = formatSpan(first.us)
  const seq = countText(first.seq)
  const requests = countText(first.admittedRequests)
  const tokens = countText(first.admittedTokens)
  const head: Row = [dim('first at '), strong(at), plain(`, request ${seq}, `)]
  return [
    [...head, plain(`after ${requests} requests / ${tokens} tokens`)],
    [...head, plain(`after ${requests} req / ${tokens} tok`)],
    [dim('first '), strong(at), plain(` #${seq}, ${requests} req / ${tokens} tok`)],
    [dim('first '), strong(at), plain(` #${seq}`)],
  ]
}
