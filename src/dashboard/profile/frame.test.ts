import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { textWidth } from '../row.ts'
import { colorStyle, plainStyle } from '../style.ts'
import { initialView, nextView } from '../viewState.ts'
import { undecided, untouched } from './fixtures.ts'
import { drawProfile, profileLine } from './frame.ts'

const size = { columns: 100, rows: 24 }
const draw = (watch = undecided(), view = initialView) =>
  drawProfile(watch, size, view, plainStyle).join('\n')

test('shows the hypotheses, their odds and parameters, and what is asked next and why', () => {
  expect(draw()).toMatchInlineSnapshot(`
    "╭─ limitscope  profile ──────────────────────────────────────── http://127.0.0.1:8080/api  23.8 s ─╮
    │ requests ╸───────── 70 of 2,000   tokens 0   time ╸───────── 23.8 s of 10 m 0 s                  │
    │ look › exhaust › [tell apart] › verify › sustain › scope › done                                  │
    │ answers  ●●●●●●●●●●●●●●●●●●●●●●●●✗✗✗✗✗✗●●●●●●●●●●●●●●●●●●●●●●●●✗✗✗✗✗✗●●●●●●●●●●                  │
    ├─ HYPOTHESES about requests ──────────────────────────────────────────────────────────────────────┤
    │ fixed window from the first request  ━━━━━━━╸ 93.1 %  limit 60 · window 59.9 s – 60.1 s          │
    │ sliding log                          ╸───────  6.9 %  limit 60 · window 59 s – 61 s              │
    ├─ NEXT ───────────────────────────────────────────────────────────────────────────────────────────┤
    │ two clumps, 0.4 windows apart (61 requests, after 12.3 s)                                        │
    │ because fixed window and sliding log disagree about it                                           │
    ├─ FOUND ──────────────────────────────────────────────────────────────────────────────────────────┤
    │ concurrency: 4 in flight                                                                         │
    ├─ l LOG ──────────────────────────────────────────────────────────────────────────────────────────┤
    │    0.025 s request 25 is the first limited, status 429                                           │
    │    1.204 s advertised: requests 60 per 1m                                                        │
    │   12.000 s foretold 60 of 60, and 60 of 60 passed                                                │
    │   23.817 s found concurrency: 4 in flight                                                        │
    │   23.817 s in the lead: fixed window from the first request (93 %)                               │
    │   23.817 s ask: two clumps, 0.4 windows apart                                                    │
    │                                                                                                  │
    │                                                                                                  │
    │                                                                                                  │
    │                                                                                                  │
    ╰─ q stop · l log · ? help ────────────────────────────────────────────────────────────────────────╯"
  `)
})

test('is never larger than the screen, whatever its size, and as wide with colours', () => {
  const sizes = fc.record({
    columns: fc.integer({ min: 1, max: 220 }),
    rows: fc.integer({ min: 1, max: 70 }),
  })
  fc.assert(
    fc.property(sizes, fc.constantFrom(untouched, undecided()), (screen, watch) => {
      const lines = drawProfile(watch, screen, initialView, plainStyle)
      const isDrawn = screen.columns >= 60 && screen.rows >= 16
      if (isDrawn) expect(lines.at(-1)).toContain('q stop')
      expect(lines.length).toBeLessThanOrEqual(screen.rows)
      for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(screen.columns)
      const coloured = drawProfile(watch, screen, initialView, colorStyle)
      expect(coloured.map(stripVTControlCharacters)).toEqual(lines)
    }),
  )
})

test('the log fills the screen when asked to, and help lies over everything', () => {
  const log = draw(undecided(), nextView(initialView, { kind: 'maximise', panel: 'events' }))
  expect(log).not.toContain('HYPOTHESES')
  expect(log).toContain('foretold 60 of 60')
  const help = draw(undecided(), nextView(initialView, { kind: 'help' }))
  expect(help).toMatch(/KEYS[\s\S]+stop, and tell what is known/)
})

test('a small terminal is told so, with all of it in one line', () => {
  const [first, line] = drawProfile(undecided(), { columns: 59, rows: 16 }, initialView, plainStyle)
  expect(first).toContain('Terminal too small (59×16, needs 60×16)')
  expect(line).toContain('tell apart | 70 of 2,000 requests')
})

test('one line tells where it stands', () => {
  expect(profileLine(undecided())).toBe(
    '23.8 s  tell apart | 70 of 2,000 requests | limiter requests | fixed window from the first request 93.1 % | next: two clumps, 0.4 windows apart',
  )
  expect(profileLine(untouched)).toBe('200 ms  starting | 0 of 2,000 requests')
})
