// Envoy's own filters: the global one (with a rate limit service) and the local one.

import type { Dialect, LimitSignal } from './dialect.ts'
import { listedSignals, quotaFields } from './kuadrant.ts'
import { rejectionOf } from './rejection.ts'
import { tripleSignals } from './signals.ts'
import { field } from './view.ts'
import { deniedReport, reportsOf, tightest } from './write.ts'

/** Carries the limiter, where `x-ratelimit-limit` is switched on and its descriptors have names. */
export const envoy: Dialect = {
  name: 'envoy',
  title: 'Envoy rate limit filters',
  names: 'limiter',
  signals: listedSignals,
  rejection(view) {
    if (view.status !== 429) return null
    const isLocal = view.body === 'local_rate_limited'
    const isMarked = field(view, 'x-envoy-ratelimited') !== null
    if (!isLocal && !isMarked) return null
    const signals = tripleSignals(view, 'x-ratelimit')
    const closest = signals[0]
    const evidence = [
      isLocal ? 'body: local_rate_limited' : 'x-envoy-ratelimited',
      ...(closest === undefined ? [] : [closest.evidence]),
      ...(isAmbiguous(signals) ? ['several quotas of that size are listed'] : []),
    ]
    const { name = null, unit = null } = closest ?? {}
    return rejectionOf(view, { strength: 'signature', limiter: name, unit, evidence })
  },
  admitted({ reports }) {
    const closest = tightest(reports)
    if (closest === null) return {}
    return quotaFields([closest, ...reports.filter((report) => report !== closest)])
  },
  rejected(denial) {
    const denied = deniedReport(denial)
    const others = reportsOf(denial).filter(({ limiter }) => limiter !== denied.limiter)
    return {
      status: 429,
      headers: { 'x-envoy-ratelimited': 'true', ...quotaFields([denied, ...others]) },
      body: '',
    }
  },
}

// Envoy says how large the closest quota is, not which one it is.
function isAmbiguous(signals: readonly LimitSignal[]): boolean {
  return signals.filter(({ limit }) => limit !== null && limit === signals[0]!.limit).length > 1
}
