// How a profile's parameters are worded for people: live, in the final text, in warnings.

import { formatCount, formatInteger, formatSpan } from '../core/format.ts'
import type { Interval, ProfiledLimiter } from '../core/profileDocument.ts'
import type { ProfileResult } from './contract.ts'

/** 'limit 60', 'window 59.9 s – 60.1 s', 'refill 9.98/s – 10/s'. */
export function intervalText(name: string, [low, high]: Interval): string {
  const { word, text } = wordings[name] ?? { word: name, text: formatCount }
  const [from, to] = [text(low), text(high)]
  return from === to ? `${word} ${from}` : `${word} ${from} – ${to}`
}

/** All intervals of a limiter in the order in which people ask for them. */
export function intervalTexts(intervals: Readonly<Record<string, Interval>>): string[] {
  const known = Object.keys(wordings)
  return Object.entries(intervals)
    .sort(([a], [b]) => known.indexOf(a) - known.indexOf(b))
    .map(([name, interval]) => intervalText(name, interval))
}

const wordings: Readonly<Record<string, { word: string; text: (value: number) => string }>> = {
  limit: { word: 'limit', text: wholeText },
  windowMs: { word: 'window', text: spanText },
  burst: { word: 'burst', text: wholeText },
  overAdmission: { word: 'too many at once', text: wholeText },
  refillPerS: { word: 'refill', text: (perS) => `${formatCount(perS)}/s` },
}

function wholeText(value: number): string {
  return Number.isFinite(value) ? formatInteger(value) : 'any'
}

function spanText(ms: number): string {
  return Number.isFinite(ms) ? formatSpan(ms * 1000) : 'any'
}

/** 'fixed window', 'token bucket', for headings and sentences. */
export function algorithmText(algorithm: ProfiledLimiter['algorithm']): string {
  return algorithm === 'unknown' ? 'unknown algorithm' : algorithm.replace('-', ' ')
}

/** '3', or '3 to 5'. */
export function rangeText([least, most]: Interval): string {
  return least === most ? String(least) : `${least} to ${most}`
}

/** Why a search ended. */
export const endedText: Readonly<Record<ProfileResult['endedBy'], string>> = {
  concluded: '',
  requests: 'the budget of requests was spent',
  tokens: 'the budget of tokens was spent',
  duration: 'the time was up',
  aborted: 'it was interrupted',
  target: 'the target stopped answering',
}

/** What was used up, and has given nothing back. */
export function unreleasedText({
  admitted,
  waitedUs,
}: {
  admitted: number
  waitedUs: number
}): string {
  return `${admitted} requests were admitted and none since, for ${Math.round(waitedUs / 1e6)} s: a budget or a window longer than that`
}
