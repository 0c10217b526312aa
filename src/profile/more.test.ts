import { expect, test, vi } from 'vitest'
import type { RefillStyle } from '../core/limits.ts'
import type { ProfiledLimiter } from '../core/profileDocument.ts'
import { fixedWindow, limiter, tokenBucket } from '../limiters/models.ts'
import { inVirtualTime, type VirtualTarget, virtualProber } from '../testing/virtualProber.ts'
import type { Known } from './known.ts'
import { learnMore } from './more.ts'
import { profile } from './profile.ts'
import { Session } from './session.ts'

// Much is computed in virtual time: slow machines take a while.
vi.setConfig({ testTimeout: 180_000 })

const request = { shape: 'tiny', lane: 'lane' }

const blankLimiter: ProfiledLimiter = {
  id: 'requests',
  algorithm: 'unknown',
  equivalents: [],
  unit: 'requests',
  limit: null,
  windowMs: null,
  burst: null,
  refillPerS: null,
  refillStep: null,
  anchor: null,
  charge: 'pre',
  chargesRejected: false,
  scope: null,
  retryAfter: { present: false, medianErrorMs: null },
  overAdmission: null,
  status: 429,
  confidence: 1,
  intervals: {},
  evidence: [],
  queue: null,
}

const lanes = [
  { name: '1', differsIn: null },
  { name: '2', differsIn: 'authorization' },
]

async function profileOf(target: Partial<VirtualTarget>, requestsMax = 2_000) {
  const prober = virtualProber({ limiters: [], seed: 5, lanes, ...target })
  const budget = { requestsMax, tokensMax: null, durationUsMax: 3600e6 }
  const options = { target: 'virtual', seed: 1, budget, furtherTimes: 0 }
  return inVirtualTime(prober, profile(prober, options))
}

test('a profile says who has a limit of its own', async () => {
  const window = { name: 'requests', model: limiter(fixedWindow(30, 20e6)) }
  const { document } = await profileOf({ limiters: [window] })
  expect(document).toMatchObject({ conclusion: 'identified', reasons: [] })
  expect(document.limiters[0]!.scope).toEqual(['authorization'])
  const shared = { ...window, model: { ...window.model, scope: [] } }
  const { document: other, limiters } = await profileOf({ limiters: [shared] })
  expect(other.limiters[0]!.scope).toEqual([])
  expect(limiters[0]!.model.scope).toEqual([])
})

test('a budget that ends before all is measured leaves the limiter identified', async () => {
  const window = { name: 'requests', model: limiter(fixedWindow(30, 20e6)) }
  const whole = await profileOf({ limiters: [window] })
  const needed = whole.document.requests
  const { document } = await profileOf({ limiters: [window] }, needed - 3)
  expect(document).toMatchObject({ conclusion: 'identified', limiters: [{ limit: 30 }] })
  expect(document.reasons.join()).toMatch(/'requests'.*(was measured|not measured|exhausted again)/)
})

/** What is known of a limiter that seems to be a sliding counter of 200 per 1.5 s, and is a bucket. */
async function learnt(refillStyle: RefillStyle, refillPerS: number) {
  const bucket = { ...tokenBucket(200, 1, 1e6 / refillPerS), refillStyle }
  const prober = virtualProber({ limiters: [{ name: 'r', model: limiter(bucket) }], seed: 2 })
  const budget = { requestsMax: 5_000, tokensMax: null, durationUsMax: 600e6 }
  const session = new Session(prober, { target: 'virtual', seed: 1, budget })
  const counter = { kind: 'sliding-counter', limit: 200, windowUs: 1.5e6 } as const
  const known: Known = {
    limiter: { ...blankLimiter, algorithm: 'sliding-counter', limit: 200, windowMs: 1_500 },
    model: { name: 'r', model: limiter({ ...counter, anchor: 'wall-clock' }) },
    warnings: [],
    reasons: [],
    refutation: null,
  }
  // The median answer takes 8 ms, in which a unit comes back.
  await inVirtualTime(prober, session.sendTogether(request, 20))
  return inVirtualTime(prober, learnMore(session, request, { known, reconsidered: () => null }))
}

test('what a fast limiter gives under overload can refute what it seemed to be', async () => {
  const { refutation } = await learnt('continuous', 25)
  expect(refutation).toMatch(/seemed to be a sliding counter, but under twice its rate/)
})

test('a lossy bucket that seemed to be something else is found out by its goodput', async () => {
  const { limiter: found, model, refutation, warnings } = await learnt('lossy', 100)
  expect(refutation).toBeNull()
  expect(found).toMatchObject({ algorithm: 'token-bucket', burst: 200, limit: null })
  const [warning] = warnings
  expect(warning).toMatchObject({ code: 'lossy-refill' })
  expect(warning!.figures.goodputPerS! / warning!.figures.nominalPerS!).toBeLessThan(0.5)
  expect(warning!.message).toMatch(/were admitted .* measured over \d+ requests/)
  expect(Math.abs(found.refillPerS! / 100 - 1)).toBeLessThan(0.03)
  expect(model.model.algorithm).toMatchObject({ refillStyle: 'lossy', capacity: 200 })
})
