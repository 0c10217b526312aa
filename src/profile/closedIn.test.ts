import { expect, test } from 'vitest'
import { randomStream } from '../core/random.ts'
import type { TimedAlgorithm } from '../limiters/limiter.ts'
import { fixedWindow } from '../limiters/models.ts'
import { blankObservation } from '../testing/profiledLimiters.ts'
import { classes } from './classes.ts'
import { closedIn } from './closedIn.ts'
import type { Observation } from './observation.ts'
import type { Other } from './others.ts'
import { traceOf } from './trace.ts'

/** 3 per second, answered in 2 ms: denied once after its window has ended, by another. */
const answers: readonly (readonly [ms: number, isAllowed: boolean])[] = [
  [0, true],
  [2, true],
  [4, true],
  [6, false],
  [990, false],
  [1_010, true],
  [1_012, true],
  [1_014, true],
  [1_016, false],
  [2_040, false],
  [3_500, true],
]
const observations: readonly Observation[] = answers.map(([ms, isAllowed], seq) => ({
  ...blankObservation,
  seq,
  sentUs: ms * 1e3,
  receivedUs: ms * 1e3 + 2_000,
  outcome: isAllowed ? 'ok' : 'limited',
  status: isAllowed ? 200 : 429,
}))

const of = classes.find(({ id }) => id === 'window-first')!
const best = { limit: 3, spanUs: 1_035e3, phaseUs: 0, step: 1 }
const fit = {
  of,
  best,
  mismatches: 2,
  sample: [best],
  limit: [3, 3] as const,
  spanUs: [1_030e3, 1_040e3] as const,
  phaseUs: [0, 0] as const,
}
const layer = {
  found: {
    leader: { fit, odds: 1 },
    rivals: [],
    denials: new Set<number>(),
    isForetold: true,
    isSettled: true,
    isExplained: true,
    brokenUs: null,
  },
  unit: 'requests' as const,
  observations,
  trace: traceOf(observations, [], () => 1),
}

/** 6 in 3 s: it denied what came at 2,040 ms. */
const slower: Other = {
  hypothesis: {
    algorithm: fixedWindow(6, 3e6) as TimedAlgorithm,
    chargesRejected: false,
    phaseUs: 0,
  },
  costOf: () => 1,
}
const random = randomStream(1, 'test')

test('what a slower limiter denied is not held against the window of a faster one', () => {
  const { leader } = closedIn(layer, { observations, others: [slower], random })!.found
  expect(leader.fit.mismatches).toBe(0)
  expect(leader.fit.best.limit).toBe(3)
  expect(leader.fit.best.spanUs).toBeGreaterThan(985e3)
  expect(leader.fit.best.spanUs).toBeLessThan(1_015e3)
})

test('where nothing was denied by another there is nothing to close in', () => {
  expect(closedIn(layer, { observations, others: [], random })).toBeNull()
})
