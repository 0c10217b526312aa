import { expect, test } from 'vitest'
import { limiter, tokenBucket } from '../limiters/models.ts'
import { profiledWindow } from '../testing/profiledLimiters.ts'
import { classes } from './classes.ts'
import { type Known, type Layer, layerAs } from './known.ts'

const of = classes.find(({ id }) => id === 'window-first')!
const best = { limit: 182, spanUs: 2e6, phaseUs: 0, step: 1 }
const layer: Layer = {
  found: {
    leader: {
      fit: {
        of,
        best,
        mismatches: 0,
        sample: [best],
        limit: [182, 182],
        spanUs: [2e6, 2e6],
        phaseUs: [0, 0],
      },
      odds: 1,
    },
    rivals: [],
    denials: new Set(),
    isForetold: true,
    isSettled: true,
    isExplained: true,
    brokenUs: null,
  },
  unit: 'requests',
  observations: [],
  trace: [],
}

const known = (refillStyle: 'lossy' | 'continuous'): Known => {
  const algorithm = { ...tokenBucket(200, 1, 10_000), refillStyle }
  const model = { name: 'requests', model: limiter(algorithm) }
  return { limiter: profiledWindow, model, warnings: [], reasons: [], refutation: null }
}

test('what overload has told stands for what replays had found', () => {
  const { fit } = layerAs(layer, known('lossy')).found.leader
  const { algorithm } = fit.of.model(fit.best)
  expect(algorithm).toMatchObject({ capacity: 200, refillUs: 10_000, refillStyle: 'lossy' })
})

test('what keeps its fractions is what it was found to be', () => {
  expect(layerAs(layer, known('continuous'))).toBe(layer)
})
