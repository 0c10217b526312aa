import { expect, test } from 'vitest'
import { limiter, tokenBucket } from '../limiters/models.ts'
import { inVirtualTime, virtualProber } from '../testing/virtualProber.ts'
import { classes } from './classes.ts'
import { exactFit, type Fit } from './fit.ts'
import { hasPassed, verdictsOf } from './judging.ts'
import { plainest } from './plainest.ts'
import { Session } from './session.ts'
import { traceOf } from './trace.ts'

const lossy = classes.find(({ id }) => id === 'bucket-lossy')!
const request = { shape: 'tiny', lane: 'lane' }
const refillUs = 75_000

/** A bucket of 69, emptied over and over again after silences of different lengths. */
async function emptied(seed: number) {
  const bucket = { ...tokenBucket(69, 1, refillUs), refillStyle: 'lossy' as const }
  const limiters = [{ name: 'bucket', model: limiter(bucket) }]
  const prober = virtualProber({ limiters, seed, lostShare: 0.01 })
  const budget = { requestsMax: 2_000, tokensMax: null, durationUsMax: 600e6 }
  const session = new Session(prober, { target: 'virtual', seed, budget })
  const work = async () => {
    for (const share of [0, 0.3, 1.2, 0.7, 1.2, 0.5, 1.2, 0.9]) {
      await session.sleepUntil(session.nowUs + Math.round(69 * refillUs * share))
      for (let denied = 0; denied < 2; ) if (!hasPassed(await session.send(request))) denied++
    }
    return session.observations
  }
  const observations = await inVirtualTime(prober, work())
  return traceOf(observations, verdictsOf(observations, new Set()), () => 1)
}

/** What might be left of it: some limits, and spans that are off by up to 3 %. */
function left(limits: readonly number[]): Fit {
  const at = { limit: limits[0]!, spanUs: refillUs, phaseUs: 0, step: 1 }
  const sample = limits.flatMap((limit) =>
    [0.97, 1.03].map((by) => ({ ...at, limit, spanUs: by * refillUs })),
  )
  return { ...exactFit(lossy, at), sample, spanUs: [0.97 * refillUs, 1.03 * refillUs] }
}

test('the limit and the span that need the fewest coincidences are the true ones', async () => {
  for (let seed = 1; seed <= 8; seed++) {
    const { limit, spanUs } = plainest(left([68, 69, 70, 71]), await emptied(seed))!
    expect(limit).toBe(69)
    expect(Math.abs((spanUs[0] + spanUs[1]) / 2 / refillUs - 1)).toBeLessThan(0.015)
  }
})

test('nothing is chosen where no two limits agree', () => {
  const at = { limit: 1_000.5, spanUs: refillUs, phaseUs: 0, step: 1 }
  const fit = { ...exactFit(lossy, at), sample: [at, { ...at, limit: 1_004.2 }] }
  expect(plainest(fit, [])).toBeNull()
})
