import fc from 'fast-check'
import stringWidth from 'string-width'
import { expect, test } from 'vitest'
import { painter } from './paint.ts'
import { textTable } from './textTable.ts'

const paint = painter(false)
const head = ['limiter', 'lane', 'first rejection', 'after', 'confidence']
const rows = [
  ['requests', 'free', '25.838 s, request 96', '40 requests, 960 tokens', 'inferred'],
  ['tokens', 'free', 'never', '', ''],
]

test('columns are as wide as their widest cell, also where characters are two columns wide', () => {
  const columns = Number.POSITIVE_INFINITY
  expect(
    textTable(
      ['lane', 'n'],
      [
        ['无料', '1'],
        ['a', '22'],
      ],
      { paint, columns },
    ),
  ).toEqual(['  lane  n', '  无料  1', '  a     22'])
  expect(textTable(head, [], { paint, columns })).toEqual([])
})

test('a table that does not fit is told cell by cell, and nothing is lost', () => {
  expect(textTable(head, rows, { paint, columns: 60 })).toEqual([
    '  requests',
    '    lane free · first rejection 25.838 s, request 96 · after',
    '    40 requests, 960 tokens · confidence inferred',
    '  tokens',
    '    lane free · first rejection never',
  ])
  fc.assert(
    fc.property(fc.integer({ min: 30, max: 120 }), (columns) => {
      const lines = textTable(head, rows, { paint, columns })
      for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(columns)
      const words = lines.join(' ').split(/\s+/)
      for (const word of rows.flat().flatMap((cell) => cell.split(' '))) {
        expect(word === '' || words.includes(word)).toBe(true)
      }
    }),
  )
})
