import { expect, test } from 'vitest'
import type { RefillStyle } from '../core/limits.ts'
import { limiter, tokenBucket } from '../limiters/models.ts'
import { inVirtualTime, virtualProber } from '../testing/virtualProber.ts'
import { identifyLossy, intervalOf } from './lossy.ts'
import { Session } from './session.ts'
import { measureGoodput } from './sustain.ts'

const budget = { requestsMax: 5_000, tokensMax: null, durationUsMax: 600e6 }
const request = { shape: 'tiny', lane: 'lane' }

/** 100/s with a burst of 200, over a network of 3 ms. */
async function identified(refillStyle: RefillStyle, seed = 3) {
  const bucket = { ...tokenBucket(200, 1, 10_000), refillStyle }
  const limiters = [{ name: 'bucket', model: limiter(bucket) }]
  const prober = virtualProber({ limiters, seed, roundTripUs: 3_000, timerLateShare: 0.001 })
  const session = new Session(prober, { target: 'virtual', seed, budget })
  const overload = { refillPerS: 120, times: 2, requests: 400 }
  const measured = (await inVirtualTime(prober, measureGoodput(session, request, overload)))!
  const seen = { burst: 205, overload: measured }
  return inVirtualTime(prober, identifyLossy(session, request, seen))
}

test('a lossy bucket is identified with its burst and interval', async () => {
  for (let seed = 1; seed <= 5; seed++) {
    const found = (await identified('lossy', seed))!
    expect(found.burst).toBe(200)
    expect(found.intervalUs[0]).toBeLessThanOrEqual(10_000)
    expect(found.intervalUs[1]).toBeGreaterThanOrEqual(10_000)
    expect(found.intervalUs[1] / found.intervalUs[0]).toBeLessThan(1.05)
  }
})

test('one that keeps its fractions is not taken for one', async () => {
  expect(await identified('continuous')).toBeNull()
})

test('the interval follows from the goodput under overload', () => {
  const overload = { offeredPerS: 200, admittedPerS: 31.3, requests: 400, admitted: 63 }
  expect(intervalOf(overload)).toBeCloseTo(10_000, -2)
})
