import { expect, test } from 'vitest'
import { settledLayer } from '../testing/settledLayer.ts'
import { virtualProber } from '../testing/virtualProber.ts'
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
