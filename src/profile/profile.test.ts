import { describe, expect, test, vi } from 'vitest'
import type { LimiterAlgorithm, NamedLimiter } from '../core/limits.ts'
import { fixedWindow, limiter, tokenBucket } from '../limiters/models.ts'
import { inVirtualTime, type VirtualTarget, virtualProber } from '../testing/virtualProber.ts'
import type { ProfileOptions } from './contract.ts'
import { profile } from './profile.ts'

// Much is computed in virtual time: slow machines take a while.
vi.setConfig({ testTimeout: 180_000 })

const named = (algorithm: LimiterAlgorithm, chargesRejected = false): NamedLimiter => ({
  name: 'requests',
  model: limiter(algorithm, { chargesRejected }),
})

const queue: LimiterAlgorithm = {
  kind: 'leaky-queue',
  capacity: 9,
  refillUnits: 10,
  refillUs: 1e6,
}

const budget = { requestsMax: 2_000, tokensMax: null, durationUsMax: 3600e6 }

function profileOf(target: Partial<VirtualTarget>, options: Partial<ProfileOptions> = {}) {
  const prober = virtualProber({ limiters: [], seed: 5, lostShare: 0.01, ...target })
  const work = profile(prober, { target: 'virtual', seed: 1, budget, ...options })
  return inVirtualTime(prober, work)
}

