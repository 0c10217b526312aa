// The API router of ai-aas: a code and a `limit_context` in every rejection. Must not know what is
// behind it.

import { limitOf } from '../core/limits.ts'
import type { Denial, Dialect, LimitSignal, Rejection, ResponseView } from './dialect.ts'
import { valueAt } from './pointer.ts'
import { rejectionOf } from './rejection.ts'
import { tripleSignals } from './signals.ts'
import { field, jsonOf, textAt } from './view.ts'
import { deniedReport, figuresOf, jsonResponse, present, tightest } from './write.ts'

/** Carries the dimension: the code tells the rate limiter, the budget and the quota apart. */
export const apiRouter: Dialect = {
  name: 'api-router',
  title: 'API router (ai-aas)',
  names: 'dimension',
  // It never tells when units are back; nearly all others do.
  signals: (view) =>
    field(view, 'x-ratelimit-reset') === null ? tripleSignals(view, 'x-ratelimit') : [],
  rejection,
  admitted({ reports }) {
    const report = tightest(reports.filter(({ limiter }) => isRate(limiter.model.algorithm.kind)))
    return report === null ? {} : fields(figuresOf(report))
  },
  rejected(denial) {
    const { unit, algorithm } = denial.limiter.model
    if (unit === 'usd') return exhausted(denial, 'BUDGET_EXCEEDED')
    return isRate(algorithm.kind) ? limited(denial) : exhausted(denial, 'QUOTA_EXCEEDED')
  },
}

const codes = {
  RATE_LIMIT_EXCEEDED: { status: 429, limiter: 'requests', unit: 'requests' },
  BUDGET_EXCEEDED: { status: 402, limiter: 'usd', unit: 'usd' },
  QUOTA_EXCEEDED: { status: 402, limiter: 'quota', unit: 'requests' },
} as const

function rejection(view: ResponseView): Rejection | null {
  const code = textAt(view, '/code')
  const known = Object.hasOwn(codes, code) ? codes[code as keyof typeof codes] : null
  if (known === null || known.status !== view.status) return maskedBehind(view)
  const isMarked = valueAt(jsonOf(view), '/limit_context/limit') !== undefined
  const { limiter, unit } = known
  return rejectionOf(view, {
    strength: isMarked ? 'signature' : 'shape',
    limiter,
    unit,
    evidence: [`body:/code: ${code}`],
  })
}

/** It turns a 429 of the backend into a 502 of its own. */
function maskedBehind(view: ResponseView): Rejection | null {
  if (view.status !== 502 || textAt(view, '/code') !== 'BACKEND_ERROR') return null
  if (!textAt(view, '/error').includes('backend returned status 429')) return null
  const evidence = ['body:/error: backend returned status 429']
  return rejectionOf(view, { strength: 'signature', limiter: 'backend', unit: null, evidence })
}

function isRate(kind: string): boolean {
  return kind !== 'budget'
}

type Figures = Pick<LimitSignal & { limit: number; remaining: number }, 'limit' | 'remaining'>

function fields({ limit, remaining }: Figures) {
  return present({
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': String(remaining),
  })
}

function limited(denial: Denial) {
  const { limit, remaining } = figuresOf(deniedReport(denial))
  // The wait is truncated to 0 on its way and then raised to one second, whatever it was.
  const body = {
    error: 'Rate limit exceeded',
    code: 'RATE_LIMIT_EXCEEDED',
    retry_after_seconds: 1,
    limit_context: { current_usage: limit - remaining, limit, remaining },
  }
  return jsonResponse(429, body, { 'retry-after': '1', ...fields({ limit, remaining }) })
}

function exhausted({ limiter, decision }: Denial, code: 'BUDGET_EXCEEDED' | 'QUOTA_EXCEEDED') {
  const isBudget = code === 'BUDGET_EXCEEDED'
  const limit = limitOf(limiter.model.algorithm)
  return jsonResponse(402, {
    error: isBudget ? 'Monthly budget exhausted' : 'Daily quota exhausted',
    code,
    limit_context: {
      current_usage: limit - decision.remaining,
      limit,
      quota_type: isBudget ? 'budget' : 'daily_quota',
    },
  })
}
