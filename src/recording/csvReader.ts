// Reads the CSV files of a run's folder back, a row at a time.

import { createReadStream } from 'node:fs'
import { parse } from 'csv-parse'
import { messageOf, UserError } from '../core/errors.ts'

/** A row by its column names; missing is ''. */
export type CsvRow = Readonly<Record<string, string>>

/** The rows of a table that has at least `columns`; throws `UserError` where it is none. */
export async function* readCsv(
  path: string,
  columns: readonly string[],
): AsyncGenerator<CsvRow, void> {
  // A file that cannot be read ends the parser, too.
  const parser = createReadStream(path)
    .on('error', (error) => parser.destroy(error))
    .pipe(parse({ columns: (header: string[]) => withColumns(header, columns) }))
  try {
    for await (const row of parser) yield row as CsvRow
  } catch (error) {
    throw new UserError('usage', `${path}: ${messageOf(error)}`, { cause: error })
  }
}

/** A cell of the table at `path` as a number; null where it is missing. */
export function numberIn(row: CsvRow, column: string, path: string): number | null {
  const text = row[column]
  if (text === undefined || text === '') return null
  const value = Number(text)
  if (Number.isNaN(value)) {
    const message = `${path}: ${column}: expected a number, got '${text.slice(0, 40)}'`
    throw new UserError('usage', message)
  }
  return value
}

function withColumns(header: string[], columns: readonly string[]): string[] {
  const absent = columns.filter((column) => !header.includes(column))
  if (absent.length > 0) {
    throw new Error(`expected columns ${absent.join(', ')}, got ${header.join(', ').slice(0, 200)}`)
  }
  return header
}
