// The words gateways have for what a limiter counts and over which window. Must not know where
// they stand in a response.

import type { LimitUnit } from '../core/limits.ts'
import { durationText, type Micros } from '../core/units.ts'
import { durationUsOf, unitUs } from './reset.ts'

/** What a short phrase counts: 'tokens', 'TPM', 'output tokens', 'max_parallel_requests'. */
export function unitIn(phrase: string | null): LimitUnit | null {
  if (phrase === null) return null
  for (const [words, unit] of unitWords) if (words.test(phrase)) return unit
  return null
}

// In this order: 'max_parallel_requests' are no requests, 'input tokens' no mere tokens.
const unitWords: readonly (readonly [RegExp, LimitUnit])[] = [
  [/concurren|parallel|in.?flight/i, 'concurrent-requests'],
  [/(?:input|prompt).?token/i, 'prompt-tokens'],
  [/(?:output|completion).?token/i, 'completion-tokens'],
  [/token|\bTP[MDH]\b/i, 'tokens'],
  [/budget|cost|credit|\busd\b|dollar/i, 'usd'],
  [/request|\bcalls?\b|\bRP[SMDH]\b/i, 'requests'],
]

/** The window a word stands for: 'minute', 'min', 'day', '30' (seconds), '10s'. */
export function windowUsIn(word: string | null | undefined): Micros | null {
  if (word === null || word === undefined || word === '') return null
  if (/^\d{1,9}$/.test(word)) return Number(word) * 1e6
  return unitUs(word) ?? durationUsOf(word)
}

/** 'minute' for 60 s; windows without a word go by their length, '10s'. */
export function windowWord(windowUs: Micros): string {
  const word = windowWords.find((candidate) => unitUs(candidate) === windowUs)
  return word ?? durationText(windowUs)
}

const windowWords = ['second', 'minute', 'hour', 'day', 'month', 'year']
