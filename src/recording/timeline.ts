// A whole run in a few hundred columns of time, however long it lasts: the fold that charts and
// verdicts over time are made from. When it has too many columns, each two become one.

import { CoarseCounts } from '../core/coarseCounts.ts'
import type { RunEvent } from '../core/event.ts'
import type { LimitUnit } from '../core/limits.ts'
import { entryOf } from '../core/maps.ts'
import type { LimiterGauge, Progress } from '../core/progress.ts'
import { emptyCounts, type Outcome, otherName } from '../core/record.ts'
import type { Micros } from '../core/units.ts'
import {
  type Measure,
  measures,
  type SeriesCut,
  type SeriesNames,
  type Slice,
  sliceUs,
} from './slice.ts'

const columnsMax = 480
/** Series of times and gauges that are kept apart, and marks that are kept. */
const seriesMax = 48
const marksMax = 200

/** Measured OK answers of a scenario, lane and shape; warm-up excluded. */
export type TimelineSeries = SeriesNames

export type TimelineCounts = Partial<Record<Measure, CoarseCounts>>

/** What a lane had used of a limiter: the most in the column. */
export interface TimelineGauge {
  readonly lane: string
  readonly limiter: string
  readonly unit: LimitUnit
  readonly limit: number
  readonly used: number
}

export interface TimelineColumn {
  /** Requests that ended. */
  readonly counts: Record<Outcome, number>
  /** Requests that were intended to start. */
  due: number
  inFlightMax: number
  promptTokens: number
  completionTokens: number
  /** By the number of the series. */
  readonly times: Map<number, TimelineCounts>
  /** By lane and limiter. */
  readonly gauges: Map<string, TimelineGauge>
}

/** A phase that began. */
export interface TimelineMark {
  readonly us: Micros
  readonly scenario: string
  readonly phase: string
}

export class TimelineFold {
  readonly series: TimelineSeries[] = []
  readonly marks: TimelineMark[] = []
  #columnUs: Micros = sliceUs
  #columns: (TimelineColumn | undefined)[] = []

  /** Length of a column: a slice, doubled as often as it took. */
  get columnUs(): Micros {
    return this.#columnUs
  }

  /** Column i begins at i × `columnUs`; undefined: nothing happened in it. */
  get columns(): readonly (TimelineColumn | undefined)[] {
    return this.#columns
  }

  slice(slice: Slice): void {
    const column = this.#columnAt(slice.startUs)
    column.inFlightMax = Math.max(column.inFlightMax, slice.inFlightMax)
    for (const cut of slice.series) this.#addSeries(column, cut)
    for (const { startUs, count } of slice.due) this.#columnAt(startUs).due += count
  }

  progress({ us, gauges }: Progress): void {
    if (gauges.length === 0) return
    const column = this.#columnAt(us)
    for (const gauge of gauges) addGauge(column, gauge)
  }

  event({ kind, us, scenario, phase }: RunEvent): void {
    if (kind !== 'phase-started' || this.marks.length >= marksMax) return
    this.marks.push({ us, scenario: scenario ?? '', phase: phase ?? '' })
  }

  #addSeries(column: TimelineColumn, cut: SeriesCut): void {
    column.counts[cut.names.outcome] += cut.count
    column.promptTokens += cut.promptTokens
    column.completionTokens += cut.completionTokens
    if (cut.stage !== 'measure' || cut.names.outcome !== 'ok') return
    const number = this.#numberOf(cut.names)
    const times = entryOf(column.times, number, (): TimelineCounts => ({}))
    for (const measure of measures) {
      const counts = cut.measures[measure]
      if (counts === undefined) continue
      times[measure] ??= new CoarseCounts()
      times[measure].addCut(counts)
    }
  }

  #numberOf({ scenario, lane, shape, outcome }: TimelineSeries): number {
    const known = this.series.findIndex(
      (one) =>
        one.outcome === outcome &&
        one.scenario === scenario &&
        one.lane === lane &&
        one.shape === shape,
    )
    if (known >= 0) return known
    const isFull = this.series.length >= seriesMax && shape !== otherName
    const other = { scenario: otherName, lane: otherName, shape: otherName, outcome }
    return isFull ? this.#numberOf(other) : this.series.push({ scenario, lane, shape, outcome }) - 1
  }

  #columnAt(us: Micros): TimelineColumn {
    while (us >= this.#columnUs * columnsMax) this.#halve()
    const index = Math.max(0, Math.floor(us / this.#columnUs))
    let column = this.#columns[index]
    if (column === undefined) {
      column = emptyColumn()
      // No holes: they are slow, and JSON.
      while (this.#columns.length < index) this.#columns.push(undefined)
      this.#columns[index] = column
    }
    return column
  }

  #halve(): void {
    const halved: (TimelineColumn | undefined)[] = []
    for (let i = 0; i < this.#columns.length; i += 2) {
      halved.push(merged(this.#columns[i], this.#columns[i + 1]))
    }
    this.#columns = halved
    this.#columnUs *= 2
  }
}

function emptyColumn(): TimelineColumn {
  return {
    counts: emptyCounts(),
    due: 0,
    inFlightMax: 0,
    promptTokens: 0,
    completionTokens: 0,
    times: new Map(),
    gauges: new Map(),
  }
}

function merged(
  into: TimelineColumn | undefined,
  from: TimelineColumn | undefined,
): TimelineColumn | undefined {
  if (into === undefined || from === undefined) return into ?? from
  for (const outcome of Object.keys(into.counts) as Outcome[]) {
    into.counts[outcome] += from.counts[outcome]
  }
  into.due += from.due
  into.inFlightMax = Math.max(into.inFlightMax, from.inFlightMax)
  into.promptTokens += from.promptTokens
  into.completionTokens += from.completionTokens
  for (const [number, times] of from.times) {
    mergeTimes(
      entryOf(into.times, number, () => ({})),
      times,
    )
  }
  for (const gauge of from.gauges.values()) addGauge(into, gauge)
  return into
}

/** Adds all counts of `from`. */
export function mergeTimes(into: TimelineCounts, from: TimelineCounts): void {
  for (const measure of measures) {
    const counts = from[measure]
    if (counts === undefined) continue
    into[measure] ??= new CoarseCounts()
    into[measure].merge(counts)
  }
}

function addGauge({ gauges }: TimelineColumn, gauge: TimelineGauge | LimiterGauge): void {
  const { lane, limiter, unit, limit, used } = gauge
  const key = `${lane}\n${limiter}`
  const known = gauges.get(key)
  if (known === undefined && gauges.size >= seriesMax) return
  if (known !== undefined && known.used >= used) return
  gauges.set(key, { lane, limiter, unit, limit, used })
}
