// What a profile found, as a person would write it down: a paragraph per limiter, a table, warnings.

import { formatCount, formatInteger, formatShare, formatSpan, unknown } from '../core/format.ts'
import type { LimitUnit } from '../core/limits.ts'
import type { ProfileDocument, ProfiledLimiter } from '../core/profileDocument.ts'
import { algorithmText } from '../profile/wording.ts'
import { foldedLines } from './fold.ts'
import { type Paint, painter } from './paint.ts'
import { textTable } from './textTable.ts'

export interface ProfileTextOptions {
  readonly colour: boolean
  /** Of the terminal; infinity where lines may be as long as they like. */
  readonly columns: number
}

/** Longer lines of prose are hard to read. */
const proseColumnsMax = 100

/** Several lines, the last without a line feed. */
export function profileText(document: ProfileDocument, options: ProfileTextOptions): string {
  const paint = painter(options.colour)
  const { columns } = options
  const fold = (text: string, indent = '') =>
    foldedLines(text, Math.min(columns, proseColumnsMax), indent)
  return [
    headline(document, paint),
    ...document.reasons.flatMap((reason) => fold(reason, '  ')),
    ...document.limiters.flatMap((limiter) => [
      '',
      paint('bold', limiter.id),
      ...fold(paragraph(limiter), '  '),
    ]),
    ...spaced(textTable(head, document.limiters.map(cells), { paint, columns })),
    ...spaced(
      document.warnings.flatMap(({ code, limiter, message }) => [
        paint('yellow', `! ${code}${limiter === null ? '' : ` (${limiter})`}`),
        ...fold(message, '  '),
      ]),
    ),
  ].join('\n')
}

/** One limiter in sentences. */
export function paragraph(limiter: ProfiledLimiter): string {
  return [
    ruleSentence(limiter),
    chargeSentence(limiter),
    costSentence(limiter),
    rejectedSentence(limiter),
    scopeSentence(limiter),
    answerSentence(limiter),
    overSentence(limiter),
    sureSentence(limiter),
  ]
    .filter((sentence) => sentence !== '')
    .join(' ')
}

function headline(document: ProfileDocument, paint: Paint): string {
  const { conclusion, limiters, target, requests, durationMs, seed } = document
  const spent = `${formatInteger(requests)} requests, ${formatSpan(durationMs * 1000)}, seed ${seed}`
  const found = `${limiters.length} limiter${limiters.length === 1 ? '' : 's'}`
  const word = {
    identified: paint('green', `IDENTIFIED ${found}`),
    none: paint('green', 'NO LIMITER met'),
    undetermined: paint('yellow', `UNDETERMINED${limiters.length > 0 ? `, ${found} so far` : ''}`),
  }[conclusion]
  return `${word}  ${target}  ${paint('dim', spent)}`
}

function ruleSentence(limiter: ProfiledLimiter): string {
  const { algorithm, unit } = limiter
  const amount = amountText(limiter.limit, unit)
  const window = spanText(limiter.windowMs)
  switch (algorithm) {
    case 'fixed-window':
      return `A fixed window: ${amount} per ${window}. ${anchorText(limiter)}`
    case 'sliding-log':
      return `A sliding log: never more than ${amount} in any ${window}.`
    case 'sliding-counter':
      return `A sliding counter: about ${amount} in any ${window}, the window before weighed by how much of it still overlaps.`
    case 'token-bucket':
      return `A token bucket: bursts of up to ${amountText(limiter.burst, unit)}, then ${refillText(limiter)}.`
    case 'leaky-queue':
      return `A leaky queue: lets ${rateText(limiter.refillPerS)} through, holds back up to ${amountText(limiter.burst, unit)} that come faster, and rejects the rest.`
    case 'concurrency':
      return `A cap on requests in flight: ${amount}${queueText(limiter)}.`
    case 'budget':
      return `A budget: ${amount}${limiter.windowMs === null ? ', which was not seen to come back' : ` per ${window}`}.`
    case 'unknown':
      return 'Something rejects requests, in a way that no algorithm known here explains.'
  }
}

function anchorText({ anchor }: ProfiledLimiter): string {
  if (anchor === 'wall-clock') return 'Windows begin at fixed times of the clock.'
  if (anchor === 'first-request') return 'A window opens with the first request after the last one.'
  return 'When windows begin could not be told.'
}

function refillText({ refillPerS, refillStep }: ProfiledLimiter): string {
  if (refillStep === null) return rateText(refillPerS)
  const { units, everyMs } = refillStep
  return `${formatCount(units)} at a time, every ${formatSpan(everyMs * 1000)}`
}

function queueText({ queue }: ProfiledLimiter): string {
  if (queue === null) return ''
  return queue === 0 ? '; nobody waits' : `; ${formatInteger(queue)} more may wait`
}

function chargeSentence({ charge, unit }: ProfiledLimiter): string {
  if (unit === 'concurrent-requests') return ''
  switch (charge) {
    case 'pre':
      return unit === 'requests' ? '' : 'The cost is charged before the answer.'
    case 'post':
      return 'The cost is charged after the answer, so that everything in flight gets in.'
    case 'reserve':
      return 'The most that a request may cost is reserved, and settled after the answer.'
    case null:
      return 'When the cost is charged could not be told.'
  }
}

