import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CoarseCounts } from './coarseCounts.ts'
import { LatencyCounts } from './latencyCounts.ts'

const spansUs = fc.array(fc.integer({ min: 0, max: 3_600_000_000 }), { maxLength: 60 })

function countsOf(us: readonly number[]): CoarseCounts {
  const coarse = new CoarseCounts()
  const exact = new LatencyCounts()
  for (const one of us) exact.record(one)
  const cut = exact.cut()
  if (cut !== null) coarse.addCut(cut)
  return coarse
}

test('the whole is the merge of its parts, in whichever order', () => {
  fc.assert(
    fc.property(fc.array(spansUs, { maxLength: 6 }), (parts) => {
      const whole = countsOf(parts.flat())
      const merged = new CoarseCounts()
      for (const part of parts.toReversed()) merged.merge(countsOf(part))
      expect(merged.buckets()).toEqual(whole.buckets())
      expect([merged.count, merged.maxUs]).toEqual([whole.count, whole.maxUs])
    }),
  )
})

test('buckets rise, hold every span, and are within 1 % of it', () => {
  fc.assert(
    fc.property(spansUs, (us) => {
      const buckets = countsOf(us).buckets()
      const held = buckets.flatMap((bucket) =>
        Array.from({ length: bucket.count }, () => bucket.us),
      )
      expect(held).toEqual(held.toSorted((a, b) => a - b))
      const sorted = us.toSorted((a, b) => a - b)
      expect(held.length).toBe(sorted.length)
      for (const [i, span] of sorted.entries()) {
        expect(Math.abs(held[i]! - span)).toBeLessThanOrEqual(0.01 * span)
      }
    }),
  )
})
