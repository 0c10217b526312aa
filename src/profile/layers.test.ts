import { expect, test } from 'vitest'
import { limiter } from '../limiters/models.ts'
import { settledLayer } from '../testing/settledLayer.ts'
import { inVirtualTime, virtualProber } from '../testing/virtualProber.ts'
import { classes } from './classes.ts'
import { exactFit } from './fit.ts'
import { LayerSearch } from './layers.ts'
import { Session } from './session.ts'

const budget = { requestsMax: 100, tokensMax: null, durationUsMax: 3_600e6 }
const at = { limit: 20, spanUs: 100_000, phaseUs: 0, step: 1 }

/** What is asked past a limiter of this class whose span is known to 1 %. */
function knownBeside(id: string) {
  const fit = exactFit(classes.find((of) => of.id === id)!, at)
  const { found } = settledLayer({ ...fit, spanUs: [99_000, 101_000] })
  const prober = virtualProber({ limiters: [], seed: 1 })
  const session = new Session(prober, { target: 'virtual', seed: 1, budget })
  const search = new LayerSearch(session, { shape: 'tiny', lane: 'lane' }, found, 0)
  return search.others(null).map(({ hypothesis }) => hypothesis.algorithm)
}

test('a bucket is asked past at the slowest pace that its refill may have', () => {
  expect(knownBeside('bucket')).toMatchObject([{ refillUs: 101_000 }])
})

test('a window is asked past as it is known best', () => {
  expect(knownBeside('window-first')).toMatchObject([{ windowUs: 100_000 }])
})

test('a limiter that explains all by itself takes the place of one that was missed', async () => {
  const clock = {
    kind: 'fixed-window',
    limit: 8,
    windowUs: 2_000_000,
    anchor: 'wall-clock',
    extendedByRejected: false,
  } as const
  const limiters = [{ name: 'requests', model: limiter(clock, {}) }]
  const prober = virtualProber({ limiters, seed: 3 })
  const large = { ...budget, requestsMax: 2_000 }
  const session = new Session(prober, { target: 'virtual', seed: 1, budget: large })
  const request = { shape: 'tiny', lane: 'lane' }
  const asked = async () => {
    for (let i = 0; i < 40; i++) {
      await session.send(request)
      if (i % 10 === 9) await session.sleepUntil(session.nowUs + 1_900_000)
    }
    const missed = { limit: 8, spanUs: 1_700_000, phaseUs: 0, step: 1 }
    const fit = exactFit(classes.find((of) => of.id === 'window-first')!, missed)
    const search = new LayerSearch(session, request, settledLayer(fit).found, 0)
    await search.run(12)
    return search
  }
  const { hasReplacedFirst, layers } = await inVirtualTime(prober, asked())
  expect(hasReplacedFirst).toBe(true)
  expect(layers.map(({ found }) => found.leader.fit.of.id)).toEqual(['window-wall'])
})
