import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeCounts } from './countsEncoding.ts'
import { LatencyHistogram } from './histogram.ts'
import { LatencyCounts, latencyUsMax } from './latencyCounts.ts'

test('what a histogram encodes decodes to the counts of the same samples', () => {
  const span = fc.oneof(fc.nat(3000), fc.nat(2_000_000), fc.nat(latencyUsMax))
  fc.assert(
    fc.property(fc.array(span, { minLength: 1, maxLength: 200 }), (spans) => {
      const histogram = new LatencyHistogram()
      const counts = new LatencyCounts()
      for (const us of spans) {
        histogram.record(us)
        counts.record(us)
      }
      const expected = counts.peek()!
      const decoded = decodeCounts(histogram.encode())
      histogram.destroy()
      expect(decoded.indices).toEqual(expected.indices)
      expect(decoded.counts).toEqual(expected.counts)
      expect(decoded.count).toBe(spans.length)
      expect(decoded.minUs).toBeLessThanOrEqual(expected.minUs)
      expect(decoded.maxUs).toBeGreaterThanOrEqual(expected.maxUs)
    }),
    { numRuns: 50 },
  )
})

test('text that is no histogram is refused', () => {
  expect(() => decodeCounts('')).toThrow(/compressed V2/)
  expect(() => decodeCounts('SGVsbG8gd29ybGQ=')).toThrow(/compressed V2/)
})
