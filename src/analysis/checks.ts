// Evaluates statements over the summary of one scenario. A check passes, fails, or is inconclusive
// when the run cannot tell; it never passes for want of samples.

import { formatCount, formatInteger, formatShare, formatSpan } from '../core/format.ts'
import { sampleFloor } from '../core/statistics.ts'
import type { Plan, Scenario } from '../load/plan.ts'
import type { GeneratorHealth } from './health.ts'
import { ladderOf } from './ladder.ts'
import type {
  CheckResult,
  LimiterSummary,
  Quantiles,
  RunSummary,
  ScenarioSummary,
  SeriesSummary,
} from './result.ts'
import {
  type Expression,
  isTime,
  type Metric,
  type Operator,
  parseStatement,
  type Sign,
} from './statement.ts'

/** What statements are about. */
export interface CheckSubject extends Omit<ScenarioSummary, 'title' | 'checks'> {
  readonly scenario: Scenario
  readonly plan: Plan
  readonly reason: RunSummary['reason']
  readonly health: GeneratorHealth
}

/** A value with its text; or why there is none. */
type Reading =
  | { readonly value: number | string; readonly text: string }
  | { readonly value: null; readonly text: string }

export function checkStatement(statement: string, subject: CheckSubject): CheckResult {
  const { left, operator, right } = parseStatement(statement)
  const actual = readExpression(left, subject)
  const isValue = [right.first, ...right.rest.map(({ operand }) => operand)].every(
    ({ kind }) => kind === 'value',
  )
  const expected = readExpression(right, subject)
  const against = isValue ? '' : ` against ${expected.text}`
  const result = (verdict: CheckResult['verdict'], reason = '') => ({
    statement,
    verdict,
    actual: actual.text + against,
    reason,
  })
  if (subject.skipped !== null) return result('skipped', subject.skipped)
  if (subject.health.verdict === 'INVALID') {
    return result('inconclusive', 'the generator is INVALID, so nothing is judged')
  }
  if (subject.reason === 'target-died') return result('inconclusive', 'the target died')
  if (subject.reason === 'interrupted') return result('inconclusive', 'the run was interrupted')
  if (subject.broken !== null) return result('inconclusive', subject.broken)
  if (actual.value === null) return result('inconclusive', actual.text)
  if (expected.value === null) return result('inconclusive', expected.text)
  return result(holds(actual.value, operator, expected.value) ? 'passed' : 'failed')
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

/** Operands of an expression are read on their own; together they have to be numbers. */
function readExpression({ first, rest }: Expression, subject: CheckSubject): Reading {
  const readings = [first, ...rest.map(({ operand }) => operand)].map((operand) =>
    operand.kind === 'value'
      ? { value: operand.value, text: operand.text }
      : read(operand, subject),
  )
  const open = readings.find(({ value }) => value === null)
  if (open !== undefined || rest.length === 0) return open ?? readings[0]!
  const text = readings.map((reading, i) =>
    i === 0 ? reading.text : `${rest[i - 1]!.sign} ${reading.text}`,
  )
  const value = evaluated(
    readings.map((reading) => Number(reading.value)),
    rest.map(({ sign }) => sign),
  )
  if (!Number.isFinite(value)) return missing(`${text.join(' ')} is no number`)
  const isSpan = [first, ...rest.map(({ operand }) => operand)].some(isTime)
  const told = isSpan ? formatSpan(value) : formatCount(value)
  return numeric(value, `${told} (${text.join(' ')})`)
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
    case 'tokens': {
      const series = pick(metric, subject)
      const sum = series.reduce((n, one) => n + one.promptTokens + one.completionTokens, 0)
      return numeric(sum, `${formatInteger(sum)} tokens`)
    }
    case 'value':
      return readValue(metric.argument, subject)
    case 'ladder':
      return readLadder(metric.field!, subject)
    case 'goodput':
      return readCount('rate', { ...metric, argument: 'ok' }, subject)
    case 'offered':
      return readCount('rate', { ...metric, argument: 'all' }, subject)
    case 'tokens_per_s': {
      const series = pick(metric, subject)
      const sum = series.reduce((total, { tokensPerS }) => total + (tokensPerS ?? 0), 0)
      return { value: sum, text: `${formatCount(sum)} tokens/s` }
    }
    default:
      return readQuantile(metric, subject)
  }
}

/** first(PHASE).field: the first rejection of a phase; first(LIMITER).field: of a limiter. */
function readFirst({ argument, filters, field }: Metric, { findings }: CheckSubject): Reading {
  const candidates = findings
    .filter(({ phase, limiter }) => phase === argument || limiter === argument)
    .filter(({ lane }) => filters.lane === undefined || lane === filters.lane)
    .filter(({ first }) => first !== null)
  const finding = candidates.sort((a, b) => a.first!.us - b.first!.us)[0]
  if (finding === undefined) {
    // That nothing was rejected is an answer to "which limiter", not a missing one.
    const isName = field === 'limiter'
    return isName ? { value: 'none', text: 'none' } : missing(`no rejection in ${argument}`)
  }
  const first = finding.first!
  switch (field) {
    case 'limiter':
      return { value: finding.limiter, text: `${finding.limiter} (${first.confidence})` }
    case 'seq':
      return numeric(first.seq, `request ${first.seq}`)
    case 'admitted':
      return numeric(first.admitted.requestsMin, `${first.admitted.requestsMin} requests`)
    case 'tokens':
      return numeric(first.admitted.tokensMin, `${first.admitted.tokensMin} tokens`)
    case 'at':
      return numeric(first.us, formatSpan(first.us))
    case 'status':
      return numeric(first.status ?? 0, `status ${first.status}`)
    default:
      return { value: first.confidence, text: first.confidence }
  }
}

