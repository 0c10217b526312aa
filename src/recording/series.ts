// Histograms and sums per (scenario, lane, shape, outcome): merges of slices. The whole is the merge
// of its parts.

import { LatencyHistogram } from '../core/histogram.ts'
import { type CountsCut, valueAt } from '../core/latencyCounts.ts'
import { type Measure, measures, type SeriesCut, type SeriesNames } from './slice.ts'

/** One series; a measure has a histogram once it has a sample. */
export class Series {
  readonly names: SeriesNames
  count = 0
  promptTokens = 0
  completionTokens = 0
  bytesIn = 0
  readonly #histograms = new Map<Measure, LatencyHistogram>()

  constructor(names: SeriesNames) {
    this.names = names
  }

  add(cut: SeriesCut): void {
    this.count += cut.count
    this.promptTokens += cut.promptTokens
    this.completionTokens += cut.completionTokens
    this.bytesIn += cut.bytesIn
    for (const measure of measures) {
      const counts = cut.measures[measure]
      if (counts === undefined) continue
      addCounts(this.#open(measure), counts)
    }
  }

  /** Null when nothing of the kind was measured. */
  histogram(measure: Measure): LatencyHistogram | null {
    return this.#histograms.get(measure) ?? null
  }

  destroy(): void {
    for (const histogram of this.#histograms.values()) histogram.destroy()
  }

  #open(measure: Measure): LatencyHistogram {
    let histogram = this.#histograms.get(measure)
    if (histogram === undefined) {
      histogram = new LatencyHistogram()
      this.#histograms.set(measure, histogram)
    }
    return histogram
  }
}

/** Adds what a slice counted to a histogram. */
export function addCounts(histogram: LatencyHistogram, cut: CountsCut): void {
  for (const [i, index] of cut.indices.entries()) histogram.add(valueAt(index), cut.counts[i]!)
  histogram.widen(cut.minUs, cut.maxUs)
}

/** All series of a run, or of a part of it. */
export class SeriesFold {
  readonly #series = new Map<string, Series>()

  add(cut: SeriesCut): void {
    const { scenario, lane, shape, outcome } = cut.names
    const key = `${scenario}\n${lane}\n${shape}\n${outcome}`
    let series = this.#series.get(key)
    if (series === undefined) {
      series = new Series(cut.names)
      this.#series.set(key, series)
    }
    series.add(cut)
  }

  all(): readonly Series[] {
    return [...this.#series.values()]
  }

  clear(): void {
    for (const series of this.#series.values()) series.destroy()
    this.#series.clear()
  }
}
