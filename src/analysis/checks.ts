// Judges statements over the summary of one scenario. A check passes, fails, or is inconclusive when
// the run cannot tell; it never passes for want of samples.

import type { CheckResult } from '../core/check.ts'
import { formatSpan } from '../core/format.ts'
import type { Micros } from '../core/units.ts'
import { readExpression } from './expressions.ts'
import type { CheckSubject, Found, Reading } from './reading.ts'
import {
  type Comparison,
  type EventRef,
  type Operator,
  operandsOf,
  parseStatement,
  type Within,
} from './statement.ts'

type Judgement = Omit<CheckResult, 'statement'>

export function checkStatement(statement: string, subject: CheckSubject): CheckResult {
  const parsed = parseStatement(statement)
  const judged =
    parsed.kind === 'within' ? judgeWithin(parsed, subject) : judgeComparison(parsed, subject)
  if (subject.skipped !== null) {
    return { ...judged, statement, verdict: 'skipped', reason: subject.skipped }
  }
  // What was not done has found nothing.
  if (subject.broken !== null) {
    return { statement, verdict: 'inconclusive', actual: '', reason: subject.broken }
  }
  const reason = whyNotJudged(subject)
  if (reason !== null) return { ...judged, statement, verdict: 'inconclusive', reason }
  return { statement, ...judged }
}

function whyNotJudged({ health, reason }: CheckSubject): string | null {
  if (health.verdict === 'INVALID') return 'the generator is INVALID, so nothing is judged'
  if (reason === 'target-died') return 'the target died'
  if (reason === 'interrupted') return 'the run was interrupted'
  return null
}

function judgeComparison({ left, operator, right }: Comparison, subject: CheckSubject): Judgement {
  const actual = readExpression(left, subject)
  const expected = readExpression(right, subject)
  const isConstant = operandsOf(right).every(({ kind }) => kind === 'value')
  const against = isConstant ? '' : ` against ${expected.text}`
  const judged = (verdict: Judgement['verdict'], reason = '') => ({
    verdict,
    actual: actual.text + against,
    reason,
    ...figuresOf(actual, expected),
  })
  // What could not be read says why, once.
  const open = (found: string, reason: string) => {
    return { ...judged('inconclusive', reason), actual: found }
  }
  if (actual.value === null) return open('', actual.text)
  if (expected.value === null) return open(actual.text, expected.text)
  const answers = cornersOf(actual, operator).flatMap((a) =>
    cornersOf(expected, operator).map((b) => holds(a, operator, b)),
  )
  if (answers.every((answer) => answer)) return judged('passed')
  if (!answers.some((answer) => answer)) return judged('failed')
  return judged('inconclusive', actual.sureness ?? expected.sureness)
}

function figuresOf(actual: Reading, expected: Reading): Pick<CheckResult, 'figures'> {
  if (typeof actual.value !== 'number') return {}
  const { value, bounds } = actual
  return {
    figures: {
      found: value,
      ...(bounds === undefined ? {} : { low: bounds[0], high: bounds[1] }),
      ...(typeof expected.value === 'number' ? { expected: expected.value } : {}),
    },
  }
}

/** Ends of where the true value lies: an order holds, fails, or is open between them. */
function cornersOf({ value, bounds }: Found, operator: Operator): readonly (number | string)[] {
  const isOrder = operator !== '==' && operator !== '!='
  return isOrder && bounds !== undefined ? bounds : [value]
}

function holds(actual: number | string, operator: Operator, expected: number | string): boolean {
  switch (operator) {
    case '==':
      return actual === expected
    case '!=':
      return actual !== expected
    case '<':
      return actual < expected
    case '<=':
      return actual <= expected
    case '>':
      return actual > expected
    case '>=':
      return actual >= expected
  }
}

/** What did not happen has failed, unless the run was over before its time was. */
function judgeWithin({ event, spanUs, of }: Within, subject: CheckSubject): Judgement {
  const startUs = of === 'start' ? subject.startUs : instantOf(of, subject)
  if (startUs === null) {
    const what = of === 'start' ? 'the scenario did not start' : `${eventText(of)}: never`
    return { verdict: 'inconclusive', actual: what, reason: what }
  }
  const us = instantOf(event, subject)
  if (us !== null) {
    const isIn = us - startUs <= spanUs
    return {
      verdict: isIn ? 'passed' : 'failed',
      actual: `after ${formatSpan(us - startUs)}`,
      reason: '',
    }
  }
  const seenUs = (subject.endUs ?? startUs) - startUs
  if (seenUs >= spanUs) return { verdict: 'failed', actual: 'never', reason: '' }
  const reason = `not until the end of the scenario, ${formatSpan(Math.max(0, seenUs))} later`
  return { verdict: 'inconclusive', actual: 'never', reason }
}

/** When a limiter first rejected, or first admitted after that; null: never. */
function instantOf({ event, limiter, filters }: EventRef, subject: CheckSubject): Micros | null {
  const instants = subject.limiters
    .filter((one) => one.limiter === limiter)
    .filter(({ lane }) => filters.lane === undefined || lane === filters.lane)
    .flatMap(({ first }) => {
      if (first === null) return []
      if (event === 'rejected') return [first.us]
      return first.recoveredAfterUs === null ? [] : [first.us + first.recoveredAfterUs]
    })
  return instants.length === 0 ? null : Math.min(...instants)
}

function eventText({ event, limiter }: EventRef): string {
  return `${event}(${limiter})`
}
