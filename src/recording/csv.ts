// CSV files: one table each, streamed, RFC 4180, LF, UTF-8; made by csv-stringify.

import { createWriteStream, type WriteStream } from 'node:fs'
import { type Stringifier, stringify } from 'csv-stringify'
import { safeLine } from '../core/text.ts'

/** A cell: null and undefined are "missing" and stay empty. */
export type Cell = string | number | boolean | null | undefined

/** A CSV file that is written while the run goes on. */
export class CsvFile {
  readonly #stringifier: Stringifier
  readonly #file: WriteStream

  /** Creates the file with its header row; errors (full disk, no permission) go to `onError`. */
  constructor(path: string, columns: readonly string[], onError: (error: Error) => void) {
    // A number is never a formula, and a text never starts one once it is quoted.
    this.#stringifier = stringify({ escape_formulas: true, record_delimiter: '\n' })
    this.#file = createWriteStream(path, { flags: 'ax', mode: 0o600 })
    this.#file.on('error', onError)
    this.#stringifier.on('error', onError)
    this.#stringifier.pipe(this.#file)
    this.#stringifier.write(columns)
  }

  write(row: readonly Cell[]): void {
    this.#stringifier.write(row.map(cleanCell))
  }

  /** Resolves when everything is with the operating system. */
  async close(): Promise<void> {
    const isClosed = new Promise<void>((resolve) => {
      this.#file.once('close', resolve)
    })
    this.#stringifier.end()
    await isClosed
  }
}

// csv-stringify's guard against formulas does not see a leading space, '|' or line feed.
function cleanCell(cell: Cell): string | number | undefined {
  if (cell === null || cell === undefined) return undefined
  if (typeof cell === 'number') return Number.isFinite(cell) ? cell : undefined
  if (typeof cell === 'boolean') return String(cell)
  const text = safeLine(cell, 1000).trim()
  return text.startsWith('|') ? `'${text}` : text
}
