// Aligned columns for texts that are read in a terminal, a pipe or a CI log.

import stringWidth from 'string-width'
import { unknown } from '../core/format.ts'
import { foldedLines } from './fold.ts'
import type { Paint } from './paint.ts'

export interface TableLayout {
  readonly paint: Paint
  /** Of the terminal; infinity where lines may be as long as they like. */
  readonly columns: number
}

/**
 * Columns padded to their widest cell, below a dim head; nothing where there are no rows. Where they
 * do not fit, each row is told cell by cell, without those that have nothing to tell.
 */
export function textTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { paint, columns }: TableLayout,
): string[] {
  if (rows.length === 0) return []
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => stringWidth(row[i]!))))
  const line = (cells: readonly string[]) =>
    `  ${cells.map((cell, i) => pad(cell, widths[i]!)).join('  ')}`.trimEnd()
  const lines = [paint('dim', line(head)), ...rows.map(line)]
  const isFitting = lines.every((one) => stringWidth(one) <= columns)
  return isFitting ? lines : rows.flatMap((row) => told(head, row, { paint, columns }))
}

/** 'tokens · lane free · first rejection 14.1 s …', folded. */
function told(
  head: readonly string[],
  [first, ...others]: readonly string[],
  { paint, columns }: TableLayout,
): string[] {
  const parts = others.flatMap((cell, i) =>
    cell === '' || cell === unknown ? [] : [`${paint('dim', head[i + 1]!)} ${cell}`],
  )
  return [`  ${first}`, ...foldedLines(parts.join(' · '), columns, '    ')]
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(Math.max(0, width - stringWidth(cell)))
}
