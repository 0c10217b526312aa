// Verdicts of the same scenarios on several targets, side by side, and what they mean together.

import { styleText } from 'node:util'
import type { RunSummary, ScenarioSummary } from '../analysis/result.ts'

/** One run of the scenarios. */
export interface ProfileVerdicts {
  readonly profile: string
  readonly summary: RunSummary
}

type Verdict = 'passed' | 'failed' | 'open' | 'skipped'

interface Interpretation {
  readonly when: Readonly<Record<string, string>>
  readonly says: string
}

/** A table of scenarios and profiles; below each row what its verdicts mean. */
export function matrixText(
  runs: readonly ProfileVerdicts[],
  interpretations: readonly Interpretation[],
  colour: boolean,
): string {
  const names = [
    ...new Set(runs.flatMap(({ summary }) => summary.scenarios.map(({ name }) => name))),
  ]
  const width = Math.max('scenario'.length, ...names.map((name) => name.length))
  const head = ['scenario'.padEnd(width), ...runs.map(({ profile }) => profile.padEnd(10))]
  const rows = names.flatMap((name) => {
    const verdicts = runs.map(({ profile, summary }) => {
      return [profile, verdictOf(summary.scenarios.find((one) => one.name === name))] as const
    })
    const cells = verdicts.map(([profile, verdict]) =>
      painted(verdict, verdict.padEnd(Math.max(10, profile.length)), colour),
    )
    const said = meaning(Object.fromEntries(verdicts), interpretations)
    const line = [name.padEnd(width), ...cells].join('  ').trimEnd()
    return said === null ? [line] : [line, `  ${said}`]
  })
  return [head.join('  ').trimEnd(), ...rows].join('\n')
}

function meaning(
  verdicts: Readonly<Record<string, Verdict>>,
  interpretations: readonly Interpretation[],
): string | null {
  const found = interpretations.find(({ when }) =>
    Object.entries(when).every(([profile, verdict]) => verdicts[profile] === verdict),
  )
  return found?.says ?? null
}

function verdictOf(scenario: ScenarioSummary | undefined): Verdict {
  if (scenario === undefined) return 'open'
  if (scenario.skipped !== null) return 'skipped'
  const verdicts = scenario.checks.map(({ verdict }) => verdict)
  if (verdicts.includes('failed')) return 'failed'
  return verdicts.includes('inconclusive') ? 'open' : 'passed'
}

function painted(verdict: Verdict, text: string, colour: boolean): string {
  if (!colour) return text
  const styles = { passed: 'green', failed: 'red', open: 'yellow', skipped: 'yellow' } as const
  return styleText(styles[verdict], text, { validateStream: false })
}
