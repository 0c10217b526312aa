// Aligned columns for texts that are read in a terminal, a pipe or a CI log.

import { stripVTControlCharacters } from 'node:util'
import type { Paint } from './paint.ts'

/** Columns padded to their widest cell, below a dim head; nothing where there are no rows. */
export function textTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  paint: Paint,
): string[] {
  if (rows.length === 0) return []
  const widths = head.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => stripVTControlCharacters(row[i]!).length)),
  )
  const line = (cells: readonly string[]) =>
    `  ${cells.map((cell, i) => pad(cell, widths[i]!)).join('  ')}`.trimEnd()
  return [paint('dim', line(head)), ...rows.map(line)]
}

function pad(cell: string, width: number): string {
  const length = stripVTControlCharacters(cell).length
  return cell + ' '.repeat(Math.max(0, width - length))
}
