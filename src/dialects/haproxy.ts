// HAProxy's deny rules. Must not know how they count.

import type { Dialect } from './dialect.ts'
import { rejectionOf } from './rejection.ts'

/** Carries nothing: any rule that denies sends the same page. */
export const haproxy: Dialect = {
  name: 'haproxy',
  title: 'HAProxy deny',
  names: 'nothing',
  signals: () => [],
  rejection(view) {
    const text = denialTexts.get(view.status)
    if (text === undefined || !view.body.startsWith('<html><body><h1>')) return null
    if (!view.body.includes(text)) return null
    const evidence = [`body: HAProxy page ${view.status}`]
    return rejectionOf(view, { strength: 'signature', limiter: null, unit: null, evidence })
  },
  admitted: () => ({}),
  rejected: () => ({
    status: 429,
    headers: { 'cache-control': 'no-cache', 'content-type': 'text/html' },
    body: `<html><body><h1>429 Too Many Requests</h1>\n${tooMany}\n</body></html>\n`,
  }),
}

const tooMany = 'You have sent too many requests in a given amount of time.'

// Not 503 'No server is available': a full queue sends it, but so does a backend that is down.
const denialTexts: ReadonlyMap<number, string> = new Map([
  [429, tooMany],
  [403, 'Request forbidden by administrative rules.'],
])
