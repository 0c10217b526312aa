// What tests of steps mean: whether a value passes one, and how it is told to people.

import { formatSpan } from '../core/format.ts'
import { safeLine } from '../core/text.ts'
import { parseDurationUs } from '../core/units.ts'
import {
  filledData,
  type Place,
  type Scalar,
  type Test,
  type TestName,
  type Variables,
} from './steps.ts'

interface TestKind {
  /** Between the place and the value, as in 'status == 201'. */
  readonly words: string
  holds(actual: unknown, value: Test['value']): boolean
}

const kinds: Readonly<Record<TestName, TestKind>> = {
  equals: { words: '==', holds: (actual, value) => isSame(actual, value as Scalar) },
  not: { words: '!=', holds: (actual, value) => !isSame(actual, value as Scalar) },
  oneOf: { words: 'in', holds: (actual, value) => listOf(value).some((v) => isSame(actual, v)) },
  above: { words: '>', holds: (actual, value) => compare(actual, value, (a, b) => a > b) },
  atLeast: { words: '>=', holds: (actual, value) => compare(actual, value, (a, b) => a >= b) },
  below: { words: '<', holds: (actual, value) => compare(actual, value, (a, b) => a < b) },
  atMost: { words: '<=', holds: (actual, value) => compare(actual, value, (a, b) => a <= b) },
  contains: { words: 'contains', holds: contains },
  matches: { words: 'matches', holds: matches },
  exists: { words: 'exists', holds: (actual, value) => (actual !== undefined) === value },
  jwt: { words: 'is a JWT', holds: (actual, value) => isJwt(actual) === value },
  lengthAtLeast: {
    words: 'has a length >=',
    holds: (actual, value) => lengthOf(actual) >= Number(value),
  },
}

/** Whether a value passes a test; `undefined` is "not there". */
export function holds({ is, value }: Test, actual: unknown): boolean {
  return kinds[is].holds(actual, value)
}

/** A test with its variables filled in; those that hold durations become µs at places that are times. */
export function filledTest(test: Test, place: Place, variables: Variables): Test {
  const whole = filledData(test, variables)
  const { value } = whole
  const isSpanText = isSpan(place) && typeof value === 'string' && /^\d.*[a-z]$/.test(value)
  return isSpanText ? { ...whole, value: parseDurationUs(value) } : whole
}

/** 'status == 201', '/token is a JWT' */
export function testText(place: Place, { is, value }: Test): string {
  const at = placeText(place)
  const { words } = kinds[is]
  if (is === 'exists') return value === true ? `${at} exists` : `no ${at}`
  if (is === 'jwt') return value === true ? `${at} ${words}` : `${at} is no JWT`
  return `${at} ${words} ${valueText(place, value)}`
}

export function placeText(place: Place): string {
  switch (place.kind) {
    case 'header':
      return `header ${place.name}`
    case 'json':
      return jsonText(place)
    case 'stream':
      return `stream ${place.part}`
    case 'metric': {
      const labels = Object.entries(place.labels).map(([name, value]) => `${name}="${value}"`)
      return `metric ${place.name}${labels.length === 0 ? '' : `{${labels.join(',')}}`}`
    }
    default:
      return place.kind
  }
}

/** A value that was found, short and harmless; `redact` takes secrets out before it is cut. */
export function foundText(place: Place, actual: unknown, redact: (text: string) => string): string {
  if (actual === undefined) return 'nothing'
  if (isSpan(place) && typeof actual === 'number') return formatSpan(actual)
  const text = typeof actual === 'string' ? `'${actual}'` : JSON.stringify(actual)
  return safeLine(redact(text), 120)
}

function jsonText({ pointer, where, take }: Extract<Place, { kind: 'json' }>): string {
  const at = pointer === '' ? 'the document' : pointer
  if (where === null) return `${at}${take}`
  const wanted = Object.entries(where).map(([name, value]) => `${name} = ${value}`)
  return `${at}[${wanted.join(', ')}]${take}`
}

function valueText(place: Place, value: Test['value']): string {
  const one = (scalar: Scalar) => {
    if (isSpan(place) && typeof scalar === 'number') return formatSpan(scalar)
    return typeof scalar === 'string' ? scalar : String(scalar)
  }
  return listOf(value).map(one).join(', ')
}

function isSpan(place: Place): boolean {
  return place.kind === 'time' || (place.kind === 'stream' && place.part === 'firstToken')
}

function listOf(value: Test['value']): readonly Scalar[] {
  return Array.isArray(value) ? (value as readonly Scalar[]) : [value as Scalar]
}

/** Variables are texts: '429' is 429 where the other side is a number. */
function isSame(actual: unknown, value: Scalar): boolean {
  if (typeof actual === 'number' && typeof value === 'string') return actual === numberOf(value)
  return actual === value
}

function compare(
  actual: unknown,
  value: Test['value'],
  order: (a: number, b: number) => boolean,
): boolean {
  return order(numberOf(actual), numberOf(value))
}

/** NaN, which compares with nothing, where it is no number. */
function numberOf(value: unknown): number {
  if (typeof value === 'number') return value
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN
}

/** Whatever the case of letters. */
function contains(actual: unknown, value: Test['value']): boolean {
  if (Array.isArray(actual)) return actual.some((item) => isSame(item, value as Scalar))
  if (typeof actual !== 'string') return false
  return actual.toLowerCase().includes(String(value).toLowerCase())
}

function matches(actual: unknown, value: Test['value']): boolean {
  if (actual === undefined || (typeof actual === 'object' && actual !== null)) return false
  return patternOf(String(value)).test(String(actual).slice(0, charactersMax))
}

const charactersMax = 65_536

/** A regular expression, bare or as '/…/i'; throws `SyntaxError`. */
export function patternOf(text: string): RegExp {
  const [, source = text, flags = ''] = /^\/(.*)\/([a-z]*)$/s.exec(text) ?? []
  return new RegExp(source, flags.replace(/[gy]/g, ''))
}

/** Three parts in base64url, the first of them a JSON object that names its algorithm. */
function isJwt(actual: unknown): boolean {
  if (typeof actual !== 'string' || !/^[\w-]+\.[\w-]+\.[\w-]*$/.test(actual)) return false
  try {
    const head: unknown = JSON.parse(Buffer.from(actual.split('.', 1)[0]!, 'base64url').toString())
    return typeof head === 'object' && head !== null && 'alg' in head
  } catch {
    return false
  }
}

function lengthOf(actual: unknown): number {
  if (typeof actual === 'string') return actual.trim().length
  if (Array.isArray(actual)) return actual.length
  return typeof actual === 'object' && actual !== null ? Object.keys(actual).length : Number.NaN
}
