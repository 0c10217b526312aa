// Whether a night deserves a second look: cheap and loose, because what it lets through is confirmed by
// pairs of runs before anybody is told. Pure.

import { changePoints, magnitudeOf } from '../core/changePoints.ts'
import { median } from '../core/statistics.ts'

/** Values of one metric, one per night, oldest first; higher is worse. */
export interface NightSeries {
  readonly values: readonly number[]
  /** The first nights of levels that were accepted: what was before them is another level. */
  readonly known: readonly number[]
}

export interface Trigger {
  readonly kind: 'big' | 'recent' | 'change-point'
  /** Relative change over what was before. */
  readonly change: number
  /** The first night that is different. */
  readonly index: number
}

/** Nights that the newest ones are held against. */
const beforeMost = 20
/** Fewest nights of history. */
const beforeLeast = 5
/** A single night: more than this, and more than so many robust standard deviations. */
const bigLeast = 0.06
const bigDeviations = 3.5
/** The median of the last nights: more than this. */
const recentNights = 3
const recentLeast = 0.02
const recentDeviations = 0.6
/** Hampel: values further than so many deviations from their neighbours are taken for outliers. */
const hampelHalf = 3
const hampelDeviations = 3
const changeOptions = { window: 50, pMost: 0.001, magnitudeLeast: 0.02 }
/** Change points that are this near to the start of a level are that start. */
const sameNights = 5
/** Nights that are looked at. */
const nightsMost = 100

/** Nights of rest after a trigger that was noise: the same values would trigger again. */
export const restNights = 1

/** What the newest night gives rise to; null: nothing. */
export function triggerOf({ values, known }: NightSeries): Trigger | null {
  const since = Math.max(known.at(-1) ?? 0, values.length - nightsMost)
  const level = values.slice(since)
  const from = (trigger: Trigger | null) =>
    trigger === null ? null : { ...trigger, index: trigger.index + since }
  return from(bigOf(level) ?? recentOf(level) ?? changePointOf(level))
}

function bigOf(values: readonly number[]): Trigger | null {
  const before = values.slice(-1 - beforeMost, -1)
  if (before.length < beforeLeast) return null
  const change = Math.log(values.at(-1)! / median(before)!)
  const least = Math.max(Math.log1p(bigLeast), bigDeviations * deviation(before))
  if (change <= least) return null
  return { kind: 'big', change: Math.expm1(change), index: values.length - 1 }
}

function recentOf(values: readonly number[]): Trigger | null {
  const before = values.slice(-recentNights - beforeMost, -recentNights)
  if (before.length < beforeLeast) return null
  const change = Math.log(median(values.slice(-recentNights))! / median(before)!)
  const least = Math.max(Math.log1p(recentLeast), recentDeviations * deviation(before))
  if (change <= least) return null
  return { kind: 'recent', change: Math.expm1(change), index: values.length - recentNights }
}

/** A level that has just begun is not taken for a change of its own. */
function changePointOf(values: readonly number[]): Trigger | null {
  const last = changePoints(withoutOutliers(values), changeOptions).at(-1)
  if (last === undefined || last.index < sameNights) return null
  if (last.meanAfter <= last.meanBefore) return null
  return { kind: 'change-point', change: magnitudeOf(last), index: last.index }
}

/** Hampel's filter: an outlier is replaced by the median of its neighbours. */
export function withoutOutliers(values: readonly number[]): number[] {
  return values.map((value, i) => {
    const near = values.slice(Math.max(0, i - hampelHalf), i + hampelHalf + 1)
    const middle = median(near)!
    const isOutlier = Math.abs(Math.log(value / middle)) > hampelDeviations * deviation(near)
    return isOutlier ? middle : value
  })
}

/** A robust standard deviation of the logarithms: 1.4826 times their median absolute deviation. */
function deviation(values: readonly number[]): number {
  const logs = values.map(Math.log)
  const middle = median(logs)!
  return 1.4826 * median(logs.map((value) => Math.abs(value - middle)))!
}
