// Statements about a run, as users write them: 'p99(response){shape=cheap} < 800ms',
// 'goodput / offered > 0.95', 'rejected(tokens) within 60s of start'. This file parses; checks.ts
// judges.

import { type Micros, parseDurationUs, parseRatePerS } from '../core/units.ts'
import {
  checkArgument,
  checkField,
  type EventName,
  eventNamed,
  type FilterName,
  filterNamed,
  isPlainMetric,
  type MetricName,
  metricNamed,
  quantileMeasures,
  StatementError,
  textFields,
  timeFields,
} from './vocabulary.ts'

export { StatementError } from './vocabulary.ts'

export const operators = ['==', '!=', '<=', '>=', '<', '>'] as const
export type Operator = (typeof operators)[number]

/** 'shape=cheap, lane=free' */
export type Filters = Readonly<Partial<Record<FilterName, string>>>

/** What can be measured, and what it is applied to. */
export interface Metric {
  readonly kind: 'metric'
  readonly name: MetricName
  readonly argument: string
  readonly filters: Filters
  /** '.limiter' after first(…), '.overshoot' after limit(…) */
  readonly field: string | null
}

/** A constant; `text` is how it was written. */
export interface Constant {
  readonly kind: 'value'
  readonly value: number | string
  readonly text: string
}

export type Operand = Metric | Constant

export const signs = ['+', '-', '*', '/'] as const
export type Sign = (typeof signs)[number]

/** Operands with signs between them; `*` and `/` bind closer. */
export interface Expression {
  readonly first: Operand
  readonly rest: readonly { readonly sign: Sign; readonly operand: Operand }[]
}

/** 'EXPRESSION OPERATOR EXPRESSION' */
export interface Comparison {
  readonly kind: 'comparison'
  readonly text: string
  readonly left: Expression
  readonly operator: Operator
  readonly right: Expression
}

/** The first rejection by a limiter on a lane, or the first request that it admitted after it. */
export interface EventRef {
  readonly event: EventName
  readonly limiter: string
  readonly filters: Filters
}

/** 'EVENT within DURATION of start|EVENT' */
export interface Within {
  readonly kind: 'within'
  readonly text: string
  readonly event: EventRef
  readonly spanUs: Micros
  /** 'start': that of the scenario. */
  readonly of: EventRef | 'start'
}

export type Statement = Comparison | Within

/** Throws `StatementError`, or `UnitError` for a duration or rate. */
export function parseStatement(text: string): Statement {
  const within = /^(?<event>.*\S)\s+within\s+(?<span>\S+)\s+of\s+(?<of>.*)$/.exec(text.trim())
  if (within !== null) return { text, ...parseWithin(within.groups as Record<string, string>) }
  const match =
    /^(?<left>[^<>=!{]*(?:\{[^}]*\}[^<>=!{]*)*)(?<operator>==|!=|<=|>=|<|>)(?<right>.*)$/.exec(
      text.trim(),
    )
  if (match === null) {
    throw new StatementError(
      `expected 'METRIC ${operators.join('|')} VALUE' or 'EVENT within DURATION of start', got '${text}'`,
    )
  }
  const { left, operator, right } = match.groups as Record<string, string>
  return { text, ...parseComparison(left!.trim(), operator as Operator, right!.trim()) }
}

/** Every operand of an expression, in its order. */
export function operandsOf({ first, rest }: Expression): Operand[] {
  return [first, ...rest.map(({ operand }) => operand)]
}

function parseComparison(
  leftText: string,
  operator: Operator,
  rightText: string,
): Omit<Comparison, 'text'> {
  const left = parseExpression(leftText)
  if (operandsOf(left).every(({ kind }) => kind !== 'metric')) {
    if (isWord(left.first)) metricNamed(left.first.text)
    throw new StatementError(
      `expected a metric on the left, like 'p99(response)', got '${leftText}'`,
    )
  }
  if (left.rest.length === 0 && isTime(left.first) && /^-?\d+(\.\d+)?$/.test(rightText)) {
    throw new StatementError(
      `expected a duration with its unit, like '${rightText}ms', got '${rightText}'`,
    )
  }
  const right = parseExpression(rightText)
  if (isNumber(left.first) && isWord(right.first)) metricNamed(right.first.text)
  return { kind: 'comparison', left, operator, right }
}

/** A constant that is a bare word: where a number is wanted, it was meant for a metric. */
function isWord(operand: Operand): operand is Constant {
  return operand.kind === 'value' && operand.value === operand.text
}

/** Whether a metric is never a text. */
function isNumber(operand: Operand): boolean {
  if (operand.kind !== 'metric') return false
  return operand.name !== 'value' && !textFields.includes(operand.field ?? '')
}

function parseWithin({ event, span, of }: Record<string, string>): Omit<Within, 'text'> {
  return {
    kind: 'within',
    event: parseEvent(event!),
    spanUs: parseDurationUs(span!),
    of: of!.trim() === 'start' ? 'start' : parseEvent(of!.trim()),
  }
}

/** Signs have spaces around them: names and units may have dashes and slashes. */
function parseExpression(text: string): Expression {
  const parts = text.split(/\s([-+*/])\s(?![^({]*[)}])/)
  const [first, ...others] = parts
  const rest = others.flatMap((part, i) => {
    const sign = i % 2 === 1 ? (others[i - 1] as Sign) : null
    return sign === null ? [] : [{ sign, operand: parseOperand(part.trim()) }]
  })
  const expression = { first: parseOperand(first!.trim()), rest }
  if (rest.length > 0) {
    for (const operand of operandsOf(expression)) if (isWord(operand)) metricNamed(operand.text)
  }
  return expression
}

/** Whether a metric is a span of time, in µs. */
export function isTime(operand: Operand): boolean {
  if (operand.kind !== 'metric') return false
  const { argument, field } = operand
  const isSpan = (quantileMeasures as readonly string[]).includes(argument) && field === null
  return isSpan || timeFields.includes(field ?? '')
}

// NAME(ARGUMENT){FILTERS}.FIELD, of which a metric without arguments needs no brackets.
const callPattern = /^(\w+)\(([^)]*)\)\s*(?:\{([^}]*)\})?\s*(?:\.(\w+))?$/

