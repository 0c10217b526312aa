// Limiters that are known already, in front of or behind the one in question: which denials are
// theirs, and when they would let a request through.

import { limitOf } from '../core/limits.ts'
import type { Micros } from '../core/units.ts'
import type { Observation } from './observation.ts'
import type { Hypothesis } from './playing.ts'
import { strictDenials, strictWaitUs } from './strictly.ts'
import { type CostOf, type TraceGroup, traceOf, type Verdict } from './trace.ts'

/** A limiter that is known. */
export interface Other {
  readonly hypothesis: Hypothesis
  readonly costOf: CostOf
}

/** Verdicts of the limiter in question: what another may have denied, told or not, is unclear for it. */
export function withoutOthers(
  observations: readonly Observation[],
  verdicts: readonly Verdict[],
  others: readonly Other[],
): readonly Verdict[] {
  return others.reduce((left, { hypothesis, costOf }) => {
    const trace = traceOf(observations, verdicts, costOf)
    const theirs = spread(trace, strictDenials(hypothesis, trace))
    const isTheirs = (verdict: Verdict, i: number) =>
      (verdict === 'denied' || verdict === 'lost') && theirs[i]!
    return left.map((verdict, i) => (isTheirs(verdict, i) ? 'unclear' : verdict))
  }, verdicts)
}

/** Span until all others let a request through for sure. */
export function othersWaitUs(
  observations: readonly Observation[],
  verdicts: readonly Verdict[],
  others: readonly Other[],
  nowUs: Micros,
): Micros {
  const waits = others.map(({ hypothesis, costOf }) => {
    const final = observations.at(-1)
    const cost = final === undefined ? 1 : costOf(final)
    return strictWaitUs(hypothesis, traceOf(observations, verdicts, costOf), cost, nowUs) ?? 0
  })
  return Math.max(0, ...waits)
}

/** Span until all of them are as at first, for sure. */
export function freshInUs(
  observations: readonly Observation[],
  verdicts: readonly Verdict[],
  all: readonly Other[],
  nowUs: Micros,
): Micros {
  const waits = all.map(({ hypothesis, costOf }) => {
    const trace = traceOf(observations, verdicts, costOf)
    return strictWaitUs(hypothesis, trace, limitOf(hypothesis.algorithm), nowUs) ?? 0
  })
  return Math.max(0, ...waits)
}

/** Groups are made of observations that follow each other: one value each for all of them. */
function spread(trace: readonly TraceGroup[], values: readonly boolean[]): boolean[] {
  return trace.flatMap(({ passed, denied, lost, unclear }, i) =>
    Array.from({ length: passed + denied + lost + unclear }, () => values[i]!),
  )
}
