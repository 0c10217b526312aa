import { expect, test } from 'vitest'
import { limiter, tokenBucket } from '../limiters/models.ts'
import { profiledWindow } from '../testing/profiledLimiters.ts'
import { settledLayer } from '../testing/settledLayer.ts'
import { classes } from './classes.ts'
import { exactFit } from './fit.ts'
import { type Known, layerAs } from './known.ts'

const of = classes.find(({ id }) => id === 'window-first')!
const layer = settledLayer(exactFit(of, { limit: 182, spanUs: 2e6, phaseUs: 0, step: 1 }))

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
