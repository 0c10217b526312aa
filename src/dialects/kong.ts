// Kong's rate-limiting plug-in, which counts requests in calendar windows. Must not know of AI.

import type { Micros } from '../core/units.ts'
import type { Dialect, LimitReport, LimitSignal, ResponseView, WrittenResponse } from './dialect.ts'
import { unitIn, windowUsIn, windowWord } from './dimension.ts'
import { rejectionOf } from './rejection.ts'
import { exhausted, fieldGroups, resetIn, signalOf } from './signals.ts'
import { field, numberIn, textAt } from './view.ts'
import { deniedReport, figuresOf, jsonResponse, reportsOf, secondsUp, tightest } from './write.ts'

/** A window in the names of its fields: a word, or seconds. */
export const windowPattern = '(?:second|minute|hour|day|month|year|\\d{1,9})'

/** Carries the dimension, requests; where several windows are limited, also which of them. */
export const kong: Dialect = {
  name: 'kong',
  title: 'Kong rate-limiting',
  names: 'dimension',
  signals: windowSignals,
  rejection(view) {
    if (view.status !== 429) return null
    const message = textAt(view, '/message')
    // The response-ratelimiting plug-in counts what upstreams tell it to, and names that.
    const counted = /^API rate limit exceeded for '([^']{1,100})'/.exec(message)?.[1]
    if (counted === undefined && message !== 'API rate limit exceeded') return null
    const signals = windowSignals(view)
    const strength = signals.length > 0 || isKong(view) ? 'signature' : 'shape'
    const violated = exhausted(signals) ?? (signals.length === 1 ? signals[0]! : null)
    // Fields may be hidden; then the message still tells that requests were counted.
    const limiter = counted ?? (signals.length === 0 ? 'requests' : (violated?.name ?? null))
    const unit = counted === undefined ? 'requests' : unitIn(counted)
    const evidence = [`body:/message: ${message}`, ...(violated ? [violated.evidence] : [])]
    return rejectionOf(view, { strength, limiter, unit, evidence })
  },
  admitted: ({ reports }) => windowFields(reports, tightest(reports)),
  rejected(denial) {
    const denied = deniedReport(denial)
    // The denied window last, so that it stands for its length.
    const reports = [
      ...reportsOf(denial).filter((report) => report.limiter !== denied.limiter),
      denied,
    ]
    return jsonResponse(
      429,
      { message: 'API rate limit exceeded' },
      {
        'content-type': 'application/json; charset=utf-8',
        ...windowFields(reports, denied),
        'retry-after': atLeastOne(denied.resetUs),
      },
    )
  },
}

const windowField = new RegExp(`^x-ratelimit-(?<measure>limit|remaining)-(?<key>${windowPattern})$`)

function windowSignals(view: ResponseView): readonly LimitSignal[] {
  const groups = fieldGroups(view, windowField)
  const tightestLimit = numberIn(field(view, 'ratelimit-limit'))
  const reset = resetIn(view, field(view, 'ratelimit-reset'))
  return groups.map((group) => {
    // With one window there is one limiter of requests; with several the window tells them apart.
    const name = groups.length === 1 ? 'requests' : `requests-per-${group.key}`
    const windowUs = windowUsIn(group.key)
    const isTightest = reset !== null && group.limit === tightestLimit
    const fields = isTightest ? [...group.fields, 'ratelimit-reset'] : group.fields
    const shown = { ...group, fields, reset: isTightest ? reset : null }
    return signalOf(shown, { name, unit: 'requests', windowUs })
  })
}

function windowFields(
  reports: readonly LimitReport[],
  shown: LimitReport | null,
): WrittenResponse['headers'] {
  if (shown === null) return {}
  const figures = figuresOf(shown)
  const windows = reports.flatMap((report) => {
    const { limit, remaining, windowUs } = figuresOf(report)
    if (windowUs === null) return []
    const word = windowName(windowUs)
    return [
      [`x-ratelimit-limit-${word}`, String(limit)],
      [`x-ratelimit-remaining-${word}`, String(remaining)],
    ]
  })
  return {
    ...Object.fromEntries(windows),
    'ratelimit-limit': String(figures.limit),
    'ratelimit-remaining': String(figures.remaining),
    'ratelimit-reset': atLeastOne(shown.resetUs),
  }
}

function isKong(view: ResponseView): boolean {
  return /^kong\//i.test(field(view, 'server') ?? '')
}

/** 'minute'; windows that have no word go by their seconds. */
export function windowName(windowUs: Micros): string {
  const word = windowWord(windowUs)
  return /^[a-z]+$/.test(word) ? word : secondsUp(windowUs)
}

/** Whole seconds for advice, which Kong never lets be 0. */
export function atLeastOne(us: Micros): string {
  return secondsUp(Math.max(1, us))
}
