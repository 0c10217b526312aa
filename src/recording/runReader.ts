// Reads a run's folder back: its manifest, its seconds, its histograms. What is large comes a piece
// at a time. Must not know what a summary says.

import { existsSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { messageOf, UserError } from '../core/errors.ts'
import type { Outcome } from '../core/record.ts'
import type { Micros } from '../core/units.ts'
import { type CsvRow, numberIn, readCsv } from './csvReader.ts'
import { type LatencyInterval, readHlog } from './hlogReader.ts'
import { intervalColumns } from './intervals.ts'
import { type Manifest, manifestSchema } from './manifest.ts'
import { journalName } from './requestsFile.ts'
import { type Timeline, timelineName, timelineSchema } from './timelineFile.ts'

/** A row of `intervals.csv`. */
export interface IntervalRow {
  readonly startUs: Micros
  readonly scenario: string
  readonly lane: string
  readonly shape: string
  readonly outcome: Outcome
  readonly count: number
  readonly ratePerS: number
  readonly inFlightMax: number
  readonly p50Us: Micros | null
  readonly p90Us: Micros | null
  readonly p99Us: Micros | null
  readonly maxUs: Micros | null
  readonly ttftP50Us: Micros | null
  readonly ttftP99Us: Micros | null
  readonly tokensPerS: number
}

/** The folder of a run that is over. */
export class StoredFolder {
  readonly path: string
  readonly manifest: Manifest

  /** Throws `UserError` when there is no run at `path`. */
  constructor(path: string) {
    this.path = resolve(path)
    if (!existsSync(this.path) || !statSync(this.path).isDirectory()) {
      throw new UserError('usage', `expected the folder of a run, got '${path}'`)
    }
    this.manifest = this.#manifest()
  }

  file(name: string): string {
    return join(this.path, name)
  }

  /** `summary.json` as it is, of the schema that is asked for. */
  summary(schema: string): unknown {
    if (!existsSync(this.file('summary.json')) && existsSync(this.file(journalName))) {
      const message = `'${this.path}': the run was killed before its end; 'limitscope recover ${this.path}' completes it`
      throw new UserError('usage', message)
    }
    return this.#json('summary.json', schema)
  }

  /** All seconds of all series, warm-up included, in the order of time. */
  async *intervals(): AsyncGenerator<IntervalRow, void> {
    const path = this.file('intervals.csv')
    const rows = readCsv(path, ['run_id', ...intervalColumns])
    for await (const row of rows) yield intervalOf(row, path)
  }

  /** The same seconds as histograms of response times. */
  latencies(): AsyncGenerator<LatencyInterval, void> {
    return readHlog(this.file('latency.hlog'))
  }

  /** Null when the run has left none. */
  timeline(): Timeline | null {
    if (!existsSync(this.file(timelineName))) return null
    return this.#json(timelineName, timelineSchema) as Timeline
  }

  /** Any table of the folder. */
  rows(name: string, columns: readonly string[] = []): AsyncGenerator<CsvRow, void> {
    return readCsv(this.file(name), columns)
  }

  #manifest(): Manifest {
    if (!existsSync(this.file('manifest.json'))) {
      const message = `'${this.path}': expected the folder of a run, got one without manifest.json`
      throw new UserError('usage', message)
    }
    return this.#json('manifest.json', manifestSchema) as Manifest
  }

  #json(name: string, schema: string): unknown {
    const path = this.file(name)
    const value = parsed(path) as { schema?: unknown } | null
    if (value?.schema === schema) return value
    const message = `${path}: expected schema '${schema}', got '${String(value?.schema)}'; it is of another version of limitscope, or damaged`
    throw new UserError('usage', message)
  }
}

function parsed(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new UserError('usage', `${path}: ${messageOf(error)}`, { cause: error })
  }
}

function intervalOf(row: CsvRow, path: string): IntervalRow {
  const at = (column: string) => numberIn(row, column, path)
  return {
    startUs: at('start_us') ?? 0,
    scenario: row.scenario!,
    lane: row.lane!,
    shape: row.shape!,
    outcome: row.outcome as Outcome,
    count: at('count') ?? 0,
    ratePerS: at('rate_per_s') ?? 0,
    inFlightMax: at('in_flight_max') ?? 0,
    p50Us: at('p50_us'),
    p90Us: at('p90_us'),
    p99Us: at('p99_us'),
    maxUs: at('max_us'),
    ttftP50Us: at('ttft_p50_us'),
    ttftP99Us: at('ttft_p99_us'),
    tokensPerS: at('tokens_per_s') ?? 0,
  }
}
