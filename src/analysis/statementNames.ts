// Before a run: whether the names in its statements are those of its plan.

import { outcomes } from '../core/record.ts'
import { nearest } from '../core/text.ts'
import { limitersOfLane, type Plan, type Scenario } from '../load/plan.ts'
import type { Step } from '../load/steps.ts'
import {
  type Comparison,
  type EventRef,
  type Filters,
  type Metric,
  operandsOf,
  type Statement,
} from './statement.ts'
import { StatementError, unknownWord } from './vocabulary.ts'

/**
 * Throws `StatementError` for a phase, shape, lane or outcome that the scenario does not have, and for
 * a limiter or captured value that is a typing slip. Others may be limiters that only the target knows.
 */
export function checkNames(statement: Statement, plan: Plan, scenario: Scenario): void {
  const known = namesOf(plan, scenario)
  for (const { what, name, filters } of mentions(statement)) {
    checkFilters(filters, known)
    if (name === null || known[what].includes(name)) continue
    const near = nearest(name, known[what])
    if (near === undefined) continue
    throw new StatementError(`no ${titles[what]} is called '${name}': did you mean '${near}'?`)
  }
}

interface KnownNames {
  readonly phases: readonly string[]
  readonly shapes: readonly string[]
  readonly lanes: readonly string[]
  /** Of phases and limiters, and what stands for none that is known. */
  readonly subjects: readonly string[]
  readonly values: readonly string[]
}

const titles = { subjects: 'phase or limiter', values: 'captured value' }

function namesOf(plan: Plan, scenario: Scenario): KnownNames {
  const phases = scenario.phases.map(({ name }) => name)
  const lanes = scenario.phases.flatMap((phase) => phase.lanes)
  const limiters = plan.lanes
    .filter(({ name }) => lanes.includes(name))
    .flatMap((lane) => limitersOfLane(plan, lane).map(({ name }) => name))
  return {
    phases,
    shapes: scenario.phases.flatMap(({ mix }) => mix.map(({ shape }) => shape)),
    lanes,
    subjects: [...phases, ...limiters, 'none', 'unknown'],
    values: stepsOf(scenario).flatMap(({ captures }) => captures.map(({ name }) => name)),
  }
}

function stepsOf(scenario: Scenario): Step[] {
  const { needs, setup, phases, probes, steps, teardown } = scenario
  const before = phases.flatMap((phase) => phase.before)
  const beside = probes.map(({ step }) => step)
  return [...needs, ...setup, ...before, ...beside, ...steps, ...teardown]
}

/** A name that a statement uses; null where it has none, filters it may have. */
interface Mention {
  readonly what: keyof typeof titles
  readonly name: string | null
  readonly filters: Filters
}

function mentions(statement: Statement): Mention[] {
  if (statement.kind === 'comparison') return ofComparison(statement)
  const { event, of } = statement
  return of === 'start' ? [ofEvent(event)] : [ofEvent(event), ofEvent(of)]
}

function ofComparison({ left, right }: Comparison): Mention[] {
  const metrics = [...operandsOf(left), ...operandsOf(right)].flatMap((operand) =>
    operand.kind === 'metric' ? [ofMetric(operand)] : [],
  )
  // 'first(a).limiter == tokens'
  const isAboutLimiter = left.first.kind === 'metric' && left.first.field === 'limiter'
  if (!isAboutLimiter || right.first.kind !== 'value') return metrics
  return [...metrics, { what: 'subjects', name: String(right.first.value), filters: {} }]
}

const aboutSubjects = ['first', 'first_rejection', 'limit']

function ofMetric({ name, argument, filters }: Metric): Mention {
  if (name === 'value') return { what: 'values', name: argument, filters }
  return { what: 'subjects', name: aboutSubjects.includes(name) ? argument : null, filters }
}

function ofEvent({ limiter, filters }: EventRef): Mention {
  return { what: 'subjects', name: limiter, filters }
}

function checkFilters(
  { phase, shape, lane, outcome }: Filters,
  { phases, shapes, lanes }: KnownNames,
): void {
  check('phase', phase, phases)
  check('shape', shape, shapes)
  check('lane', lane, lanes)
  check('outcome', outcome, outcomes)
}

function check(what: string, name: string | undefined, known: readonly string[]): void {
  if (name === undefined || known.includes(name)) return
  throw new StatementError(unknownWord(what, name, [...new Set(known)]))
}
