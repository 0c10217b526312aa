// What happened in a quarter of a second, as plain data: counts, histograms, rejections. The engine
// folds its records into slices as they end, so that no record has to leave its thread; everything
// further is a merge of slices.

import type { CountsCut } from '../core/latencyCounts.ts'
import { LatencyCounts } from '../core/latencyCounts.ts'
import {
  emptyCounts,
  type Outcome,
  otherName,
  type RequestRecord,
  responseUs,
  type Stage,
  serviceUs,
  tpotUs,
  ttftUs,
} from '../core/record.ts'
import type { Micros } from '../core/units.ts'
import { ErrorFold, type ErrorKind } from './errorKinds.ts'

/** Length of a slice; seconds are made of whole slices. */
export const sliceUs: Micros = 250_000

export interface SeriesNames {
  readonly scenario: string
  readonly lane: string
  readonly shape: string
  readonly outcome: Outcome
}

export const measures = ['response', 'service', 'ttft', 'tpot', 'itl'] as const
/** What a series measures. */
export type Measure = (typeof measures)[number]

/** One series in one slice. */
export interface SeriesCut {
  readonly names: SeriesNames
  readonly stage: Stage
  readonly count: number
  readonly promptTokens: number
  readonly completionTokens: number
  readonly bytesIn: number
  readonly measures: Readonly<Partial<Record<Measure, CountsCut>>>
}

/** What one limiter did to one lane in one slice. */
export interface LimiterCut {
  readonly lane: string
  readonly limiter: string
  readonly rejections: number
  /** When the target says to come back, by the last rejection; null when it does not say. */
  readonly retryAtUs: Micros | null
}

/** First and last instants of measured requests of a phase. */
export interface PhaseSpan {
  readonly scenario: string
  readonly phase: string
  readonly startUs: Micros
  readonly endUs: Micros
  /** How many of them ended how. */
  readonly counts: Readonly<Record<Outcome, number>>
}

/** Requests that were intended to start in the quarter of a second from `startUs` on. */
export interface DueCut {
  readonly startUs: Micros
  readonly count: number
}

export interface Slice {
  readonly startUs: Micros
  readonly series: readonly SeriesCut[]
  readonly limiters: readonly LimiterCut[]
  /** Per lane, the limiter whose rejection was its last answer; null: the last answer was none. */
  readonly lastLimiters: readonly (readonly [lane: string, limiter: string | null])[]
  readonly spans: readonly PhaseSpan[]
  readonly inFlightMax: number
  /** When the requests that ended in this slice were due. */
  readonly due: readonly DueCut[]
  readonly errors: readonly ErrorKind[]
}

/** Series beyond this many are counted under `otherName`, to bound memory. */
const seriesMax = 200

/** Folds records, in the order of their ends, into slices. */
export class SliceFold {
  readonly #sink: (slice: Slice) => void
  readonly #series = new SeriesTable()
  readonly #lanes = new Map<string, LaneCut>()
  #lastLane: LaneCut | null = null
  readonly #errors = new ErrorFold()
  readonly #due = new Map<number, { count: number }>()
  #lastDue = -1
  #lastDueCount = { count: 0 }
  #spans: OpenSpan[] = []
  #startUs: Micros = 0
  #inFlightMax = 0
  #isEmpty = true

  constructor(sink: (slice: Slice) => void) {
    this.#sink = sink
  }

