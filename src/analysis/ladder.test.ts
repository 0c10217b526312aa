import { expect, test } from 'vitest'
import { emptyCounts } from '../core/record.ts'
import { phase, scenario } from '../testing/simulate.ts'
import { ladderOf } from './ladder.ts'

const users = [1, 5, 10]
const ladder = scenario(
  'ladder',
  ...users.map((count) =>
    phase({ name: `c${count}`, arrivals: { kind: 'users', count, thinkUs: 0 } }),
  ),
)

const measured = (okPerS: readonly number[], limited = 0) =>
  users.map((count, i) => ({
    name: `c${count}`,
    durationUs: 10e6,
    counts: { ...emptyCounts(), ok: okPerS[i]! * 10, limited },
  }))

test('a target that serves one at a time queues', () => {
  expect(ladderOf(ladder, measured([10, 10.1, 9.9]))).toMatchObject({ kind: 'queues', slots: 1.01 })
})

test('a target that serves four at a time queues from there on', () => {
  expect(ladderOf(ladder, measured([10, 39, 40]))).toMatchObject({ kind: 'queues', slots: 4 })
})

test('a target that serves all of them at once has shown no limit', () => {
  expect(ladderOf(ladder, measured([10, 50, 98]))).toMatchObject({ kind: 'open' })
})

test('a target that rejects does not queue', () => {
  expect(ladderOf(ladder, measured([10, 10, 10], 3))).toMatchObject({ kind: 'rejects' })
})

test('one number of users is no ladder', () => {
  expect(ladderOf(scenario('one', phase({})), measured([1, 1, 1]))).toBeNull()
})
