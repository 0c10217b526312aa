// From SLO statements to the criteria of a capacity search: a promise about a quantile or a share is a
// budget of requests that may break it.

import {
  type Metric,
  parseStatement,
  type Statement,
  StatementError,
} from '../analysis/statement.ts'
import type { CountedCriterion } from '../capacity/search/stepFold.ts'
import { messageOf, UserError } from '../core/errors.ts'
import { formatShare } from '../core/format.ts'
import { type Outcome, outcomes } from '../core/record.ts'
import { UnitError } from '../core/units.ts'
import type { Measure } from '../recording/slice.ts'

export interface CriteriaOptions {
  /** Share of requests that limiters may reject. */
  readonly rejectionsMax: number
  /** Share of requests that may fail otherwise. */
  readonly failuresMax: number
}

const failures: readonly Outcome[] = ['refused', 'failed', 'timeout', 'broken', 'unsent']

const usable =
  "a quantile or a share with an upper bound, like 'p99(response) < 800ms' or 'share(limited) < 1%'"

/** The criteria of statements, with those about rejections and failures; throws `UserError`. */
export function criteriaOf(
  statements: readonly string[],
  { rejectionsMax, failuresMax }: CriteriaOptions,
): CountedCriterion[] {
  if (statements.length === 0) {
    const message = `capacity: expected an SLO, got none: there is no highest load without a promise that it breaks; give --slo 'p99(response) < 800ms', or slo: […] in the scenario`
    throw new UserError('usage', message)
  }
  const own = statements.map(criterionOf)
  const isTold = (outcome: Outcome) =>
    own.some(({ broken }) => 'outcomes' in broken && broken.outcomes.includes(outcome))
  return [
    ...own,
    ...(isTold('limited') ? [] : [shareCriterion('rejections', ['limited'], rejectionsMax)]),
    ...(isTold('failed') ? [] : [shareCriterion('failures', failures, failuresMax)]),
  ]
}

/** Whether a statement can be a criterion; others are about single runs. */
export function isCriterion(text: string): boolean {
  try {
    return budgetOf(parseStatement(text)) !== null
  } catch {
    return false
  }
}

function shareCriterion(
  kind: 'rejections' | 'failures',
  broken: readonly Outcome[],
  budget: number,
): CountedCriterion {
  const what = kind === 'rejections' ? 'share(limited)' : 'share of failures'
  const name = `${what} < ${formatShare(budget)}`
  return { name, kind, budget, about: { outcomes: 'all' }, broken: { outcomes: broken } }
}

function criterionOf(text: string): CountedCriterion {
  const criterion = budgetOf(parsed(text))
  if (criterion !== null) return criterion
  throw new UserError('usage', `slo '${text}': expected ${usable}`)
}

function parsed(text: string): Statement {
  try {
    return parseStatement(text)
  } catch (error) {
    if (!(error instanceof StatementError || error instanceof UnitError)) throw error
    throw new UserError('usage', `slo '${text}': ${messageOf(error)}`, { cause: error })
  }
}

/** Null where a statement has no budget: no share of requests can be told that may break it. */
function budgetOf(statement: Statement): CountedCriterion | null {
  if (statement.kind === 'within') return null
  const { text, left: sum, operator, right: bound } = statement
  const left = sum.first
  const right = bound.first
  if (sum.rest.length > 0 || bound.rest.length > 0 || left.kind !== 'metric') return null
  if (right.kind !== 'value' || typeof right.value !== 'number') return null
  const isUpper = operator === '<' || operator === '<='
  const quantile = /^p(\d+)$/.exec(left.name)
  if (quantile !== null && isUpper) {
    return latencyCriterion(text, left, Number(`0.${quantile[1]}`), right.value)
  }
  if (left.name !== 'share' || left.argument === '') return null
  const named = left.argument as Outcome
  if (isUpper && outcomes.includes(named)) return shareOf(text, left, [named], right.value)
  // At least so many are ok: at most the rest are anything else.
  const isLower = operator === '>' || operator === '>='
  if (!isLower || named !== 'ok') return null
  return shareOf(
    text,
    left,
    outcomes.filter((outcome) => outcome !== 'ok'),
    1 - right.value,
  )
}

function latencyCriterion(
  name: string,
  { argument, filters }: Metric,
  quantile: number,
  aboveUs: number,
): CountedCriterion {
  return {
    name,
    kind: 'latency',
    // 1 − 0.99 is not 0.01 in binary.
    budget: Number((1 - quantile).toPrecision(6)),
    about: { outcomes: [(filters.outcome ?? 'ok') as Outcome], ...placeOf(filters) },
    broken: { measure: argument as Measure, aboveUs },
  }
}

function shareOf(
  name: string,
  { filters }: Metric,
  broken: readonly Outcome[],
  budget: number,
): CountedCriterion | null {
  if (budget <= 0 || budget >= 1) return null
  const kind = broken.length === 1 && broken[0] === 'limited' ? 'rejections' : 'failures'
  const about = { outcomes: 'all', ...placeOf(filters) } as const
  return { name, kind, budget, about, broken: { outcomes: broken } }
}

function placeOf({ lane, shape }: Metric['filters']) {
  return { ...(lane !== undefined && { lane }), ...(shape !== undefined && { shape }) }
}
