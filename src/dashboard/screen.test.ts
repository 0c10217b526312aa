import { cleanup, render } from 'ink-testing-library'
import { createElement } from 'react'
import { afterEach, expect, test, vi } from 'vitest'
import type { LiveSnapshot } from '../recording/live.ts'
import { fewExpensive, manyCheap } from './fixtures.ts'
import { drawFrame } from './frame.ts'
import type { Draw } from './screen.ts'
import { View } from './screen.ts'
import { plainStyle } from './style.ts'

afterEach(cleanup)

// Real timers, bounded by waitFor: ink reads keys and renders on its own schedule.
async function show(snapshot: () => LiveSnapshot = () => manyCheap) {
  const calls = { onStop: vi.fn(), onAbort: vi.fn(), clear: vi.fn() }
  const draw: Draw = (...where) => drawFrame(snapshot(), ...where)
  const app = render(createElement(View, { draw, style: plainStyle, ...calls }))
  resize(app.stdout, 24)
  const sees = (text: string | RegExp) => vi.waitFor(() => expect(app.lastFrame()).toMatch(text))
  await sees('LIMITERS')
  const press = (input: string) => app.stdin.write(input)
  return { ...calls, press, sees, frame: () => app.lastFrame()!, stdout: app.stdout }
}

// ink-testing-library has 100 columns and no rows.
function resize(stdout: { emit(event: string): boolean }, rows: number) {
  Object.assign(stdout, { rows })
  stdout.emit('resize')
}

test('l fills the screen with the event log, l again goes back', async () => {
  const { press, sees, frame } = await show()
  press('l')
  await sees(/EVENTS[\s\S]+esc back/)
  expect(frame()).not.toContain('LIMITERS')
  press('l')
  await sees('LIMITERS')
})

test('1 to 4 maximise a panel and esc goes back', async () => {
  const { press, sees, frame } = await show()
  for (const [key, title] of [
    ['1', 'LIMITERS'],
    ['2', 'LATENCY'],
    ['3', 'THROUGHPUT'],
    ['4', 'GENERATOR'],
  ] as const) {
    press(key)
    await sees('esc back')
    await sees(title)
    expect(frame()).not.toContain('EVENTS')
    press('\u001b')
    await sees('EVENTS')
  }
})

test('? shows the keys over the panels, esc takes them away', async () => {
  const { press, sees, frame } = await show()
  press('?')
  await sees(/KEYS[\s\S]+stop sending[\s\S]+event log/)
  press('\u001b')
  await vi.waitFor(() => expect(frame()).not.toContain('KEYS'))
})

test.each(['q', '\u0003'])('%j stops once gracefully, then at once, then nothing', async (key) => {
  const { press, sees, frame, onStop, onAbort } = await show(() => fewExpensive)
  press(key)
  await sees('stopping: waiting for 3 in flight; again to stop at once')
  expect(onStop).toHaveBeenCalledTimes(1)
  expect(onAbort).not.toHaveBeenCalled()
  press(key)
  await sees('stopping at once')
  expect(onAbort).toHaveBeenCalledTimes(1)
  press(key)
  press('l')
  await vi.waitFor(() => expect(frame()).not.toContain('LIMITERS'))
  expect(onStop).toHaveBeenCalledTimes(1)
  expect(onAbort).toHaveBeenCalledTimes(1)
})

test('Ctrl-L draws anew', async () => {
  const { press, clear } = await show()
  press('\u000c')
  await vi.waitFor(() => expect(clear).toHaveBeenCalledTimes(1))
})

test('the screen follows the run by itself', async () => {
  let current = manyCheap
  const { sees } = await show(() => current)
  current = fewExpensive
  await sees(/CLOSED +tokens/)
})

test('a small terminal is told so, and everything is back when it grows', async () => {
  const { stdout, sees } = await show()
  resize(stdout, 10)
  await sees('Terminal too small (100×10, needs 60×16)')
  resize(stdout, 24)
  await sees('LIMITERS')
})

test('a snapshot that throws shows a line, and the next one is drawn', async () => {
  let isBroken = false
  const { sees } = await show(() => {
    if (isBroken) throw new Error('out of paint')
    return manyCheap
  })
  isBroken = true
  await sees('cannot draw, the run goes on: out of paint')
  isBroken = false
  await sees('q stop')
})
