import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LiveSnapshot } from '../recording/live.ts'
import { emptyRun, fewExpensive, manyCheap, renamed, snapshots, tenLimiters } from './fixtures.ts'
import { drawFrame } from './frame.ts'
import { textWidth } from './row.ts'
import { failureFrame } from './screen.ts'
import { colorStyle, plainStyle } from './style.ts'
import { initialView, type PanelName, type ViewState } from './viewState.ts'

const sizes = [
  { columns: 60, rows: 16 },
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
  { columns: 200, rows: 60 },
]
const panels: readonly (PanelName | null)[] = [
  null,
  'limiters',
  'latency',
  'throughput',
  'generator',
  'events',
]

describe.each(Object.entries(snapshots))('%s', (_, snapshot) => {
  test.each(sizes)('fills $columns×$rows exactly in every view', (size) => {
    for (const maximised of panels) {
      for (const isHelpShown of [false, true]) {
        const lines = drawFrame(
          snapshot,
          size,
          { ...initialView, maximised, isHelpShown },
          plainStyle,
        )
        expect(lines).toHaveLength(size.rows)
        expect(new Set(lines.map(textWidth))).toEqual(new Set([size.columns]))
      }
    }
  })
})

const view: fc.Arbitrary<ViewState> = fc.record({
  maximised: fc.constantFrom(...panels),
  isHelpShown: fc.boolean(),
  stops: fc.constantFrom(0, 1, 2),
})
const anySize = fc.record({
  columns: fc.integer({ min: 1, max: 220 }),
  rows: fc.integer({ min: 1, max: 70 }),
})
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('\u001b[2J', '\n\n', '限流器', '🇩🇪', 'é'.repeat(50), '\u202e', '\ud83d'),
)
const anySnapshot: fc.Arbitrary<LiveSnapshot> = fc
  .record({
    snapshot: fc.constantFrom(...Object.values(snapshots)),
    text: anyText,
    limiters: fc.integer({ min: 0, max: 40 }),
    number: fc.double(),
    share: fc.option(fc.double({ min: -1, max: 2 })),
    reasons: fc.array(anyText, { maxLength: 8 }),
  })
  .map(({ snapshot, text, limiters, number, share, reasons }) => {
    const named = renamed(snapshot, (name) => `${text}${name}${text}`)
    return {
      ...named,
      limiters: Array.from({ length: limiters }, (_, i) => tenLimiters.limiters[i % 10]!),
      progress: named.progress && { ...named.progress, share },
      endedPerS: number,
      history: [...named.history, number],
      health: { ...named.health, reasons },
    }
  })

test('no frame is higher or wider than the terminal, or holds a control character but for styles', () => {
  fc.assert(
    fc.property(anySnapshot, anySize, view, (snapshot, size, state) => {
      const lines = drawFrame(snapshot, size, state, colorStyle)
      expect(lines.length).toBeLessThanOrEqual(size.rows)
      for (const line of lines) {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: styles are what is allowed
        const text = line.replace(/\u001b\[\d+m/g, '')
        expect(text).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u)
        expect(textWidth(text)).toBeLessThanOrEqual(size.columns)
      }
    }),
    { numRuns: 300 },
  )
})

test('colours change nothing but colours', () => {
  fc.assert(
    fc.property(anySnapshot, anySize, view, (snapshot, size, state) => {
      const colored = drawFrame(snapshot, size, state, colorStyle)
      const uncolored = drawFrame(snapshot, size, state, plainStyle)
      expect(colored.map(stripVTControlCharacters)).toEqual(uncolored)
    }),
    { numRuns: 100 },
  )
})

test('every closed limiter is on every screen that is large enough to be drawn on', () => {
  for (const size of sizes) {
    const text = drawFrame(tenLimiters, size, initialView, plainStyle).join('\n')
    expect(text).toMatch(/CLOSED +limiter-9/)
  }
})

test('ten limiters leave the charts to the larger screen', () => {
  const titles = (size: { columns: number; rows: number }) =>
    drawFrame(tenLimiters, size, initialView, plainStyle).filter((line) => /^[├]/.test(line)).length
  expect(titles({ columns: 60, rows: 16 })).toBe(3)
  expect(titles({ columns: 120, rows: 40 })).toBe(4)
})

test('a terminal that is too small says so, with one line about the run', () => {
  const lines = drawFrame(manyCheap, { columns: 59, rows: 20 }, initialView, plainStyle)
  expect(lines).toEqual([
    'Terminal too small (59×20, needs 60×16)',
    '4.1 s  many-cheap/hammer measure 52 %, 3.9 s left | CLOSED…',
  ])
})

test('quantiles below their sample floor are unknown, and the number of samples stands by', () => {
  const text = drawFrame(manyCheap, { columns: 120, rows: 40 }, initialView, plainStyle).join('\n')
  expect(text).toMatch(/11\.8 ms +– +– +51\.3 ms/)
  expect(text).toContain('n 40')
})

