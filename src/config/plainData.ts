// What a config may consist of at all: plain data of bounded depth, without keys that reach into
// prototypes. Holds for the places, too, that the schema leaves open.

import type { Problem } from './source.ts'
import type { Path } from './values.ts'

/** Keys that change what an object is, instead of what it holds. */
const refusedKeys = new Set(['__proto__', 'constructor', 'prototype'])

/** Levels of objects and lists in each other. */
const depthMax = 32

const tooDeep = `expected at most ${depthMax} levels`

/** Whether a value cannot even be walked through: it may lead back to itself. */
export function isTooDeep({ message }: Problem): boolean {
  return message === tooDeep
}

/** Everything in a value that is no plain data. */
export function plainDataProblems(value: unknown, path: Path = []): readonly Problem[] {
  if (typeof value !== 'object' || value === null) return scalarProblems(value, path)
  if (path.length > depthMax) {
    return [{ path, message: tooDeep, got: 'more' }]
  }
  if (Array.isArray(value)) {
    return value.flatMap((item, i) => plainDataProblems(item, [...path, i]))
  }
  if (!isPlain(value)) {
    const got = `an instance of ${value.constructor?.name ?? 'a class'}`
    return [{ path, message: 'expected plain data', got }]
  }
  return Object.entries(value).flatMap(([key, item]) =>
    refusedKeys.has(key)
      ? [{ path: [...path, key], message: 'expected another key', got: `'${key}'` }]
      : plainDataProblems(item, [...path, key]),
  )
}

function scalarProblems(value: unknown, path: Path): readonly Problem[] {
  if (!['function', 'symbol', 'bigint'].includes(typeof value)) return []
  return [{ path, message: 'expected plain data', got: `a ${typeof value}` }]
}

/** Also for objects of another realm, whose prototypes are not ours. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
