// @fastify/rate-limit. Must not know how the fields are made up.

import type {
  Dialect,
  LimitReport,
  ResponseView,
  WriteContext,
  WrittenResponse,
} from './dialect.ts'
import { rejectionOf } from './rejection.ts'
import { tripleSignals } from './signals.ts'
import { field, textAt } from './view.ts'
import { deniedReport, figuresOf, jsonResponse, secondsUp } from './write.ts'

/** Carries nothing about the limiter. */
export const fastify: Dialect = {
  name: 'fastify',
  title: '@fastify/rate-limit',
  names: 'nothing',
  signals: signalsOf,
  rejection(view) {
    // 403 is its `ban`.
    if (view.status !== 429 && view.status !== 403) return null
    const text = textAt(view, '/message')
    if (!text.startsWith('Rate limit exceeded, retry in ')) return null
    if (textAt(view, '/error') === '') return null
    const ban = view.status === 403 ? ['status 403: banned'] : []
    const evidence = ['body:/message', ...ban, ...signalsOf(view).map((signal) => signal.evidence)]
    return rejectionOf(view, {
      strength: 'signature',
      limiter: null,
      unit: null,
      evidence,
      message: text,
    })
  },
  admitted: ({ reports }: WriteContext) => {
    const last = reports.at(-1)
    return last === undefined ? {} : fields(last)
  },
  rejected(denial) {
    const denied = deniedReport(denial)
    const reset = secondsUp(denied.resetUs)
    const body = {
      statusCode: 429,
      error: 'Too Many Requests',
      message: `Rate limit exceeded, retry in ${spoken(Number(reset))}`,
    }
    return jsonResponse(429, body, {
      ...fields(denied),
      'retry-after': reset,
      'content-type': 'application/json; charset=utf-8',
    })
  },
}

function signalsOf(view: ResponseView) {
  // Its resets are whole delta seconds; `enableDraftSpec` drops the X-.
  for (const prefix of ['x-ratelimit', 'ratelimit']) {
    const isDelta = /^\d{1,9}$/.test(field(view, `${prefix}-reset`) ?? '')
    const isPlain = /^\d+$/.test(field(view, `${prefix}-limit`) ?? '')
    if (isDelta && isPlain && field(view, 'ratelimit-policy') === null) {
      return tripleSignals(view, prefix)
    }
  }
  return []
}

function fields(report: LimitReport): WrittenResponse['headers'] {
  const { limit, remaining } = figuresOf(report)
  return {
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset': secondsUp(report.resetUs),
  }
}

// '5 seconds', '2 minutes': the largest unit that fits, rounded.
function spoken(seconds: number): string {
  if (seconds < 1) return '0 ms'
  const [size, unit] = spokenUnits.find(([size]) => seconds >= size) ?? [1, 'second']
  const count = Math.round(seconds / size)
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}

const spokenUnits = [
  [86400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
] as const