test('an empty run shows no number that nobody measured', () => {
  const text = drawFrame(emptyRun, { columns: 120, rows: 40 }, initialView, plainStyle).join('\n')
  expect(text).toMatch(/offered +–/)
  expect(text).toMatch(/in flight +–/)
  expect(text).toContain('TTFT  p50 –  p99 –  n 0')
  expect(text).toContain('send lag p99 –')
})

test('the footer tells what stopping waits for and how to hurry', () => {
  const footer = (stops: ViewState['stops']) =>
    drawFrame(fewExpensive, sizes[1]!, { ...initialView, stops }, plainStyle).at(-1)
  expect(footer(0)).toContain('q stop')
  expect(footer(1)).toContain('stopping: waiting for 3 in flight; again to stop at once')
  expect(footer(2)).toContain('stopping at once')
})

test('a failure takes the last line and leaves the frame before as it is', () => {
  const lines = failureFrame(['a', 'b', 'c'], new Error('bad\u001b[2J news'), 40)
  expect(lines).toEqual(['a', 'b', 'cannot draw, the run goes on: bad [2J n…'])
})

test('many cheap requests on 80×24', () => {
  expect(picture(manyCheap, 80, 24)).toMatchInlineSnapshot(`
    "
    ╭─ limitscope  2026-11-20T18-05-09Z-demo ──────────── gateway:kuadrant  4.1 s ─╮
    │ ▸ many-cheap   · few-expensive   · interplay                                 │
    │ phase hammer                           waiting › warm-up › [measure] › drain │
    │ ━━━━━━━━━━━━━━━━━━╸─────────────────  52 %, 3.9 s left                       │
    ├─ 1 LIMITERS ─────────────────────────────────────────── 1 closed, 1 not hit ─┤
    │ CLOSED   requests  ━━━━━━━━━━━━  40 / 40 req       13 rejected  retry 26.3 s │
    │   first at 3.41 s, request 41, after 40 requests / 960 tokens · named        │
    │ not hit  tokens    ━───────────  960 / 10,000 tok   0 rejected  reset 55.9 s │
    │   no rejection yet                                                           │
    ├─ 2 LATENCY of OK answers ───────── n 40 ─┬─ 3 THROUGHPUT ────────────────────┤
    │       p50       p90       p99       max  │ offered    20/s  achieved  19.7/s │
    │   11.8 ms         –         –   51.3 ms  │ in flight     2  tokens     213/s │
    │    14 ┤      ██                          │ ok           67  limited       13 │
    │       │   ▇▇ ██ ▆▆                       │ unsent        0  other          0 │
    │       │▅▅ ██ ██ ██ ▅▅ ▂▂    ▂▂ ▂▂        │ TTFT  p50 –  p99 –  n 0           │
    │        6.4 ms      25.6 ms     102 ms    │  21/s ┤██                         │
    │ rejected p50 1.21 ms  max 3.02 ms  n 13  │        ended per s, last 4 s      │
    ├─ l EVENTS ───────────────────────────────┴───────────────────────────────────┤
    │    0.000 s · run 2026-11-20T18-05-09Z-demo, seed 7                           │
    │    0.000 s ▸ scenario many-cheap: Many cheap requests                        │
    │    0.000 s ▸ phase hammer started: until the first rejection of requests an… │
    │    3.410 s ● first rejection by requests (named): request 41, after 40 requ… │
    ├─ 4 GENERATOR VALID ──────────── send lag p99 310 µs  loop delay p99 1.24 ms ─┤
    ╰─ q stop · l log · 1-4 panel · ? help ────────────────────────────────────────╯
    "
  `)
})

