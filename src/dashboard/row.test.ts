import fc from 'fast-check'
import { expect, test } from 'vitest'
import { foldText } from './fold.ts'
import {
  accent,
  cleanText,
  cutRow,
  cutText,
  fitRow,
  plain,
  type Row,
  rowWidth,
  sliceRow,
  strong,
  textWidth,
} from './row.ts'

const text = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' })).map(cleanText)
const row = fc.array(text.map(plain), { maxLength: 5 })
const columns = fc.integer({ min: 0, max: 40 })
const textOf = (spans: Row) => spans.map((span) => span.text).join('')

test('what fits is not cut, and what is cut ends in an ellipsis', () => {
  expect(cutText('limiter', 7)).toBe('limiter')
  expect(cutText('limiter', 6)).toBe('limit…')
  expect(cutText('limiter', 0)).toBe('')
})

test('a wide character is never halved', () => {
  expect(cutText('限流器', 5)).toBe('限流…')
  expect(cutText('限流器', 4)).toBe('限…')
  expect(textOf(sliceRow([plain('限流器')], 1, 5))).toBe(' 流 ')
})

test('a row is cut where it ends, whatever spans it is made of', () => {
  expect(textOf(cutRow([strong('ab'), accent('cd'), plain('ef')], 4))).toBe('abc…')
  expect(textOf(cutRow([strong('ab'), accent('cd'), plain('ef')], 6))).toBe('abcdef')
})

test('a cut row is never wider than asked for, a fitted one and a slice are exactly so', () => {
  fc.assert(
    fc.property(row, columns, columns, (spans, width, from) => {
      expect(rowWidth(cutRow(spans, width))).toBeLessThanOrEqual(width)
      expect(rowWidth(fitRow(spans, width))).toBe(width)
      expect(rowWidth(sliceRow(spans, from, from + width))).toBe(width)
    }),
  )
})

test('text from outside loses what moves the cursor, reorders or hides', () => {
  expect(cleanText('a\u001b[31mb\r\nc\u202ed\u200be\u00adf')).toBe('a [31mb  c d ef')
  expect(cleanText('half a pair \ud83d')).toBe('half a pair \ufffd')
  expect(cleanText('a note \u{1d158}\u{1d165}\u{1d16e} of three columns')).toBe(
    'a note \ufffd of three columns',
  )
})

test('folding keeps every word, and breaks words that are longer than a line', () => {
  expect(foldText('the first rejection of requests', 12)).toEqual([
    'the first',
    'rejection of',
    'requests',
  ])
  expect(foldText('abcdefgh ij', 5)).toEqual(['abcde', 'fgh', 'ij'])
})

test('no folded line is wider than asked for', () => {
  fc.assert(
    fc.property(text, fc.integer({ min: 2, max: 30 }), (whole, width) => {
      for (const line of foldText(whole, width)) expect(textWidth(line)).toBeLessThanOrEqual(width)
    }),
  )
})
