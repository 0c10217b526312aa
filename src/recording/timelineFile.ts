// `timeline.json`: the columns of a run as arrays, for charts. Small for every length of run.

import { CoarseCounts } from '../core/coarseCounts.ts'
import type { LatencyHistogram } from '../core/histogram.ts'
import type { LimitUnit } from '../core/limits.ts'
import { byOutcome, emptyCounts, type Outcome, otherName } from '../core/record.ts'
import type { Micros } from '../core/units.ts'
import type { Series } from './series.ts'
import type { Measure } from './slice.ts'
import {
  mergeTimes,
  type TimelineColumn,
  type TimelineCounts,
  type TimelineFold,
  type TimelineMark,
  type TimelineSeries,
} from './timeline.ts'

export const timelineName = 'timeline.json'
export const timelineSchema = 'limitscope.timeline/1'

/** One value for each column; null: nothing was measured in it. */
export type Values = readonly (number | null)[]

/** Quantiles of each column. They describe it; they estimate nothing. */
export interface QuantileValues {
  readonly count: Values
  readonly p50Us: Values
  readonly p90Us: Values
  readonly p99Us: Values
  readonly maxUs: Values
}

/** Measured OK answers of one shape, or of all where there are many. */
export interface ShapeTimeline {
  readonly shape: string
  readonly response: QuantileValues
  readonly ttft: QuantileValues | null
  readonly itl: QuantileValues | null
}

/** Response times of one series of measured OK answers at rising quantiles. */
export interface LatencyCurve {
  readonly scenario: string
  readonly lane: string
  readonly shape: string
  readonly count: number
  readonly points: readonly (readonly [q: number, us: Micros])[]
}

/** What a lane had used of a limiter in each column, at most. */
export interface GaugeTimeline {
  readonly lane: string
  readonly limiter: string
  readonly unit: LimitUnit
  readonly used: Values
  readonly limit: Values
}

/** How many OK answers of a column took between `edgesUs[bin]` and the next edge. */
export interface HeatMap {
  readonly edgesUs: readonly Micros[]
  readonly cells: readonly (readonly [column: number, bin: number, count: number])[]
}

export interface Timeline {
  readonly schema: typeof timelineSchema
  /** Column i begins at i × this. */
  readonly columnUs: Micros
  readonly columns: number
  readonly counts: Readonly<Record<Outcome, Values>>
  /** Requests that were intended to start. */
  readonly due: Values
  readonly inFlightMax: Values
  readonly promptTokens: Values
  readonly completionTokens: Values
  readonly shapes: readonly ShapeTimeline[]
  readonly heat: HeatMap
  readonly gauges: readonly GaugeTimeline[]
  readonly phases: readonly TimelineMark[]
  readonly curves: readonly LatencyCurve[]
}

/** Shapes with times of their own. */
const shapesMax = 6
const curvesMax = 16

export function timelineOf(fold: TimelineFold, series: readonly Series[]): Timeline {
  const columns = fold.columns.map((column) => column ?? noColumn)
  const values = (value: (column: TimelineColumn) => number) => columns.map(value)
  return {
    schema: timelineSchema,
    columnUs: fold.columnUs,
    columns: columns.length,
    counts: byOutcome((outcome) => values(({ counts }) => counts[outcome])),
    due: values(({ due }) => due),
    inFlightMax: values(({ inFlightMax }) => inFlightMax),
    promptTokens: values(({ promptTokens }) => promptTokens),
    completionTokens: values(({ completionTokens }) => completionTokens),
    shapes: shapeTimelines(fold, columns),
    heat: heatMap(fold, columns),
    gauges: gaugeTimelines(columns),
    phases: fold.marks,
    curves: latencyCurves(series),
  }
}

const noColumn: TimelineColumn = {
  counts: emptyCounts(),
  due: 0,
  inFlightMax: 0,
  promptTokens: 0,
  completionTokens: 0,
  times: new Map(),
  gauges: new Map(),
}

