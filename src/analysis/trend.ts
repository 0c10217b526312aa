// Change points of the metrics of many runs.

import { type ChangePoint, type ChangePointOptions, changePoints } from '../core/changePoints.ts'
import type { MetricPoint, MetricSeries } from './metricHistory.ts'

export const trendSchema = 'limitscope.trend/1'

export interface TrendChange {
  /** The first run that is different. */
  readonly runId: string
  readonly startedAt: string
  readonly index: number
  readonly before: number
  readonly after: number
  /** After over before. */
  readonly ratio: number
  readonly p: number
  readonly isWorse: boolean
}

export interface MetricTrend extends MetricSeries {
  readonly changes: readonly TrendChange[]
}

export interface Trend {
  readonly schema: typeof trendSchema
  readonly series: readonly MetricTrend[]
}

/** Fewest runs of a series that say something about change. */
const runsLeast = 5

/** Otava's defaults, and at least 2 %. */
const defaults: ChangePointOptions = { window: 50, pMost: 0.001, magnitudeLeast: 0.02 }

/** Series with enough runs, those that changed last first. */
export function trendOf(
  series: readonly MetricSeries[],
  options: ChangePointOptions = defaults,
): Trend {
  const long = series.filter(({ points }) => points.length >= runsLeast)
  const trends = long.map((one) => ({ ...one, changes: changesOf(one, options) }))
  const last = ({ changes }: MetricTrend) => changes.at(-1)?.startedAt ?? ''
  return { schema: trendSchema, series: trends.sort((a, b) => last(b).localeCompare(last(a))) }
}

function changesOf({ points, worse }: MetricSeries, options: ChangePointOptions): TrendChange[] {
  const found = changePoints(
    points.map(({ value }) => value),
    options,
  )
  return found.map((change) => changeAt(change, points[change.index]!, worse))
}

function changeAt(
  { index, meanBefore, meanAfter, p }: ChangePoint,
  { runId, startedAt }: MetricPoint,
  worse: MetricSeries['worse'],
): TrendChange {
  const isWorse = meanAfter > meanBefore === (worse === 'higher')
  const ratio = meanAfter / meanBefore
  return { runId, startedAt, index, before: meanBefore, after: meanAfter, ratio, p, isWorse }
}
