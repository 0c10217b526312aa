import { expect, test } from 'vitest'
import { randomStream } from '../core/random.ts'
import type { TimedAlgorithm } from '../limiters/limiter.ts'
import { fixedWindow } from '../limiters/models.ts'
import { blankObservation } from '../testing/profiledLimiters.ts'
import { settledLayer } from '../testing/settledLayer.ts'
import { classes } from './classes.ts'
import { closedIn } from './closedIn.ts'
import { exactFit } from './fit.ts'
import type { Observation } from './observation.ts'
import type { Other } from './others.ts'

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
const known = exactFit(of, { limit: 3, spanUs: 1_035e3, phaseUs: 0, step: 1 })
const layer = settledLayer({ ...known, mismatches: 2 }, observations)

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
