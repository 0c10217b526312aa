// Synthetic prompts of exactly n tokens, no two alike, so that prompt caches do not lie.

import { randomStream, uniformAt } from '../core/random.ts'
import { WORDS } from './words.ts'

/** Makes the prompt of request `seq`. */
export type PromptMaker = (seq: number) => string

/** Words that tell requests of one run apart: 256⁴ requests before they repeat. */
const seqWords = 4

/** Words of one length, so that all prompts of a shape are equally long. */
const digitWords = WORDS.filter((word) => word.length === 4).slice(0, 256)

/** A prompt whose first words differ from request to request; all of them take the same bytes. */
export interface PromptTemplate {
  readonly head: string
  readonly variable: (seq: number) => string
  readonly tail: string
}

/**
 * Prompts of exactly `tokens` tokens (at least 1). Up to five leading words differ per request and
 * per `nonce` (the run), the rest is the same text for all: shorter prompts than four tokens repeat
 * after 256^tokens requests.
 */
export function promptTemplate(tokens: number, nonce: string): PromptTemplate {
  const stream = randomStream(0, `prompt ${nonce}`)
  const word = (i: number) => WORDS[Math.floor(uniformAt(stream, i) * WORDS.length)]!
  const unique = Math.min(tokens, seqWords)
  const isTagged = tokens > seqWords
  const restCount = tokens - unique - (isTagged ? 1 : 0)
  // A shift per run keeps short prompts of one run from being those of the next.
  const shift = Math.floor(uniformAt(stream, 1_000_003) * digitWords.length ** unique)
  return {
    head: isTagged ? `${word(0)} ` : '',
    variable: (seq) => digits(seq + shift, unique),
    tail: Array.from({ length: restCount }, (_, i) => ` ${word(i + 1)}`).join(''),
  }
}

/** The same as whole texts. */
export function promptMaker(tokens: number, nonce: string): PromptMaker {
  const { head, variable, tail } = promptTemplate(tokens, nonce)
  return (seq) => head + variable(seq) + tail
}

function digits(value: number, count: number): string {
  let text = ''
  let left = value
  for (let i = 0; i < count; i++) {
    text += (i === 0 ? '' : ' ') + digitWords[left % digitWords.length]!
    left = Math.floor(left / digitWords.length)
  }
  return text
}
