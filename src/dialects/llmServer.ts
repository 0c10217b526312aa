// LLM Server (chranama): a code and a wait in the body, no header fields. Must not know its cache.

import type { Denial, Dialect, Rejection, ResponseView } from './dialect.ts'
import { valueAt } from './pointer.ts'
import { rejectionOf } from './rejection.ts'
import { jsonOf, textAt } from './view.ts'
import { jsonResponse } from './write.ts'

/** Carries the dimension: the code tells the rate limiter, the quota and the semaphore apart. */
export const llmServer: Dialect = {
  name: 'llm-server',
  title: 'LLM Server',
  names: 'dimension',
  signals: () => [],
  rejection,
  admitted: () => ({}),
  rejected(denial) {
    const { algorithm } = denial.limiter.model
    if (algorithm.kind === 'concurrency') return answer('server_busy', 'Server is busy')
    if (algorithm.kind === 'budget') return answer('quota_exhausted', 'Monthly quota exhausted')
    return answer('rate_limited', 'Rate limited', { retry_after: waitOf(denial) })
  },
}

// Documents and code disagree about the first code; both are understood.
const codes = {
  rate_limited: { status: 429, limiter: 'requests', unit: 'requests' },
  rate_limit_exceeded: { status: 429, limiter: 'requests', unit: 'requests' },
  quota_exhausted: { status: 402, limiter: 'quota', unit: 'requests' },
  server_busy: { status: 503, limiter: 'concurrent-requests', unit: 'concurrent-requests' },
} as const

type Code = keyof typeof codes

function rejection(view: ResponseView): Rejection | null {
  // Its older version wraps errors in `detail`, as FastAPI does; the newer one has them bare.
  const isWrapped = textAt(view, '/detail/code') !== ''
  const code = isWrapped ? textAt(view, '/detail/code') : textAt(view, '/code')
  const known = Object.hasOwn(codes, code) ? codes[code as Code] : null
  if (known === null || known.status !== view.status) return null
  const at = isWrapped ? '/detail/retry_after' : '/extra/retry_after'
  const seconds = valueAt(jsonOf(view), at)
  const isTold = typeof seconds === 'number' && seconds >= 0
  const { limiter, unit } = known
  return rejectionOf(view, {
    strength: isWrapped ? 'signature' : 'shape',
    limiter,
    unit,
    evidence: [`body:${isWrapped ? '/detail' : ''}/code: ${code}`],
    wait: isTold ? { us: Math.round(seconds * 1e6), as: `body:${at}: seconds` } : null,
  })
}

function answer(code: Code, message: string, more: object = {}) {
  return jsonResponse(codes[code].status, { detail: { code, message, ...more } })
}

/** Whole seconds, rounded down: who waits for them comes up to a second too early. */
function waitOf({ decision }: Denial): number | undefined {
  const { retryAfterUs } = decision
  return retryAfterUs === null ? undefined : Math.max(1, Math.floor(retryAfterUs / 1e6))
}
