// Token counts of text. The tokenizer (o200k_base) is loaded only when a text needs it: prompts of
// our own vocabulary are counted by their words.

import { createRequire } from 'node:module'
import { WORDS } from './words.ts'

type Encoding = typeof import('gpt-tokenizer/encoding/o200k_base')

const load = createRequire(import.meta.url)
const known = new Set(WORDS)
let encoding: Encoding | undefined

/** Tokens of a text as o200k_base counts them. The first foreign text takes some 150 ms. */
export function countTokens(text: string): number {
  return countKnownWords(text) ?? tokenizer().countTokens(text)
}

/** Loads the tokenizer now, so that no request has to wait for it. */
export function tokenizer(): Encoding {
  encoding ??= load('gpt-tokenizer/encoding/o200k_base') as Encoding
  return encoding
}

/** The number of words when a text is nothing but our own words, else undefined. */
function countKnownWords(text: string): number | undefined {
  if (text === '') return 0
  let count = 0
  let start = 0
  while (start <= text.length) {
    const space = text.indexOf(' ', start)
    const end = space < 0 ? text.length : space
    if (!known.has(text.slice(start, end))) return undefined
    count++
    start = end + 1
  }
  return count
}
