// `requests.csv`, made from `run.journal`: while the run goes on, or anew after a crash. Must
// not know what makes it go on.

import { setImmediate } from 'node:timers/promises'
import { messageOf, UserError } from '../core/errors.ts'
import { type RequestRecord, recordColumns } from '../core/record.ts'
import { RowDecoder, rowBytes } from '../core/requestRow.ts'
import { type Cell, CsvFile } from './csv.ts'
import type { JournalBatch, JournalDamage } from './journalFormat.ts'
import { JournalReader } from './journalReader.ts'

/** Names of the files in a run's folder. */
export const journalName = 'run.journal'
export const requestsName = 'requests.csv'

/** Header of `requests.csv`. */
export const requestsColumns: readonly string[] = [
  'run_id',
  ...recordColumns.map(({ column }) => column),
]

/** A record as a row of `requests.csv`. */
export function requestCells(runId: string, record: RequestRecord): readonly Cell[] {
  const cells = recordColumns.map(({ field, divisor }): Cell => {
    const value = record[field]
    return typeof value === 'number' && divisor !== 1 ? value / divisor : value
  })
  return [runId, ...cells]
}

/** What has become of `requests.csv`. */
export interface RequestsResult {
  readonly rows: number
  /** Why rows are missing; null when every row of the journal is in the file. */
  readonly damage: string | null
}

/** How far `requests.csv` is. */
export interface RequestsProgress {
  readonly rowsDone: number
  readonly rowsTotal: number
}

export interface RequestsFileOptions {
  readonly journalPath: string
  /** Rows from there on are left out; default: none are. */
  readonly untilBytes?: number
  /** Must not exist. */
  readonly csvPath: string
  readonly runId: string
  /** The CSV cannot be written; called once. */
  readonly onError: (error: Error) => void
}

/** Copies rows from a journal into a CSV, as many at a time as it is asked to. */
export class RequestsFile {
  readonly #reader: JournalReader
  readonly #csv: CsvFile
  readonly #runId: string
  readonly #untilBytes: number
  readonly #decoders = new Map<number, RowDecoder>()
  #batch: OpenBatch | null = null
  #isUpToDate = false
  #rowsDone = 0
  #failure: string | null = null

  /** Throws when the journal cannot be opened. */
  constructor({ journalPath, csvPath, runId, onError, untilBytes }: RequestsFileOptions) {
    this.#runId = runId
    this.#untilBytes = untilBytes ?? Number.POSITIVE_INFINITY
    this.#reader = new JournalReader(journalPath)
    this.#csv = new CsvFile(csvPath, requestsColumns, (error) => {
      this.#failure = `${requestsName}: ${messageOf(error)}`
      onError(error)
    })
  }

  /** Copies `rowsMax` rows or all that are there, if fewer; returns how many. */
  copy(rowsMax: number): number {
    const rows: (readonly Cell[])[] = []
    while (rows.length < rowsMax && this.#failure === null) {
      this.#batch ??= this.#nextBatch()
      this.#isUpToDate = this.#batch === null
      if (this.#batch === null) break
      rows.push(requestCells(this.#runId, recordOf(this.#batch)))
      this.#batch.row++
      if (this.#batch.row === this.#batch.rows) this.#batch = null
    }
    this.#csv.writeAll(rows)
    this.#rowsDone += rows.length
    return rows.length
  }

  /** Resolves when the disk has taken enough of what was copied for more to be. */
  drained(): Promise<void> {
    return this.#csv.drained()
  }

  get rowsDone(): number {
    return this.#rowsDone
  }

  /** Rows of the journal that are to be copied yet; looks at every block ahead. */
  rowsLeft(): number {
    const ofBatch = this.#batch === null ? 0 : this.#batch.rows - this.#batch.row
    return ofBatch + this.#reader.rowsAhead()
  }

  /** Closes both files, whatever the journal still holds; the CSV ends with a whole row. */
  async close(): Promise<RequestsResult> {
    await this.#csv.close()
    const damage = this.#failure ?? this.#missing()
    this.#reader.close()
    return { rows: this.#rowsDone, damage }
  }

  #nextBatch(): OpenBatch | null {
    while (this.#reader.offsetBytes < this.#untilBytes) {
      const batch = this.#reader.next()
      if (batch === null) return null
      const decoder = this.#decoders.get(batch.source) ?? new RowDecoder()
      this.#decoders.set(batch.source, decoder)
      decoder.add(batch.texts)
      if (batch.rows.length > 0) return opened(batch, decoder)
    }
    return null
  }

  #missing(): string | null {
    const { meta, damage, bytesAhead, offsetBytes } = this.#reader
    if (offsetBytes >= this.#untilBytes) return null
    if (damage !== null) return damageText(damage)
    if (meta === null) return `${journalName}: expected a head, got ${bytesAhead} B`
    if (!this.#isUpToDate) return `${requestsName}: stopped early; ${journalName} has the rest`
    return bytesAhead === 0 ? null : `${journalName}: its last ${bytesAhead} B are no whole block`
  }
}

/** A batch of which rows are left. */
interface OpenBatch {
  readonly decoder: RowDecoder
  readonly words: Int32Array
  readonly doubles: Float64Array
  readonly rows: number
  row: number
}

function opened({ rows: { buffer, byteOffset, length } }: JournalBatch, decoder: RowDecoder) {
  const words = new Int32Array(buffer, byteOffset, length / 4)
  const doubles = new Float64Array(buffer, byteOffset, length / 8)
  return { decoder, words, doubles, rows: length / rowBytes, row: 0 }
}

function recordOf({ decoder, words, doubles, row }: OpenBatch): RequestRecord {
  return decoder.read(words, doubles, row)
}

function damageText({ offsetBytes, expected, got }: JournalDamage): string {
  return `${journalName}: damaged at byte ${offsetBytes}: expected ${expected}, got ${got}`
}

/** Rows that are copied between two looks at anything else. */
const pieceRows = 1000

export interface RebuildOptions {
  readonly journalPath: string
  /** Must not exist. */
  readonly csvPath: string
  readonly runId: string
  /** Rows from there on are left out. */
  readonly untilBytes: number
}

/** Makes `requests.csv` from a journal anew; throws `UserError` when it cannot be written. */
export async function rebuildRequestsCsv(options: RebuildOptions): Promise<RequestsResult> {
  const failures: Error[] = []
  const file = new RequestsFile({ ...options, onError: (error) => failures.push(error) })
  while (file.copy(pieceRows) > 0) {
    await file.drained()
    // Whoever wants to interrupt gets a chance.
    await setImmediate()
  }
  const result = await file.close()
  if (failures.length === 0) return result
  const message = `results: cannot write '${options.csvPath}': ${result.damage}`
  throw new UserError('write', message)
}
