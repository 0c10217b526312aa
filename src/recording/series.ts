// Histograms and sums per (scenario, lane, shape, outcome). A fold over records that merges: the
// whole is the merge of its parts.

import { LatencyHistogram } from '../core/histogram.ts'
import {
  type Outcome,
  otherName,
  type RequestRecord,
  responseUs,
  serviceUs,
  tpotUs,
  ttftUs,
} from '../core/record.ts'
import type { Micros } from '../core/units.ts'

export interface SeriesNames {
  readonly scenario: string
  readonly lane: string
  readonly shape: string
  readonly outcome: Outcome
}

/** What a series measures; each has a histogram once it has a sample. */
export type Measure = 'response' | 'service' | 'ttft' | 'tpot' | 'itl'

/** One series. */
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

  add(record: RequestRecord): void {
    this.count++
    this.promptTokens += record.promptTokens ?? 0
    this.completionTokens += record.completionTokens ?? 0
    this.bytesIn += record.bytesIn
    this.measure('response', responseUs(record))
    this.measure('service', serviceUs(record))
    this.measure('ttft', ttftUs(record))
    if (record.firstTokenUs !== null) this.measure('tpot', tpotUs(record))
  }

  measure(measure: Measure, us: Micros | null): void {
    if (us !== null) this.#open(measure).record(us)
  }

  /** Null when nothing of the kind was measured. */
  histogram(measure: Measure): LatencyHistogram | null {
    return this.#histograms.get(measure) ?? null
  }

  merge(other: Series): void {
    this.count += other.count
    this.promptTokens += other.promptTokens
    this.completionTokens += other.completionTokens
    this.bytesIn += other.bytesIn
    for (const [measure, histogram] of other.#histograms) this.#open(measure).merge(histogram)
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

/** Names beyond this many series are counted under `otherName`, to bound memory. */
const seriesMax = 200

/** All series of a run, or of a part of it. */
export class SeriesFold {
  readonly #series = new Map<string, Series>()

  add(record: RequestRecord): void {
    this.#of(record).add(record)
  }

  /** Gaps between tokens belong to answers that were complete. */
  addGaps(names: Omit<SeriesNames, 'outcome'>, gapsUs: readonly Micros[]): void {
    const series = this.#of({ ...names, outcome: 'ok' })
    for (const us of gapsUs) series.measure('itl', us)
  }

  merge(other: SeriesFold): void {
    for (const series of other.#series.values()) this.#of(series.names).merge(series)
  }

  all(): readonly Series[] {
    return [...this.#series.values()]
  }

  clear(): void {
    for (const series of this.#series.values()) series.destroy()
    this.#series.clear()
  }

  #of(names: SeriesNames): Series {
    const { scenario, lane, shape, outcome } = names
    const key = `${scenario}\n${lane}\n${shape}\n${outcome}`
    const known = this.#series.get(key)
    if (known !== undefined) return known
    if (this.#series.size >= seriesMax && shape !== otherName) {
      return this.#of({ scenario, lane: otherName, shape: otherName, outcome })
    }
    const series = new Series({ scenario, lane, shape, outcome })
    this.#series.set(key, series)
    return series
  }
}
