// `report.md`: the page's tables as Markdown, for summaries of pipelines and for issues.

import type { RunSummary } from '../analysis/result.ts'
import { verdictOf } from '../analysis/verdict.ts'
import { formatInteger, formatSpan } from '../core/format.ts'
import {
  checkFacts,
  errorFacts,
  type FactTable,
  healthFacts,
  limiterFacts,
  seriesFacts,
  valueFacts,
} from './facts.ts'

const marks = { PASSED: '✅', FAILED: '❌', INCONCLUSIVE: '⚠️', INTERRUPTED: '⚠️', SKIPPED: '⏭️' }

/** The text of the file. */
export function markdownText(summary: RunSummary): string {
  const { word, why } = verdictOf(summary)
  const { counts, health } = summary
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const parts = [
    `## ${marks[word]} limitscope: ${word}${why === '' ? '' : ` (${markdownOf(why)})`}`,
    `${markdownOf(summary.target)}, ${formatSpan(summary.durationUs)}, ${formatInteger(total)} requests, seed ${summary.seed}, generator ${health.verdict}. Run \`${summary.runId}\`.`,
    ...[limiterFacts, checkFacts, seriesFacts, errorFacts, valueFacts].map((of) =>
      markdownTable(of(summary)),
    ),
    health.verdict === 'VALID' ? '' : generatorText(summary),
  ]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

function generatorText(summary: RunSummary): string {
  const { verdict, reasons } = summary.health
  const lines = reasons.map((reason) => `- ${markdownOf(reason)}`)
  return `### Generator: ${verdict}\n\n${lines.join('\n')}\n\n${markdownTable(healthFacts(summary))}`
}

/** '' for a table without rows. */
export function markdownTable({ title, columns, rows }: FactTable): string {
  if (rows.length === 0) return ''
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    `### ${markdownOf(title)}`,
    '',
    line(columns.map((column) => column.title)),
    line(columns.map(({ kind }) => (kind === 'number' ? '---:' : '---'))),
    ...rows.map((row) => line(row.map(markdownOf))),
  ].join('\n')
}

/** Text of servers as text: no markup, no table cell, no HTML. */
function markdownOf(text: string): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/[\\`*_[\]|~#!]/g, (character) => `\\${character}`)
}
