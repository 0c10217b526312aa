// From the values that two sets of runs have for one number to what can be said about its change.

import { detectableShift, deviationOf, falseDiscoveryRates } from '../core/detectable.ts'
import { rankSum, type Shift, signedRank } from '../core/rankTests.ts'
import { median } from '../core/statistics.ts'
import type { Change, ChangeVerdict } from './comparison.ts'
import type { RunMetric } from './runMetrics.ts'

/** A p-value must be at most this, and its rate of false discoveries at most that. */
const pMost = 0.01
const falseDiscoveryMost = 0.05
/** Fewest pairs, and runs a side, whose test can come to `pMost`: 1/2^7, 1/252. */
export const pairsLeast = 7
export const runsLeast = 5

export interface Thresholds {
  /** Changes up to this are none, however certain; default 0.015. */
  readonly changeLeast: number
  /** Shown to be smaller than this, a change is EQUIVALENT; default 0.05. */
  readonly margin: number
}

export const defaultThresholds: Thresholds = { changeLeast: 0.015, margin: 0.05 }

/** The values of one number, in the order of runs; pairs have the same index. */
export interface Values {
  readonly base: readonly number[]
  readonly candidate: readonly number[]
  readonly isPaired: boolean
  readonly worse: RunMetric['worse']
}

/** A change that is tested but not judged yet: the verdict depends on how many are tested with it. */
export interface Tested {
  readonly values: Values
  /** Of logarithms; null: a value is not above 0, or a side has none. */
  readonly shift: Shift | null
  readonly detectable: number | null
}

export function testChange(values: Values): Tested {
  const { base, candidate, isPaired } = values
  const all = [...base, ...candidate]
  if (base.length === 0 || candidate.length === 0 || all.some((value) => !(value > 0))) {
    return { values, shift: null, detectable: null }
  }
  const [a, b] = [base.map(Math.log), candidate.map(Math.log)]
  const differences = b.map((value, i) => value - (a[i] ?? 0))
  const deviation = isPaired ? deviationOf(differences) : Math.hypot(deviationOf(a), deviationOf(b))
  const shift = isPaired ? signedRank(differences) : rankSum(a, b)
  const least = detectableShift(deviation, shift.n, pMost)
  return { values, shift, detectable: least === null ? null : Math.expm1(least) }
}

/**
 * Judges changes together: the more are tested, the more is asked of each. What got worse and what got
 * better are two families of tests.
 */
export function judgeChanges(tested: readonly Tested[], thresholds: Thresholds): Change[] {
  const known = tested.filter((one) => one.shift !== null)
  const worse = falseDiscoveryRates(known.map((one) => pOf(one, isWorseUp(one))))
  const better = falseDiscoveryRates(known.map((one) => pOf(one, !isWorseUp(one))))
  return tested.map((one) => {
    if (one.shift === null) return unknownChange(one.values)
    const at = known.indexOf(one)
    const isUp = one.shift.estimate > 0
    const rate = isUp === isWorseUp(one) ? worse[at]! : better[at]!
    return judged(one, one.shift, { isUp, rate, thresholds })
  })
}

function isWorseUp({ values }: Tested): boolean {
  return values.worse === 'higher'
}

function pOf({ shift }: Tested, isUp: boolean): number {
  return isUp ? shift!.pAbove : shift!.pBelow
}

interface Judging {
  readonly isUp: boolean
  readonly rate: number
  readonly thresholds: Thresholds
}

function judged({ values, detectable }: Tested, shift: Shift, judging: Judging): Change {
  const { isUp, rate, thresholds } = judging
  const p = isUp ? shift.pAbove : shift.pBelow
  const [low, high] = shift.interval
  const hasInterval = Number.isFinite(low)
  const { verdict, reason } = verdictOf(values, shift, { ...judging, p })
  return {
    verdict,
    base: median(values.base),
    candidate: median(values.candidate),
    ratio: Math.exp(shift.estimate),
    interval: hasInterval ? [Math.exp(low), Math.exp(high)] : null,
    p,
    falseDiscoveryRate: rate,
    detectable: detectable === null ? null : Math.max(detectable, thresholds.changeLeast),
    n: shift.n,
    reason,
  }
}

function verdictOf(
  { isPaired, worse }: Values,
  shift: Shift,
  { isUp, rate, thresholds, p }: Judging & { readonly p: number },
): { verdict: ChangeVerdict; reason: string } {
  const { changeLeast, margin } = thresholds
  const isLarge = Math.abs(shift.estimate) > Math.log1p(changeLeast)
  if (isLarge && p <= pMost && rate <= falseDiscoveryMost) {
    const isWorse = isUp === (worse === 'higher')
    return { verdict: isWorse ? 'REGRESSION' : 'IMPROVEMENT', reason: '' }
  }
  const [low, high] = shift.interval
  if (low >= -Math.log1p(margin) && high <= Math.log1p(margin)) {
    return { verdict: 'EQUIVALENT', reason: `within ±${percent(margin)}` }
  }
  const needed = isPaired ? pairsLeast : runsLeast
  const unit = isPaired ? 'pairs' : 'runs a side'
  const reason = shift.n < needed ? `needs ${needed} ${unit}, had ${shift.n}` : 'noise'
  return { verdict: 'INCONCLUSIVE', reason }
}

function unknownChange({ base, candidate, isPaired }: Values): Change {
  const [before, after] = [median(base), median(candidate)]
  const isSame = before !== null && before === after
  return {
    verdict: isSame ? 'EQUIVALENT' : 'INCONCLUSIVE',
    base: before,
    candidate: after,
    ratio: isSame ? 1 : null,
    interval: null,
    p: null,
    falseDiscoveryRate: null,
    detectable: null,
    n: isPaired ? base.length : Math.min(base.length, candidate.length),
    reason: isSame ? 'the same' : reasonOf(before, after),
  }
}

function reasonOf(before: number | null, after: number | null): string {
  if (before === null) return 'only in the candidate'
  return after === null ? 'only in the base' : 'no ratio to 0'
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`
}
