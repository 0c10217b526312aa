// Apache APISIX: limit-count, limit-req, limit-conn and ai-rate-limiting, all of which reject with
// 503 unless told otherwise. Must not know plain nginx, whose page it decorates.

import { limitOf } from '../core/limits.ts'
import type { Micros } from '../core/units.ts'
import type {
  Dialect,
  LimitReport,
  LimitSignal,
  ResponseView,
  WriteContext,
  WrittenResponse,
} from './dialect.ts'
import { unitIn } from './dimension.ts'
import { errorPage } from './nginx.ts'
import { rejectionOf } from './rejection.ts'
import { type FieldGroup, fieldGroups, signalOf, tripleSignals } from './signals.ts'
import { field, textAt } from './view.ts'
import { deniedReport, fieldPart } from './write.ts'

/**
 * Carries the limiter, in the fields' names: the prefix of a limit-count rule, or the instance of
 * ai-rate-limiting. limit-req and limit-conn carry nothing.
 */
export const apisix: Dialect = {
  name: 'apisix',
  title: 'Apache APISIX',
  names: 'limiter',
  signals: (view) => {
    const named = namedSignals(view)
    return named.length > 0 ? named : plainSignals(view)
  },
  rejection(view) {
    if (view.status !== 503 && view.status !== 429) return null
    const isPage = view.body.includes('<em>Powered by <a href="https://apisix.apache.org/">')
    const signals = [...namedSignals(view), ...plainSignals(view)]
    const spent = signals.filter(({ remaining }) => remaining === 0)
    const isJson = textAt(view, '/error_msg') !== ''
    if (!(isPage || ((isJson || isApisix(view)) && spent.length > 0))) return null
    // Rules are asked in their order and stop at the first that denies.
    const denied = spent.at(-1)
    const evidence = [isPage ? 'body: APISIX error page' : 'server: APISIX']
    return rejectionOf(view, {
      strength: 'signature',
      limiter: denied?.name ?? null,
      unit: denied?.unit ?? null,
      evidence: [...evidence, ...(denied === undefined ? ['no limit fields'] : [denied.evidence])],
    })
  },
  admitted: fields,
  rejected(denial) {
    const denied = deniedReport(denial)
    const index = denial.reports.findIndex(({ limiter }) => limiter.name === denial.limiter.name)
    // Rules behind the one that denied were never asked, and a denial always shows 0.
    const reports = [...denial.reports.slice(0, Math.max(0, index)), { ...denied, remaining: 0 }]
    return {
      status: 503,
      headers: {
        'content-type': 'text/html; charset=utf-8',
        ...fields({ ...denial, reports }),
        server: 'APISIX/3.14.0',
      },
      body: errorPage('503 Service Temporarily Unavailable', 'openresty', poweredBy),
    }
  },
}

const poweredBy = '<p><em>Powered by <a href="https://apisix.apache.org/">APISIX</a>.</em></p>'

const measure = '(?<measure>limit|remaining|reset)'
const ruleField = new RegExp(`^x-(?<key>.+)-ratelimit-${measure}$`)
const instanceField = new RegExp(`^x-ai-ratelimit-${measure}-(?<key>.+)$`)

function namedSignals(view: ResponseView): readonly LimitSignal[] {
  if (!isApisix(view)) return []
  const order = Object.keys(view.headers)
  const placeOf = ({ fields }: FieldGroup) => order.indexOf(fields[0]!)
  return [...fieldGroups(view, ruleField), ...fieldGroups(view, instanceField)]
    .sort((a, b) => placeOf(a) - placeOf(b))
    .map((group) => signalOf(group, { name: group.key, unit: unitIn(group.key) }))
}

// Its resets are delta seconds with a fraction, which nobody else sends.
function plainSignals(view: ResponseView): readonly LimitSignal[] {
  const isFractional = /^\d{1,9}\.\d{1,2}$/.test(field(view, 'x-ratelimit-reset') ?? '')
  return isFractional || isApisix(view) ? tripleSignals(view, 'x-ratelimit') : []
}

function isApisix(view: ResponseView): boolean {
  return /^apisix/i.test(field(view, 'server') ?? '')
}

function fields({ reports }: WriteContext): WrittenResponse['headers'] {
  const entries = reports.flatMap((report) => {
    const nameOf = fieldNaming(report)
    if (nameOf === null) return []
    const limit = Math.floor(limitOf(report.limiter.model.algorithm))
    return [
      [nameOf('limit'), String(limit)],
      [nameOf('remaining'), String(Math.max(0, Math.floor(report.remaining)))],
      [nameOf('reset'), hundredths(report.resetUs)],
    ]
  })
  return { ...Object.fromEntries(entries), server: 'APISIX/3.14.0' }
}

function fieldNaming({ limiter }: LimitReport): ((figure: string) => string) | null {
  const name = fieldPart(limiter.name)
  switch (limiter.model.unit) {
    case 'concurrent-requests':
      return null
    case 'requests':
      return (figure) => `x-${name}-ratelimit-${figure}`
    default:
      return (figure) => `x-ai-ratelimit-${figure}-${name}`
  }
}

function hundredths(us: Micros): string {
  return String(Math.ceil(us / 1e4) / 100)
}
