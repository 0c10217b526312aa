// Google's Gemini API: no header fields, but errors that list the violated quotas.

import type { LimitUnit } from '../core/limits.ts'
import type { Dialect, LimitSignal, ResponseView } from './dialect.ts'
import { unitIn, windowUsIn } from './dimension.ts'
import { valueAt } from './pointer.ts'
import { rejectionOf } from './rejection.ts'
import { durationUsOf, type ReadSpan } from './reset.ts'
import { cleanName, jsonOf, numberIn } from './view.ts'
import { deniedReport, figuresOf } from './write.ts'

/** Carries the limiter: every violated quota has an id. */
export const gemini: Dialect = {
  name: 'gemini',
  title: 'Google Gemini',
  names: 'limiter',
  signals: (view) => violationsIn(view).map(signalOfViolation),
  rejection(view) {
    const error = errorIn(view)
    if (view.status < 400 || valueAt(error, '/status') !== 'RESOURCE_EXHAUSTED') return null
    const violations = violationsIn(view)
    const first = violations.length > 0 ? signalOfViolation(violations[0]!) : null
    const message = valueAt(error, '/message')
    return rejectionOf(view, {
      strength: 'signature',
      limiter: first?.name ?? null,
      unit: first?.unit ?? null,
      evidence: [
        'body:/error/status: RESOURCE_EXHAUSTED',
        ...violations.map(({ quotaId }) => `quotaId: ${quotaId}`),
      ],
      wait: retryDelayIn(view),
      message: typeof message === 'string' ? message.slice(0, 2000) : '',
    })
  },
  admitted: () => ({}),
  rejected(denial) {
    const { limiter, decision, subject } = denial
    const { limit } = figuresOf(deniedReport(denial))
    const violation = {
      quotaMetric: `generativelanguage.googleapis.com/${metricOf(limiter.model.unit)}`,
      quotaId: limiter.name,
      quotaDimensions: { location: 'global', model: subject.model },
      quotaValue: String(limit),
    }
    const retry = {
      '@type': 'type.googleapis.com/google.rpc.RetryInfo',
      retryDelay: `${Math.ceil((decision.retryAfterUs ?? 0) / 1e6)}s`,
    }
    const error = {
      code: 429,
      message:
        'You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.',
      status: 'RESOURCE_EXHAUSTED',
      details: [
        { '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations: [violation] },
        ...(decision.retryAfterUs === null ? [] : [retry]),
      ],
    }
    return {
      status: 429,
      headers: { 'content-type': 'application/json; charset=UTF-8' },
      body: `${JSON.stringify({ error }, null, 2)}\n`,
    }
  },
}

interface Violation {
  readonly quotaId: string
  readonly quotaMetric: string
  readonly quotaValue: string
}

const violationsMax = 16

// The endpoints that speak OpenAI's language wrap the error in an array.
function errorIn(view: ResponseView): unknown {
  return valueAt(jsonOf(view), '/error') ?? valueAt(jsonOf(view), '/0/error')
}

function detailsIn(view: ResponseView): readonly unknown[] {
  const details = valueAt(errorIn(view), '/details')
  return Array.isArray(details) ? details.slice(0, violationsMax) : []
}

function violationsIn(view: ResponseView): readonly Violation[] {
  return detailsIn(view)
    .flatMap((detail) => {
      const violations = valueAt(detail, '/violations')
      return Array.isArray(violations) ? violations.slice(0, violationsMax) : []
    })
    .map((violation: unknown) => ({
      quotaId: memberText(violation, '/quotaId'),
      quotaMetric: memberText(violation, '/quotaMetric'),
      quotaValue: memberText(violation, '/quotaValue'),
    }))
}

function memberText(value: unknown, pointer: string): string {
  const member = valueAt(value, pointer)
  return typeof member === 'string' ? member.slice(0, 200) : ''
}

// 'GenerateRequestsPerMinutePerProjectPerModel-FreeTier' has dimension, window and scope.
function signalOfViolation({ quotaId, quotaMetric, quotaValue }: Violation): LimitSignal {
  return {
    name: cleanName(quotaId || quotaMetric),
    unit: unitIn(quotaMetric.replaceAll('_', ' ')) ?? unitIn(quotaId),
    limit: numberIn(quotaValue),
    remaining: null,
    windowUs: windowUsIn(/Per(Minute|Hour|Day)/.exec(quotaId)?.[1]),
    resetUs: null,
    evidence: 'body:/error/details: quotaId',
  }
}

function retryDelayIn(view: ResponseView): ReadSpan | null {
  for (const detail of detailsIn(view)) {
    const us = durationUsOf(memberText(detail, '/retryDelay'))
    if (us !== null) return { us, as: 'retryDelay: duration' }
  }
  return null
}

// Only those for requests and input tokens are real; the others follow their pattern.
function metricOf(unit: LimitUnit): string {
  switch (unit) {
    case 'requests':
      return 'generate_content_free_tier_requests'
    case 'prompt-tokens':
      return 'generate_content_free_tier_input_token_count'
    case 'completion-tokens':
      return 'generate_content_free_tier_output_token_count'
    case 'tokens':
      return 'generate_content_free_tier_token_count'
    case 'concurrent-requests':
      return 'generate_content_concurrent_requests'
    case 'usd':
      return 'generate_content_cost'
  }
}
