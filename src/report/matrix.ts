// Verdicts of the same scenarios on several targets, side by side, and what they mean together: as text,
// as Markdown, as a table.

import { styleText } from 'node:util'
import type { RunSummary, ScenarioSummary } from '../analysis/result.ts'
import type { Table } from './tables.ts'

/** One run of the scenarios. */
export interface ProfileVerdicts {
  readonly profile: string
  readonly summary: RunSummary
}

type Verdict = 'passed' | 'failed' | 'open' | 'skipped'

export interface Interpretation {
  readonly when: Readonly<Record<string, string>>
  readonly says: string
}

export interface VerdictMatrix {
  /** The runs, by the profile of their target. */
  readonly profiles: readonly { readonly profile: string; readonly runId: string }[]
  readonly rows: readonly MatrixRow[]
}

/** A scenario: its verdict by profile, and what they mean together; null: nothing that is known. */
export interface MatrixRow {
  readonly scenario: string
  readonly verdicts: Readonly<Record<string, Verdict>>
  readonly says: string | null
}

export function verdictMatrix(
  runs: readonly ProfileVerdicts[],
  interpretations: readonly Interpretation[],
): VerdictMatrix {
  const names = [
    ...new Set(runs.flatMap(({ summary }) => summary.scenarios.map(({ name }) => name))),
  ]
  const rows = names.map((scenario) => {
    const verdicts = Object.fromEntries(
      runs.map(({ profile, summary }) => {
        return [profile, verdictOf(summary.scenarios.find(({ name }) => name === scenario))]
      }),
    )
    return { scenario, verdicts, says: meaning(verdicts, interpretations) }
  })
  return {
    profiles: runs.map(({ profile, summary }) => ({ profile, runId: summary.runId })),
    rows,
  }
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

/** A line per scenario; below it what its verdicts mean. */
export function matrixText({ profiles, rows }: VerdictMatrix, colour: boolean): string {
  const width = Math.max('scenario'.length, ...rows.map(({ scenario }) => scenario.length))
  const widthOf = (profile: string) => Math.max(10, profile.length)
  const head = ['scenario'.padEnd(width), ...profiles.map((p) => p.profile.padEnd(10))]
  const lines = rows.flatMap(({ scenario, verdicts, says }) => {
    const cells = profiles.map(({ profile }) => {
      const verdict = verdicts[profile]!
      return painted(verdict, verdict.padEnd(widthOf(profile)), colour)
    })
    const line = [scenario.padEnd(width), ...cells].join('  ').trimEnd()
    return says === null ? [line] : [line, `  ${says}`]
  })
  return [head.join('  ').trimEnd(), ...lines].join('\n')
}

export function matrixMarkdown({ profiles, rows }: VerdictMatrix): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const names = profiles.map(({ profile }) => profile)
  return [
    line(['scenario', ...names, 'means']),
    line(['---', ...names.map(() => '---'), '---']),
    ...rows.map(({ scenario, verdicts, says }) =>
      line([`\`${scenario}\``, ...names.map((name) => verdicts[name]!), says ?? '']),
    ),
  ].join('\n')
}

/** One row per scenario and profile. */
export function matrixTable({ profiles, rows }: VerdictMatrix): Table {
  return {
    columns: ['scenario', 'profile', 'run_id', 'verdict', 'means'],
    rows: rows.flatMap(({ scenario, verdicts, says }) =>
      profiles.map(({ profile, runId }) => [scenario, profile, runId, verdicts[profile]!, says]),
    ),
  }
}

function painted(verdict: Verdict, text: string, colour: boolean): string {
  if (!colour) return text
  const styles = { passed: 'green', failed: 'red', open: 'yellow', skipped: 'yellow' } as const
  return styleText(styles[verdict], text, { validateStream: false })
}
