import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Pieces } from './pieces.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function numbered(pieces: Pieces) {
  const done: number[] = []
  const add = (from: number, to: number) => {
    for (let i = from; i <= to; i++) pieces.add(() => done.push(i))
  }
  return { done, add }
}

test('with a core to spare, pieces are done at once', () => {
  const { done, add } = numbered(new Pieces(false))
  add(1, 3)
  expect(done).toEqual([1, 2, 3])
})

test('on a single core, pieces are done in order, with a pause before each', () => {
  const { done, add } = numbered(new Pieces(true))
  add(1, 2)
  expect(done).toEqual([])
  vi.advanceTimersByTime(3)
  expect(done).toEqual([1])
  add(3, 3)
  vi.advanceTimersByTime(5)
  expect(done).toEqual([1, 2])
  vi.advanceTimersByTime(1)
  expect(done).toEqual([1, 2, 3])
  add(4, 4)
  vi.advanceTimersByTime(3)
  expect(done).toEqual([1, 2, 3, 4])
})

test('what waits can be done at once, and pieces that come quicker than the pauses are', () => {
  const pieces = new Pieces(true)
  const { done, add } = numbered(pieces)
  add(1, 2)
  pieces.finish()
  expect(done).toEqual([1, 2])
  add(3, 40)
  expect(done.length).toBe(34)
  vi.advanceTimersByTime(100)
  expect(done).toEqual(Array.from({ length: 40 }, (_, i) => i + 1))
})
