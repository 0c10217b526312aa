// Limits that a target advertises in its headers, as limiters that a ledger can replay.

import type { LimitUnit, NamedLimiter } from '../core/limits.ts'
import type { LimitSignal } from '../dialects/dialect.ts'
import { fixedWindow, limiter } from '../limiters/models.ts'

/** An advertised limiter and the units of it that are used already. */
export interface AdvertisedLimiter {
  readonly limiter: NamedLimiter
  readonly used: number
}

/**
 * The limiters that signals describe well enough: a limit and a time. The algorithm is not
 * advertised by anybody; a fixed window is the guess, and attribution says 'inferred'.
 */
export function advertisedLimiters(signals: readonly LimitSignal[]): AdvertisedLimiter[] {
  return signals.flatMap((signal) => {
    const windowUs = signal.windowUs ?? signal.resetUs
    if (signal.limit === null || windowUs === null || windowUs <= 0) return []
    const unit: LimitUnit = signal.unit ?? 'requests'
    if (unit === 'concurrent-requests') return []
    const charge = unit === 'requests' ? 'pre' : 'post'
    const model = limiter(fixedWindow(signal.limit, windowUs), { unit, charge })
    const used = signal.remaining === null ? 0 : signal.limit - signal.remaining
    return [{ limiter: { name: signal.name ?? unit, model }, used }]
  })
}
