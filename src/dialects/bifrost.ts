// Bifrost's governance plug-in: no header fields, but bodies that say what was exceeded, where.

import { type LimitUnit, limitOf, type NamedLimiter, windowUsOf } from '../core/limits.ts'
import { durationText } from '../core/units.ts'
import type { Denial, Dialect, LimitSignal, Rejection, ResponseView } from './dialect.ts'
import { unitIn } from './dimension.ts'
import { valueAt } from './pointer.ts'
import { rejectionOf } from './rejection.ts'
import { durationUsOf } from './reset.ts'
import { jsonOf, numberIn, textAt } from './view.ts'
import { jsonResponse } from './write.ts'

/** Carries the dimension: `type` says requests, tokens or budget; the message adds the level. */
export const bifrost: Dialect = {
  name: 'bifrost',
  title: 'Bifrost governance',
  names: 'dimension',
  signals: (view) => (view.status < 400 ? [] : limitsIn(textAt(view, '/error/message'))),
  rejection,
  admitted: () => ({}),
  rejected(denial) {
    const { status, type, message } = answers[kindOf(denial.limiter.model.unit)](denial)
    const body = {
      ...(type === null ? {} : { type }),
      is_bifrost_error: false,
      status_code: status,
      error: { message },
      extra_fields: {},
    }
    return jsonResponse(status, body)
  },
}

// Status and type of a rejection, and the limiter behind it.
const limiterOf: Readonly<Record<string, { status: number; limiter: string }>> = {
  request_limited: { status: 429, limiter: 'requests' },
  token_limited: { status: 429, limiter: 'tokens' },
  rate_limited: { status: 429, limiter: 'requests+tokens' },
  budget_exceeded: { status: 402, limiter: 'usd' },
}

function rejection(view: ResponseView): Rejection | null {
  const type = textAt(view, '/type')
  const message = textAt(view, '/error/message')
  const isMarked = typeof valueAt(jsonOf(view), '/is_bifrost_error') === 'boolean'
  const strength = isMarked ? 'signature' : 'shape'
  if (view.status === 400 && message.endsWith('queue is full')) {
    const evidence = ['body:/error/message: queue is full']
    const unit = 'concurrent-requests'
    return rejectionOf(view, { strength, limiter: unit, unit, evidence })
  }
  const known = Object.hasOwn(limiterOf, type) ? limiterOf[type]! : null
  if (known === null || known.status !== view.status) return null
  const level = levelIn(message)
  const evidence = [`body:/type: ${type}`, ...(level === null ? [] : [`level: ${level}`])]
  const unit = known.limiter.includes('+') ? null : unitIn(known.limiter)
  // The limits of the virtual key itself go by what they count.
  const isOwn = level === null || level === 'VK'
  const limiter = isOwn ? known.limiter : `${level} ${known.limiter}`
  return rejectionOf(view, { strength, limiter, unit, evidence })
}

/** Whose limit it was: VK, Team, Customer or Provider. */
function levelIn(message: string): string | null {
  if (/^provider '/.test(message)) return 'Provider'
  const level =
    /\bfor (\w{1,40}): /.exec(message)?.[1] ?? /failed: (\S{1,40}) budget /.exec(message)?.[1]
  return level ?? null
}

// '… token limit exceeded (1200/1000, resets every 1m)', '… budget exceeded: 0.0120 > 0.0100 dollars'
function limitsIn(message: string): readonly LimitSignal[] {
  const rates =
    /(request|token) limit exceeded \((\d{1,15})\/(\d{1,15}), resets every (\w{1,20})\)/g
  const signals = [...message.matchAll(rates)].map(([, word, used, limit, window]) => {
    const unit = unitIn(word!)
    const left = Math.max(0, Number(limit) - Number(used))
    return signal(unit, { limit: Number(limit), left, windowUs: durationUsOf(window!) })
  })
  const [, cost, max] = /budget exceeded: ([\d.]{1,20}) > ([\d.]{1,20}) dollars/.exec(message) ?? []
  const limit = numberIn(max ?? null)
  if (limit === null) return signals
  const left = Math.max(0, limit - (numberIn(cost ?? null) ?? limit))
  return [...signals, signal('usd', { limit, left, windowUs: null })]
}

function signal(
  unit: LimitUnit | null,
  figures: { limit: number; left: number; windowUs: number | null },
): LimitSignal {
  const { limit, left, windowUs } = figures
  const evidence = 'body:/error/message'
  return { name: unit, unit, limit, remaining: left, windowUs, resetUs: null, evidence }
}

interface Answer {
  readonly status: number
  readonly type: string | null
  readonly message: string
}

const answers = {
  request: (denial: Denial) => rate('request', denial),
  token: (denial: Denial) => rate('token', denial),
  budget({ limiter, decision }: Denial): Answer {
    const limit = limitOf(limiter.model.algorithm)
    const cost = (limit - decision.remaining).toFixed(4)
    const level = levelOf(limiter)
    const message = `Budget check failed: ${level} budget exceeded: ${cost} > ${limit.toFixed(4)} dollars`
    return { status: 402, type: 'budget_exceeded', message }
  },
  queue: (): Answer => ({ status: 400, type: null, message: 'request dropped: queue is full' }),
}

function rate(word: 'request' | 'token', { limiter, decision }: Denial): Answer {
  const limit = Math.floor(limitOf(limiter.model.algorithm))
  const used = Math.ceil(limit - decision.remaining)
  const windowUs = windowUsOf(limiter.model.algorithm)
  // Its counters always have a window; the longest comes nearest to none.
  const every = windowUs === null ? '1Y' : durationText(windowUs)
  const level = levelOf(limiter)
  const opening =
    level === 'Provider'
      ? "provider 'openai' rate limits exceeded: "
      : `Rate limit check failed: rate limit violated for ${level}: `
  const message = `${opening}${word} limit exceeded (${used}/${limit}, resets every ${every})`
  return { status: 429, type: `${word}_limited`, message }
}

/** 'Team usd' is a limit of a team. */
function levelOf({ name }: NamedLimiter): string {
  return /^(Team|Customer|Provider) /.exec(name)?.[1] ?? 'VK'
}

function kindOf(unit: LimitUnit): keyof typeof answers {
  switch (unit) {
    case 'requests':
      return 'request'
    case 'concurrent-requests':
      return 'queue'
    case 'usd':
      return 'budget'
    default:
      return 'token'
  }
}
