// The LiteLLM proxy. Must not know the providers behind it.

import type { LimitUnit } from '../core/limits.ts'
import { limitOf } from '../core/limits.ts'
import type { Denial, Dialect, LimitReport, Rejection, ResponseView } from './dialect.ts'
import { unitIn } from './dimension.ts'
import { rejectionOf } from './rejection.ts'
import { fieldGroups, signalOf } from './signals.ts'
import { field, textAt } from './view.ts'
import { deniedReport, figuresOf, jsonResponse, present, secondsUp, tightest } from './write.ts'

/** Carries the dimension: 'Limit type: requests', tokens, max_parallel_requests, or the budget. */
export const litellm: Dialect = {
  name: 'litellm',
  title: 'LiteLLM proxy',
  names: 'dimension',
  signals: (view) =>
    fieldGroups(view, figureField).map((group) => {
      const unit = unitIn(group.key)
      return signalOf(group, { name: unit, unit })
    }),
  rejection,
  admitted: ({ reports }) => fields(reports),
  rejected: (denial) => (denial.limiter.model.unit === 'usd' ? budget(denial) : rate(denial)),
}

// The scope is whose counter it is: api_key, user, team, model_per_key …
const figureField =
  /^x-ratelimit-(?<scope>[a-z_]+)-(?<measure>limit|remaining|reset)-(?<key>requests|tokens|max_parallel_requests)$/

function rejection(view: ResponseView): Rejection | null {
  const { status } = view
  const message = textAt(view, '/error/message') || textAt(view, '/detail')
  const as = (limiter: string, unit: LimitUnit | null, reason: string) =>
    rejectionOf(view, { strength: 'signature', limiter, unit, evidence: [reason], message })
  if ((status === 400 || status === 429) && message.includes('Budget has been exceeded!')) {
    return as('usd', 'usd', 'body:/error/message: budget')
  }
  if (status !== 429) return null
  const [, descriptor, type] =
    /^Rate limit exceeded for (\w{1,40}): .{0,500}?Limit type: (\w{1,40})/.exec(message) ?? []
  const said = type ?? field(view, 'rate_limit_type')
  if (said !== null && said !== undefined) {
    const unit = unitIn(said)
    return as(
      unit ?? said,
      unit,
      `limit type ${said} for ${descriptor ?? 'a descriptor not named'}`,
    )
  }
  // Its router, when every deployment of a model is cooling down after 429s of its own.
  if (!message.startsWith('No deployments available for selected model')) return null
  return as('cooldown', null, 'body:/error/message: no deployments available')
}

function rate(denial: Denial) {
  const { unit } = denial.limiter.model
  const { limit, remaining, windowUs } = figuresOf(deniedReport(denial))
  const type = typeOf(unit)
  // It advises a whole window, counted from now, wherever in the window the denial falls.
  const wait = secondsUp(windowUs ?? 60e6)
  const reset = new Date(denial.nowUnixMs + Number(wait) * 1000)
  const resetAt = `${reset.toISOString().slice(0, 19).replace('T', ' ')} UTC`
  const message =
    `Rate limit exceeded for api_key: ${keyDigest}. Limit type: ${type}. ` +
    `Current limit: ${limit}, Remaining: ${remaining}. Limit resets at: ${resetAt}`
  const body = { error: { message, type: 'None', param: 'None', code: '429' } }
  return jsonResponse(429, body, {
    'retry-after': wait,
    rate_limit_type: type,
    reset_at: resetAt,
  })
}

// The proxy prints a hash of the key; one that tells nothing will do.
const keyDigest = 'a'.repeat(64)

function budget(denial: Denial) {
  const limit = limitOf(denial.limiter.model.algorithm)
  const cost = limit - denial.decision.remaining
  const message = `Budget has been exceeded! Current cost: ${cost}, Max budget: ${limit}`
  const body = { error: { message, type: 'budget_exceeded', param: 'None', code: '400' } }
  return jsonResponse(400, body)
}

function fields(reports: readonly LimitReport[]) {
  const entries = types.flatMap((type) => {
    const ofType = ({ limiter }: LimitReport) =>
      limiter.model.unit !== 'usd' && typeOf(limiter.model.unit) === type
    const report = tightest(reports.filter(ofType))
    if (report === null) return []
    const { limit, remaining } = figuresOf(report)
    return [
      [`x-ratelimit-api_key-remaining-${type}`, String(remaining)],
      [`x-ratelimit-api_key-limit-${type}`, String(limit)],
    ]
  })
  return present(Object.fromEntries(entries))
}

const types = ['requests', 'tokens', 'max_parallel_requests']

function typeOf(unit: LimitUnit): string {
  if (unit === 'concurrent-requests') return 'max_parallel_requests'
  return unit.endsWith('tokens') ? 'tokens' : 'requests'
}