  add(record: RequestRecord): void {
    const us = record.endUs ?? record.intendedUs
    if (us >= this.#startUs + sliceUs) this.#open(us)
    this.#isEmpty = false
    const series = this.#series.of(record, record.outcome, record.stage)
    series.add(record)
    this.#dueAt(Math.floor(record.intendedUs / sliceUs))
    if (record.outcome !== 'ok') this.#errors.record(record)
    if (record.inFlight >= this.#inFlightMax) this.#inFlightMax = record.inFlight + 1
    if (record.stage === 'measure') this.#span(record, us)
    this.#lane(record)
  }

  /** Gaps between tokens belong to answers that were complete. */
  addGaps(names: Omit<SeriesNames, 'outcome'>, gapsUs: Iterable<Micros>): void {
    this.#isEmpty = false
    const series = this.#series.of(names, 'ok', 'measure')
    for (const us of gapsUs) series.measure('itl', us)
  }

  /** The run has reached `nowUs`: a slice that is over is handed on. */
  advance(nowUs: Micros): void {
    if (nowUs >= this.#startUs + sliceUs) this.#open(nowUs)
  }

  /** Hands on what there is; a slice may come in several parts. */
  cut(): void {
    if (this.#isEmpty) return
    this.#sink({
      startUs: this.#startUs,
      series: this.#series.cut(),
      limiters: [...this.#lanes].flatMap(([lane, { limiters }]) => cutLimiters(lane, limiters)),
      lastLimiters: [...this.#lanes].map(([lane, { last }]) => [lane, last] as const),
      spans: this.#spans,
      inFlightMax: this.#inFlightMax,
      due: [...this.#due].map(([slice, { count }]) => ({ startUs: slice * sliceUs, count })),
      errors: this.#errors.cut(),
    })
    this.#due.clear()
    this.#lastDue = -1
    this.#lanes.clear()
    this.#lastLane = null
    this.#spans = []
    this.#inFlightMax = 0
    this.#isEmpty = true
  }

  #open(us: Micros): void {
    this.cut()
    this.#startUs = Math.floor(us / sliceUs) * sliceUs
  }

  // Most requests are due in the slice of the one before.
  #dueAt(slice: number): void {
    if (slice !== this.#lastDue) {
      this.#lastDue = slice
      this.#lastDueCount = this.#due.get(slice) ?? { count: 0 }
      this.#due.set(slice, this.#lastDueCount)
    }
    this.#lastDueCount.count++
  }

  #span(record: RequestRecord, endUs: Micros): void {
    // Rarely more than one.
    const first = this.#spans[0]
    const isFirst = first?.phase === record.phase && first.scenario === record.scenario
    const span = isFirst ? first : this.#spanOf(record, endUs)
    span.counts[record.outcome]++
    if (record.intendedUs < span.startUs) span.startUs = record.intendedUs
    if (endUs > span.endUs) span.endUs = endUs
  }

  // By itself: what closures capture costs memory at each call of the function that they are in.
  #spanOf({ scenario, phase, intendedUs }: RequestRecord, endUs: Micros): OpenSpan {
    const found = this.#spans.find((one) => one.phase === phase && one.scenario === scenario)
    if (found !== undefined) return found
    const span = { scenario, phase, startUs: intendedUs, endUs, counts: emptyCounts() }
    this.#spans.push(span)
    return span
  }

  #laneOf(name: string): LaneCut {
    if (this.#lastLane?.name === name) return this.#lastLane
    let lane = this.#lanes.get(name)
    if (lane === undefined) {
      lane = { name, last: null, limiters: new Map() }
      this.#lanes.set(name, lane)
    }
    this.#lastLane = lane
    return lane
  }

  #lane(record: RequestRecord): void {
    const lane = this.#laneOf(record.lane)
    if (record.outcome !== 'limited') {
      lane.last = null
      return
    }
    const name = record.limiter!
    lane.last = name
    let limiter = lane.limiters.get(name)
    if (limiter === undefined) {
      limiter = { rejections: 0, retryAtUs: null }
      lane.limiters.set(name, limiter)
    }
    limiter.rejections++
    limiter.retryAtUs = record.retryAfterUs === null ? null : record.endUs! + record.retryAfterUs
  }
}

type OpenSpan = { -readonly [K in keyof PhaseSpan]: PhaseSpan[K] } & {
  readonly counts: Record<Outcome, number>
}

interface LaneCut {
  readonly name: string
  last: string | null
  readonly limiters: Map<string, { rejections: number; retryAtUs: Micros | null }>
}

function cutLimiters(lane: string, limiters: LaneCut['limiters']): LimiterCut[] {
  return [...limiters].map(([limiter, { rejections, retryAtUs }]) => {
    return { lane, limiter, rejections, retryAtUs }
  })
}

