import { expect, test } from 'vitest'
import { canDraw } from './canDraw.ts'
import { colorStyle, plainStyle, styleOf } from './style.ts'

const tty = { isTTY: true }
const pipe = {}

test('a dashboard needs a terminal at both ends', () => {
  expect(canDraw(tty, tty, { TERM: 'xterm-256color' })).toBe(true)
  expect(canDraw(pipe, tty, {})).toBe(false)
  expect(canDraw(tty, pipe, {})).toBe(false)
})

test('no dashboard in CI or on a dumb terminal', () => {
  expect(canDraw(tty, tty, { CI: 'true' })).toBe(false)
  expect(canDraw(tty, tty, { CI: 'false' })).toBe(true)
  expect(canDraw(tty, tty, { CONTINUOUS_INTEGRATION: '1' })).toBe(false)
  expect(canDraw(tty, tty, { TERM: 'dumb' })).toBe(false)
})

test('NO_COLOR, FORCE_COLOR=0 and a dumb terminal turn colours off', () => {
  expect(styleOf({})).toBe(colorStyle)
  expect(styleOf({ NO_COLOR: '' })).toBe(colorStyle)
  expect(styleOf({ NO_COLOR: '1' })).toBe(plainStyle)
  expect(styleOf({ FORCE_COLOR: '0' })).toBe(plainStyle)
  expect(styleOf({ TERM: 'dumb' })).toBe(plainStyle)
})
