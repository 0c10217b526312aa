import { describe, expect, test } from 'vitest'
import { isPointer, valueAt } from './pointer.ts'

const document = JSON.parse(
  '{"error":{"code":429},"list":["a","b"],"a/b":1,"m~n":2,"":3,"__proto__":{"x":4}}',
)

describe('valueAt', () => {
  test.each([
    ['', document],
    ['/error/code', 429],
    ['/list/1', 'b'],
    ['/a~1b', 1],
    ['/m~0n', 2],
    ['/', 3],
    ['/__proto__/x', 4],
  ])('%j', (pointer, value) => {
    expect(valueAt(document, pointer)).toEqual(value)
  })

  test.each(['/none', '/error/code/deeper', '/list/-', '/list/01', '/list/length', 'error', '/~2'])(
    '%j points at nothing',
    (pointer) => {
      expect(valueAt(document, pointer)).toBeUndefined()
    },
  )

  test.each(['/constructor', '/toString', '/__proto__/constructor', '/list/__proto__'])(
    '%j does not reach what objects inherit',
    (pointer) => {
      expect(valueAt(document, pointer)).toBeUndefined()
    },
  )
})

test('a pointer is empty or begins with a slash', () => {
  expect(['', '/', '/a~0~1'].every(isPointer)).toBe(true)
  expect(['a', '/~', '/~3'].some(isPointer)).toBe(false)
})