/** One series while its slice is open. */
class OpenSeries {
  readonly names: SeriesNames
  readonly stage: Stage
  count = 0
  #promptTokens = 0
  #completionTokens = 0
  #bytesIn = 0
  readonly #response = new LatencyCounts()
  readonly #service = new LatencyCounts()
  readonly #others = new Map<Measure, LatencyCounts>()

  constructor(names: SeriesNames, stage: Stage) {
    this.names = names
    this.stage = stage
  }

  add(record: RequestRecord): void {
    this.count++
    this.#promptTokens += record.promptTokens ?? 0
    this.#completionTokens += record.completionTokens ?? 0
    this.#bytesIn += record.bytesIn
    const response = responseUs(record)
    if (response !== null) this.#response.record(response)
    const service = serviceUs(record)
    if (service !== null) this.#service.record(service)
    if (record.firstTokenUs === null) return
    this.#may('ttft', ttftUs(record))
    this.#may('tpot', tpotUs(record))
  }

  measure(measure: Measure, us: Micros): void {
    let counts = this.#others.get(measure)
    if (counts === undefined) {
      counts = new LatencyCounts()
      this.#others.set(measure, counts)
    }
    counts.record(us)
  }

  /** Null when there is nothing to tell. */
  cut(): SeriesCut | null {
    const all: [Measure, LatencyCounts][] = [
      ['response', this.#response],
      ['service', this.#service],
      ...this.#others,
    ]
    const cuts = all.flatMap(([measure, counts]) => {
      const cut = counts.cut()
      return cut === null ? [] : [[measure, cut] as const]
    })
    if (this.count === 0 && cuts.length === 0) return null
    const sums = {
      count: this.count,
      promptTokens: this.#promptTokens,
      completionTokens: this.#completionTokens,
      bytesIn: this.#bytesIn,
    }
    this.count = 0
    this.#promptTokens = 0
    this.#completionTokens = 0
    this.#bytesIn = 0
    return { names: this.names, stage: this.stage, ...sums, measures: Object.fromEntries(cuts) }
  }

  #may(measure: Measure, us: Micros | null): void {
    if (us !== null) this.measure(measure, us)
  }
}

type LaneAndShape = Pick<SeriesNames, 'scenario' | 'lane' | 'shape'>

/** The series of a run: found by their names without making a key of them. */
class SeriesTable {
  readonly #tree = new Map<string, Map<string, Map<string, Map<string, OpenSeries>>>>()
  readonly #all: OpenSeries[] = []
  #last: OpenSeries | null = null

  of(names: LaneAndShape, outcome: Outcome, stage: Stage): OpenSeries {
    const last = this.#last
    // Most records are like the one before.
    if (last !== null && last.stage === stage && isNamed(last.names, names, outcome)) return last
    this.#last = this.#find(names, outcome, stage)
    return this.#last
  }

  #find(names: LaneAndShape, outcome: Outcome, stage: Stage): OpenSeries {
    const kind = stage === 'measure' ? outcome : `${outcome} in warm-up`
    const found = this.#tree.get(names.scenario)?.get(names.lane)?.get(names.shape)?.get(kind)
    return found ?? this.#add(names, outcome, stage, kind)
  }

  cut(): SeriesCut[] {
    return this.#all.flatMap((series) => series.cut() ?? [])
  }

  #add(names: LaneAndShape, outcome: Outcome, stage: Stage, kind: string): OpenSeries {
    const { scenario, lane, shape } = names
    if (this.#all.length >= seriesMax && shape !== otherName) {
      return this.#find({ scenario, lane: otherName, shape: otherName }, outcome, stage)
    }
    const series = new OpenSeries({ scenario, lane, shape, outcome }, stage)
    const kinds = child(child(child(this.#tree, scenario), lane), shape)
    kinds.set(kind, series)
    this.#all.push(series)
    return series
  }
}

function isNamed(known: SeriesNames, { scenario, lane, shape }: LaneAndShape, outcome: Outcome) {
  return (
    known.lane === lane &&
    known.shape === shape &&
    known.outcome === outcome &&
    known.scenario === scenario
  )
}

function child<V>(tree: Map<string, Map<string, V>>, name: string): Map<string, V> {
  let branch = tree.get(name)
  if (branch === undefined) {
    branch = new Map()
    tree.set(name, branch)
  }
  return branch
}
