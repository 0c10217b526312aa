import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyRecord, batchOf, requestRecord } from '../testing/requestRecords.ts'
import { otherName, type RequestRecord } from './record.ts'
import { RowDecoder, RowEncoder, rowBytes } from './requestRow.ts'

/** Encodes each list up to a cut, and decodes all. */
function roundTrip(cuts: readonly (readonly RequestRecord[])[]): RequestRecord[][] {
  const encoder = new RowEncoder()
  const decoder = new RowDecoder()
  return cuts.map((records) => {
    const { texts, rows } = batchOf(0, encoder, records)
    decoder.add(texts)
    const words = new Int32Array(rows.buffer)
    const doubles = new Float64Array(rows.buffer)
    return records.map((_, row) => decoder.read(words, doubles, row))
  })
}

const count = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => requestRecord({ error: `error ${from + i}` }))

describe('a row of a request', () => {
  test('holds any record, wherever the cuts are', () => {
    const anyCuts = fc.array(fc.array(anyRecord, { maxLength: 5 }), { maxLength: 5 })
    fc.assert(
      fc.property(anyCuts, (cuts) => {
        expect(roundTrip(cuts)).toEqual(cuts)
      }),
    )
  })

  test('is 72 bytes, of which the rows before and after are none', () => {
    const encoder = new RowEncoder()
    const words = new Int32Array((3 * rowBytes) / 4).fill(7)
    encoder.write(words, new Float64Array(words.buffer), 1, requestRecord())
    expect(rowBytes).toBe(72)
    expect(words.filter((_, i) => i < 18 || i >= 36).every((word) => word === 7)).toBe(true)
  })

  test('keeps within its words what servers say', () => {
    const said = requestRecord({ promptTokens: 1e15, completionTokens: 2 ** 32 - 1, bytesIn: 3e9 })
    const longest = { promptTokens: 2 ** 31 - 1, completionTokens: 2 ** 31 - 1, bytesIn: 3e9 }
    expect(roundTrip([[said]])).toEqual([[{ ...said, ...longest }]])
  })
})

describe('texts that differ in every request', () => {
  const names = { scenario: 'S', phase: 'P', lane: 'L', shape: 'H' }

  test('never give a wrong name, also with more of them in a cut than there are ids', () => {
    const records = [
      ...count(0, 70_000),
      requestRecord({ ...names, limiter: 'tpm', error: 'the last' }),
    ]
    const [decoded] = roundTrip([records])
    const wrong = records.filter((record, i) => {
      const { error, scenario, phase, lane, shape } = decoded![i]!
      const isNamed = error === record.error || error === otherName
      const got = [scenario, phase, lane, shape].join()
      return !isNamed || got !== [record.scenario, record.phase, record.lane, record.shape].join()
    })
    expect(wrong).toEqual([])
    expect(decoded![0]).toEqual(records[0])
    expect(decoded![19_000]).toEqual(records[19_000])
    expect(decoded!.at(-1)).toEqual({ ...records.at(-1), error: otherName })
  })

  test('are told apart again after the next cut', () => {
    const cuts = [count(0, 70_000), count(70_000, 70_010), [requestRecord(names)]]
    const [, ...decoded] = roundTrip(cuts)
    expect(decoded).toEqual(cuts.slice(1))
  })

  test('do not fill memory: a table that is full starts anew', () => {
    const encoder = new RowEncoder()
    const cuts = [count(0, 1000), count(1000, 25_000), count(25_000, 25_010), [requestRecord()]]
    const texts = cuts.map((records) => batchOf(0, encoder, records).texts)
    expect(texts.map(({ isNew }) => isNew)).toEqual([true, false, true, false])
    expect(texts[2]!.texts).toHaveLength(4 + 10)
    expect(texts[3]!.texts).toEqual([])
  })

  test('leave limiters their names for longer than errors', () => {
    const records = Array.from({ length: 22_000 }, (_, i) =>
      requestRecord({ error: `error ${i}`, limiter: i < 21_000 ? null : `limiter ${i}` }),
    )
    const [decoded] = roundTrip([records])
    expect(decoded!.map(({ limiter }) => limiter)).toEqual(records.map(({ limiter }) => limiter))
  })
})