test('many cheap requests on 120×40', () => {
  expect(picture(manyCheap, 120, 40)).toMatchInlineSnapshot(`
    "
    ╭─ limitscope  2026-11-20T18-05-09Z-demo ──────────────────────────────────────────────────── gateway:kuadrant  4.1 s ─╮
    │ ▸ many-cheap   · few-expensive   · interplay                                                                         │
    │ phase hammer                                                                   waiting › warm-up › [measure] › drain │
    │ ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╸───────────────────────────────────  52 %, 3.9 s left, 82 sent in this phase  │
    ├─ 1 LIMITERS ─────────────────────────────────────────────────────────────────────────────────── 1 closed, 1 not hit ─┤
    │ CLOSED   requests  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  40 / 40 requests     13 rejected  retry in 26.3 s   named     │
    │          first at 3.41 s, request 41, after 40 requests / 960 tokens                                                 │
    │ not hit  tokens    ━━━╸──────────────────────────────  960 / 10,000 tokens   0 rejected  resets in 55.9 s  –         │
    │          no rejection yet                                                                                            │
    ├─ 2 LATENCY of OK answers ─────────────────────────────── n 40 ─┬─ 3 THROUGHPUT ────────────────── counts of the run ─┤
    │          p50          p90          p99          max            │ offered            20/s    achieved          19.7/s │
    │      11.8 ms            –            –      51.3 ms            │ in flight             2    tokens             213/s │
    │    14 ┤            █████                                       │ ok                   67    limited               13 │
    │       │            █████                                       │ unsent                0    other                  0 │
    │       │            █████                                       │ TTFT  p50 –  p99 –  n 0                             │
    │       │      ▁▁▁▁▁ █████                                       │                                                     │
    │       │      █████ █████ ▂▂▂▂▂                                 │  21/s ┤▃█                                           │
    │       │      █████ █████ █████                                 │       │██                                           │
    │       │      █████ █████ █████                                 │       │██                                           │
    │       │      █████ █████ █████                                 │       │██                                           │
    │       │▃▃▃▃▃ █████ █████ █████ ▃▃▃▃▃                           │       │██                                           │
    │       │█████ █████ █████ █████ █████                           │       │██                                           │
    │       │█████ █████ █████ █████ █████ ▆▆▆▆▆       ▆▆▆▆▆ ▆▆▆▆▆   │       │██                                           │
    │     0 └──────────────────────────────────────────────────────  │       │██                                           │
    │        6.4 ms      12.8 ms     25.6 ms     51.2 ms     102 ms  │     0 └──                                           │
    │ rejected p50 1.21 ms  p90 –  p99 –  max 3.02 ms  n 13          │        ended per s, last 4 s                        │
    ├─ l EVENTS ─────────────────────────────────────────────────────┴─────────────────────────────────────────────────────┤
    │    0.000 s · run 2026-11-20T18-05-09Z-demo, seed 7                                                                   │
    │    0.000 s ▸ scenario many-cheap: Many cheap requests                                                                │
    │    0.000 s ▸ phase hammer started: until the first rejection of requests and 40 more                                 │
    │    3.410 s ● first rejection by requests (named): request 41, after 40 requests and 960 tokens                       │
    │                                                                                                                      │
    │                                                                                                                      │
    │                                                                                                                      │
    │                                                                                                                      │
    │                                                                                                                      │
    │                                                                                                                      │
    │                                                                                                                      │
    ├─ 4 GENERATOR VALID ──────────────────────────────────────────────────── send lag p99 310 µs  loop delay p99 1.24 ms ─┤
    ╰─ q stop · l log · 1-4 panel · ? help ────────────────────────────────────────────────────────────────────────────────╯
    "
  `)
})

test('few expensive requests on 80×24', () => {
  expect(picture(fewExpensive, 80, 24)).toMatchInlineSnapshot(`
    "
    ╭─ limitscope  2026-11-20T18-05-09Z-demo ─────────── gateway:kuadrant  83.7 s ─╮
    │ ✓ many-cheap   ▸ few-expensive   · interplay                                 │
    │ phase spend                            waiting › warm-up › measure › [drain] │
    │ ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  draining 3 in flight, at most 28.3 s more │
    ├─ 1 LIMITERS ─────────────────────────────────────────── 1 closed, 1 not hit ─┤
    │ not hit  requests  ━━╸──────  11 / 40 req           0 rejected  reset 18 s   │
    │   no rejection yet                                                           │
    │ CLOSED   tokens    ━━━━━━━━━  11,204 / 10,000 tok   3 rejected  reset 41.3 s │
    │   first at 71.9 s, request 171, after 9 requests / 10,310 tokens · inferred  │
    ├─ 2 LATENCY of OK answers ───────── n 80 ─┬─ 3 THROUGHPUT ────────────────────┤
    │       p50       p90       p99       max  │ offered       –  achieved 0.667/s │
    │    2.31 s    4.12 s         –    5.23 s  │ in flight     3  tokens   1,460/s │
    │    22 ┤▂▂▂▂▂ ▇▇▇▇▇ █████ ▄▄▄▄▄ ▁▁▁▁▁     │ ok           76  limited      163 │
    │        1.16 s      2.32 s      4.63 s    │ unsent        1  other          3 │
    │ rejected p50 –  p99 –  max 2.3 ms  n 3   │ TTFT  p50 212 ms  p99 –  n 80     │
    ├─ l EVENTS ───────────────────────────────┴───────────────────────────────────┤
    │    3.410 s ● first rejection by requests (named): request 41, after 40 requ… │
    │    8.000 s · phase hammer ended: 160 sent, 0 unsent; ended by the first rej… │
    │    8.100 s ▸ scenario few-expensive                                          │
    │    8.100 s · waiting 22.4 s for clean windows                                │
    ├─ 4 GENERATOR SUSPECT ───────── send lag p99 12.3 ms  loop delay p99 15.1 ms ─┤
    │ - send lag p99 12.3 ms is above 10 ms                                        │
    │ - loop delay p99 15.1 ms is above 10 ms                                      │
    ╰─ q stop · l log · 1-4 panel · ? help ────────────────────────────────────────╯
    "
  `)
})

function picture(snapshot: LiveSnapshot, columns: number, rows: number): string {
  return `\n${drawFrame(snapshot, { columns, rows }, initialView, plainStyle).join('\n')}\n`
}
