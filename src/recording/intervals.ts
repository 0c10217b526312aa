// Second by second: what ended in each second, per (scenario, lane, shape, outcome).

import type { LatencyHistogram } from '../core/histogram.ts'
import type { Micros } from '../core/units.ts'
import { type Series, SeriesFold } from './series.ts'
import type { Slice } from './slice.ts'

/** Length of an interval. */
export const intervalUs: Micros = 1_000_000

/** Slices of a second may still come in this long after it is over. */
const graceUs = 1_000_000

/** One second of one series. */
export interface Interval {
  readonly startUs: Micros
  readonly series: Series
  readonly inFlightMax: number
}

/** Columns of `intervals.csv` after `run_id`. */
export const intervalColumns = [
  'start_us',
  'scenario',
  'lane',
  'shape',
  'outcome',
  'count',
  'rate_per_s',
  'in_flight_max',
  'p50_us',
  'p90_us',
  'p99_us',
  'max_us',
  'ttft_p50_us',
  'ttft_p99_us',
  'tokens_per_s',
]

export function intervalRow({ startUs, series, inFlightMax }: Interval) {
  const { scenario, lane, shape, outcome } = series.names
  const perS = 1e6 / intervalUs
  const response = series.histogram('response')
  const ttft = series.histogram('ttft')
  const at = (histogram: LatencyHistogram | null, q: number) => histogram?.quantile(q) ?? null
  return [
    startUs,
    scenario,
    lane,
    shape,
    outcome,
    series.count,
    series.count * perS,
    inFlightMax,
    at(response, 0.5),
    at(response, 0.9),
    at(response, 0.99),
    response?.maxUs ?? null,
    at(ttft, 0.5),
    at(ttft, 0.99),
    series.completionTokens * perS,
  ]
}

interface OpenSecond {
  readonly fold: SeriesFold
  inFlightMax: number
}

/** Seals a second once it is surely over and hands its rows on; late slices join the oldest open one. */
export class IntervalFold {
  readonly #sink: (interval: Interval) => void
  readonly #open = new Map<number, OpenSecond>()
  #sealedBefore = 0

  constructor(sink: (interval: Interval) => void) {
    this.#sink = sink
  }

  add(slice: Slice): void {
    const second = Math.max(Math.floor(slice.startUs / intervalUs), this.#sealedBefore)
    let open = this.#open.get(second)
    if (open === undefined) {
      open = { fold: new SeriesFold(), inFlightMax: 0 }
      this.#open.set(second, open)
    }
    for (const cut of slice.series) open.fold.add(cut)
    open.inFlightMax = Math.max(open.inFlightMax, slice.inFlightMax)
  }

  /** The run has reached `nowUs`. */
  advance(nowUs: Micros): void {
    const before = Math.floor((nowUs - graceUs) / intervalUs)
    while (this.#sealedBefore < before) this.#seal(this.#sealedBefore++)
  }

  /** The run is over: seals what is left. */
  close(): void {
    for (const second of [...this.#open.keys()].sort((a, b) => a - b)) this.#seal(second)
  }

  #seal(second: number): void {
    const open = this.#open.get(second)
    if (open === undefined) return
    this.#open.delete(second)
    for (const series of open.fold.all()) {
      this.#sink({ startUs: second * intervalUs, series, inFlightMax: open.inFlightMax })
    }
    open.fold.clear()
  }
}