describe('a profile', () => {
  test('identifies a fixed window with its limit and window', async () => {
    const { document, limiters } = await profileOf({ limiters: [named(fixedWindow(30, 20e6))] })
    expect(document.conclusion).toBe('identified')
    expect(document.limiters).toMatchObject([
      { algorithm: 'fixed-window', anchor: 'first-request', limit: 30, windowMs: 20_000 },
    ])
    expect(limiters[0]!.model.algorithm).toMatchObject({ limit: 30, windowUs: 20e6 })
  })

  test('identifies a token bucket, and says what it cannot be told from', async () => {
    const { document } = await profileOf({ limiters: [named(tokenBucket(20, 2, 1e6))] })
    expect(document.limiters).toMatchObject([
      { algorithm: 'token-bucket', burst: 20, refillPerS: expect.closeTo(2, 1), limit: null },
    ])
    expect(document.limiters[0]!.equivalents).toContain('gcra')
  })

  test('finds out that rejected requests are charged', async () => {
    const log: LimiterAlgorithm = { kind: 'sliding-log', limit: 25, windowUs: 30e6 }
    const { document } = await profileOf({ limiters: [named(log, true)] })
    expect(document.limiters).toMatchObject([
      { algorithm: 'sliding-log', limit: 25, chargesRejected: true },
    ])
  })

  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'claims nothing of limits that take turns, seed %i',
    async (seed) => {
      const target = {
        limiters: [named(fixedWindow(8, 700e3))],
        turns: { requests: 20, limiters: [named(fixedWindow(3, 1_900e3))] },
        seed,
      }
      const short = { requestsMax: 400, tokensMax: null, durationUsMax: 30e6 }
      const { document } = await profileOf(target, { budget: short })
      expect(document.conclusion, JSON.stringify(document)).toBe('undetermined')
      expect(document.reasons.length).toBeGreaterThan(0)
    },
  )

  test.each([4, 9])('is not deceived by a prober that stands still, seed %i', async (seed) => {
    const stalls = { roundTripUs: 1_000, timerLateShare: 0.001, stalledShare: 0.1, lostShare: 0 }
    const target = { limiters: [named(fixedWindow(8, 2e6))], seed, ...stalls }
    const { document } = await profileOf(target, { seed, furtherTimes: 0 })
    expect(document.limiters).toMatchObject([
      { algorithm: 'fixed-window', anchor: 'first-request', limit: 8, windowMs: 2_000 },
    ])
  })

  test('says that there is none when none is met', async () => {
    const { document } = await profileOf({}, { budget: { ...budget, requestsMax: 300 } })
    expect(document).toMatchObject({ conclusion: 'none', limiters: [] })
    expect(document.requests).toBeLessThanOrEqual(300)
  })

  test('stops at its budget and says what it knew', async () => {
    const { document, endedBy } = await profileOf(
      { limiters: [named(fixedWindow(30, 20e6))] },
      { budget: { ...budget, requestsMax: 70 } },
    )
    expect(document.conclusion).toBe('undetermined')
    expect(endedBy).toBe('requests')
    expect(document.requests).toBeLessThanOrEqual(70)
    expect(document.reasons).not.toEqual([])
    // Nothing has been foretold: what leads by now gives no reason to warn of anything.
    expect(document.limiters).toHaveLength(1)
    expect(document.warnings).toEqual([])
  })

  test('says what was used up when it is interrupted before anything came back', async () => {
    const abort = new AbortController()
    const { document, endedBy } = await profileOf(
      { limiters: [named(fixedWindow(30, 60e6))], lostShare: 0 },
      {
        signal: abort.signal,
        onEvent: (event) => {
          if (event.kind === 'observation' && event.observation.seq === 40) abort.abort()
        },
      },
    )
    expect(endedBy).toBe('aborted')
    expect(document.conclusion).toBe('undetermined')
    expect(document.reasons).toEqual([
      'it was interrupted',
      expect.stringMatching(/^30 requests were admitted and none since, for \d+ s/),
    ])
  })

  test('is undetermined where every answer is a rejection', async () => {
    const none = named({ kind: 'budget', limit: 0, windowUs: null, anchor: 'first-request' })
    const notes: string[] = []
    const { document } = await profileOf(
      { limiters: [none] },
      { onEvent: (event) => event.kind === 'note' && notes.push(event.text) },
    )
    expect(document.conclusion).toBe('undetermined')
    expect(document.requests).toBeLessThan(60)
    expect(notes).toEqual(['used up before the first request: waits for it, 20 m 0 s at most'])
  })

  test('tells slots from a rate: a concurrency limiter', async () => {
    const target = {
      limiters: [named({ kind: 'concurrency', limit: 7, queue: 0, queueTimeoutUs: null })],
    }
    const { document } = await profileOf({ ...target, serviceUs: 80_000 })
    expect(document.limiters).toMatchObject([{ algorithm: 'concurrency', limit: 7 }])
  })

  test('tells a bucket that is refilled while a request travels from slots', async () => {
    const fast = { limiters: [named(tokenBucket(200, 1, 10_000))], roundTripUs: 15_000 }
    const { document } = await profileOf({ ...fast, lostShare: 0 })
    expect(document.limiters.map(({ algorithm }) => algorithm)).not.toContain('concurrency')
  })

  test('finds a queue that holds back, by its staircase of latencies', async () => {
    const { document } = await profileOf({ limiters: [named(queue)] })
    expect(document.limiters).toMatchObject([{ algorithm: 'leaky-queue', burst: 9 }])
    expect(document.limiters[0]!.refillPerS).toBeGreaterThan(9.5)
    expect(document.limiters[0]!.refillPerS).toBeLessThan(10.5)
  })

  test('keeps a queue that was found when it is interrupted while the queue is timed', async () => {
    const target = { limiters: [named(queue)] }
    const seqs: number[] = []
    await profileOf(target, {
      onEvent: (event) => event.kind === 'observation' && seqs.push(event.observation.seq),
    })
    const abort = new AbortController()
    const { document, limiters, endedBy } = await profileOf(target, {
      signal: abort.signal,
      onEvent: (event) => {
        if (event.kind === 'observation' && event.observation.seq === seqs.at(-20)) abort.abort()
      },
    })
    expect(endedBy).toBe('aborted')
    expect(document).toMatchObject({
      conclusion: 'identified',
      reasons: [expect.stringContaining('interrupted')],
      limiters: [{ algorithm: 'leaky-queue', burst: 9 }],
    })
    expect(limiters).toHaveLength(1)
  })

  test.each([503, 402])('takes a lasting %i for a rejection', async (status) => {
    const { document } = await profileOf({ limiters: [named(fixedWindow(20, 30e6))], status })
    expect(document.limiters).toMatchObject([{ algorithm: 'fixed-window', limit: 20, status }])
  })

  test('does not take random errors of the server for a limiter', async () => {
    const { document } = await profileOf(
      { failedShare: 0.05 },
      { budget: { ...budget, requestsMax: 400 } },
    )
    expect(document).toMatchObject({ conclusion: 'none', limiters: [] })
  })

  test('finds the limiter among random errors, and reports these', async () => {
    const target = { limiters: [named(tokenBucket(15, 1, 1e6))], failedShare: 0.07, seed: 1 }
    const { document } = await profileOf(target)
    expect(document.limiters).toMatchObject([{ algorithm: 'token-bucket', burst: 15 }])
    expect(document.warnings.map(({ code }) => code)).toContain('background-errors')
  })

  test('says how little a lossy bucket lets through under overload', async () => {
    const lossy: LimiterAlgorithm = { ...tokenBucket(20, 1, 0.5e6), refillStyle: 'lossy' }
    const { document } = await profileOf({ limiters: [named(lossy)] })
    expect(document.limiters).toMatchObject([{ algorithm: 'token-bucket' }])
    const warning = document.warnings.find(({ code }) => code === 'lossy-refill')!
    // λ e^(−λτ) / (1 − e^(−λτ)) at λτ = 2, as a share of the nominal rate: 0.313.
    expect(warning.figures.share).toBeCloseTo(0.313, 1)
  })

  test('finds a slower window behind a faster one', async () => {
    const slow = { ...named(fixedWindow(120, 120e6)), name: 'slow' }
    const target = { limiters: [named(fixedWindow(20, 2e6)), slow], seed: 2 }
    const { document } = await profileOf(target)
    expect(document.limiters).toMatchObject([
      { algorithm: 'fixed-window', limit: 20, windowMs: 2_000 },
      { algorithm: 'fixed-window', limit: 120, windowMs: expect.closeTo(120_000, -3) },
    ])
  })

  test.each([45, 18])('reports a limit that changed half-way, to %i', async (limit) => {
    const [startUs, fromUs] = [1_000e6, 1_055e6]
    const later = { fromUs, limiters: [named(fixedWindow(limit, 20e6))] }
    const target = { limiters: [named(fixedWindow(30, 20e6))], startUs, later, seed: 2 }
    const { document } = await profileOf(target, { furtherTimes: 0 })
    expect(document.limiters).toMatchObject([{ algorithm: 'fixed-window', limit }])
    const warning = document.warnings.find(({ code }) => code === 'limit-changed')!
    expect(warning.figures).toMatchObject({ from: 30, to: limit })
  })

  test.each([1, 2])(
    'reports a limit raised while slower ones are looked for, seed %i',
    async (seed) => {
      const [startUs, fromUs] = [1_000e6, 1_032e6]
      const later = { fromUs, limiters: [named(fixedWindow(12, 2e6))] }
      const target = { limiters: [named(fixedWindow(8, 2e6))], startUs, later, seed }
      const { document } = await profileOf(target, { seed })
      expect(document.limiters).toMatchObject([
        { id: 'requests', algorithm: 'fixed-window', limit: 12 },
      ])
      const warning = document.warnings.find(({ code }) => code === 'limit-changed')!
      expect(warning.figures).toMatchObject({ from: 8, to: 12 })
    },
  )

  test('is the same again for the same seed', async () => {
    const target = { limiters: [named(tokenBucket(12, 1, 2e6))] }
    const runs = [await profileOf(target), await profileOf(target)]
    expect(runs[0]!.document).toEqual(runs[1]!.document)
  })
})
