import { expect, test } from 'vitest'
import { healthOf } from './crew.ts'
import type { EngineHealth } from './messages.ts'

const health: EngineHealth = {
  thread: {
    loopDelayP50Us: 0,
    loopDelayP99Us: 100,
    loopDelayMaxUs: 1000,
    loopBusyShare: 0.2,
    loopBusyUs: 1_000_000,
    gcMaxUs: 0,
    gcShare: 0,
  },
  lag: { count: 1000, p50Us: 0, p90Us: 5, p99Us: 100, maxUs: 1000 },
  stalls: null,
  arrivalDistance: 0.01,
  ceilingPerS: 40_000,
}

test('engines that send at once reach together what each of them does, and are as late as the latest', () => {
  const lag = { ...health.lag, p99Us: 300 }
  const all = healthOf([{ health }, { health: { ...health, lag, arrivalDistance: 0.02 } }])
  expect(all.ceilingPerS).toBe(80_000)
  expect(all.lag).toMatchObject({ count: 2000, p99Us: 300 })
  expect(all.arrivalDistance).toBe(0.02)
})

test('what they reach is not known before all have said it, or where one has nothing to say', () => {
  expect(healthOf([{ health }, { health: null }]).ceilingPerS).toBe(null)
  expect(healthOf([{ health }, { health: { ...health, ceilingPerS: null } }]).ceilingPerS).toBe(
    null,
  )
})
