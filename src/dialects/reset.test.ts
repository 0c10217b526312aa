import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { durationUsOf, readReset, readRetryAfter, waitIn } from './reset.ts'

const nowUnixMs = Date.UTC(2026, 10, 20, 18, 8, 9)
const clock = { unixMs: nowUnixMs }
const epochS = nowUnixMs / 1000

describe('readReset', () => {
  test.each([
    ['5', 5e6, 'delta seconds'],
    ['12.34', 12.34e6, 'delta seconds'],
    ['0', 0, 'delta seconds'],
    [`${epochS + 5}`, 5e6, 'epoch seconds'],
    [`${epochS + 4}.798433`, 4_798_433, 'epoch seconds'],
    [`${nowUnixMs + 1500}`, 1.5e6, 'epoch milliseconds'],
    ['6m0s', 360e6, 'duration'],
    ['12ms', 12e3, 'duration'],
    ['1h2m3.5s', 3723.5e6, 'duration'],
    ['2026-11-20T18:08:30Z', 21e6, 'RFC 3339'],
    ['2026-11-20T19:08:30.250+01:00', 21.25e6, 'RFC 3339'],
    ['Fri, 20 Nov 2026 18:09:09 GMT', 60e6, 'HTTP-date'],
    ['Friday, 20-Nov-26 18:09:09 GMT', 60e6, 'HTTP-date'],
    ['Fri Nov 20 18:09:09 2026', 60e6, 'HTTP-date'],
  ])('%s is %d µs away, as %s', (value, us, as) => {
    expect(readReset(value, clock)).toEqual({ us, as })
  })

  test.each([
    ['an instant in the past', `${epochS - 60}`, { us: 0, as: 'epoch seconds, in the past' }],
    ['a negative number', '-3', { us: 0, as: 'negative, taken as 0' }],
    ['an absurd number', '9'.repeat(20), { us: null, as: 'absurd number' }],
    ['a date beyond all use', '9999-12-31T00:00:00Z', { us: null, as: 'RFC 3339, absurdly far' }],
    ['words', 'soon', { us: null, as: 'not understood' }],
    ['no text', '', { us: null, as: 'not understood' }],
    ['a date that is none', '2026-13-41T99:00:00Z', { us: null, as: 'not understood' }],
  ])('%s is reported, not thrown', (_, value, expected) => {
    expect(readReset(value, clock)).toEqual(expected)
  })

  test('more than 30 days without being an epoch is ambiguous', () => {
    const { us, as } = readReset('40000000', clock)
    expect(us).toBe(40_000_000e6)
    expect(as).toBe('delta seconds, ambiguous: more than 30 days')
  })

  test('a span is a safe integer that is not negative, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double().map(String), numberLike()), (text) => {
        const { us } = readReset(text, clock)
        return us === null || (Number.isSafeInteger(us) && us >= 0)
      }),
    )
  })
})

function numberLike(): fc.Arbitrary<string> {
  return fc.stringMatching(/^-?\d{1,20}(\.\d{1,4})?(ms|s|m|h|d| GMT|Z)?$/)
}

describe('readRetryAfter', () => {
  test.each([
    ['10', 10e6, 'delta seconds'],
    ['Fri, 20 Nov 2026 18:08:19 GMT', 10e6, 'HTTP-date'],
    ['Fri, 20 Nov 2020 18:08:19 GMT', 0, 'HTTP-date, in the past'],
    ['4.89', 4.89e6, 'fractional seconds (invalid, tolerated)'],
    ['5s', 5e6, 'duration (invalid, tolerated)'],
    ['-1', 0, 'negative, taken as 0 (invalid, tolerated)'],
  ])('%s', (value, us, as) => {
    expect(readRetryAfter(value, clock)).toEqual({ us, as })
  })
})

describe('durations in words', () => {
  test.each([
    ['Please try again in 644ms.', 0.644e6],
    ['Please try again in 1m2.5s. Visit …', 62.5e6],
    ['Please retry after 86400 seconds. Please contact …', 86_400e6],
    ['Rate limit exceeded, retry in 5 seconds', 5e6],
    ['Try again in 60 seconds', 60e6],
    ['Please retry in 38.5s.', 38.5e6],
  ])('%s', (message, us) => {
    expect(waitIn(message)?.us).toBe(us)
  })

  test('a message without advice has none', () => {
    expect(waitIn('Please try again later.')).toBeNull()
  })

  test('months and minutes are told apart by case, as Bifrost writes them', () => {
    expect(durationUsOf('1m')).toBe(60e6)
    expect(durationUsOf('1M')).toBe(30 * 86_400e6)
  })
})
