import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TimedAlgorithm } from '../limiters/limiter.ts'
import { fixedWindow, tokenBucket } from '../limiters/models.ts'
import { observedOf } from '../testing/observedOf.ts'
import { verdictsOf } from './judging.ts'
import { strictDenials } from './strictly.ts'
import { type TraceGroup, traceOf } from './trace.ts'

/** By how much what is known of a limiter may be off. */
const off = fc.double({ min: 0.997, max: 1.003, noNaN: true })

const cases: Record<string, readonly [TimedAlgorithm, (by: number) => TimedAlgorithm]> = {
  'a fixed window from the first request': [
    fixedWindow(6, 200_000) as TimedAlgorithm,
    (by) => fixedWindow(6, Math.round(200_000 * by)) as TimedAlgorithm,
  ],
  'a fixed window on a clock': [
    { ...fixedWindow(6, 200_000), anchor: 'wall-clock' } as TimedAlgorithm,
    () => ({ ...fixedWindow(6, 200_000), anchor: 'wall-clock' }) as TimedAlgorithm,
  ],
  'a token bucket': [
    tokenBucket(6, 1, 30_000) as TimedAlgorithm,
    (by) => tokenBucket(6, 1, Math.round(30_000 + (by - 1) * 3_000)) as TimedAlgorithm,
  ],
}

describe('what a limiter denied it may have denied, though it is not known exactly:', () => {
  test.each(Object.entries(cases))('%s', (_name, [algorithm, near]) => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), off, (seed, by) => {
        const observations = observedOf(algorithm, false, seed)
        const trace = traceOf(observations, verdictsOf(observations, new Set()), () => 1)
        const hypothesis = { algorithm: near(by), chargesRejected: false, phaseUs: 0 }
        const denials = strictDenials(hypothesis, trace)
        expect(trace.filter(({ denied }, i) => denied > 0 && !denials[i])).toEqual([])
      }),
      { numRuns: 200 },
    )
  })
})

test('what got no answer it may have denied where it has no room, and has let pass where it has', () => {
  const group = (fromUs: number, what: Partial<TraceGroup>): TraceGroup => {
    const none = { passed: 0, denied: 0, lost: 0, unclear: 0 }
    return { fromUs, toUs: fromUs + 100, deniedFromUs: fromUs, cost: 1, ...none, ...what }
  }
  const trace = [group(0, { passed: 6 }), group(1_000, { lost: 1 }), group(250_000, { lost: 1 })]
  const algorithm = fixedWindow(6, 200_000) as TimedAlgorithm
  const denials = strictDenials({ algorithm, chargesRejected: false, phaseUs: 0 }, trace)
  expect(denials).toEqual([false, true, false])
})
