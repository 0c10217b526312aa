// Numbers that are known to lie between two others: when they are the same, and when they have changed
// without a doubt.

import type { Change } from './comparison.ts'
import type { RunMetric } from './runMetrics.ts'

/** What was observed lets a number be: at least, at most. */
export type Bracket = readonly [number, number]

/** So many runs a side that agree make a number exact, whatever it is of. */
const agreeingLeast = 3

export function middleOf([low, high]: Bracket): number {
  return (low + high) / 2
}

/** What all runs of a set leave possible; null where they do not agree, or could by chance. */
export function agreed(brackets: readonly Bracket[], isExact: boolean): Bracket | null {
  if (!isExact && brackets.length < agreeingLeast) return null
  const low = Math.max(...brackets.map(([least]) => least))
  const high = Math.min(...brackets.map(([, most]) => most))
  return low <= high ? [low, high] : null
}

/** How brackets are judged. */
export interface BracketJudging {
  /** 'other': no way is better, somebody has to look. */
  readonly worse: RunMetric['worse'] | 'other'
  /** Brackets that meet and together are no wider are EQUIVALENT. */
  readonly margin: number
  /** Runs of a side. */
  readonly n: number
  /** Why brackets that meet are wide. */
  readonly whyWide: string
}

/** Brackets that do not meet are a change without a doubt. */
export function bracketChange(
  a: Bracket,
  b: Bracket,
  { worse, margin, n, whyWide }: BracketJudging,
): Change {
  const [before, after] = [middleOf(a), middleOf(b)]
  if (a[1] >= b[0] && b[1] >= a[0]) {
    const widest = Math.max(b[1] / a[0], a[1] / b[0])
    const isNarrow = widest <= 1 + margin || (a[0] === b[0] && a[1] === b[1])
    const change = exactChange(before, after, n, isNarrow ? 'EQUIVALENT' : 'INCONCLUSIVE')
    const reason = isNarrow ? 'they agree' : whyWide
    return { ...change, p: null, falseDiscoveryRate: null, reason }
  }
  const isWorse = worse === 'other' || after > before === (worse === 'higher')
  return exactChange(before, after, n, isWorse ? 'REGRESSION' : 'IMPROVEMENT')
}

/** A change that needs no test. */
export function exactChange(
  base: number,
  candidate: number,
  n: number,
  verdict: Change['verdict'],
): Change {
  const ratio = base > 0 && Number.isFinite(candidate) ? candidate / base : null
  return {
    verdict,
    base: Number.isFinite(base) ? base : null,
    candidate: Number.isFinite(candidate) ? candidate : null,
    ratio,
    interval: ratio === null ? null : [ratio, ratio],
    p: 0,
    falseDiscoveryRate: 0,
    detectable: null,
    n,
    reason: 'exact',
  }
}
