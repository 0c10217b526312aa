import { expect, test } from 'vitest'
import type { RefillStyle } from '../core/limits.ts'
import { fixedWindow, limiter, tokenBucket } from '../limiters/models.ts'
import { inVirtualTime, virtualProber } from '../testing/virtualProber.ts'
import { Session } from './session.ts'
import { measureGoodput } from './sustain.ts'

const budget = { requestsMax: 5_000, tokensMax: null, durationUsMax: 600e6 }

/** 100/s with a burst of 200. */
async function goodputOf(refillStyle: RefillStyle, requests = 1_000) {
  const bucket = { ...tokenBucket(200, 1, 10_000), refillStyle }
  const limiters = [{ name: 'bucket', model: limiter(bucket) }]
  const prober = virtualProber({ limiters, seed: 3, roundTripUs: 500, timerLateShare: 0 })
  const session = new Session(prober, { target: 'virtual', seed: 1, budget })
  const overload = { refillPerS: 100, times: 2, requests }
  const request = { shape: 'tiny', lane: 'lane' }
  return (await inVirtualTime(prober, measureGoodput(session, request, overload)))!
}

test('a bucket that keeps its fractions gives its nominal rate under twice the load', async () => {
  const { offeredPerS, admittedPerS } = await goodputOf('continuous')
  expect(offeredPerS).toBeGreaterThan(180)
  expect(Math.abs(admittedPerS / 100 - 1)).toBeLessThan(0.05)
})

test('a lossy one gives 31 % of it, as its formula says', async () => {
  const survivors = Math.exp(-200 * 0.01)
  const expected = (200 * survivors) / (1 - survivors)
  const { admittedPerS, requests } = await goodputOf('lossy')
  expect(requests).toBe(1_000)
  expect(Math.abs(admittedPerS / expected - 1)).toBeLessThan(0.15)
})

test('a slower limiter that denies everything meanwhile is left out of it', async () => {
  const limiters = [
    { name: 'bucket', model: limiter(tokenBucket(30, 1, 50_000)) },
    { name: 'slow', model: limiter(fixedWindow(150, 600e6)) },
  ]
  const prober = virtualProber({ limiters, seed: 3, lostShare: 0.01 })
  const session = new Session(prober, { target: 'virtual', seed: 1, budget })
  const overload = { refillPerS: 20, times: 2, requests: 1_000 }
  const request = { shape: 'tiny', lane: 'lane' }
  const measured = (await inVirtualTime(prober, measureGoodput(session, request, overload)))!
  expect(Math.abs(measured.admittedPerS / 20 - 1)).toBeLessThan(0.1)
  expect(session.spent.requests).toBeLessThan(500)
  // Answers that were lost come last; what is kept is in the order of sending.
  const sentUs = session.observations.map((observation) => observation.sentUs)
  expect(sentUs).toEqual(sentUs.toSorted((a, b) => a - b))
})
