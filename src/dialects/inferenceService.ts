// inference-service and the llm-gateway in front of it: both say 503 when they have too much to do,
// each in its own words. Must not know models.

import type { Denial, Dialect, Rejection, ResponseView } from './dialect.ts'
import { valueAt } from './pointer.ts'
import { rejectionOf } from './rejection.ts'
import { field, jsonOf, textAt } from './view.ts'
import { deniedReport, figuresOf, jsonResponse, secondsUp } from './write.ts'

/** Carries the dimension: a queue that is full. */
export const inferenceService: Dialect = {
  name: 'inference-service',
  title: 'inference-service',
  names: 'dimension',
  signals: () => [],
  rejection(view) {
    if (view.status !== 503) return null
    const isFull = /queue is full/i.test(textAt(view, '/detail'))
    if (!isFull && textAt(view, '/error/code') !== 'QUEUE_FULL') return null
    return busy(view, 'body: queue is full')
  },
  admitted: () => ({}),
  rejected(denial) {
    const { limit } = figuresOf(deniedReport(denial))
    const detail = 'Inference queue is full. Please retry later.'
    const body = { detail, max_concurrent: limit, retry_after_seconds: 5 }
    return jsonResponse(503, body, { 'retry-after': '5' })
  },
}

/** Carries the dimension: its backpressure, or a rate per address. */
export const llmGateway: Dialect = {
  name: 'llm-gateway',
  title: 'llm-gateway',
  names: 'dimension',
  signals: () => [],
  rejection(view) {
    if (view.status === 503 && textAt(view, '/reason') === 'backpressure') {
      return busy(view, 'body:/reason: backpressure')
    }
    if (view.status !== 429 || !textAt(view, '/detail').startsWith('Rate limit exceeded'))
      return null
    const evidence = ['body:/detail: Rate limit exceeded']
    const unit = 'requests'
    return rejectionOf(view, { strength: 'signature', limiter: unit, unit, evidence })
  },
  admitted: () => ({}),
  rejected(denial) {
    return denial.limiter.model.algorithm.kind === 'concurrency'
      ? backpressure(denial)
      : rate(denial)
  },
}

/** A rejection for want of places; the wait is in the body where no field has it. */
function busy(view: ResponseView, evidence: string): Rejection {
  const unit = 'concurrent-requests'
  const seconds = valueAt(jsonOf(view), '/retry_after_seconds')
  const isTold = typeof seconds === 'number' && field(view, 'retry-after') === null
  const wait = isTold ? { us: seconds * 1e6, as: 'body:/retry_after_seconds: seconds' } : null
  const found = { strength: 'signature', limiter: unit, unit, evidence: [evidence], wait } as const
  return rejectionOf(view, found)
}

function backpressure(denial: Denial) {
  const { limit, remaining } = figuresOf(deniedReport(denial))
  const body = {
    error: 'Service Unavailable',
    reason: 'backpressure',
    active_requests: limit - remaining,
    retry_after_seconds: 5,
  }
  return jsonResponse(503, body, { 'retry-after': '5', 'x-memory-pressure': 'critical' })
}

function rate(denial: Denial) {
  const { limit } = figuresOf(deniedReport(denial))
  const wait = secondsUp(denial.decision.retryAfterUs ?? 1e6)
  const fields = {
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': '0',
    'x-ratelimit-reset': wait,
    'retry-after': wait,
  }
  return jsonResponse(429, { detail: 'Rate limit exceeded. Please retry later.' }, fields)
}