function costSentence({ costs = [], unit }: ProfiledLimiter): string {
  if (costs.length === 0) return ''
  const each = costs.map(({ shape, units: [low, high] }) => {
    const [least, most] = [Math.ceil(low), Math.floor(high)]
    return `${shape} ${least >= most ? formatInteger(most) : `${formatInteger(least)} – ${formatInteger(most)}`}`
  })
  return `A request cost it, in ${unitTexts[unit]}: ${each.join(', ')}.`
}

function rejectedSentence({ chargesRejected, algorithm }: ProfiledLimiter): string {
  if (algorithm === 'concurrency') return ''
  if (chargesRejected === null) {
    return algorithm === 'fixed-window'
      ? 'Rejected requests do not extend it; whether they count in it cannot be seen from outside.'
      : 'Whether rejected requests are charged could not be told.'
  }
  if (!chargesRejected) return 'Rejected requests cost nothing.'
  return algorithm === 'fixed-window'
    ? 'Every rejected request starts the wait anew: who polls stays locked out.'
    : 'Rejected requests are charged, too: who polls stays locked out.'
}

function scopeSentence({ scope }: ProfiledLimiter): string {
  if (scope === null) return ''
  if (scope.length === 0) return 'Everybody that was tried shares it.'
  return `Each ${scope.join(' and ')} has a limit of its own.`
}

function answerSentence({ status, retryAfter }: ProfiledLimiter): string {
  if (status === null) return ''
  const rejects = `It rejects with ${status}`
  if (!retryAfter.present) return `${rejects}, without saying when to come back.`
  const error = retryAfter.medianErrorMs
  if (error === null) return `${rejects} and a Retry-After, which was not put to the test.`
  const size = formatSpan(Math.abs(error) * 1000)
  return `${rejects} and a Retry-After that is ${size} too ${error < 0 ? 'short' : 'long'} at the median.`
}

function overSentence({ overAdmission, unit }: ProfiledLimiter): string {
  if (overAdmission === null) return ''
  if (overAdmission === 0) return 'Requests sent at the same instant got no more than that.'
  return `Requests sent at the same instant got ${amountText(overAdmission, unit)} more than that.`
}

function sureSentence({ confidence, equivalents }: ProfiledLimiter): string {
  const sure = `${confidence > 0.999 ? 'More than 99.9 %' : formatShare(confidence)} sure`
  if (equivalents.length === 0) return `${sure}.`
  return `${sure} that it is this or ${othersText(equivalents)}, which no probe that was sent tells apart.`
}

/** More are counted, and not all named: the most probable come first. */
const othersNamedMost = 4

function othersText(titles: readonly string[]): string {
  if (titles.length <= othersNamedMost) return eitherOf(titles)
  return eitherOf([...titles.slice(0, 2), `one of ${titles.length - 2} others`])
}

const eitherOf = (texts: readonly string[]) => alternatives.format(texts)

const alternatives = new Intl.ListFormat('en', { type: 'disjunction' })

const head = [
  'limiter',
  'algorithm',
  'limit',
  'window',
  'burst',
  'refill',
  'charges rejects',
  'status',
  'sure',
]

function cells(limiter: ProfiledLimiter): string[] {
  const { limit, burst, unit, windowMs, refillPerS, chargesRejected, status } = limiter
  return [
    limiter.id,
    `${algorithmText(limiter.algorithm)}${alikeText(limiter.equivalents)}`,
    limit === null ? unknown : amountText(limit, unit),
    windowMs === null ? unknown : formatSpan(windowMs * 1000),
    burst === null ? unknown : formatInteger(burst),
    rateCell(refillPerS),
    chargesRejected === null ? unknown : chargesRejected ? 'yes' : 'no',
    status === null ? unknown : String(status),
    limiter.confidence > 0.999 ? '>99.9 %' : formatShare(limiter.confidence),
  ]
}

function alikeText(equivalents: readonly string[]): string {
  return equivalents.length === 0 ? '' : ` (or ${equivalents.length} alike)`
}

const unitTexts: Readonly<Record<LimitUnit, string>> = {
  requests: 'requests',
  tokens: 'tokens',
  'prompt-tokens': 'prompt tokens',
  'completion-tokens': 'completion tokens',
  'concurrent-requests': 'in flight',
  usd: 'USD',
}

function amountText(amount: number | null, unit: LimitUnit): string {
  return `${amount === null ? 'an unknown number of' : formatInteger(amount)} ${unitTexts[unit]}`
}

function spanText(ms: number | null): string {
  return ms === null ? 'a span that was not established' : formatSpan(ms * 1000)
}

function rateText(perS: number | null): string {
  return perS === null ? 'at a rate that was not established' : `${formatCount(perS)} per second`
}

function rateCell(perS: number | null): string {
  return perS === null ? unknown : `${formatCount(perS)}/s`
}

function spaced(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', ...lines]
}