function parseOperand(text: string): Operand {
  const call = callPattern.exec(bracketed(text))
  if (call === null) return { kind: 'value', value: parseValue(text), text }
  const [, word, argument = '', filters = '', field = null] = call
  const name = metricNamed(word!)
  checkArgument(name, argument.trim())
  checkField(name, field, text)
  return {
    kind: 'metric',
    name,
    argument: argument.trim(),
    filters: checkedFilters(name, parseFilters(filters)),
    field,
  }
}

/** 'goodput{lane=free}' → 'goodput(){lane=free}' */
function bracketed(text: string): string {
  const [name] = /^\w+/.exec(text) ?? ['']
  const isBare = isPlainMetric(name) && !text.startsWith(`${name}(`)
  return isBare ? `${name}()${text.slice(name.length)}` : text
}

function parseEvent(text: string): EventRef {
  const call = /^(\w+)\(([^)]*)\)\s*(?:\{([^}]*)\})?$/.exec(text)
  if (call === null) {
    throw new StatementError(`expected an event, like 'rejected(tokens)', got '${text}'`)
  }
  const [, word, limiter, filterText = ''] = call
  const event = eventNamed(word!)
  if (limiter!.trim() === '') throw new StatementError(`expected ${event}(LIMITER), got '${text}'`)
  const filters = parseFilters(filterText)
  if (Object.keys(filters).some((name) => name !== 'lane')) {
    throw new StatementError(`expected {lane=…} at most after ${event}(…), got '${text}'`)
  }
  return { event, limiter: limiter!.trim(), filters }
}

/** Phases are counted as a whole. */
function checkedFilters(name: MetricName, filters: Filters): Filters {
  const { phase, shape, lane } = filters
  if (phase === undefined) return filters
  if (!['count', 'share', 'rate'].includes(name) || shape !== undefined || lane !== undefined) {
    throw new StatementError(
      `expected {phase=…} alone, and with count, share or rate; give a phase a shape of its own to tell it apart`,
    )
  }
  return filters
}

function parseFilters(text: string): Filters {
  const filters: Partial<Record<FilterName, string>> = {}
  for (const part of text.split(',').filter((part) => part.trim() !== '')) {
    const [name, value] = part.split('=').map((side) => side.trim())
    const filter = filterNamed(name!)
    if (value === undefined || value === '') {
      throw new StatementError(`expected {${filter}=NAME}, got '{${text}}'`)
    }
    filters[filter] = value
  }
  return filters
}

/** Durations become µs, rates per second, percentages shares; other words stay words. */
function parseValue(text: string): number | string {
  if (text === '') throw new StatementError('expected a value after the operator, got nothing')
  const unquoted = /^(['"])(.*)\1$/.exec(text)
  if (unquoted !== null) return unquoted[2]!
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text)
  if (/^-?\d+(\.\d+)?\s*%$/.test(text)) return Number.parseFloat(text) / 100
  if (/^\d.*[/]/.test(text)) return parseRatePerS(text)
  if (/^-\d/.test(text)) return -parseDurationUs(text.slice(1))
  if (/^\d/.test(text)) return parseDurationUs(text)
  return text
}
