import { expect, test } from 'vitest'
import { classes } from './classes.ts'
import { Fatigue } from './fatigue.ts'
import { exactFit } from './fit.ts'
import type { Weighed } from './posterior.ts'

const log = classes.find(({ id }) => id === 'log')!
const known = exactFit(log, { limit: 10, spanUs: 1e6, phaseUs: 0, step: 1 })

const weighed = (odds: number, width: number, limits = 1): Weighed => ({
  odds,
  fit: { ...known, limit: [10, 9 + limits], spanUs: [1e6 * (1 - width), 1e6 * (1 + width)] },
})

test('probes tire by their family until one of any family tells something', () => {
  const fatigue = new Fatigue()
  fatigue.asked('release', weighed(0.5, 0.2))
  for (let i = 0; i < 3; i++) fatigue.asked('release', weighed(0.5, 0.2))
  fatigue.asked('clumps', weighed(0.5, 0.2))
  expect([...fatigue.times]).toEqual([
    ['release', 3],
    ['clumps', 1],
  ])
  fatigue.asked('clumps', weighed(0.5, 0.1))
  expect([...fatigue.times]).toEqual([])
})

test('what only wavers tells nothing', () => {
  const fatigue = new Fatigue()
  fatigue.asked('release', weighed(0.8, 0.1, 4))
  for (let i = 0; i < 4; i++) {
    fatigue.asked('release', weighed(0.6, 0.3, 9))
    fatigue.asked('release', weighed(0.8, 0.1, 4))
  }
  expect(fatigue.times.get('release')).toBe(8)
  fatigue.asked('release', weighed(0.8, 0.1, 2))
  expect(fatigue.times.size).toBe(0)
})
