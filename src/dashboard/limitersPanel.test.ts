import { expect, test } from 'vitest'
import type { LiveLimiter, LiveSnapshot } from '../recording/live.ts'
import { manyCheap, tenLimiters } from './fixtures.ts'
import { limiterRows } from './limitersPanel.ts'
import type { Row } from './row.ts'

const [requests, tokens] = manyCheap.limiters as [LiveLimiter, LiveLimiter]
const lines = (snapshot: LiveSnapshot, columns = 116, rows = 20) =>
  limiterRows(snapshot, { columns, rows }).map((row: Row) =>
    row
      .map(({ text }) => text)
      .join('')
      .trimEnd(),
  )
const only = (limiter: LiveLimiter, changes: Partial<LiveSnapshot> = {}) =>
  lines({ ...manyCheap, limiters: [limiter], ...changes })

test('a closed limiter says so, how full it is, what it rejected first and when it opens', () => {
  const [first, second] = only(requests)
  expect(first).toMatch(
    /^CLOSED +requests +━+ +40 \/ 40 requests +13 rejected +retry in 26\.3 s +named/,
  )
  expect(second?.trim()).toBe('first at 3.41 s, request 41, after 40 requests / 960 tokens')
})

test('a limiter that never rejected is told from one that is open again', () => {
  expect(only(tokens)[0]).toMatch(/^not hit/)
  expect(only({ ...requests, isClosed: false })[0]).toMatch(/^open/)
})

test('without a retry-after the countdown is that of the ledger', () => {
  expect(only({ ...requests, retryAtUs: null })[0]).toContain('resets in 26.6 s')
})

test('the countdown follows the clock between two progress reports', () => {
  const [row] = only({ ...requests, retryAtUs: null }, { nowUs: 5_100_000 })
  expect(row).toContain('resets in 25.6 s')
})

test('a retry-after that has passed gives way to the ledger, and to "now" without one', () => {
  expect(only({ ...requests, retryAtUs: 1 })[0]).toContain('resets in')
  expect(only({ ...requests, retryAtUs: 1, gauge: null })[0]).toContain('retry now')
})

test('a limiter that nobody declared has no bar to fill', () => {
  expect(only({ ...requests, gauge: null })[0]).toMatch(/CLOSED +requests +─+ +limit unknown/)
})

test('lanes are named only when there are several', () => {
  expect(only(requests)[0]).not.toContain('free')
  const both = lines({ ...manyCheap, limiters: [requests, { ...requests, lane: 'premium' }] })
  expect(both[0]).toMatch(/CLOSED +free +requests/)
  expect(both[2]).toMatch(/CLOSED +premium +requests/)
})

test('numbers that an event did not carry are unknown', () => {
  const first = { ...requests.first!, seq: Number.NaN, admittedTokens: Number.NaN }
  expect(only({ ...requests, first })[1]).toContain('request –, after 40 requests / – tokens')
})

test('where two lines each do not fit there is one, with what matters most', () => {
  const rows = lines(tenLimiters, 76, 10)
  expect(rows).toHaveLength(10)
  expect(rows[9]).toMatch(/^CLOSED +limiter-9 ━+ 1,081 \/ 1,000 tok out +reset 9 s +9 s #17/)
})

test('where not even that fits, those that rejected and the fullest are kept', () => {
  const rows = lines(tenLimiters, 76, 4)
  expect(rows.map((row) => row.match(/limiter-\d/)?.[0])).toEqual([
    'limiter-3',
    'limiter-7',
    'limiter-9',
    undefined,
  ])
  expect(rows[3]).toBe('… 7 more: 7 not hit (press 1)')
})
