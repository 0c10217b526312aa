// The IETF way to advertise limits and to say which policy was violated. Must not know which of
// the software that follows it is speaking.

import type { LimitUnit } from '../core/limits.ts'
import type { Dialect, Rejection, ResponseView, WriteContext, WrittenResponse } from './dialect.ts'
import { unitIn } from './dimension.ts'
import { ietfFields, policyItem, serviceLimitItem } from './ietfFields.ts'
import { valueAt } from './pointer.ts'
import { rejectionOf } from './rejection.ts'
import { exhausted } from './signals.ts'
import { jsonOf, textAt } from './view.ts'
import { jsonResponse, present, reportsOf, retryAfterSeconds } from './write.ts'

/** Carries the limiter: policies have names, and `violated-policies` says which one denied. */
export const ietf: Dialect = {
  name: 'ietf',
  title: 'IETF RateLimit fields',
  names: 'limiter',
  signals: (view) => ietfFields(view)?.signals ?? [],
  rejection,
  admitted: rateLimitFields,
  rejected(denial) {
    const reports = reportsOf(denial)
    const retryAfter = present({ 'retry-after': retryAfterSeconds(denial) })
    const problem = {
      type: `${problemTypes}quota-exceeded`,
      title: 'Request cannot be satisfied as assigned quota has been exceeded',
      'violated-policies': [denial.limiter.name],
    }
    return jsonResponse(429, problem, {
      'content-type': 'application/problem+json',
      ...rateLimitFields({ ...denial, reports }),
      ...retryAfter,
    })
  },
}

const problemTypes = 'https://iana.org/assignments/http-problem-types#'

function rejection(view: ResponseView): Rejection | null {
  const problem = problemOf(view)
  const isLimitStatus = view.status === 429 || (view.status >= 400 && problem !== null)
  const fields = isLimitStatus ? ietfFields(view) : null
  if (!isLimitStatus || (problem === null && fields === null)) return null
  const signals = fields?.signals ?? []
  if (problem !== null && problem.violated.length > 0) {
    const limiter = problem.violated[0]!
    const unit = signals.find(({ name }) => name === limiter)?.unit ?? unitIn(limiter)
    const evidence = [`body:/violated-policies: ${problem.violated.join(', ')}`]
    return rejectionOf(view, { strength: 'signature', limiter, unit, evidence })
  }
  // Which policies are listed, and in which order, is up to the server: only what is spent counts.
  const violated = signals.length === 1 ? signals[0]! : exhausted(signals)
  const evidence = [problem?.type ?? '', violated?.evidence ?? signals[0]?.evidence ?? '']
  return rejectionOf(view, {
    strength: problem === null ? 'shape' : 'signature',
    limiter: violated?.name ?? null,
    unit: violated?.unit ?? null,
    evidence: evidence.filter((line) => line !== ''),
  })
}

interface Problem {
  readonly type: string
  readonly violated: readonly string[]
}

const limitProblem = /#(?:quota-exceeded|temporary-reduced-capacity|abnormal-usage-detected)$/

function problemOf(view: ResponseView): Problem | null {
  const type = textAt(view, '/type')
  const names = valueAt(jsonOf(view), '/violated-policies')
  const violated = (Array.isArray(names) ? names.slice(0, policiesMax) : []).filter(
    (name): name is string => typeof name === 'string',
  )
  return violated.length > 0 || limitProblem.test(type) ? { type, violated } : null
}

const policiesMax = 16

function rateLimitFields({ reports }: WriteContext): WrittenResponse['headers'] {
  if (reports.length === 0) return {}
  return {
    'ratelimit-policy': reports
      .map((report) => policyItem(report, quotaUnit(report.limiter.model.unit)))
      .join(', '),
    ratelimit: reports.map((report) => serviceLimitItem(report)).join(', '),
  }
}

// 'requests' is the default; 'tokens' is not registered, but clients must accept unknown units.
function quotaUnit(unit: LimitUnit): readonly string[] {
  return unit === 'requests' ? [] : [`qu="${unit}"`]
}
