// The text of OpenAI's rate limit errors, which tells all about the limiter: read and written. Must
// not know the rest of the response.

import type { LimitUnit } from '../core/limits.ts'
import type { Denial, LimitSignal } from './dialect.ts'
import { unitIn, windowUsIn, windowWord } from './dimension.ts'
import { deniedReport, figuresOf, goDuration } from './write.ts'

/** A limit as a message has it. */
export interface Disclosure {
  readonly signal: LimitSignal
  readonly isTooLarge: boolean
}

/**
 * 'Rate limit reached for gpt-4o in organization org-… on tokens per min (TPM): Limit 30000, Used
 * 29937, Requested 385. Please try again in 644ms.'; null for other messages.
 */
export function disclosureIn(message: string): Disclosure | null {
  // Gateways in front put their own words before it.
  const opening = /(?:^|[-:] )(Rate limit reached|Request too large) for /.exec(message)
  if (opening === null) return null
  const [, phrase, per] =
    / on ([a-z][a-z _-]{0,40}?)(?: per (\w+))?(?: \(\w+\))?[:.]/i.exec(message) ?? []
  const unit = unitIn(phrase ?? null)
  const limit = figureIn(message, limitFigure)
  const used = figureIn(message, usedFigure) ?? figureIn(message, currentFigure)
  return {
    signal: {
      name: unit ?? phrase ?? null,
      unit,
      limit,
      remaining: limit === null || used === null ? null : Math.max(0, limit - used),
      windowUs: windowUsIn(per),
      resetUs: null,
      evidence: `body:/error/message: on ${phrase ?? 'nothing named'}`,
    },
    isTooLarge: opening[1] === 'Request too large',
  }
}

const limitFigure = /\bLimit:? ([\d,]{1,20})/
const usedFigure = /\bUsed:? ([\d,]{1,20})/
const currentFigure = /\bCurrent:? ([\d,]{1,20})/

function figureIn(message: string, pattern: RegExp): number | null {
  const digits = pattern.exec(message)?.[1]
  return digits === undefined ? null : Number(digits.replaceAll(',', ''))
}

/** The unit as OpenAI counts it: input and output together. */
export function dimensionOf(unit: LimitUnit): LimitUnit {
  return unit === 'prompt-tokens' || unit === 'completion-tokens' ? 'tokens' : unit
}

/** The message of a denial; without a wait where no instant is known. */
export function deniedMessage(denial: Denial): string {
  const { limiter, decision, subject, requested } = denial
  const { limit, remaining, windowUs } = figuresOf(deniedReport(denial))
  const dimension = dimensionOf(limiter.model.unit)
  const isTooLarge = decision.until === 'never'
  const opening = isTooLarge ? 'Request too large' : 'Rate limit reached'
  const used = isTooLarge ? '' : `, Used ${limit - remaining}`
  const advice = isTooLarge
    ? ' The input or output tokens must be reduced in order to run successfully.'
    : ''
  const wait =
    decision.retryAfterUs === null
      ? advice
      : ` Please try again in ${goDuration(decision.retryAfterUs)}.`
  return (
    `${opening} for ${subject.model} in organization ${organization} on ` +
    `${per(dimension, windowUs)}: Limit ${limit}${used}, Requested ${Math.ceil(requested)}.${wait}` +
    ' Visit https://platform.openai.com/account/rate-limits to learn more.'
  )
}

const organization = 'org-limitscope'

// 'tokens per min (TPM)'; the service has no other windows, nor requests in flight.
function per(dimension: LimitUnit, windowUs: number | null): string {
  if (dimension === 'concurrent-requests') return 'concurrent requests'
  if (windowUs === null) return dimension
  const word = windowWord(windowUs).replace('minute', 'min')
  const initial = /^(?:min|day)$/.test(word) ? ` (${dimension[0]}P${word[0]})`.toUpperCase() : ''
  return `${dimension} per ${word}${initial}`
}
