// Numbers as the dashboard words them: core/format.ts, plus what is particular to a moving screen.

import { formatCount, formatInteger, formatShare, formatSpan, unknown } from '../core/format.ts'
import type { LimitUnit } from '../core/limits.ts'
import { sampleFloor } from '../core/statistics.ts'
import type { Micros } from '../core/units.ts'
import type { LiveLatency } from '../recording/live.ts'

/** A span that counts up or down, in steps a watcher can follow. */
export function movingSpan(us: Micros): string {
  return us < 50_000 ? '0 s' : formatSpan(Math.round(us / 1e5) * 1e5)
}

/** A share that grows, in steps of a tenth of a percent. */
export function movingShare(share: number): string {
  return formatShare(Math.round(share * 1000) / 1000)
}

/** A count in full while it is short, rounded when it is long. */
export function countText(count: number): string {
  if (!Number.isFinite(count)) return unknown
  return Math.abs(count) < 1e6 ? formatInteger(count) : formatCount(count)
}

/** How much of a limiter: money with three digits, everything else in full. */
export function amountText(amount: number, unit: LimitUnit): string {
  return unit === 'usd' ? formatCount(amount) : countText(amount)
}

const shortUnits: Readonly<Record<LimitUnit, string>> = {
  requests: 'req',
  tokens: 'tok',
  'prompt-tokens': 'tok in',
  'completion-tokens': 'tok out',
  'concurrent-requests': 'in flight',
  usd: 'USD',
}

const longUnits: Readonly<Record<LimitUnit, string>> = {
  requests: 'requests',
  tokens: 'tokens',
  'prompt-tokens': 'prompt tokens',
  'completion-tokens': 'completion tokens',
  'concurrent-requests': 'in flight',
  usd: 'USD',
}

export function unitText(unit: LimitUnit, isShort: boolean): string {
  return (isShort ? shortUnits : longUnits)[unit]
}

/** A quantile, or '–' while there are too few samples for it to mean anything. */
export function quantileText(latency: LiveLatency, q: 0.5 | 0.9 | 0.99): string {
  if (latency.count < sampleFloor(q)) return unknown
  return formatSpan({ 0.5: latency.p50Us, 0.9: latency.p90Us, 0.99: latency.p99Us }[q])
}
