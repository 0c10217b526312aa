// The whole run in one line, for screens that are too small and for logs.

import { formatInteger, formatRate } from '../core/format.ts'
import type { LiveSnapshot } from '../recording/live.ts'
import { etaText } from './eta.ts'
import { conditionOf, hasLanes } from './limiterFacts.ts'
import { cleanText } from './row.ts'
import { otherCount } from './throughputPanel.ts'
import { countText, movingShare, movingSpan, quantileText } from './values.ts'

/** The most important first, so that it may be cut. */
export function statusLine(snapshot: LiveSnapshot): string {
  const { progress, counts, ok, ttft, health } = snapshot
  if (progress === null) return `${movingSpan(snapshot.nowUs)}  starting`
  const rates = `${formatRate(snapshot.endedPerS)} of ${formatRate(progress.offeredPerS)} offered`
  const outcomes = `ok ${countText(counts.ok)}, limited ${countText(counts.limited)}`
  const rest = `other ${countText(otherCount(counts))}, unsent ${countText(counts.unsent)}`
  const latency = `p50 ${quantileText(ok, 0.5)}, p99 ${quantileText(ok, 0.99)}, n ${countText(ok.count)}`
  const parts = [
    placeText(snapshot),
    closedText(snapshot),
    `${outcomes}, ${rest}`,
    rates,
    `${formatInteger(progress.inFlight)} in flight`,
    latency,
    ttft.count === 0 ? '' : `TTFT p50 ${quantileText(ttft, 0.5)}`,
    health.verdict === 'VALID' ? '' : `generator ${health.verdict}`,
  ]
  return parts.filter((part) => part !== '').join(' | ')
}

const states = {
  waiting: 'waiting',
  warmup: 'warm-up',
  measure: 'measure',
  drain: 'drain',
} as const

function placeText(snapshot: LiveSnapshot): string {
  const { scenario, phase, state, share } = snapshot.progress!
  const eta = etaText(snapshot)
  const done = state === 'measure' && share !== null ? ` ${movingShare(share)}` : ''
  const left = eta === null ? '' : `, ${eta}`
  const place = `${cleanText(scenario)}/${cleanText(phase)}`
  return `${movingSpan(snapshot.nowUs)}  ${place} ${states[state]}${done}${left}`
}

function closedText({ limiters }: LiveSnapshot): string {
  const closed = limiters.filter((limiter) => conditionOf(limiter) === 'closed')
  const names = closed.map(({ lane, limiter }) =>
    hasLanes(limiters) ? `${cleanText(lane)}/${cleanText(limiter)}` : cleanText(limiter),
  )
  return names.length === 0 ? '' : `CLOSED: ${names.join(', ')}`
}
