// Records a run: every record, event and gap goes into the folds, and on to the files of the run's
// folder while the run goes on. Must not know how records were made.

import { createWriteStream, type WriteStream } from 'node:fs'
import type { RunEvent } from '../core/event.ts'
import { emptyCounts, type RequestRecord, recordColumns } from '../core/record.ts'
import type { Micros } from '../core/units.ts'
import type { Plan } from '../load/plan.ts'
import { CsvFile } from './csv.ts'
import { FindingsFold } from './findings.ts'
import { HlogFile } from './hlog.ts'
import { IntervalFold, intervalColumns, intervalRow } from './intervals.ts'
import type { RunFolder } from './runFolder.ts'
import { SeriesFold, type SeriesNames } from './series.ts'

/** First and last instants of the measured requests of a phase. */
export interface PhaseSpan {
  startUs: Micros
  endUs: Micros
}

export interface RecorderOptions {
  readonly plan: Plan
  /** Null: nothing is written. */
  readonly folder: RunFolder | null
  readonly startedMs: number
  readonly redact: (text: string) => string
  /** A file could not be written; called once, further output is dropped. */
  readonly onWriteError: (error: Error) => void
  /** Every event, those that the recorder itself makes included. */
  readonly onEvent?: (event: RunEvent) => void
}

export class RunRecorder {
  /** Measured requests only. */
  readonly series = new SeriesFold()
  readonly findings: FindingsFold
  readonly counts = emptyCounts()
  readonly spans = new Map<string, PhaseSpan>()
  readonly #options: RecorderOptions
  readonly #intervals: IntervalFold
  readonly #files: Files | null
  #isBroken = false

  constructor(options: RecorderOptions) {
    this.#options = options
    this.#files = options.folder === null ? null : openFiles(options, (error) => this.#fail(error))
    this.findings = new FindingsFold(options.plan, {
      firstRejection: (record, admitted) => {
        const text = `first rejection by ${record.limiter} (${record.confidence}): request ${record.seq}, after ${admitted.requestsMin} requests and ${admitted.tokensMin} tokens`
        const { seq, limiter, confidence } = record
        this.#own('first-rejection', record, record.endUs!, text, {
          seq,
          limiter,
          confidence,
          ...admitted,
        })
      },
      recovered: (record, limiter, afterUs) => {
        const text = `${limiter} admits again ${(afterUs / 1e6).toFixed(3)} s after its first rejection`
        this.#own('recovered', record, record.endUs!, text, { limiter, afterUs })
      },
    })
    this.#intervals = new IntervalFold((interval) => {
      if (this.#isBroken) return
      this.#files?.intervals.write([options.plan.runId, ...intervalRow(interval)])
      this.#files?.hlog.write(interval)
    })
  }

  record(record: RequestRecord): void {
    this.counts[record.outcome]++
    this.findings.add(record)
    this.#intervals.add(record)
    if (record.stage === 'measure') {
      this.series.add(record)
      this.#span(record)
    }
    if (!this.#isBroken) this.#files?.requests.write(this.#row(record))
  }

  gaps(names: Omit<SeriesNames, 'outcome'>, gapsUs: readonly Micros[]): void {
    this.series.addGaps(names, gapsUs)
  }

  event(event: RunEvent): void {
    const clean = { ...event, text: this.#options.redact(event.text) }
    if (!this.#isBroken) this.#files?.events.write(`${JSON.stringify(clean)}\n`)
    this.#options.onEvent?.(clean)
  }

  /** The run has reached `nowUs`: seconds that are over go to the files. */
  advance(nowUs: Micros): void {
    this.#intervals.advance(nowUs)
  }

  /** Seals and closes the files. */
  async close(): Promise<void> {
    this.#intervals.close()
    if (this.#files === null || this.#isBroken) return
    const { requests, intervals, hlog, events } = this.#files
    await Promise.all([
      requests.close(),
      intervals.close(),
      hlog.close(),
      new Promise<void>((resolve) => {
        events.end(() => resolve())
      }),
    ])
  }

  #row(record: RequestRecord) {
    const cells = recordColumns.map(({ field, divisor }) => {
      const value = record[field]
      return typeof value === 'number' && divisor !== 1 ? value / divisor : value
    })
    return [this.#options.plan.runId, ...cells]
  }

  #span(record: RequestRecord): void {
    const key = `${record.scenario}\n${record.phase}`
    const endUs = record.endUs ?? record.intendedUs
    const span = this.spans.get(key)
    if (span === undefined) this.spans.set(key, { startUs: record.intendedUs, endUs })
    else {
      span.startUs = Math.min(span.startUs, record.intendedUs)
      span.endUs = Math.max(span.endUs, endUs)
    }
  }

  #own(
    kind: RunEvent['kind'],
    { scenario, phase, lane }: RequestRecord,
    us: Micros,
    text: string,
    data: Readonly<Record<string, unknown>>,
  ): void {
    this.event({ us, kind, scenario, phase, text, data: { lane, ...data } })
  }

  #fail(error: Error): void {
    if (this.#isBroken) return
    this.#isBroken = true
    this.#options.onWriteError(error)
  }
}

interface Files {
  readonly requests: CsvFile
  readonly intervals: CsvFile
  readonly hlog: HlogFile
  readonly events: WriteStream
}

function openFiles({ folder, startedMs }: RecorderOptions, onError: (error: Error) => void): Files {
  const path = (name: string) => folder!.file(name)
  const columns = recordColumns.map(({ column }) => column)
  const events = createWriteStream(path('events.jsonl'), { flags: 'ax', mode: 0o600 })
  events.on('error', onError)
  return {
    requests: new CsvFile(path('requests.csv'), ['run_id', ...columns], onError),
    intervals: new CsvFile(path('intervals.csv'), ['run_id', ...intervalColumns], onError),
    hlog: new HlogFile(path('latency.hlog'), startedMs, onError),
    events,
  }
}
