import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { stringify } from 'csv-stringify/sync'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { safeLine } from '../core/text.ts'
import { type Cell, CsvFile } from './csv.ts'

const freshPath = () => join(mkdtempSync(join(tmpdir(), 'limitscope-')), 'x.csv')
const unexpected = (error: Error) => {
  throw error
}

async function written(columns: readonly string[], rows: readonly (readonly Cell[])[]) {
  const path = freshPath()
  const file = new CsvFile(path, columns, unexpected)
  file.writeAll(rows)
  await file.close()
  return readFileSync(path, 'utf8')
}

test('a file is what csv-stringify makes of its rows', async () => {
  const special = fc.constantFrom('', 'a,b', '"', '=1', '-1', '+x', '@', '＝1', "'", ' |x', 'a\nb')
  const text = fc.oneof(special, fc.string(), fc.string({ unit: 'grapheme' }))
  const cell = fc.oneof(text, fc.double(), fc.integer(), fc.boolean(), fc.constant(null))
  const row = fc.array(cell, { minLength: 2, maxLength: 4 })
  const property = fc.asyncProperty(fc.array(row, { maxLength: 6 }), async (rows) => {
    const expected = stringify([['a', 'b'], ...rows.map((cells) => cells.map(plain))], {
      escape_formulas: true,
      record_delimiter: '\n',
    })
    expect(await written(['a', 'b'], rows)).toBe(expected)
  })
  await fc.assert(property, { numRuns: 50 })

  function plain(cell: Cell): string | number | null {
    if (typeof cell === 'number') return Number.isFinite(cell) ? cell : null
    if (cell === null || cell === undefined) return null
    const line = safeLine(String(cell), 1000).trim()
    return line.startsWith('|') ? `'${line}` : line
  }
})

test('more texts than are remembered are all written', async () => {
  const rows = Array.from({ length: 12_000 }, (_, i) => [`text ${i}`, `"${i % 3}"`])
  expect(parse(await written(['a', 'b'], rows))).toEqual([['a', 'b'], ...rows])
})

test('who waits for the disk does so until it has taken what waited', async () => {
  const path = freshPath()
  const file = new CsvFile(path, ['a'], unexpected)
  await file.drained()
  file.write(['x'])
  file.writeAll(Array.from({ length: 1000 }, () => ['x'.repeat(1000)]))
  await file.drained()
  expect(readFileSync(path).length).toBe(2 + 2 + 1000 * 1001)
  await file.close()
  await file.close()
})

test('a file that failed says so once, keeps nobody waiting, and drops what comes', async () => {
  const path = freshPath()
  writeFileSync(path, 'precious')
  const errors: Error[] = []
  const file = new CsvFile(path, ['a'], (error) => errors.push(error))
  file.write(['x'.repeat(300_000)])
  await file.drained()
  file.write(['x'])
  await file.close()
  await file.drained()
  expect(errors).toMatchObject([{ code: 'EEXIST' }])
  expect(readFileSync(path, 'utf8')).toBe('precious')
})
