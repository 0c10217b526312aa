// Statements about a run, as users write them: 'p99(response){shape=cheap} < 800ms',
// 'first(many-cheap).limiter == requests', 'count(ok){lane=premium} >= 2 * count(ok){lane=free}'. This
// file parses; checks.ts evaluates.

import { nearest } from '../core/text.ts'
import { parseDurationUs, parseRatePerS } from '../core/units.ts'

export const operators = ['==', '!=', '<=', '>=', '<', '>'] as const
export type Operator = (typeof operators)[number]

/** What can be measured, and what it is applied to. */
export interface Metric {
  readonly kind: 'metric'
  readonly name: MetricName
  readonly argument: string
  /** 'shape=cheap, lane=free' */
  readonly filters: Readonly<Partial<Record<FilterName, string>>>
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

export interface Statement {
  readonly text: string
  readonly left: Expression
  readonly operator: Operator
  readonly right: Expression
}

const fieldsOfFirst = ['limiter', 'seq', 'admitted', 'tokens', 'at', 'status', 'confidence']
const fieldsOfLimit = [
  ...['overshoot', 'observed', 'rejections', 'recovered', 'window'],
  ...['retry_after', 'retry_error'],
]
/** Whether concurrency beyond a number of slots queues or is rejected, over the phases of a ladder. */
const fieldsOfLadder = ['kind', 'slots']
const quantileMeasures = ['response', 'service', 'ttft', 'tpot', 'itl']
const outcomeNames = 'ok limited refused failed timeout broken aborted unsent sent all'.split(' ')

/** Metrics, the arguments they take (null: any name) and their fields. */
const metrics = {
  first: { arguments: null, fields: fieldsOfFirst },
  first_rejection: { arguments: null, fields: fieldsOfFirst },
  limit: { arguments: null, fields: fieldsOfLimit },
  count: { arguments: outcomeNames, fields: [] },
  share: { arguments: outcomeNames, fields: [] },
  rate: { arguments: outcomeNames, fields: [] },
  tokens: { arguments: outcomeNames, fields: [] },
  tokens_per_s: { arguments: [''], fields: [] },
  goodput: { arguments: [''], fields: [] },
  offered: { arguments: [''], fields: [] },
  value: { arguments: null, fields: [] },
  ladder: { arguments: [''], fields: fieldsOfLadder },
  min: { arguments: quantileMeasures, fields: [] },
  mean: { arguments: quantileMeasures, fields: [] },
  p50: { arguments: quantileMeasures, fields: [] },
  p90: { arguments: quantileMeasures, fields: [] },
  p95: { arguments: quantileMeasures, fields: [] },
  p99: { arguments: quantileMeasures, fields: [] },
  p999: { arguments: quantileMeasures, fields: [] },
  max: { arguments: quantileMeasures, fields: [] },
} as const satisfies Record<
  string,
  { arguments: readonly string[] | null; fields: readonly string[] }
>

export type MetricName = keyof typeof metrics

const filterNames = ['shape', 'lane', 'outcome', 'phase'] as const
export type FilterName = (typeof filterNames)[number]

/** A statement that cannot be understood, with what was expected. */
export class StatementError extends Error {
  override readonly name = 'StatementError'
}

/** Throws `StatementError`. */
export function parseStatement(text: string): Statement {
  const match =
    /^(?<left>[^<>=!{]*(?:\{[^}]*\}[^<>=!{]*)*)(?<operator>==|!=|<=|>=|<|>)(?<right>.*)$/.exec(
      text.trim(),
    )
  if (match === null) {
    throw new StatementError(`expected 'METRIC ${operators.join('|')} VALUE', got '${text}'`)
  }
  const { left, operator, right } = match.groups as Record<string, string>
  const expression = parseExpression(left!.trim())
  const operands = [expression.first, ...expression.rest.map(({ operand }) => operand)]
  if (operands.every(({ kind }) => kind !== 'metric')) {
    throw new StatementError(
      `expected a metric on the left, like 'p99(response)', got '${left!.trim()}'`,
    )
  }
  const isOne = expression.rest.length === 0
  if (isOne && isTime(expression.first) && /^-?\d+(\.\d+)?$/.test(right!.trim())) {
    throw new StatementError(
      `expected a duration with its unit, like '${right!.trim()}ms', got '${right!.trim()}'`,
    )
  }
  return {
    text,
    left: expression,
    operator: operator as Operator,
    right: parseExpression(right!.trim()),
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
  const head = parseOperand(first!.trim())
  if (rest.length > 0)
    for (const one of [head, ...rest.map(({ operand }) => operand)]) checkNumber(one)
  return { first: head, rest }
}

const timesOfLimit = ['recovered', 'window', 'retry_after', 'retry_error']

/** Whether a metric is a span of time, in µs. */
export function isTime(operand: Operand): boolean {
  if (operand.kind !== 'metric') return false
  const { name, argument, field } = operand
  return (
    quantileMeasures.includes(argument) ||
    field === 'at' ||
    (name === 'limit' && timesOfLimit.includes(field ?? ''))
  )
}

function parseOperand(text: string): Operand {
  const call = /^(\w+)\(([^)]*)\)\s*(?:\{([^}]*)\})?\s*(?:\.(\w+))?$/.exec(bracketed(text))
  if (call === null) return { kind: 'value', value: parseValue(text), text }
  const [, name, argument, filters, field] = call
  const known = metricOf(name!)
  const metric = metrics[known]
  checkArgument(known, argument!.trim())
  if (field === undefined && metric.fields.length > 0) {
    throw new StatementError(`expected ${known}(…).${metric.fields.join('|')}, got '${text}'`)
  }
  if (field !== undefined && !(metric.fields as readonly string[]).includes(field)) {
    throw new StatementError(unknown(`field of ${known}(…)`, field, metric.fields))
  }
  return {
    kind: 'metric',
    name: known,
    argument: argument!.trim(),
    filters: checkedFilters(known, parseFilters(filters ?? '')),
    field: field ?? null,
  }
}

/** A word that is summed or divided was meant for a metric. */
function checkNumber(operand: Operand): void {
  if (operand.kind === 'value' && typeof operand.value === 'string') metricOf(operand.value)
}

/** 'goodput{lane=free}' → 'goodput(){lane=free}': what takes no argument needs no brackets. */
function bracketed(text: string): string {
  const [name] = /^\w+/.exec(text) ?? ['']
  const isPlain = Object.hasOwn(metrics, name) && metrics[name as MetricName].arguments?.[0] === ''
  return isPlain && !text.startsWith(`${name}(`) ? `${name}()${text.slice(name.length)}` : text
}

function metricOf(name: string): MetricName {
  if (Object.hasOwn(metrics, name)) return name as MetricName
  throw new StatementError(unknown('metric', name, Object.keys(metrics)))
}

function checkArgument(name: MetricName, argument: string): void {
  const allowed: readonly string[] | null = metrics[name].arguments
  if (allowed === null ? argument !== '' : allowed.includes(argument)) return
  throw new StatementError(unknown(`argument of ${name}()`, argument, allowed ?? ['a name']))
}

/** Phases are counted as a whole. */
function checkedFilters(name: MetricName, filters: Metric['filters']): Metric['filters'] {
  const { phase, shape, lane } = filters
  if (phase === undefined) return filters
  if (!['count', 'share', 'rate'].includes(name) || shape !== undefined || lane !== undefined) {
    throw new StatementError(
      `expected {phase=…} alone, and with count, share or rate; give a phase a shape of its own to tell it apart`,
    )
  }
  return filters
}

function parseFilters(text: string): Metric['filters'] {
  const filters: Partial<Record<FilterName, string>> = {}
  for (const part of text.split(',').filter((part) => part.trim() !== '')) {
    const [name, value] = part.split('=').map((side) => side.trim())
    if (!filterNames.includes(name as FilterName) || value === undefined || value === '') {
      throw new StatementError(
        `${unknown('filter', name!, filterNames)}; write {shape=cheap, lane=free}`,
      )
    }
    filters[name as FilterName] = value
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

function unknown(what: string, got: string, known: readonly string[]): string {
  const suggestion = nearest(got, known)
  const hint =
    suggestion === undefined ? `expected ${known.join(', ')}` : `did you mean '${suggestion}'?`
  return `unknown ${what} '${got}': ${hint}`
}
