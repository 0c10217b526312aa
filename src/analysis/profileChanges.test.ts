import { describe, expect, test } from 'vitest'
import type { ProfiledLimiter } from '../core/profileDocument.ts'
import { profiledWindow as requests } from '../testing/profiledLimiters.ts'
import { type ComparedProfile, compareProfiles } from './profileChanges.ts'

const profileOf = (
  limiters: readonly ProfiledLimiter[],
  changes: Partial<ComparedProfile> = {},
): ComparedProfile => ({
  name: 'profile.json',
  target: 'http://gateway',
  conclusion: 'identified',
  reasons: [],
  limiters,
  ...changes,
})

/** Verdict, and the changes that are not EQUIVALENT. */
function changed(after: Partial<ProfiledLimiter>, before: Partial<ProfiledLimiter> = {}) {
  const base = profileOf([{ ...requests, ...before }])
  const candidate = profileOf([{ ...requests, ...after }])
  const { verdict, limiters } = compareProfiles(base, candidate)
  const told = limiters.filter((change) => change.verdict !== 'EQUIVALENT')
  return [verdict, ...told.map(({ parameter, p }) => [parameter, p])]
}

describe('two profiles', () => {
  test('of the same limiter are equivalent', () => {
    expect(changed({})).toEqual(['EQUIVALENT'])
    expect(changed({ intervals: { limit: [60, 60], windowMs: [59_900, 60_010] } })).toEqual([
      'EQUIVALENT',
    ])
  })

  test.each([
    ['limit', { limit: 58, intervals: { limit: [58, 58] } }],
    ['window', { windowMs: 66_000, intervals: { windowMs: [65_970, 66_020] } }],
    ['charges rejected', { chargesRejected: true }],
    ['Retry-After', { retryAfter: { present: false, medianErrorMs: null } }],
    ['algorithm', { algorithm: 'sliding-log' }],
    ['status', { status: 503 }],
    ['scope', { scope: ['path'] }],
  ] as const)('differ in their %s without a doubt', (parameter, after) => {
    expect(changed(after)).toEqual(['REGRESSION', [parameter, 0]])
  })

  test('of a limit that was raised are an improvement', () => {
    expect(changed({ limit: 70, intervals: { limit: [70, 70] } })).toEqual([
      'IMPROVEMENT',
      ['limit', 0],
    ])
  })

  test('say nothing where what was observed leaves both possible', () => {
    const wide = { limit: 55, intervals: { limit: [50, 62] } } as const
    expect(changed(wide)).toEqual(['INCONCLUSIVE', ['limit', null]])
    const either = { algorithm: 'sliding-log', equivalents: ['fixed-window'] } as const
    expect(changed(either)).toEqual(['INCONCLUSIVE', ['algorithm', null]])
    const unsure = { limit: 50, confidence: 0.7, intervals: { limit: [50, 50] } } as const
    expect(changed(unsure)).toEqual(['INCONCLUSIVE', ['limit', null]])
  })

  test('match a limiter that was renamed by its unit', () => {
    expect(changed({ id: 'status-429', limit: 50, intervals: { limit: [50, 50] } })).toEqual([
      'REGRESSION',
      ['limit', 0],
    ])
  })

  test('of which one did not meet the limiter differ, unless it could not conclude', () => {
    const base = profileOf([requests])
    const none = profileOf([], { conclusion: 'none' })
    expect(compareProfiles(base, none)).toMatchObject({
      verdict: 'REGRESSION',
      limiters: [{ parameter: 'limiter', reason: 'it lets pass what it rejected' }],
      notes: ['profile.json: no limiter was met'],
    })
    const open = profileOf([], { conclusion: 'undetermined', reasons: ['too few requests'] })
    expect(compareProfiles(base, open)).toMatchObject({
      verdict: 'INCONCLUSIVE',
      notes: ['profile.json: too few requests'],
    })
    expect(compareProfiles(none, none).verdict).toBe('EQUIVALENT')
  })
})
