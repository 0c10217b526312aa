// What GitHub Actions shows of a run: annotations, and the Markdown report in the summary of its step.

import type { RunSummary } from '../analysis/result.ts'
import { verdictOf } from '../analysis/verdict.ts'
import { safeLine } from '../core/text.ts'
import { foundText } from './facts.ts'

/** GitHub shows ten of each kind for a step and drops the rest. */
const annotationsMax = 10

/** Where a statement was written: its file, from the root of the repository. */
export interface CodePlace {
  readonly file: string
  readonly line: number | null
}

/** Workflow commands, one a line: an error for what failed, a warning for what is open or suspect. */
export function githubAnnotations(
  summary: RunSummary,
  placeOf: (scenario: string, statement: string) => CodePlace | null,
): string[] {
  const checks = summary.scenarios.flatMap(({ name, checks }) =>
    checks.map((check) => ({ name, check })),
  )
  const those = (verdict: string, kind: 'error' | 'warning') =>
    checks
      .filter(({ check }) => check.verdict === verdict)
      .map(({ name, check }) => {
        const place = placeOf(name, check.statement)
        const found = `${verdict}: ${foundText(check)}`
        return command(kind, { title: `${name}: ${check.statement}`, ...place }, found)
      })
  const { word, why } = verdictOf(summary)
  const isVoid = word === 'INCONCLUSIVE' || word === 'INTERRUPTED'
  return [
    ...(isVoid ? [command('error', { title: `limitscope: ${word}` }, why)] : []),
    ...those('failed', 'error').slice(0, annotationsMax - 1),
    ...those('inconclusive', 'warning').slice(0, annotationsMax - 1),
    ...(summary.health.verdict === 'SUSPECT'
      ? [command('warning', { title: 'generator SUSPECT' }, summary.health.reasons.join('; '))]
      : []),
  ]
}

type Properties = { readonly title: string } & Partial<CodePlace>

function command(
  kind: 'error' | 'warning',
  { title, file, line }: Properties,
  message: string,
): string {
  const known = Object.entries({ file, line, title }).filter(([, value]) => value != null)
  const properties = known.map(([name, value]) => {
    return `${name}=${dataOf(String(value)).replaceAll(':', '%3A').replaceAll(',', '%2C')}`
  })
  return `::${kind} ${properties.join(',')}::${dataOf(message)}`
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
