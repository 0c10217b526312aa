// A comparison as Markdown, for pull requests and step summaries.

import type { Comparison } from '../analysis/comparison.ts'
import { safeLine } from '../core/text.ts'
import {
  type ComparisonTable,
  limiterCells,
  metricCells,
  noteLines,
  verdictText,
} from './comparisonCells.ts'

/** Ends with a line feed. */
export function comparisonMarkdown(comparison: Comparison): string {
  const parts = [
    `**${verdictText(comparison)}**`,
    noteLines(comparison)
      .map((line) => `- ${escaped(line)}`)
      .join('\n'),
    table(limiterCells(comparison)),
    table(metricCells(comparison)),
  ]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

function table({ head, rows }: ComparisonTable): string {
  if (rows.length === 0) return ''
  const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** Names come from servers: nothing of them is markup. */
function escaped(text: string): string {
  return safeLine(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/[\\`*_[\]|~#@]/g, '\\$&')
}
