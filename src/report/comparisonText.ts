// A comparison for a terminal or a log.

import type { ChangeVerdict, Comparison } from '../analysis/comparison.ts'
import {
  type ComparisonTable,
  limiterCells,
  metricCells,
  noteLines,
  verdictText,
} from './comparisonCells.ts'
import { type Paint, painter } from './paint.ts'

/** Several lines, the last without a line feed. */
export function comparisonText(comparison: Comparison, colour: boolean): string {
  const paint = painter(colour)
  const style = styles[comparison.verdict]
  return [
    paint(style, verdictText(comparison)),
    ...noteLines(comparison).map((line) => paint('dim', `  ${line}`)),
    ...tableLines(limiterCells(comparison), paint),
    ...tableLines(metricCells(comparison), paint),
  ].join('\n')
}

const styles = {
  REGRESSION: 'red',
  IMPROVEMENT: 'green',
  EQUIVALENT: 'green',
  INCONCLUSIVE: 'yellow',
} as const satisfies Record<ChangeVerdict, string>

function tableLines({ head, rows }: ComparisonTable, paint: Paint): string[] {
  if (rows.length === 0) return []
  const widths = head.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => row[i]!.length)),
  )
  const line = (cells: readonly string[]) =>
    `  ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join('  ')}`.trimEnd()
  const coloured = (row: readonly string[]) => {
    const verdict = row[0] as ChangeVerdict
    return line(row).replace(verdict, paint(styles[verdict], verdict))
  }
  return ['', paint('dim', line(head)), ...rows.map(coloured)]
}
