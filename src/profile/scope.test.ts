import { expect, test } from 'vitest'
import type { NamedLimiter, ScopeField } from '../core/limits.ts'
import { fixedWindow, limiter, tokenBucket } from '../limiters/models.ts'
import { inVirtualTime, type VirtualTarget, virtualProber } from '../testing/virtualProber.ts'
import { findScope } from './scope.ts'
import { Session } from './session.ts'

const lanes = [
  { name: '1', differsIn: null },
  { name: '2', differsIn: 'authorization' },
]
const budget = { requestsMax: 2_000, tokensMax: null, durationUsMax: 600e6 }

const window = (scope: readonly ScopeField[]): NamedLimiter => ({
  name: 'requests',
  model: limiter(fixedWindow(40, 10e6), { scope }),
})

async function scopeOf(target: Partial<VirtualTarget>) {
  const prober = virtualProber({ limiters: [], seed: 3, lanes, ...target })
  const session = new Session(prober, { target: 'virtual', seed: 1, budget })
  const request = { shape: 'tiny', lane: '1' }
  const scope = await inVirtualTime(prober, findScope(session, request))
  return { ...scope, requests: session.spent.requests }
}

test('an identity with a limit of its own passes while the first is denied', async () => {
  expect(await scopeOf({ limiters: [window(['key'])] })).toMatchObject({
    partitions: ['authorization'],
    untried: [],
  })
})

test('one that shares the limit is denied with it', async () => {
  expect(await scopeOf({ limiters: [window([])] })).toMatchObject({ partitions: [] })
})

test('errors of the target and lost answers do not decide it', async () => {
  const noisy = { failedShare: 0.05, lostShare: 0.02 }
  for (let seed = 1; seed <= 20; seed++) {
    const apart = await scopeOf({ limiters: [window(['key'])], ...noisy, seed })
    expect(apart.partitions ?? ['authorization']).toEqual(['authorization'])
    const shared = await scopeOf({ limiters: [window([])], ...noisy, seed })
    expect(shared.partitions ?? []).toEqual([])
  }
})

test('a bucket that is refilled meanwhile is exhausted again for every try', async () => {
  const bucket = { name: 'bucket', model: limiter(tokenBucket(20, 10, 1e6), { scope: [] }) }
  expect(await scopeOf({ limiters: [bucket] })).toMatchObject({ partitions: [] })
})

test('without another identity nothing is sent, and nothing is said', async () => {
  const alone = await scopeOf({ limiters: [window([])], lanes: lanes.slice(0, 1) })
  expect(alone).toEqual({ partitions: null, untried: [], requests: 0 })
})
