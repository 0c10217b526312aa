// What an expression of a statement comes to in the summary of a scenario.

import { formatCount, formatSpan } from '../core/format.ts'
import { readCount, readTokenRate, readTokens } from './countReadings.ts'
import { ladderOf } from './ladder.ts'
import { readFirst, readLimit } from './limiterReadings.ts'
import { type CheckSubject, type Found, missing, numeric, type Reading } from './reading.ts'
import { type Expression, isTime, type Metric, operandsOf, type Sign } from './statement.ts'
import { readTimes } from './timeReadings.ts'

/** Operands of an expression are read on their own; together they have to be numbers. */
export function readExpression(expression: Expression, subject: CheckSubject): Reading {
  const { rest } = expression
  const readings: Found[] = []
  for (const operand of operandsOf(expression)) {
    const reading: Reading =
      operand.kind === 'value'
        ? { value: operand.value, text: operand.text }
        : read(operand, subject)
    if (reading.value === null) return reading
    readings.push(reading)
  }
  return rest.length === 0 ? readings[0]! : joined(readings, expression)
}

function joined(readings: readonly Found[], expression: Expression): Reading {
  const signs = expression.rest.map(({ sign }) => sign)
  const parts = readings.map(({ text }, i) => (i === 0 ? text : `${signs[i - 1]!} ${text}`))
  const value = evaluated(
    readings.map((reading) => Number(reading.value)),
    signs,
  )
  if (!Number.isFinite(value)) return missing(`${parts.join(' ')} is no number`)
  const isSpan = operandsOf(expression).some(isTime)
  const told = isSpan ? formatSpan(value) : formatCount(value)
  const found = numeric(value, `${told} (${parts.join(' ')})`)
  const unsure = readings.find(({ bounds }) => bounds !== undefined)
  if (unsure === undefined) return found
  const corners = cornersOf(readings).map((values) => evaluated(values, signs))
  return {
    ...found,
    bounds: [Math.min(...corners), Math.max(...corners)],
    ...(unsure.sureness === undefined ? {} : { sureness: unsure.sureness }),
  }
}

/** Every choice of a low or a high value for each of them. */
function cornersOf(readings: readonly Found[]): number[][] {
  return readings.reduce<number[][]>(
    (corners, { value, bounds }) =>
      corners.flatMap((corner) => (bounds ?? [Number(value)]).map((end) => [...corner, end])),
    [[]],
  )
}

/** First products and quotients, then sums. */
function evaluated(values: readonly number[], signs: readonly Sign[]): number {
  const terms = [values[0]!]
  for (const [i, sign] of signs.entries()) {
    const value = values[i + 1]!
    if (sign === '*') terms.push(terms.pop()! * value)
    else if (sign === '/') terms.push(terms.pop()! / value)
    else terms.push(sign === '-' ? -value : value)
  }
  return terms.reduce((sum, term) => sum + term, 0)
}

function read(metric: Metric, subject: CheckSubject): Reading {
  switch (metric.name) {
    case 'first':
    case 'first_rejection':
      return readFirst(metric, subject)
    case 'limit':
      return readLimit(metric, subject)
    case 'count':
    case 'share':
    case 'rate':
      return readCount(metric.name, metric, subject)
    case 'tokens':
      return readTokens(metric, subject)
    case 'value':
      return readValue(metric.argument, subject)
    case 'ladder':
      return readLadder(metric.field!, subject)
    case 'goodput':
      return readCount('rate', { ...metric, argument: 'ok' }, subject)
    case 'offered':
      return readCount('rate', { ...metric, argument: 'all' }, subject)
    case 'tokens_per_s':
      return readTokenRate(metric, subject)
    default:
      return readTimes(metric, subject)
  }
}

function readValue(name: string, { values }: CheckSubject): Reading {
  const value = Object.hasOwn(values, name) ? values[name] : undefined
  if (value === undefined || value === null) return missing(`no step has captured ${name}`)
  const text = String(value)
  return { value: typeof value === 'number' ? value : text, text }
}

function readLadder(field: string, { scenario, phases }: CheckSubject): Reading {
  const ladder = ladderOf(scenario, phases)
  if (ladder === null) return missing('a ladder needs phases of at least two numbers of users')
  return field === 'kind'
    ? { value: ladder.kind, text: `${ladder.kind} (${ladder.text})` }
    : numeric(ladder.slots, `${formatCount(ladder.slots)} at a time (${ladder.text})`)
}
