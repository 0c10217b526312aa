// Anthropic's Messages API. Its fields read `<dimension>-<measure>`, the reverse of OpenAI's.

import type { LimitUnit } from '../core/limits.ts'
import type { Denial, Dialect, LimitReport, Rejection, ResponseView } from './dialect.ts'
import { unitIn, windowWord } from './dimension.ts'
import { rejectionOf } from './rejection.ts'
import { exhausted, fieldGroups, signalOf } from './signals.ts'
import { textAt } from './view.ts'
import {
  deniedReport,
  figuresOf,
  jsonResponse,
  present,
  reportsOf,
  retryAfterSeconds,
  tightest,
} from './write.ts'

/** Carries the dimension: the message says requests, input or output tokens. */
export const anthropic: Dialect = {
  name: 'anthropic',
  title: 'Anthropic',
  names: 'dimension',
  signals,
  rejection,
  admitted: ({ reports, nowUnixMs }) => fields(reports, nowUnixMs),
  rejected(denial) {
    const isBilling = denial.limiter.model.unit === 'usd'
    const type = isBilling ? 'invalid_request_error' : 'rate_limit_error'
    const body = { type: 'error', error: { type, message: messageOf(denial) } }
    return jsonResponse(isBilling ? 400 : 429, body, {
      ...present({ 'retry-after': retryAfterSeconds(denial) }),
      ...fields(reportsOf(denial), denial.nowUnixMs),
    })
  },
}

const figureField = /^anthropic-ratelimit-(?<key>[a-z0-9_-]+)-(?<measure>limit|remaining|reset)$/

function signals(view: ResponseView) {
  return fieldGroups(view, figureField).map((group) => {
    const unit = unitIn(group.key)
    return signalOf(group, { name: unit ?? group.key, unit })
  })
}

function rejection(view: ResponseView): Rejection | null {
  const type = textAt(view, '/error/type')
  const message = textAt(view, '/error/message')
  const as = (limiter: string | null, unit: LimitUnit | null, reason: string) =>
    rejectionOf(view, { strength: 'signature', limiter, unit, evidence: [reason], message })
  if (view.status === 529 || (view.status === 429 && type === 'overloaded_error')) {
    return as('overloaded', null, `status ${view.status}, overloaded`)
  }
  if (view.status === 400 && message.startsWith(billing)) {
    return as('usd', 'usd', 'body:/error/message: credit balance')
  }
  if (view.status !== 429) return null
  const isTyped = type === 'rate_limit_error' && textAt(view, '/type') === 'error'
  const advertised = signals(view)
  if (!isTyped && advertised.length === 0) return null
  const unit = unitIn(phraseIn(message)) ?? exhausted(advertised)?.unit ?? null
  return as(unit, unit, `body:/error/type: ${type}, /error/message: ${message}`)
}

// 'This request would exceed your organization's rate limit of 30,000 input tokens per minute'
// 'Number of concurrent connections has exceeded your rate limit.'
function phraseIn(message: string): string | null {
  const rate = /\bof [\d,]{1,20} ([a-z ]{1,40}) per /.exec(message)
  const number = /^Number of ([a-z ]{1,60}) has exceeded /.exec(message)
  return rate?.[1] ?? number?.[1] ?? null
}

const billing = 'Your credit balance is too low'

function messageOf(denial: Denial): string {
  const { unit } = denial.limiter.model
  if (unit === 'usd') {
    return `${billing} to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.`
  }
  if (unit === 'concurrent-requests') {
    return 'Number of concurrent connections has exceeded your rate limit. Please try again later or contact sales at https://www.anthropic.com/contact-sales to discuss your options for a rate limit increase.'
  }
  const { limit, windowUs } = figuresOf(deniedReport(denial))
  const amount = `${limit.toLocaleString('en-US')} ${dimensionOf(unit)?.replace('-', ' ')}`
  return `This request would exceed your organization's rate limit of ${amount} per ${windowWord(windowUs ?? 60e6)} (org: limitscope, model: ${denial.subject.model}). For details, refer to: https://docs.claude.com/en/api/rate-limits. You can see the response headers for current usage. Please reduce the prompt length or the maximum tokens requested, or try again later. You may also contact sales at https://www.anthropic.com/contact-sales to discuss your options for a rate limit increase.`
}

function fields(reports: readonly LimitReport[], nowUnixMs: number) {
  const entries = dimensions.flatMap((dimension) => {
    const report = tightest(
      reports.filter(({ limiter }) => dimensionOf(limiter.model.unit) === dimension),
    )
    if (report === null) return []
    const { limit, remaining } = figuresOf(report)
    // The service rounds what is left to the nearest thousand of tokens.
    const left = dimension === 'requests' ? remaining : Math.round(remaining / 1000) * 1000
    const reset = new Date(nowUnixMs + report.resetUs / 1000)
    return [
      [`anthropic-ratelimit-${dimension}-limit`, String(limit)],
      [`anthropic-ratelimit-${dimension}-remaining`, String(left)],
      // Whole seconds, rounded up like every other advice.
      [`anthropic-ratelimit-${dimension}-reset`, rfc3339(reset)],
    ]
  })
  return present(Object.fromEntries(entries))
}

const dimensions = ['requests', 'tokens', 'input-tokens', 'output-tokens'] as const

function dimensionOf(unit: LimitUnit): (typeof dimensions)[number] | null {
  switch (unit) {
    case 'requests':
    case 'tokens':
      return unit
    case 'prompt-tokens':
      return 'input-tokens'
    case 'completion-tokens':
      return 'output-tokens'
    default:
      return null
  }
}

function rfc3339(instant: Date): string {
  return new Date(Math.ceil(instant.getTime() / 1000) * 1000).toISOString().replace('.000Z', 'Z')
}
