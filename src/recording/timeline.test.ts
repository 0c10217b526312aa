import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CoarseCounts } from '../core/coarseCounts.ts'
import { LatencyCounts } from '../core/latencyCounts.ts'
import { otherName, outcomes, type RequestRecord } from '../core/record.ts'
import { requestRecord } from '../testing/requestRecords.ts'
import { ErrorFold } from './errorKinds.ts'
import { SeriesFold } from './series.ts'
import { type Slice, SliceFold } from './slice.ts'
import { TimelineFold } from './timeline.ts'
import { timelineOf } from './timelineFile.ts'

/** Records at these instants, in the order of their ends. */
function recordsAt(endsUs: readonly number[], changes: Partial<RequestRecord> = {}) {
  return endsUs
    .toSorted((a, b) => a - b)
    .map((endUs, i) => {
      const sentUs = Math.max(0, endUs - 1000 - (i % 7) * 500)
      return requestRecord({ seq: i + 1, intendedUs: sentUs, sentUs, endUs, ...changes })
    })
}

function slicesOf(records: readonly RequestRecord[], isCut = (_i: number) => false): Slice[] {
  const slices: Slice[] = []
  const fold = new SliceFold((slice) => slices.push(structuredClone(slice)))
  for (const [i, record] of records.entries()) {
    fold.add(record)
    if (isCut(i)) fold.cut()
  }
  fold.cut()
  return slices
}

function timelineFrom(slices: readonly Slice[]) {
  const fold = new TimelineFold()
  const series = new SeriesFold()
  for (const slice of slices) {
    fold.slice(slice)
    for (const cut of slice.series) series.add(cut)
  }
  return timelineOf(fold, series.all())
}

const sum = (values: readonly (number | null)[]) =>
  values.reduce((total: number, value) => total + (value ?? 0), 0)

describe('a timeline', () => {
  const anyRecords = fc
    .array(fc.tuple(fc.nat(3e9), fc.constantFrom(...outcomes), fc.constantFrom('a', 'b')), {
      maxLength: 80,
    })
    .map((parts) =>
      parts
        .toSorted(([a], [b]) => a - b)
        .map(([endUs, outcome, shape]) =>
          requestRecord({ intendedUs: endUs, sentUs: endUs, endUs: endUs + 300, outcome, shape }),
        ),
    )

  test('of the whole is that of its parts', () => {
    fc.assert(
      fc.property(anyRecords, fc.array(fc.nat(80)), (records, cuts) => {
        const whole = timelineFrom(slicesOf(records))
        const parts = timelineFrom(slicesOf(records, (i) => cuts.includes(i)))
        expect(parts).toEqual(whole)
      }),
      { numRuns: 40 },
    )
  })

  test('loses no request, however often its columns are halved', () => {
    fc.assert(
      fc.property(anyRecords, (records) => {
        const timeline = timelineFrom(slicesOf(records))
        const ended = outcomes.reduce((total, outcome) => total + sum(timeline.counts[outcome]), 0)
        expect(ended).toBe(records.length)
        expect(sum(timeline.due)).toBe(records.length)
        const ok = records.filter(({ outcome }) => outcome === 'ok').length
        expect(timeline.heat.cells.reduce((total, [, , count]) => total + count, 0)).toBe(ok)
      }),
      { numRuns: 40 },
    )
  })

  test('of two seconds has a column for each quarter', () => {
    const { columnUs, columns, counts } = timelineFrom(slicesOf(recordsAt([1e5, 4e5, 19e5])))
    expect([columnUs, columns]).toEqual([250_000, 8])
    expect(counts.ok).toEqual([1, 1, 0, 0, 0, 0, 0, 1])
  })

  test('of a day is as small as that of an hour', () => {
    const every = (us: number) => Array.from({ length: 86_400e6 / us }, (_, i) => i * us)
    const day = timelineFrom(slicesOf(recordsAt(every(20e6))))
    expect(day.columns).toBeLessThanOrEqual(480)
    expect(day.columnUs).toBe(256e6)
    expect(sum(day.counts.ok)).toBe(4320)
    expect(JSON.stringify(day).length).toBeLessThan(100_000)
  })

  test('keeps rejections and warm-up out of response times', () => {
    const records = [
      ...recordsAt([1e5, 2e5]),
      ...recordsAt([3e5], { outcome: 'limited', limiter: 'requests', confidence: 'named' }),
      ...recordsAt([4e5], { stage: 'warmup' }),
    ]
    const { shapes, counts } = timelineFrom(slicesOf(records))
    expect(sum(shapes[0]!.response.count)).toBe(2)
    expect(sum(counts.ok)).toBe(3)
  })

  test('says most of what a lane had used of a limit in a column', () => {
    const fold = new TimelineFold()
    const gauge = {
      lane: 'free',
      limiter: 'requests',
      unit: 'requests',
      limit: 5,
      resetUs: 0,
    } as const
    const at = (us: number, used: number) =>
      fold.progress({ us, gauges: [{ ...gauge, used }] } as never)
    at(10_000, 2)
    at(20_000, 4)
    at(300_000, 1)
    const [gauges] = timelineOf(fold, []).gauges
    expect(gauges).toMatchObject({ limiter: 'requests', used: [4, 1], limit: [5, 5] })
  })
})

test('coarse counts are within a hundredth of exact ones', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 3.6e9 }), { minLength: 1 }), (spans) => {
      const exact = new LatencyCounts()
      for (const us of spans) exact.record(us)
      const coarse = new CoarseCounts()
      coarse.addCut(exact.peek()!)
      for (const q of [0.5, 0.9, 0.99, 1]) {
        const us = exact.quantile(q)!
        expect(Math.abs(coarse.quantile(q)! - us)).toBeLessThanOrEqual(1 + us * 0.01)
      }
      expect(coarse.maxUs).toBe(exact.maxUs)
    }),
  )
})

describe('kinds of errors', () => {
  const failed = (i: number, error: string) =>
    requestRecord({ seq: i, endUs: 1e6 + i, outcome: 'failed', status: 500, error })
  const kindsOf = (records: readonly RequestRecord[]) => {
    const fold = new ErrorFold()
    for (const record of records) fold.record(record)
    return fold.all()
  }

  test('differ in what happened, not in ids, ports and times', () => {
    const kinds = kindsOf([
      failed(1, 'request 8f3a-11 failed at 10.0.0.1:4711'),
      failed(2, 'request 77bc-92 failed at 10.0.0.2:4712'),
      failed(3, 'no capacity'),
    ])
    expect(kinds).toMatchObject([
      { sample: 'request 8f3a-11 failed at 10.0.0.1:4711', count: 2, firstUs: 1e6 + 1 },
      { sample: 'no capacity', count: 1 },
    ])
  })

  test('are bounded when a target makes up 10,000, and still add up', () => {
    const letters = (i: number) => String.fromCharCode(...[...String(i)].map((d) => 97 + Number(d)))
    const records = Array.from({ length: 10_000 }, (_, i) => failed(i, `unique ${letters(i)}`))
    const kinds = kindsOf(records)
    expect(kinds.length).toBeLessThanOrEqual(101)
    expect(kinds.reduce((total, { count }) => total + count, 0)).toBe(10_000)
    expect(kinds.find(({ sample }) => sample === otherName)!.count).toBe(9_900)
  })

  test('are no answers that were fine, and no rejections', () => {
    const fine = (['ok', 'limited', 'unsent'] as const).map((outcome) => requestRecord({ outcome }))
    expect(kindsOf(fine)).toEqual([])
  })
})
