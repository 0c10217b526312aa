// Sums up a finished run from its folds.

import { emptyCounts, type Outcome } from '../core/record.ts'
import type { Micros } from '../core/units.ts'
import type { Plan, Scenario } from '../load/plan.ts'
import type { ScenarioOutcome } from '../load/stepResults.ts'
import {
  type LimiterFinding,
  observedLimitOf,
  observedWindowUsOf,
  overshootOf,
} from '../recording/findings.ts'
import type { RunRecorder } from '../recording/recorder.ts'
import type { Series } from '../recording/series.ts'
import type { Measure } from '../recording/slice.ts'
import { checkStatement } from './checks.ts'
import { type Expects, expected } from './expects.ts'
import type { GeneratorHealth } from './health.ts'
import { quantilesOf } from './quantiles.ts'
import type { CheckSubject } from './reading.ts'
import {
  type CheckResult,
  type RunSummary,
  type ScenarioSummary,
  type SeriesSummary,
  summarySchema,
} from './result.ts'

export interface SummaryParts {
  readonly plan: Plan
  readonly planHash: string
  readonly target: string
  readonly startedMs: number
  readonly durationUs: Micros
  readonly reason: RunSummary['reason']
  readonly health: GeneratorHealth
  /** Whether scenarios that are skipped make the run inconclusive; default false. */
  readonly noSkip?: boolean
  /** Default 'either'. */
  readonly expects?: Expects
  /** What the steps of each scenario came to; default: there were none. */
  readonly outcomes?: readonly ScenarioOutcome[]
  readonly recorder: Pick<
    RunRecorder,
    'series' | 'findings' | 'counts' | 'spans' | 'errors' | 'timeline'
  >
}

/** What a summary needs beside what was recorded: plain data, which a journal keeps. */
export type SummaryFacts = Omit<SummaryParts, 'plan' | 'recorder'>

/** Sums up a run; statements are checked only where the run and the generator can be believed. */
export function summarize(parts: SummaryParts): RunSummary {
  const { plan, recorder, health } = parts
  return {
    schema: summarySchema,
    runId: plan.runId,
    target: parts.target,
    seed: plan.seed,
    planHash: parts.planHash,
    startedAt: new Date(parts.startedMs).toISOString(),
    durationUs: parts.durationUs,
    reason: parts.reason,
    health,
    noSkip: parts.noSkip ?? false,
    counts: { ...recorder.counts },
    scenarios: plan.scenarios
      .filter(({ name }) => wasReached(name, parts))
      .map((scenario) => summarizeScenario(scenario, parts)),
  }
}

function wasReached(name: string, { outcomes = [], recorder }: SummaryParts): boolean {
  return (
    outcomes.some(({ scenario }) => scenario === name) ||
    recorder.series.all().some((series) => series.names.scenario === name)
  )
}

function summarizeScenario(scenario: Scenario, parts: SummaryParts): ScenarioSummary {
  const { plan, reason, health } = parts
  const outcome = parts.outcomes?.find((one) => one.scenario === scenario.name)
  const body = {
    ...measured(scenario.name, parts),
    skipped: outcome?.skipped ?? null,
    broken: outcome?.broken ?? null,
    values: outcome?.values ?? {},
  }
  const subject = { ...body, plan, scenario, reason, health, times: parts.recorder }
  const statements = scenario.expectations.map((statement) => checked(statement, subject))
  const all = [...(outcome?.checks ?? []), ...statements, ...skippedCheck(body)]
  const checks = all.map((check) => expected(check, parts.expects ?? 'either'))
  return { ...body, title: scenario.title, checks }
}

/** A statement that fails, and is known to: what holds instead is looked at, too. */
function checked(statement: string, subject: CheckSubject): CheckResult {
  const result = checkStatement(statement, subject)
  const known = subject.scenario.differences.find((one) => one.statement === statement)
  if (known === undefined || result.verdict !== 'failed') return result
  const actual = checkStatement(known.actual, subject)
  if (actual.verdict !== 'passed') return result
  return { ...result, verdict: 'known', reason: `${known.note} (${known.actual})` }
}

/** Files have a row for a scenario that was skipped, whatever it expects. */
function skippedCheck({ skipped }: Pick<ScenarioSummary, 'skipped'>): CheckResult[] {
  if (skipped === null) return []
  return [{ statement: 'the scenario is run', verdict: 'skipped', actual: '', reason: skipped }]
}

/** Everything that comes from requests. */
function measured(
  name: string,
  { recorder }: SummaryParts,
): Omit<ScenarioSummary, 'title' | 'checks' | 'skipped' | 'broken' | 'values'> {
  const own = recorder.series.all().filter(({ names }) => names.scenario === name)
  const spans = [...recorder.spans].filter(([key]) => key.startsWith(`${name}\n`))
  const phases = spans.map(([key, { startUs, endUs, counts }]) => {
    return { name: key.slice(name.length + 1), durationUs: endUs - startUs, counts }
  })
  const durationUs = phases.reduce((sum, phase) => sum + phase.durationUs, 0)
  const attempted = own.reduce((sum, { count }) => sum + count, 0)
  const ownFindings = recorder.findings.filter(({ scenario }) => scenario === name)
  return {
    name,
    startUs: spans.length === 0 ? null : Math.min(...spans.map(([, { startUs }]) => startUs)),
    endUs: spans.length === 0 ? null : Math.max(...spans.map(([, { endUs }]) => endUs)),
    durationUs,
    counts: countsOf(own),
    attempted,
    phases,
    series: own.map((series) => summarizeSeries(series, attempted, durationUs)),
    limiters: earliest(ownFindings).map((finding) => ({
      ...finding,
      overshoot: overshootOf(finding),
      observedLimit: observedLimitOf(finding),
      observedWindowUs: observedWindowUsOf(finding),
    })),
    findings: ownFindings,
    errors: recorder.errors.all().filter(({ scenario }) => scenario === name),
  }
}

function summarizeSeries(series: Series, attempted: number, durationUs: Micros): SeriesSummary {
  const perS = (count: number) => (durationUs > 0 ? (count / durationUs) * 1e6 : null)
  const quantiles = (measure: Measure) => quantilesOf(series.histogram(measure))
  return {
    ...series.names,
    count: series.count,
    share: series.count / attempted,
    ratePerS: perS(series.count),
    response: quantiles('response'),
    service: quantiles('service'),
    ttft: quantiles('ttft'),
    tpot: quantiles('tpot'),
    itl: quantiles('itl'),
    promptTokens: series.promptTokens,
    completionTokens: series.completionTokens,
    tokensPerS: series.completionTokens > 0 ? perS(series.completionTokens) : null,
    bytesIn: series.bytesIn,
  }
}

function countsOf(series: readonly Series[]): Record<Outcome, number> {
  const counts = emptyCounts()
  for (const { names, count } of series) counts[names.outcome] += count
  return counts
}

/** Per lane and limiter the phase in which it rejected first, with the rejections of all phases. */
function earliest(findings: readonly LimiterFinding[]): LimiterFinding[] {
  const byLimiter = Map.groupBy(findings, ({ lane, limiter }) => `${lane}\n${limiter}`)
  return [...byLimiter.values()].map((same) => {
    const first = same.reduce((a, b) =>
      (a.first?.us ?? Infinity) <= (b.first?.us ?? Infinity) ? a : b,
    )
    return { ...first, rejections: same.reduce((sum, { rejections }) => sum + rejections, 0) }
  })
}
