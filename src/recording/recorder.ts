// Records a run: slices, events and rows go into the totals and on to the files of the run's folder
// while the run goes on. Must not know how they were made.

import { createWriteStream, rmSync, type WriteStream } from 'node:fs'
import type { RunEvent } from '../core/event.ts'
import type { Progress } from '../core/progress.ts'
import { emptyCounts, type Outcome, outcomes } from '../core/record.ts'
import type { Micros } from '../core/units.ts'
import type { Plan } from '../load/plan.ts'
import type { Committed, CommittedState, Told } from './committed.ts'
import { CsvFile } from './csv.ts'
import { ErrorFold } from './errorKinds.ts'
import type { LimiterFinding } from './findings.ts'
import { HlogFile } from './hlog.ts'
import { IntervalFold, intervalColumns, intervalRow } from './intervals.ts'
import { JournalWriter } from './journal.ts'
import type { JournalBatch } from './journalFormat.ts'
import { journalName, type RequestsProgress, requestsName } from './requestsFile.ts'
import { type RequestsThread, startRequestsThread } from './requestsThread.ts'
import { type RunFolder, writeWhole } from './runFolder.ts'
import { SeriesFold } from './series.ts'
import type { PhaseSpan, Slice } from './slice.ts'
import { TimelineFold } from './timeline.ts'
import { timelineName, timelineOf } from './timelineFile.ts'

/** First and last instants of the measured requests of a phase, and how they ended. */
export interface Span {
  startUs: Micros
  endUs: Micros
  readonly counts: Record<Outcome, number>
}

export interface RecorderOptions {
  readonly plan: Plan
  /** Null: nothing is written. */
  readonly folder: RunFolder | null
  readonly startedMs: number
  readonly redact: (text: string) => string
  /** A file could not be written; called once, further output is dropped. */
  readonly onWriteError: (error: Error) => void
  /** Whether there will be rows: `requests.csv` is made from them, through the journal. */
  readonly hasRows: boolean
  /** Whether everything goes to a journal, from which a run that is killed is recovered. */
  readonly hasJournal: boolean
  readonly onEvent?: (event: RunEvent) => void
  /** Rows are still being written into `requests.csv` after the run. */
  readonly onCatchUp?: (progress: RequestsProgress) => void
}

export class RunRecorder {
  /** Measured requests only. */
  readonly series = new SeriesFold()
  findings: readonly LimiterFinding[] = []
  readonly counts = emptyCounts()
  readonly spans = new Map<string, Span>()
  readonly errors = new ErrorFold()
  readonly timeline = new TimelineFold()
  readonly #options: RecorderOptions
  readonly #files: Files | null
  /** Seconds are for files only. */
  readonly #intervals: IntervalFold | null
  /** What goes to the journal with the next commit. */
  #told: Told[] = []
  /** Whether the journal has what no other file has. */
  #isJournalNeeded = false
  #isBroken = false

  constructor(options: RecorderOptions) {
    this.#options = options
    this.#files = options.folder === null ? null : openFiles(options, (error) => this.#fail(error))
    this.#intervals = this.#files === null ? null : this.#intervalsInto(this.#files)
  }

  slice(slice: Slice): void {
    this.#intervals?.add(slice)
    for (const cut of slice.series) {
      this.counts[cut.names.outcome] += cut.count
      if (cut.stage === 'measure') this.series.add(cut)
    }
    for (const span of slice.spans) this.#span(span)
    for (const kind of slice.errors) this.errors.add(kind)
    this.timeline.slice(slice)
    this.#tell({ slice })
  }

