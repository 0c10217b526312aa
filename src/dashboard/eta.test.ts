import { expect, test } from 'vitest'
import type { Progress } from '../core/progress.ts'
import { etaText } from './eta.ts'
import { emptyRun, fewExpensive, manyCheap, waiting } from './fixtures.ts'

const measuring = (changes: Partial<Progress>) =>
  etaText({ ...manyCheap, progress: { ...manyCheap.progress!, ...changes } })

test('a known end is a countdown, a drain has a latest end', () => {
  expect(etaText(waiting)).toBe('6.2 s left')
  expect(measuring({ share: 0.52 })).toBe('3.9 s left')
  expect(etaText(fewExpensive)).toBe('at most 28.3 s more')
})

test('without a known end, what is left is projected from the share that is done', () => {
  expect(measuring({ endsUs: null, share: 0.5 })).toBe('about 4.1 s left')
})

test('a share that is ahead of the time is projected, too', () => {
  expect(measuring({ share: 0.9 })).toBe('about 500 ms left')
})

test('there is no time to tell before anything has been done', () => {
  expect(etaText(emptyRun)).toBeNull()
  expect(measuring({ endsUs: null, share: 0.001 })).toBeNull()
  expect(measuring({ endsUs: null, share: null })).toBeNull()
})

test('a share that is complete says nothing about what still comes', () => {
  expect(measuring({ endsUs: null, share: 1 })).toBeNull()
})
