// Synthetic prompts of exactly n tokens, no two alike, so that prompt caches do not lie.

import { randomStream, uniformAt } from '../core/random.ts'
import { WORDS } from './words.ts'

/** Makes the prompt of request `seq`. */
export type PromptMaker = (seq: number) => string

/** Words that tell requests of one run apart: 1,024³ requests before they repeat. */
const seqWords = 3

/**
 * Prompts of exactly `tokens` tokens (at least 1). Up to four leading words differ per request and
 * per `nonce` (the run), the rest is the same text for all: shorter prompts than four tokens repeat
 * after 1,024^tokens requests.
 */
export function promptMaker(tokens: number, nonce: string): PromptMaker {
  const stream = randomStream(0, `prompt ${nonce}`)
  const word = (i: number) => WORDS[Math.floor(uniformAt(stream, i) * WORDS.length)]!
  const unique = Math.min(tokens, seqWords)
  const isTagged = tokens > seqWords
  const tag = isTagged ? `${word(0)} ` : ''
  const restCount = tokens - unique - (isTagged ? 1 : 0)
  const rest = Array.from({ length: restCount }, (_, i) => ` ${word(i + 1)}`).join('')
  // A shift per run keeps short prompts of one run from being those of the next.
  const shift = Math.floor(uniformAt(stream, 1_000_003) * WORDS.length ** unique)
  return (seq) => tag + digits(seq + shift, unique) + rest
}

function digits(value: number, count: number): string {
  const words: string[] = []
  for (let i = 0, left = value; i < count; i++) {
    words.push(WORDS[left % WORDS.length]!)
    left = Math.floor(left / WORDS.length)
  }
  return words.join(' ')
}
