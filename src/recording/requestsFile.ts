// `requests.csv`, made from `requests.journal`: while the run goes on, or anew after a crash. Must
// not know what makes it go on.

import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { messageOf, UserError } from '../core/errors.ts'
import { type RequestRecord, recordColumns } from '../core/record.ts'
import { RowDecoder, rowBytes } from '../core/requestRow.ts'
import { type Cell, CsvFile } from './csv.ts'
import type { JournalBatch, JournalDamage } from './journalFormat.ts'
import { JournalReader } from './journalReader.ts'

/** Names of the files in a run's folder. */
export const journalName = 'requests.journal'
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
  readonly #decoders = new Map<number, RowDecoder>()
  #batch: OpenBatch | null = null
  #isUpToDate = false
  #rowsDone = 0
  #failure: string | null = null

  /** Throws when the journal cannot be opened. */
  constructor({ journalPath, csvPath, runId, onError }: RequestsFileOptions) {
    this.#runId = runId
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
    for (let batch = this.#reader.next(); batch !== null; batch = this.#reader.next()) {
      const decoder = this.#decoders.get(batch.source) ?? new RowDecoder()
      this.#decoders.set(batch.source, decoder)
      decoder.add(batch.texts)
      if (batch.rows.length > 0) return opened(batch, decoder)
    }
    return null
  }

  #missing(): string | null {
    const { meta, damage, bytesAhead } = this.#reader
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

/**
 * Makes `requests.csv` of a run's folder from its journal, in place of the one that may be there.
 * Throws `UserError` when the journal cannot be read at all or the CSV cannot be written; then what
 * was there is untouched.
 */
export async function rebuildRequestsCsv(
  folder: string,
  onProgress: (progress: RequestsProgress) => void = () => {},
): Promise<RequestsResult> {
  const journalPath = join(folder, journalName)
  const csvPath = join(folder, `${requestsName}.tmp`)
  const runId = runIdIn(journalPath)
  rmSync(csvPath, { force: true })
  const failures: Error[] = []
  const onError = (error: Error) => failures.push(error)
  const file = new RequestsFile({ journalPath, csvPath, runId, onError })
  const rowsTotal = file.rowsLeft()
  while (file.copy(pieceRows) > 0) {
    await file.drained()
    // Whoever wants to interrupt gets a chance.
    await setImmediate()
    onProgress({ rowsDone: file.rowsDone, rowsTotal })
  }
  const result = await file.close()
  if (failures.length > 0) {
    rmSync(csvPath, { force: true })
    throw new UserError('write', `results: cannot write '${csvPath}': ${result.damage}`)
  }
  renameSync(csvPath, join(folder, requestsName))
  return result
}

function runIdIn(journalPath: string): string {
  const reader = openJournal(journalPath)
  const { meta } = reader
  const { damage } = reader
  reader.close()
  if (meta !== null) return meta.runId
  const why = damage === null ? 'it ends within its head' : damageText(damage)
  throw new UserError('usage', `results: cannot read '${journalPath}': ${why}`)
}

function openJournal(journalPath: string): JournalReader {
  try {
    return new JournalReader(journalPath)
  } catch (error) {
    const message = `results: cannot read '${journalPath}': ${messageOf(error)}; expected the folder of a run that left its journal`
    throw new UserError('usage', message, { cause: error })
  }
}
