import { expect, test } from 'vitest'
import type { LimiterAlgorithm } from '../core/limits.ts'
import type { ProfileWarning, WarningCode } from '../core/profileDocument.ts'
import { fixedWindow, limiter, tokenBucket } from '../limiters/models.ts'
import { inVirtualTime, type VirtualTarget, virtualProber } from '../testing/virtualProber.ts'
import { profile } from './profile.ts'

const budget = { requestsMax: 600, tokensMax: null, durationUsMax: 3600e6 }

interface Said {
  readonly algorithm: LimiterAlgorithm
  readonly chargesRejected?: boolean
  readonly target?: Partial<VirtualTarget>
}

/** Warnings about one limiter, by their code. */
async function warnings({ algorithm, chargesRejected = false, target = {} }: Said) {
  const limiters = [{ name: 'requests', model: limiter(algorithm, { chargesRejected }) }]
  const prober = virtualProber({ limiters, seed: 4, ...target })
  const options = { target: 'virtual', seed: 1, budget, searchesFurther: false }
  const { document } = await inVirtualTime(prober, profile(prober, options))
  return new Map<WarningCode, ProfileWarning>(document.warnings.map((each) => [each.code, each]))
}

test('a fixed window is warned of for twice its limit around its end, and for nothing else', async () => {
  const found = await warnings({
    algorithm: fixedWindow(10, 20e6),
    target: { retryAfter: 'seconds' },
  })
  expect([...found.keys()]).toEqual(['boundary-burst'])
  expect(found.get('boundary-burst')!.figures).toMatchObject({ limit: 10, burst: 20 })
})

test('a log that charges what it rejects locks out who polls, and says not when to come back', async () => {
  const algorithm = { kind: 'sliding-log', limit: 10, windowUs: 20e6 } as const
  const found = await warnings({ algorithm, chargesRejected: true })
  expect([...found.keys()]).toEqual(['reject-lockout', 'retry-after-missing'])
  // Ten rejections within a window keep it full.
  expect(found.get('reject-lockout')!.figures.pauseMsLeast).toBeCloseTo(2_000, -2)
})

test('a Retry-After that is a minute, whatever is needed, is wrong by what it is too long', async () => {
  const algorithm = tokenBucket(10, 1, 2e6)
  const found = await warnings({ algorithm, target: { retryAfter: 60e6 } })
  expect([...found.keys()]).toEqual(['retry-after-wrong'])
  const { medianErrorMs } = found.get('retry-after-wrong')!.figures
  expect(medianErrorMs).toBeGreaterThan(57_500)
  expect(medianErrorMs).toBeLessThan(60_100)
})

test('one that is a second is wrong by what it is too short', async () => {
  const found = await warnings({
    algorithm: fixedWindow(10, 20e6),
    target: { retryAfter: 1e6 },
  })
  expect(found.get('retry-after-wrong')!.message).toMatch(/is rejected again/)
  expect(found.get('retry-after-wrong')!.figures.medianErrorMs).toBeLessThan(-1_000)
})
