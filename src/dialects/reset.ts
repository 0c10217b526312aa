// How gateways write when a limit is back: six encodings, told apart by shape and magnitude. Must
// not know which field a value came from.

import type { Micros } from '../core/units.ts'

/** A span as understood; `us` is null when it was not, `as` says how. */
export interface ReadSpan {
  readonly us: Micros | null
  readonly as: string
}

/** What absolute times count from. */
export interface UnixClock {
  readonly unixMs: number
}

const charactersMax = 64
const ambiguousUs = 30 * 86400e6
// Also keeps every span a safe integer of microseconds.
const absurdUs = 100 * 365 * 86400e6

/**
 * A reset value: delta seconds, epoch seconds or milliseconds, a Go duration, RFC 3339 or an
 * HTTP-date. Spans count from the clock, which is only looked at
 * for absolute times, and are never negative.
 */
export function readReset(value: string, clock: UnixClock): ReadSpan {
  const text = value.trim()
  if (text.length > charactersMax) return { us: null, as: 'not understood (too long)' }
  if (/^-?\d+(?:\.\d+)?$/.test(text)) return readNumber(Number(text), clock)
  const durationUs = durationUsOf(text)
  if (durationUs !== null) return bounded(durationUs, 'duration')
  if (/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)$/i.test(text)) {
    return absolute(Date.parse(text), clock, 'RFC 3339')
  }
  const unixMs = httpDateMs(text)
  if (unixMs !== null) return absolute(unixMs, clock, 'HTTP-date')
  return { us: null, as: 'not understood' }
}

/** A Retry-After value: whole seconds or an HTTP-date; anything else is tolerated and said so. */
export function readRetryAfter(value: string, clock: UnixClock): ReadSpan {
  const text = value.trim()
  const { us, as } = readReset(text, clock)
  if (us === null || /^\d+$/.test(text) || as.startsWith('HTTP-date')) return { us, as }
  const kind = /^\d+\.\d+$/.test(text) ? 'fractional seconds' : as
  return { us, as: `${kind} (invalid, tolerated)` }
}

/** '6m0s', '12ms', '1.5 minutes', '1d' → µs; null when it is no duration. */
export function durationUsOf(text: string): Micros | null {
  if (text.length > charactersMax) return null
  const part = /(\d+(?:\.\d+)?) ?([a-zµμ]+) ?/giy
  let sumUs = 0
  for (let end = 0; end < text.length; end = part.lastIndex) {
    const match = part.exec(text)
    const us = match === null ? undefined : unitUs(match[2]!)
    if (us === undefined) return null
    sumUs += Number(match![1]) * us
  }
  return text === '' ? null : Math.round(sumUs)
}

/** The wait a message advises: 'Please try again in 644ms', 'retry after 20 seconds'. */
export function waitIn(message: string): ReadSpan | null {
  const advice = /(?:try again|retry) (?:in|after) (\d+(?:\.\d+)? ?[a-z]+(?:\d+(?:\.\d+)?[a-z]+)*)/i
  const us = durationUsOf(advice.exec(message)?.[1] ?? '')
  return us === null ? null : bounded(us, 'message')
}

/** An HTTP-date in any of its three forms (RFC 9110 §5.6.7) → Unix ms. */
export function httpDateMs(text: string): number | null {
  if (text.length > charactersMax || !/^[A-Za-z]{3,9},? /.test(text)) return null
  // The asctime form has no zone, and means GMT.
  const unixMs = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`)
  return Number.isNaN(unixMs) ? null : unixMs
}

const unitsUs: Readonly<Record<string, Micros>> = {
  ns: 1e-3,
  us: 1,
  µs: 1,
  μs: 1,
  ms: 1e3,
  msec: 1e3,
  millisecond: 1e3,
  s: 1e6,
  sec: 1e6,
  second: 1e6,
  m: 60e6,
  min: 60e6,
  minute: 60e6,
  h: 3600e6,
  hour: 3600e6,
  d: 86400e6,
  day: 86400e6,
  w: 7 * 86400e6,
  week: 7 * 86400e6,
  M: 30 * 86400e6,
  month: 30 * 86400e6,
  Y: 365 * 86400e6,
  year: 365 * 86400e6,
}

/** A unit of time by its symbol or word, singular or plural; undefined when unknown. */
export function unitUs(word: string): Micros | undefined {
  for (const form of [word, word.toLowerCase(), word.toLowerCase().replace(/s$/, '')]) {
    if (Object.hasOwn(unitsUs, form)) return unitsUs[form]
  }
  return undefined
}

function readNumber(value: number, clock: UnixClock): ReadSpan {
  if (value < 0) return { us: 0, as: 'negative, taken as 0' }
  if (value >= 1e15) return { us: null, as: 'absurd number' }
  if (value >= 1e12) return absolute(value, clock, 'epoch milliseconds')
  if (value >= 1e9) return absolute(value * 1000, clock, 'epoch seconds')
  return bounded(Math.round(value * 1e6), 'delta seconds')
}

function absolute(unixMs: number, clock: UnixClock, as: string): ReadSpan {
  if (Number.isNaN(unixMs)) return { us: null, as: 'not understood' }
  const nowUnixMs = clock.unixMs
  if (unixMs < nowUnixMs) return { us: 0, as: `${as}, in the past` }
  const us = Math.round((unixMs - nowUnixMs) * 1000)
  return us > absurdUs ? { us: null, as: `${as}, absurdly far` } : { us, as }
}

function bounded(us: Micros, as: string): ReadSpan {
  if (us > absurdUs) return { us: null, as: `${as}, absurdly far` }
  return { us, as: us > ambiguousUs ? `${as}, ambiguous: more than 30 days` : as }
}
