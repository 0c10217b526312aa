import { expect, test } from 'vitest'
import { inVirtualTime, virtualProber } from '../testing/virtualProber.ts'
import { Session } from './session.ts'

const budget = { requestsMax: 10, tokensMax: null, durationUsMax: 3_600e6 }

test('a wait ends on time though timers are late by a share of it', async () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const prober = virtualProber({ limiters: [], seed, timerLateShare: 0.05 })
    const session = new Session(prober, { target: 'virtual', seed, budget })
    const untilUs = session.nowUs + 100e6
    await inVirtualTime(prober, session.sleepUntil(untilUs))
    expect(session.nowUs - untilUs).toBeGreaterThanOrEqual(0)
    expect(session.nowUs - untilUs).toBeLessThan(200)
  }
})
