// What is left when nothing else fits: any 429, and the figures that everybody sends.

import type { Dialect, LimitSignal, ResponseView } from './dialect.ts'
import { unitIn } from './dimension.ts'
import { rejectionOf } from './rejection.ts'
import { fieldGroups, signalOf, tripleSignals } from './signals.ts'
import { present, retryAfterSeconds } from './write.ts'

/** Carries nothing: a 429 and, at best, when to come back. */
export const plain: Dialect = {
  name: 'plain',
  title: 'Any other',
  names: 'nothing',
  signals: plainSignals,
  rejection(view) {
    if (view.status !== 429) return null
    return rejectionOf(view, {
      strength: 'default',
      limiter: null,
      unit: null,
      evidence: ['status 429'],
      // Servers that print a wait print it early.
      message: view.body.slice(0, 2000),
    })
  },
  admitted: () => ({}),
  rejected: (denial) => ({
    status: 429,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      ...present({ 'retry-after': retryAfterSeconds(denial) }),
    },
    body: 'Too Many Requests',
  }),
}

function plainSignals(view: ResponseView): readonly LimitSignal[] {
  for (const prefix of ['x-ratelimit', 'x-rate-limit']) {
    const signals = tripleSignals(view, prefix)
    if (signals.length > 0) return signals
  }
  return fieldGroups(view, /^x-rate-?limit-(?<measure>limit|remaining|reset)-(?<key>.+)$/).map(
    (group) => signalOf(group, { name: group.key, unit: unitIn(group.key) }),
  )
}
