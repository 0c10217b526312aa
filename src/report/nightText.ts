// What a night comes to, for a terminal or a log.

import type { NightFinding, NightResult } from '../analysis/nightly.ts'
import { changeText, metricText } from './comparisonCells.ts'
import { type Paint, painter } from './paint.ts'

/** Several lines, the last without a line feed. */
export function nightText({ runId, findings, limiters }: NightResult, colour: boolean): string {
  const paint = painter(colour)
  const lines = [
    ...limiters.map(({ verdict, limiter, lane, parameter, baseText, candidateText }) => {
      const what = `${limiter} on ${lane}: ${parameter} ${baseText} → ${candidateText}`
      return `${paint(verdict === 'REGRESSION' ? 'red' : 'green', verdict)}  ${what}`
    }),
    ...findings.map((finding) => findingLine(finding, paint)),
  ]
  if (lines.length === 0) return `${paint('green', 'QUIET')}  ${runId}: nothing is suspicious`
  return lines.join('\n')
}

function findingLine(finding: NightFinding, paint: Paint): string {
  const { trigger, confirmation } = finding
  const name = metricText(finding)
  const suspected = `${changeText(1 + trigger.change)} worse by its history (${trigger.kind})`
  if (confirmation === null) {
    const how = 'not confirmed: give --baseline a target that was accepted'
    return `${paint('yellow', 'OPEN')}  ${name}: ${suspected}; ${how}`
  }
  const { verdict, pairs, p, change, interval } = confirmation
  const [low, high] = interval.map((bound) => changeText(1 + bound))
  const told = `${changeText(1 + change)} worse in ${pairs} pairs (${low} to ${high}, p ${p.toFixed(4)})`
  return `${paint(verdict === 'REGRESSION' ? 'red' : 'dim', verdict)}  ${name}: ${told}`
}