function readLimit({ argument, filters, field }: Metric, { limiters }: CheckSubject): Reading {
  const found = limiters.find(
    ({ limiter, lane }) =>
      limiter === argument && (filters.lane === undefined || lane === filters.lane),
  )
  if (found === undefined) return missing(`no limiter '${argument}' was declared or seen`)
  if (field === 'rejections') return numeric(found.rejections, `${found.rejections} rejections`)
  if (field === 'recovered') {
    const us = found.first?.recoveredAfterUs ?? null
    return us === null ? missing(`${argument} was not seen to recover`) : span(us)
  }
  if (field === 'window') {
    const us = found.observedWindowUs
    return us === null ? missing(`the window of ${argument} was not seen`) : span(us)
  }
  if (field === 'retry_after' || field === 'retry_error') return readRetryAfter(field, found)
  const value = field === 'overshoot' ? found.overshoot : found.observedLimit
  return value === null
    ? missing(`${field} of ${argument} is unknown`)
    : numeric(value, String(value))
}

/** What a rejection advises; `retry_error`: how much later (or, below 0, earlier) it admits again. */
function readRetryAfter(field: string, { limiter, first }: LimiterSummary): Reading {
  const us = first?.retryAfterUs ?? null
  if (us === null) return missing(`${limiter} did not say when to come back`)
  if (field === 'retry_after') return span(us)
  const recoveredUs = first?.recoveredAfterUs ?? null
  return recoveredUs === null
    ? missing(`${limiter} was not seen to recover`)
    : span(recoveredUs - us)
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

function readCount(
  name: 'count' | 'share' | 'rate',
  metric: Metric,
  subject: CheckSubject,
): Reading {
  const { phase } = metric.filters
  const counted = phase === undefined ? countSeries(metric, subject) : countPhase(metric, subject)
  if (counted === null) return missing(`no request of phase ${phase}`)
  const { count, attempted, durationUs } = counted
  if (name === 'count') return numeric(count, `${count} requests`)
  if (name === 'share') {
    if (attempted === 0) return missing('no request matches')
    return numeric(
      count / attempted,
      `${formatShare(count / attempted)} (${count} of ${attempted})`,
    )
  }
  if (durationUs === 0) return missing('nothing was measured')
  const perS = (count / durationUs) * 1e6
  return numeric(perS, `${formatCount(perS)}/s`)
}

function countSeries(metric: Metric, subject: CheckSubject) {
  const sum = (series: readonly SeriesSummary[]) => series.reduce((n, { count }) => n + count, 0)
  const attempted = sum(pick({ ...metric, argument: 'all' }, subject))
  return { count: sum(pick(metric, subject)), attempted, durationUs: subject.durationUs }
}

function countPhase({ argument, filters }: Metric, { phases }: CheckSubject) {
  const phase = phases.find(({ name }) => name === filters.phase)
  if (phase === undefined) return null
  const all = Object.entries(phase.counts)
  const sum = (some: typeof all) => some.reduce((n, [, count]) => n + count, 0)
  const count = sum(all.filter(([outcome]) => isOutcome(argument, outcome)))
  return { count, attempted: sum(all), durationUs: phase.durationUs }
}

function readQuantile(metric: Metric, subject: CheckSubject): Reading {
  const outcome = metric.filters.outcome ?? 'ok'
  const series = pick({ ...metric, argument: outcome }, subject)
  const measure = metric.argument as 'response' | 'service' | 'ttft' | 'tpot' | 'itl'
  const withSamples = series.map((s) => s[measure]).filter(({ count }) => count > 0)
  if (withSamples.length === 0) return missing(`no ${metric.argument} times of ${outcome} requests`)
  if (withSamples.length > 1 && metric.name !== 'max' && metric.name !== 'min') {
    return missing('several series match; name one with {shape=…, lane=…}')
  }
  const us = quantileOf(metric.name, withSamples)
  const count = withSamples.reduce((n, quantiles) => n + quantiles.count, 0)
  if (us !== null) return numeric(us, `${formatSpan(us)} (n = ${count})`)
  const floor = sampleFloor(Number(`0.${metric.name.slice(1)}`))
  return missing(`${metric.name} needs at least ${floor} requests, had ${count}`)
}

function quantileOf(name: Metric['name'], series: readonly Quantiles[]): number | null {
  const first = series[0]!
  switch (name) {
    case 'max':
      return Math.max(...series.map(({ maxUs }) => maxUs!))
    case 'min':
      return Math.min(...series.map(({ minUs }) => minUs!))
    case 'mean':
      return first.meanUs
    case 'p50':
      return first.p50Us
    case 'p90':
      return first.p90Us
    case 'p95':
      return first.p95Us
    case 'p99':
      return first.p99Us
    default:
      return first.p999Us
  }
}

/** 'sent' is all but 'unsent'. */
function isOutcome(argument: string, outcome: string): boolean {
  if (argument === '' || argument === 'all' || outcome === argument) return true
  return argument === 'sent' && outcome !== 'unsent'
}

/** The series that a metric speaks of. */
function pick({ argument, filters }: Metric, { series }: CheckSubject): SeriesSummary[] {
  return series.filter(
    ({ outcome, lane, shape }) =>
      isOutcome(argument, outcome) &&
      (filters.lane === undefined || lane === filters.lane) &&
      (filters.shape === undefined || shape === filters.shape),
  )
}

function span(us: number): Reading {
  return numeric(us, formatSpan(us))
}

function numeric(value: number, text: string): Reading {
  return { value, text }
}

function missing(text: string): Reading {
  return { value: null, text }
}
