import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { LiveSnapshot } from '../recording/live.ts'
import { emptyRun, hostile, manyCheap, waiting } from './fixtures.ts'
import { startLineReporter } from './lineReporter.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function report(first: LiveSnapshot) {
  const lines: string[] = []
  const shown = { snapshot: first, lines }
  const reporter = startLineReporter({
    snapshot: () => shown.snapshot,
    write: (line) => lines.push(line),
  })
  return { ...shown, reporter, show: (snapshot: LiveSnapshot) => (shown.snapshot = snapshot) }
}

test('every event gets one line, once', () => {
  const { lines, show } = report(emptyRun)
  vi.advanceTimersByTime(1000)
  expect(lines).toEqual([])
  show(manyCheap)
  vi.advanceTimersByTime(3000)
  expect(lines).toEqual([
    '   0.000 s  run 2026-11-20T18-05-09Z-demo, seed 7',
    '   0.000 s  scenario many-cheap: Many cheap requests',
    '   0.000 s  phase hammer started: until the first rejection of requests and 40 more',
    '   3.410 s  first rejection by requests (named): request 41, after 40 requests and 960 tokens',
  ])
  show(waiting)
  vi.advanceTimersByTime(1000)
  expect(lines.slice(4)).toEqual([
    '   8.000 s  phase hammer ended: 160 sent, 0 unsent; ended by the first rejection of requests and 40 more',
    '   8.100 s  scenario few-expensive',
    '   8.100 s  waiting 22.4 s for clean windows',
  ])
})

test('events are found again by value, also when the oldest are gone', () => {
  const { lines, show } = report(manyCheap)
  vi.advanceTimersByTime(300)
  show({ ...waiting, events: structuredClone(waiting.events.slice(3)) })
  vi.advanceTimersByTime(300)
  expect(lines).toHaveLength(7)
})

test('a status line comes every ten seconds', () => {
  const { lines } = report({ ...manyCheap, events: [] })
  vi.advanceTimersByTime(9999)
  expect(lines).toEqual([])
  vi.advanceTimersByTime(1)
  expect(lines).toEqual([
    '4.1 s  many-cheap/hammer measure 52 %, 3.9 s left | CLOSED: requests | ok 67, limited 13, other 0, unsent 0 | 19.7/s of 20/s offered | 2 in flight | p50 11.8 ms, p99 –, n 40',
  ])
  vi.advanceTimersByTime(20_000)
  expect(lines).toHaveLength(3)
})

test('closing writes the events that are left, and nothing comes after', () => {
  const { lines, reporter, show } = report(emptyRun)
  show(manyCheap)
  reporter.close()
  reporter.close()
  expect(lines).toHaveLength(4)
  vi.advanceTimersByTime(60_000)
  expect(lines).toHaveLength(4)
})

test('no line breaks or control characters get through', () => {
  const { lines } = report(hostile)
  vi.advanceTimersByTime(10_000)
  expect(lines.length).toBeGreaterThan(4)
  for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u)
})
