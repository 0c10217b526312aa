import { expect, test } from 'vitest'
import type { ChargeTime } from '../core/limits.ts'
import { fixedWindow, limiter } from '../limiters/models.ts'
import { inVirtualTime, type VirtualTarget, virtualProber } from '../testing/virtualProber.ts'
import { profile } from './profile.ts'

const budget = { requestsMax: 1_000, tokensMax: null, durationUsMax: 3600e6 }

/** What is said of 12 requests per 20 s. */
async function said(target: Partial<VirtualTarget>, charge: ChargeTime = 'pre') {
  const limiters = [{ name: 'requests', model: limiter(fixedWindow(12, 20e6), { charge }) }]
  const prober = virtualProber({ limiters, seed: 2, ...target })
  const options = { target: 'virtual', seed: 1, budget, furtherTimes: 0 }
  const { document } = await inVirtualTime(prober, profile(prober, options))
  const [found] = document.limiters
  expect(found, document.reasons.join()).toMatchObject({ algorithm: 'fixed-window', limit: 12 })
  const warnings = document.warnings.filter(({ code }) => !common.includes(code))
  return { ...found!, codes: warnings.map(({ code }) => code), warnings }
}

const common: readonly string[] = ['boundary-burst', 'retry-after-missing']

test('a limiter that counts one by one lets in no more at once than its limit', async () => {
  const { overAdmission, intervals, codes } = await said({})
  expect({ overAdmission, codes }).toEqual({ overAdmission: 0, codes: [] })
  expect(intervals.overAdmission).toEqual([0, 0])
})

test('one that counts after its answers lets in all that come at once, and no more after that', async () => {
  const { overAdmission, codes, warnings } = await said({ serviceUs: 20_000 }, 'post')
  expect(codes).toEqual(['over-admission'])
  const { foretold, ...figures } = warnings[0]!.figures
  expect(figures).toMatchObject({ units: overAdmission, width: 24, passed: 24, waves: 1 })
  expect(overAdmission).toBe(24 - foretold!)
  expect(foretold).toBeLessThanOrEqual(12)
})

test('one that loses updates of its counter goes on letting in too many', async () => {
  const race = { limiters: ['requests'], commitUs: 5_000 }
  const { overAdmission, codes, warnings } = await said({ race })
  expect(codes).toEqual(['over-admission'])
  expect(overAdmission).toBeGreaterThan(12)
  expect(warnings[0]!.figures.waves).toBeGreaterThan(1)
})

test('replicas that count for themselves let in their number of limits', async () => {
  const { intervals, codes, warnings } = await said({ replicas: 3 })
  expect(codes).toEqual(['over-admission', 'replicas'])
  // One more or less, as far as it is known what had room.
  expect(intervals.overAdmission![0]).toBeGreaterThanOrEqual(23)
  expect(intervals.overAdmission![1]).toBe(24)
  expect(warnings[1]!.figures).toMatchObject({ replicas: 3, limit: 12 })
})
