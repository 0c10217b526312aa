// What a night comes to: for a terminal or a log, and as Markdown.

import type { NightFinding, NightResult } from '../analysis/nightly.ts'
import { changeText, metricText } from './comparisonCells.ts'
import { factTable } from './facts.ts'
import { markdownTable } from './markdown.ts'
import { painter, type Style } from './paint.ts'

interface NightLine {
  readonly verdict: string
  readonly what: string
  readonly told: string
}

const styles: Readonly<Record<string, Style>> = {
  REGRESSION: 'red',
  IMPROVEMENT: 'green',
  QUIET: 'green',
  OPEN: 'yellow',
  NOISE: 'dim',
}

/** Several lines, the last without a line feed. */
export function nightText(night: NightResult, colour: boolean): string {
  const paint = painter(colour)
  return nightLines(night)
    .map(({ verdict, what, told }) => `${paint(styles[verdict]!, verdict)}  ${what}: ${told}`)
    .join('\n')
}

/** Ends with a line feed. */
export function nightMarkdown(night: NightResult): string {
  const rows = nightLines(night).map(({ verdict, what, told }) => [verdict, what, told])
  const titles = ['verdict:verdict', 'text:what', 'text:found'] as const
  return `${markdownTable(factTable(`Night ${night.runId}`, titles, rows))}\n`
}

function nightLines({ runId, findings, limiters }: NightResult): NightLine[] {
  const lines = [
    ...limiters.map(({ verdict, limiter, lane, parameter, baseText, candidateText }) => {
      const told = `${parameter} ${baseText} → ${candidateText}`
      return { verdict, what: `${limiter} on ${lane}`, told }
    }),
    ...findings.map(findingLine),
  ]
  if (lines.length > 0) return lines
  return [{ verdict: 'QUIET', what: runId, told: 'nothing is suspicious' }]
}

function findingLine(finding: NightFinding): NightLine {
  const { trigger, confirmation } = finding
  const what = metricText(finding)
  const suspected = `${changeText(1 + trigger.change)} worse by its history (${trigger.kind})`
  if (confirmation === null) {
    const how = 'not confirmed: give --baseline a target that was accepted'
    return { verdict: 'OPEN', what, told: `${suspected}; ${how}` }
  }
  const { verdict, pairs, p, change, interval } = confirmation
  const [low, high] = interval.map((bound) => changeText(1 + bound))
  const told = `${changeText(1 + change)} worse in ${pairs} pairs (${low} to ${high}, p ${p.toFixed(4)})`
  return { verdict, what, told }
}
