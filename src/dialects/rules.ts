// What users say about their own target's rejections: plain data from the configuration, compiled
// once, tried before any dialect. Must not know where the configuration is.

import { messageOf, UserError } from '../core/errors.ts'
import type { LimitUnit } from '../core/limits.ts'
import type { Rejection, ResponseView } from './dialect.ts'
import { isPointer, valueAt } from './pointer.ts'
import { adviceIn, rejectionOf } from './rejection.ts'
import { type ReadSpan, readRetryAfter } from './reset.ts'
import { clockOf, field, jsonOf } from './view.ts'

/** Everything that must hold; a regular expression may be written bare or as '/…/i'. */
export interface ResponseCondition {
  readonly status?: number | readonly number[] | undefined
  /** Header name → regular expression. */
  readonly header?: Readonly<Record<string, string>> | undefined
  /** JSON pointer → the value there; a text between slashes is a regular expression. */
  readonly json?: Readonly<Record<string, string | number | boolean>> | undefined
  /** Regular expression over the body. */
  readonly body?: string | undefined
}

/** These responses are rejections by that limiter. */
export interface LimiterRule {
  readonly limiter: string
  readonly unit?: LimitUnit | undefined
  readonly when: ResponseCondition
  /** Where the advice is: JSON pointers or 'header:NAME', first one wins; default Retry-After. */
  readonly retryAfter?: readonly string[] | undefined
  readonly never?: false | undefined
}

/** These responses are no rejections, whatever they look like. */
export interface NeverRule {
  readonly never: true
  readonly when: ResponseCondition
}

export type ResponseRule = LimiterRule | NeverRule

/** A rule that is ready to be asked. */
export interface CompiledRule {
  /** Whether it may hold for responses that are no errors, which nobody else looks into. */
  readonly isForSuccess: boolean
  matches(view: ResponseView): boolean
  /** The rejection of a response that matches; null for `never`. */
  rejection(view: ResponseView): Rejection | null
}

/** Compiles a rule; throws `UserError` for what can never match. */
export function compileRule(rule: ResponseRule, index = 0): CompiledRule {
  const where = `rules[${index}]`
  const statuses = rule.when.status === undefined ? null : new Set([rule.when.status].flat())
  const tests = [
    ...headerTests(rule.when, where),
    ...bodyTests(rule.when, where),
    ...jsonTests(rule.when, where),
  ]
  if (statuses === null && tests.length === 0) {
    throw new UserError('config', `${where}.when: expected at least one condition, got none`)
  }
  const evidence = `rule ${index}: ${conditionText(rule.when)}`
  const advice = rule.never === true ? [] : (rule.retryAfter ?? []).map((at) => adviceAt(at, where))
  return {
    isForSuccess: statuses === null || [...statuses].some((status) => status < 400),
    matches: (view) =>
      (statuses === null || statuses.has(view.status)) && tests.every((test) => test(view)),
    rejection(view) {
      if (rule.never === true) return null
      const { limiter, unit = null } = rule
      const rejection = rejectionOf(view, {
        strength: 'signature',
        limiter,
        unit,
        evidence: [evidence],
      })
      const said = firstOf(advice, view)
      return said === null ? rejection : { ...rejection, retryAfterUs: said.us }
    },
  }
}

type Test = (view: ResponseView) => boolean

function headerTests({ header = {} }: ResponseCondition, where: string): readonly Test[] {
  return Object.entries(header).map(([name, source]) => {
    const pattern = regExpOf(source, `${where}.when.header.${name}`)
    const lower = name.toLowerCase()
    return (view) => {
      const value = field(view, lower)
      return value !== null && pattern.test(value)
    }
  })
}

function bodyTests({ body }: ResponseCondition, where: string): readonly Test[] {
  if (body === undefined) return []
  const pattern = regExpOf(body, `${where}.when.body`)
  return [(view) => pattern.test(view.body.slice(0, bodyCharactersMax))]
}

const bodyCharactersMax = 65_536

function jsonTests({ json = {} }: ResponseCondition, where: string): readonly Test[] {
  return Object.entries(json).map(([pointer, expected]) => {
    const place = `${where}.when.json["${pointer}"]`
    assertPointer(pointer, place)
    if (typeof expected !== 'string' || !slashed.test(expected)) {
      return (view) => valueAt(jsonOf(view), pointer) === expected
    }
    const pattern = regExpOf(expected, place)
    return (view) => {
      const value = valueAt(jsonOf(view), pointer)
      return isScalar(value) && pattern.test(String(value).slice(0, bodyCharactersMax))
    }
  })
}

function isScalar(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value)
}

const slashed = /^\/(.*)\/([a-z]*)$/s

function regExpOf(text: string, where: string): RegExp {
  const [, source = text, flags = ''] = slashed.exec(text) ?? []
  try {
    // A pattern that remembers where it was would answer differently each time.
    return new RegExp(source, flags.replace(/[gy]/g, ''))
  } catch (error) {
    throw new UserError(
      'config',
      `${where}: expected a regular expression, got ${messageOf(error)}`,
    )
  }
}

function assertPointer(pointer: string, where: string): void {
  if (isPointer(pointer)) return
  throw new UserError(
    'config',
    `${where}: expected a JSON pointer like '/error/code', got '${pointer}'; begin it with '/'`,
  )
}

type Advice = (view: ResponseView) => ReadSpan | null

function adviceAt(at: string, where: string): Advice {
  if (at.startsWith('header:')) {
    const name = at.slice('header:'.length).toLowerCase()
    return (view) => inUnit(name, field(view, name), view) ?? adviceIn(view, name)
  }
  assertPointer(at, `${where}.retryAfter`)
  return (view) => {
    const value = valueAt(jsonOf(view), at)
    const text = typeof value === 'number' || typeof value === 'string' ? String(value) : null
    return inUnit(at, text, view)
  }
}

// Places called `…_ms` hold milliseconds; all others what Retry-After may hold.
function inUnit(name: string, text: string | null, view: ResponseView): ReadSpan | null {
  if (text === null) return null
  if (/ms$/i.test(name) && /^\d{1,12}(?:\.\d{1,6})?$/.test(text)) {
    return { us: Math.round(Number(text) * 1000), as: `${name}: milliseconds` }
  }
  return readRetryAfter(text, clockOf(view))
}

function firstOf(advice: readonly Advice[], view: ResponseView): ReadSpan | null {
  for (const read of advice) {
    const said = read(view)
    if (said !== null && said.us !== null) return said
  }
  return null
}

function conditionText({ status, header, json, body }: ResponseCondition): string {
  const parts = [
    status === undefined ? '' : `status ${[status].flat().join(' or ')}`,
    ...Object.entries(header ?? {}).map(([name, pattern]) => `${name}: ${pattern}`),
    ...Object.entries(json ?? {}).map(([pointer, expected]) => `${pointer}: ${expected}`),
    body === undefined ? '' : `body ${body}`,
  ]
  return parts.filter((part) => part !== '').join(', ')
}