  rows(batch: JournalBatch): void {
    if (this.#options.hasRows) this.#files?.journal?.append(batch)
  }

  /** Rows that the disk was too slow for. */
  get lostRows(): number {
    return this.#files?.journal?.lostRows ?? 0
  }

  event(event: RunEvent): void {
    const clean = { ...event, text: this.#options.redact(event.text) }
    this.timeline.event(event)
    if (!this.#isBroken) this.#files?.events.write(`${JSON.stringify(clean)}\n`)
    this.#tell({ event: clean })
    this.#options.onEvent?.(clean)
  }

  /** Where the run is: seconds that are over go to the files. */
  progress(progress: Progress): void {
    this.timeline.progress(progress)
    this.#intervals?.advance(progress.us)
    this.#tell({ progress })
  }

  /**
   * What was recorded since the last commit is whole, and has come to this: a run that is killed is
   * recovered up to its last commit.
   */
  commit(state: CommittedState = {}): void {
    this.#files?.journal?.tell({ told: this.#told, ...state } satisfies Committed)
    this.#told = []
  }

  /** Seals and closes the files. */
  async close(): Promise<void> {
    this.#intervals?.close()
    if (this.#files === null) return
    const { journal, requests, intervals, hlog, events } = this.#files
    if (this.#isBroken) return requests?.stop()
    await Promise.all([
      this.#closeRows(journal, requests),
      intervals.close(),
      hlog.close(),
      new Promise<void>((resolve) => {
        events.end(() => resolve())
      }),
    ])
    this.#writeTimeline()
  }

  #intervalsInto({ intervals, hlog }: Files): IntervalFold {
    return new IntervalFold((interval) => {
      if (this.#isBroken) return
      intervals.write([this.#options.plan.runId, ...intervalRow(interval)])
      hlog.write(interval)
    })
  }

  #writeTimeline(): void {
    const timeline = timelineOf(this.timeline, this.series.all())
    try {
      writeWhole(this.#options.folder!.file(timelineName), `${JSON.stringify(timeline)}\n`)
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  async #closeRows(journal: JournalWriter | null, requests: RequestsThread | null): Promise<void> {
    await journal?.close()
    if (requests === null) return
    const { damage } = await requests.finish()
    this.#isJournalNeeded = damage !== null
    await requests.stop()
  }

  /** Everything about the run is on the disk: the journal goes, unless it has rows that the CSV has not. */
  discardJournal(): void {
    if (this.#isJournalNeeded || this.#isBroken) return
    const { folder } = this.#options
    if (folder !== null) rmSync(folder.file(journalName), { force: true })
  }

  /** Leaves `requests.csv` as it is; `limitscope recover` can complete it from the journal. */
  stopCatchUp(): void {
    void this.#files?.requests?.stop()
  }

  #tell(told: Told): void {
    if (this.#options.hasJournal && this.#files !== null) this.#told.push(told)
  }

  #span({ scenario, phase, startUs, endUs, counts }: PhaseSpan): void {
    const key = `${scenario}\n${phase}`
    const span = this.spans.get(key)
    if (span === undefined) {
      this.spans.set(key, { startUs, endUs, counts: { ...counts } })
      return
    }
    span.startUs = Math.min(span.startUs, startUs)
    span.endUs = Math.max(span.endUs, endUs)
    for (const outcome of outcomes) span.counts[outcome] += counts[outcome]
  }

  #fail(error: Error): void {
    if (this.#isBroken) return
    this.#isBroken = true
    this.#options.onWriteError(error)
  }
}

interface Files {
  readonly journal: JournalWriter | null
  readonly requests: RequestsThread | null
  readonly intervals: CsvFile
  readonly hlog: HlogFile
  readonly events: WriteStream
}

function openFiles(options: RecorderOptions, onError: (error: Error) => void): Files {
  const path = (name: string) => options.folder!.file(name)
  const events = createWriteStream(path('events.jsonl'), { flags: 'ax', mode: 0o600 })
  events.on('error', onError)
  return {
    ...openJournal(options, onError),
    intervals: new CsvFile(path('intervals.csv'), ['run_id', ...intervalColumns], onError),
    hlog: new HlogFile(path('latency.hlog'), options.startedMs, onError),
    events,
  }
}

function openJournal(
  options: RecorderOptions,
  onError: (error: Error) => void,
): Pick<Files, 'journal' | 'requests'> {
  const { folder, hasRows, hasJournal, onCatchUp } = options
  if (!hasRows && !hasJournal) return { journal: null, requests: null }
  const { runId } = options.plan
  const journalPath = folder!.file(journalName)
  const journal = new JournalWriter(journalPath, { runId, hasRows }, onError)
  if (!hasRows) return { journal, requests: null }
  const requests = startRequestsThread({
    journalPath,
    csvPath: folder!.file(requestsName),
    runId,
    onError,
    onProgress: (progress) => onCatchUp?.(progress),
  })
  return { journal, requests }
}
