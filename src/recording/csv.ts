// CSV files: one table each, streamed, RFC 4180, LF, UTF-8; csv-stringify says how a text is
// written, once for each text: asked for every cell anew it takes five times as long for a file.

import { createWriteStream, type WriteStream } from 'node:fs'
import { stringify } from 'csv-stringify/sync'
import { safeLine } from '../core/text.ts'

/** A cell: null and undefined are "missing" and stay empty. */
export type Cell = string | number | boolean | null | undefined

/** Bytes that wait for the disk before `drained` makes the caller wait. */
const waitingBytesMax = 256 * 1024

/** Texts that a file remembers as cells: most say what those of the row before said. */
const textsMax = 10_000

/** A CSV file that is written while the run goes on. */
export class CsvFile {
  readonly #file: WriteStream
  readonly #written = new Map<string, string>()

  /** Creates the file with its header row; errors (full disk, no permission) go to `onError`. */
  constructor(path: string, columns: readonly string[], onError: (error: Error) => void) {
    this.#file = createWriteStream(path, {
      flags: 'ax',
      mode: 0o600,
      highWaterMark: waitingBytesMax,
      // With fsync at the end: what the table was made from may be removed then.
      flush: true,
    })
    this.#file.on('error', onError)
    this.writeAll([columns])
  }

  write(row: readonly Cell[]): void {
    this.writeAll([row])
  }

  /** Many rows at once, which is cheaper for each. After an error they are dropped. */
  writeAll(rows: readonly (readonly Cell[])[]): void {
    if (rows.length === 0 || this.#file.destroyed) return
    let lines = ''
    for (const row of rows) {
      let separator = ''
      for (const cell of row) {
        lines += separator + this.#cell(cell)
        separator = ','
      }
      lines += '\n'
    }
    this.#file.write(lines)
  }

  /** Resolves when little enough waits for the disk, or when the file failed. */
  drained(): Promise<void> {
    const file = this.#file
    if (!file.writableNeedDrain || file.destroyed) return Promise.resolve()
    return new Promise((resolve) => {
      const settle = () => {
        file.off('drain', settle)
        file.off('close', settle)
        resolve()
      }
      file.once('drain', settle)
      file.once('close', settle)
    })
  }

  /** Resolves when everything is on the disk, or when the file failed. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#file.closed) return resolve()
      this.#file.once('close', () => resolve())
      this.#file.end()
    })
  }

  #cell(cell: Cell): string {
    if (cell === null || cell === undefined) return ''
    // A number is never a formula, nor in need of quotes.
    if (typeof cell === 'number') return Number.isFinite(cell) ? String(cell) : ''
    const text = String(cell)
    const known = this.#written.get(text)
    if (known !== undefined) return known
    if (this.#written.size >= textsMax) this.#written.clear()
    const written = stringify([[cleanText(text)]], { escape_formulas: true, eof: false })
    this.#written.set(text, written)
    return written
  }
}

// csv-stringify's guard against formulas does not see a leading space, '|' or line feed.
function cleanText(cell: string): string {
  const text = safeLine(cell, 1000).trim()
  return text.startsWith('|') ? `'${text}` : text
}
