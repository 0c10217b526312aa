// Kuadrant: the bare denial of its Envoy filter, and Limitador's fields where they are switched on.
// Must not know plain Envoy.

import type { Dialect, LimitReport, ResponseView, WrittenResponse } from './dialect.ts'
import { rejectionOf } from './rejection.ts'
import { tripleSignals } from './signals.ts'
import { field } from './view.ts'
import { deniedReport, figuresOf, present, reportsOf } from './write.ts'

const body = 'Too Many Requests\n'

/** Carries nothing: request and token limiter answer with the same bytes. */
export const kuadrant: Dialect = {
  name: 'kuadrant',
  title: 'Kuadrant',
  names: 'nothing',
  signals: () => [],
  rejection(view) {
    if (view.status !== 429 || !isBare(view)) return null
    // Behind Envoy a lost line end does not matter; elsewhere it is what tells Kuadrant's text.
    const isEnvoy = (field(view, 'server') ?? '').includes('envoy')
    if (view.body !== body && !(isEnvoy && view.body === body.trimEnd())) return null
    const evidence = ['body: Too Many Requests', 'no limit fields']
    return rejectionOf(view, { strength: 'shape', limiter: null, unit: null, evidence })
  },
  admitted: () => ({}),
  rejected: () => ({ status: 429, headers: { 'content-type': 'text/plain' }, body }),
}

function isBare(view: ResponseView): boolean {
  return !Object.keys(view.headers).some((name) => /ratelimit|retry-after/.test(name))
}

/** Carries the limiter: `name="…"` behind every quota, the denying one first. */
export const limitador: Dialect = {
  name: 'limitador',
  title: 'Kuadrant with Limitador fields',
  names: 'limiter',
  signals: listedSignals,
  rejection(view) {
    if (view.status !== 429 || field(view, 'x-envoy-ratelimited') !== null) return null
    const signals = listedSignals(view)
    if (signals.length === 0) return null
    const { name, unit, evidence } = signals[0]!
    const strength = view.body === body ? 'signature' : 'shape'
    return rejectionOf(view, { strength, limiter: name, unit, evidence: [evidence] })
  },
  admitted: ({ reports }) => quotaFields(byRemaining(reports)),
  rejected(denial) {
    const denied = deniedReport(denial)
    const others = reportsOf(denial).filter(({ limiter }) => limiter !== denied.limiter)
    return {
      status: 429,
      headers: { ...quotaFields([denied, ...byRemaining(others)]), 'content-type': 'text/plain' },
      body,
    }
  },
}

/** The signals of `x-ratelimit-limit: 10, 10;w=1;name="per ip"`; [] where no quota is listed. */
export function listedSignals(view: ResponseView) {
  const isListed = /;\s*w=/.test(field(view, 'x-ratelimit-limit') ?? '')
  return isListed ? tripleSignals(view, 'x-ratelimit') : []
}

/** Those fields; the first report is the closest limit. */
export function quotaFields(reports: readonly LimitReport[]): WrittenResponse['headers'] {
  const closest = reports[0]
  if (closest === undefined) return {}
  const { limit, remaining } = figuresOf(closest)
  return present({
    'x-ratelimit-limit': [String(limit), ...reports.map(quotaOf)].join(', '),
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset': String(Math.floor(closest.resetUs / 1e6)),
  })
}

function quotaOf(report: LimitReport): string {
  const { limit, windowUs } = figuresOf(report)
  // Concurrency has no window; Limitador knows none without.
  const window = Math.floor((windowUs ?? 0) / 1e6)
  const name = report.limiter.name.replaceAll('"', "'").replace(/[^\x20-\x7e]|\\/g, '?')
  return `${limit};w=${window};name="${name}"`
}

function byRemaining(reports: readonly LimitReport[]): readonly LimitReport[] {
  return [...reports].sort((a, b) => a.remaining - b.remaining)
}
