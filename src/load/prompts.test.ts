import fc from 'fast-check'
import { countTokens as cl100k } from 'gpt-tokenizer/encoding/cl100k_base'
import { countTokens as o200k } from 'gpt-tokenizer/encoding/o200k_base'
import { describe, expect, test } from 'vitest'
import { promptMaker } from './prompts.ts'
import { countTokens } from './tokenizer.ts'
import { WORDS } from './words.ts'

describe('the vocabulary', () => {
  test('has 1,024 different words', () => {
    expect(new Set(WORDS).size).toBe(1024)
  })

  test('is one token per word, with and without a leading space, in both encodings', () => {
    for (const count of [o200k, cl100k]) {
      expect(WORDS.filter((word) => count(word) !== 1 || count(` ${word}`) !== 1)).toEqual([])
    }
  })
})

describe('a prompt', () => {
  test('has exactly the tokens asked for, by the real tokenizers', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400 }),
        fc.nat(1e9),
        fc.string(),
        (tokens, seq, nonce) => {
          const prompt = promptMaker(tokens, nonce)(seq)
          expect(o200k(prompt)).toBe(tokens)
          expect(cl100k(prompt)).toBe(tokens)
          expect(countTokens(prompt)).toBe(tokens)
        },
      ),
    )
  })

  test.each([3, 8, 200])('of %s tokens is unlike every other of its run', (tokens) => {
    const make = promptMaker(tokens, 'run')
    expect(new Set(Array.from({ length: 20_000 }, (_, seq) => make(seq))).size).toBe(20_000)
  })

  test('differs from the prompt of another run from its first token on', () => {
    const first = promptMaker(8, 'run-1')(0).split(' ')
    const second = promptMaker(8, 'run-2')(0).split(' ')
    expect(first.slice(0, 4)).not.toEqual(second.slice(0, 4))
  })
})

test('text that is not ours is counted by the tokenizer', () => {
  for (const text of [
    '',
    'Hello, world!',
    'with  that',
    'with that ',
    ' with',
    'naïve ☃ {"a":1}',
  ]) {
    expect(countTokens(text)).toBe(o200k(text))
  }
})
