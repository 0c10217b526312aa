// The measured times that a statement speaks of: all of them, and column by column of the timeline,
// to see how much they vary from one stretch of the run to the next.

import { CoarseCounts } from '../core/coarseCounts.ts'
import { LatencyHistogram } from '../core/histogram.ts'
import type { CountsCut } from '../core/latencyCounts.ts'
import type { Outcome } from '../core/record.ts'
import type { Micros } from '../core/units.ts'
import type { RunRecorder } from '../recording/recorder.ts'
import type { Measure } from '../recording/slice.ts'
import { quantilesOf } from './quantiles.ts'
import type { Quantiles } from './result.ts'

/** Whose times; without lane or shape those of all. */
export interface Selection {
  readonly scenario: string
  readonly lane: string | undefined
  readonly shape: string | undefined
  readonly outcome: Outcome
}

export interface MeasuredTimes {
  readonly quantiles: Quantiles
  /**
   * From the first column with samples to the last; null: there were none in it. Empty where the
   * timeline does not keep these times apart.
   */
  readonly columns: readonly (CountsCut | null)[]
  readonly columnUs: Micros
}

export type TimesSource = Pick<RunRecorder, 'series' | 'timeline'>

/** Null when nothing of the kind was measured. */
export function timesOf(
  { series, timeline }: TimesSource,
  selection: Selection,
  measure: Measure,
): MeasuredTimes | null {
  const whole = new LatencyHistogram()
  for (const one of series.all()) {
    const histogram = isSelected(one.names, selection) ? one.histogram(measure) : null
    if (histogram !== null) whole.merge(histogram)
  }
  const quantiles = quantilesOf(whole)
  whole.destroy()
  if (quantiles.count === 0) return null
  const columns = columnsOf(timeline, selection, measure)
  const kept = columns.reduce((sum, cut) => sum + (cut?.count ?? 0), 0)
  return {
    quantiles,
    columns: kept === quantiles.count ? columns : [],
    columnUs: timeline.columnUs,
  }
}

type Names = { [K in keyof Selection]: string }

function isSelected(names: Names, { scenario, lane, shape, outcome }: Selection): boolean {
  return (
    names.scenario === scenario &&
    names.outcome === outcome &&
    (lane === undefined || names.lane === lane) &&
    (shape === undefined || names.shape === shape)
  )
}

function columnsOf(
  timeline: TimesSource['timeline'],
  selection: Selection,
  measure: Measure,
): (CountsCut | null)[] {
  const numbers = timeline.series.flatMap((one, i) => (isSelected(one, selection) ? [i] : []))
  const cuts = timeline.columns.map((column) => {
    const all = new CoarseCounts()
    for (const number of numbers) {
      const counts = column?.times.get(number)?.[measure]
      if (counts !== undefined) all.merge(counts)
    }
    return all.cut()
  })
  const first = cuts.findIndex((cut) => cut !== null)
  return first < 0 ? [] : cuts.slice(first, cuts.findLastIndex((cut) => cut !== null) + 1)
}
