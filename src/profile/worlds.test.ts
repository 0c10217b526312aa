import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LimiterAlgorithm, RefillStyle } from '../core/limits.ts'
import type { TimedAlgorithm } from '../limiters/limiter.ts'
import { fixedWindow, tokenBucket } from '../limiters/models.ts'
import { observedOf } from '../testing/observedOf.ts'
import { verdictsOf } from './judging.ts'
import { type TraceGroup, traceOf } from './trace.ts'
import { mismatches } from './worlds.ts'

const bucket = (refillStyle: RefillStyle) => ({ ...tokenBucket(6, 1, 30_000), refillStyle })

const cases: Record<string, { algorithm: LimiterAlgorithm; chargesRejected?: boolean }> = {
  'a fixed window from the first request': { algorithm: fixedWindow(6, 200_000) },
  'a fixed window that rejected requests extend': {
    algorithm: { ...fixedWindow(6, 200_000), extendedByRejected: true },
  },
  'a fixed window on a clock': {
    algorithm: { ...fixedWindow(6, 200_000), anchor: 'wall-clock' },
  },
  'a sliding log': { algorithm: { kind: 'sliding-log', limit: 6, windowUs: 200_000 } },
  'a sliding log that charges rejected requests': {
    algorithm: { kind: 'sliding-log', limit: 6, windowUs: 200_000 },
    chargesRejected: true,
  },
  'a sliding counter': {
    algorithm: { kind: 'sliding-counter', limit: 6, windowUs: 200_000, anchor: 'wall-clock' },
  },
  'a token bucket': { algorithm: bucket('continuous') },
  'a bucket that loses fractions at every request': { algorithm: bucket('lossy') },
  'a bucket that loses fractions when it admits': { algorithm: bucket('lossy-admitted') },
}

describe('the true hypothesis explains everything, wherever between sending and answer it arrived:', () => {
  test.each(Object.entries(cases))('%s', (_name, { algorithm, chargesRejected = false }) => {
    const hypothesis = { algorithm: algorithm as TimedAlgorithm, chargesRejected, phaseUs: 0 }
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
        const observations = observedOf(algorithm, chargesRejected, seed)
        const trace = traceOf(observations, verdictsOf(observations, new Set()), () => 1)
        expect(mismatches(hypothesis, trace)).toBe(0)
      }),
      { numRuns: 60 },
    )
  })
})

describe('it does so too where answers are lost:', () => {
  test.each(Object.entries(cases))('%s', (_name, { algorithm, chargesRejected = false }) => {
    const hypothesis = { algorithm: algorithm as TimedAlgorithm, chargesRejected, phaseUs: 0 }
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
        const observations = observedOf(algorithm, chargesRejected, seed, 0.05)
        const trace = traceOf(observations, verdictsOf(observations, new Set()), () => 1)
        expect(mismatches(hypothesis, trace)).toBe(0)
      }),
      { numRuns: 300 },
    )
  })
})

test('what was sent together with a denied request may have taken the only unit just before it', () => {
  const none = { cost: 1, passed: 0, denied: 0, lost: 0, unclear: 0 }
  const trace: TraceGroup[] = [
    { ...none, fromUs: 0, toUs: 1_000, deniedFromUs: 0, passed: 2 },
    { ...none, fromUs: 31_500, toUs: 62_000, deniedFromUs: 31_500, denied: 1, lost: 1 },
  ]
  const hypothesis = { algorithm: tokenBucket(2, 1, 30_000), chargesRejected: false, phaseUs: 0 }
  expect(mismatches(hypothesis, trace)).toBe(0)
  const passed = trace.map((group) => (group.lost > 0 ? { ...group, lost: 0, passed: 1 } : group))
  expect(mismatches(hypothesis, passed)).toBe(0)
  const alone = trace.map((group) => ({ ...group, lost: 0 }))
  expect(mismatches(hypothesis, alone)).toBe(1)
})

test('what got no answer is charged as long as anything is left, where answers are what is charged', () => {
  const none = { passed: 0, denied: 0, lost: 0, unclear: 0 }
  const at = (us: number) => ({ fromUs: us, toUs: us + 500, deniedFromUs: us })
  const trace: TraceGroup[] = [
    { ...none, ...at(0), cost: 10, passed: 1 },
    { ...none, ...at(1_000), cost: 10, lost: 1 },
    { ...none, ...at(2_000), cost: 1, denied: 1 },
  ]
  const hypothesis = { algorithm: fixedWindow(15, 1_000_000), chargesRejected: false, phaseUs: 0 }
  expect(mismatches({ ...hypothesis, isPost: true }, trace)).toBe(0)
  expect(mismatches(hypothesis, trace)).toBe(1)
})

/** The same trace with nothing between its groups, so that none of them follows another like it. */
function apart(trace: readonly TraceGroup[]): readonly TraceGroup[] {
  return trace.flatMap((group) => [group, { ...group, passed: 0, denied: 0, lost: 0, unclear: 0 }])
}

describe('groups that are alike are taken at once and count as they do one by one:', () => {
  test.each(Object.entries(cases))('%s', (_name, { algorithm, chargesRejected = false }) => {
    const limits = fc.integer({ min: 3, max: 8 })
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), limits, fc.boolean(), (seed, limit, isPost) => {
        const size = 'limit' in algorithm ? { limit } : { capacity: limit }
        const other = { ...algorithm, ...size } as TimedAlgorithm
        const hypothesis = { algorithm: other, chargesRejected, phaseUs: 777, isPost }
        const observations = observedOf(algorithm, chargesRejected, seed)
        const trace = traceOf(observations, verdictsOf(observations, new Set()), () => 1)
        expect(mismatches(hypothesis, trace)).toBe(mismatches(hypothesis, apart(trace)))
      }),
      { numRuns: 60 },
    )
  })
})
