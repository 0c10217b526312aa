// What GitHub Actions shows of a run: annotations, and the Markdown report in the summary of its step.

import type { RunSummary } from '../analysis/result.ts'
import { verdictOf } from '../analysis/verdict.ts'
import { safeLine } from '../core/text.ts'
import { foundText } from './facts.ts'

/** GitHub shows ten of each kind for a step and drops the rest. */
const annotationsMax = 10

/** Workflow commands, one a line: an error for what failed, a warning for what is open or suspect. */
export function githubAnnotations(summary: RunSummary): string[] {
  const checks = summary.scenarios.flatMap(({ name, checks }) =>
    checks.map((check) => ({ name, check })),
  )
  const those = (verdict: string, kind: 'error' | 'warning') =>
    checks
      .filter(({ check }) => check.verdict === verdict)
      .map(({ name, check }) =>
        command(kind, `${name}: ${check.statement}`, `${verdict}: ${foundText(check)}`),
      )
  const { word, why } = verdictOf(summary)
  const isVoid = word === 'INCONCLUSIVE' || word === 'INTERRUPTED'
  return [
    ...(isVoid ? [command('error', `limitscope: ${word}`, why)] : []),
    ...those('failed', 'error').slice(0, annotationsMax - 1),
    ...those('inconclusive', 'warning').slice(0, annotationsMax - 1),
    ...(summary.health.verdict === 'SUSPECT'
      ? [command('warning', 'generator SUSPECT', summary.health.reasons.join('; '))]
      : []),
  ]
}

function command(kind: 'error' | 'warning', title: string, message: string): string {
  const property = dataOf(title).replaceAll(':', '%3A').replaceAll(',', '%2C')
  return `::${kind} title=${property}::${dataOf(message)}`
}

function dataOf(text: string): string {
  return safeLine(text, 500).replaceAll('%', '%25')
}

/** GitHub drops a step's whole summary above 1 MiB. */
const summaryBytesMax = 1024 * 1024

/** What of the Markdown still fits into a summary that has `usedBytes`; cut at the end of a line. */
export function githubSummary(markdown: string, usedBytes: number): string {
  const bytes = Buffer.from(markdown)
  const room = summaryBytesMax - usedBytes - 1024
  if (bytes.length <= room) return markdown
  const cut = bytes.subarray(0, Math.max(0, room)).toString()
  return `${cut.slice(0, cut.lastIndexOf('\n') + 1)}\nThe rest is in report.md.\n`
}
