import { expect, test } from 'vitest'
import type { ProfiledLimiter } from '../core/profileDocument.ts'
import { profiledWindow } from '../testing/profiledLimiters.ts'
import { declarable } from './declare.ts'

const window: ProfiledLimiter = { ...profiledWindow, scope: null }

const bucket = { algorithm: 'token-bucket', limit: null, windowMs: null, burst: 8 } as const

const modelOf = (change: Partial<ProfiledLimiter>) =>
  declarable([{ ...window, ...change }]).limiters[0]?.model

test.each([
  [{}, { kind: 'fixed-window', limit: 60, windowUs: 60e6, extendedByRejected: false }],
  [{ chargesRejected: true }, { kind: 'fixed-window', extendedByRejected: true }],
  [{ algorithm: 'sliding-log' }, { kind: 'sliding-log', limit: 60, windowUs: 60e6 }],
  [
    { algorithm: 'sliding-counter', anchor: 'wall-clock' },
    { anchor: 'wall-clock', limit: 60 },
  ],
  [
    { ...bucket, refillPerS: 4 },
    { capacity: 8, refillUnits: 4, refillUs: 1e6 },
  ],
  [
    { ...bucket, refillPerS: 0.5 },
    { capacity: 8, refillUnits: 1, refillUs: 2e6 },
  ],
  [
    { ...bucket, refillStep: { units: 2, everyMs: 250 } },
    { capacity: 8, refillUnits: 2, refillUs: 250_000, refillStyle: 'steps' },
  ],
  [
    { ...bucket, algorithm: 'leaky-queue', refillPerS: 10 },
    { kind: 'leaky-queue', capacity: 8 },
  ],
  [
    { algorithm: 'concurrency', unit: 'concurrent-requests', limit: 4, queue: 2 },
    { kind: 'concurrency', limit: 4, queue: 2 },
  ],
  [
    { algorithm: 'budget', windowMs: null },
    { kind: 'budget', limit: 60, windowUs: null },
  ],
] as const)('%j is declared as a model', (change, algorithm) => {
  expect(modelOf(change as Partial<ProfiledLimiter>)?.algorithm).toMatchObject(algorithm)
})

test('what is charged, when and for whom goes along', () => {
  const tokens = { unit: 'tokens', charge: null, scope: ['authorization', 'model'] } as const
  expect(modelOf(tokens)).toMatchObject({ unit: 'tokens', charge: 'post', scope: ['key', 'model'] })
  expect(modelOf({ algorithm: 'sliding-log', chargesRejected: true })?.chargesRejected).toBe(true)
})

test('what is not known well enough is left out, by name', () => {
  const unknown = [
    { ...window, id: 'a', algorithm: 'unknown' },
    { ...window, id: 'b', windowMs: null },
    { ...window, ...bucket, id: 'c' },
  ] as const
  const { limiters, left } = declarable(unknown)
  expect(limiters).toEqual([])
  expect(left.map((text) => text.slice(0, 3))).toEqual(["'a'", "'b'", "'c'"])
})