function shapeTimelines(fold: TimelineFold, columns: readonly TimelineColumn[]): ShapeTimeline[] {
  const isOk = ({ outcome }: TimelineSeries) => outcome === 'ok'
  const names = [...new Set(fold.series.filter(isOk).map(({ shape }) => shape))]
  const isMany = names.length > shapesMax
  return (isMany ? [otherName] : names).map((shape) => {
    const numbers = fold.series.flatMap((one, i) =>
      isOk(one) && (isMany || one.shape === shape) ? [i] : [],
    )
    const times = columns.map((column) => timesOf(column, numbers))
    const quantiles = (measure: Measure) => quantileValues(times.map((one) => one[measure]))
    const has = (measure: Measure) => times.some((one) => one[measure] !== undefined)
    return {
      shape,
      response: quantiles('response'),
      ttft: has('ttft') ? quantiles('ttft') : null,
      itl: has('itl') ? quantiles('itl') : null,
    }
  })
}

/** What some of the series measured in a column. */
function timesOf(column: TimelineColumn, numbers: readonly number[]): TimelineCounts {
  const all: TimelineCounts = {}
  for (const number of numbers) mergeTimes(all, column.times.get(number) ?? {})
  return all
}

function quantileValues(counts: readonly (CoarseCounts | undefined)[]): QuantileValues {
  const at = (q: number) => counts.map((one) => one?.quantile(q) ?? null)
  return {
    count: counts.map((one) => one?.count ?? 0),
    p50Us: at(0.5),
    p90Us: at(0.9),
    p99Us: at(0.99),
    maxUs: counts.map((one) => one?.maxUs ?? null),
  }
}

/** Bins of the heat map: a factor of the fourth root of two apart. */
const binsPerDoubling = 4

function binOf(us: Micros): number {
  return Math.floor(binsPerDoubling * Math.log2(Math.max(us, 1)))
}

function heatMap(fold: TimelineFold, columns: readonly TimelineColumn[]): HeatMap {
  const cells = columns.flatMap(({ times }, column) => {
    const all = new CoarseCounts()
    for (const [number, { response }] of times) {
      if (response !== undefined && fold.series[number]!.outcome === 'ok') all.merge(response)
    }
    const bins = new Map<number, number>()
    for (const { us, count } of all.buckets()) {
      bins.set(binOf(us), (bins.get(binOf(us)) ?? 0) + count)
    }
    return [...bins].map(([bin, count]) => [column, bin, count] as const)
  })
  const least = cells.reduce((bin, [, other]) => Math.min(bin, other), Number.POSITIVE_INFINITY)
  const most = cells.reduce((bin, [, other]) => Math.max(bin, other), -1)
  const bins = most < 0 ? [] : Array.from({ length: most - least + 2 }, (_, i) => least + i)
  return {
    edgesUs: bins.map((bin) => Math.round(2 ** (bin / binsPerDoubling))),
    cells: cells.map(([column, bin, count]) => [column, bin - least, count] as const),
  }
}

function gaugeTimelines(columns: readonly TimelineColumn[]): GaugeTimeline[] {
  const names = new Map(columns.flatMap(({ gauges }) => [...gauges]))
  return [...names].map(([key, { lane, limiter, unit }]) => ({
    lane,
    limiter,
    unit,
    used: columns.map(({ gauges }) => gauges.get(key)?.used ?? null),
    limit: columns.map(({ gauges }) => gauges.get(key)?.limit ?? null),
  }))
}

/** The series with most answers. */
function latencyCurves(series: readonly Series[]): LatencyCurve[] {
  return series
    .filter(({ names }) => names.outcome === 'ok')
    .sort((a, b) => b.count - a.count)
    .slice(0, curvesMax)
    .flatMap((one) => {
      const histogram = one.histogram('response')
      if (histogram === null) return []
      const { scenario, lane, shape } = one.names
      return [{ scenario, lane, shape, count: histogram.count, points: curvePoints(histogram) }]
    })
}

/** Ten quantiles to each nine, up to the last that has a sample of its own. */
function curvePoints(histogram: LatencyHistogram): LatencyCurve['points'] {
  const points: [number, Micros][] = []
  const step = 10 ** 0.1
  for (let rest = 1; rest * histogram.count >= 1; rest /= step) {
    points.push([1 - rest, histogram.quantile(1 - rest)!])
  }
  return [...points, [1 - 1 / (histogram.count + 1), histogram.maxUs!]]
}
