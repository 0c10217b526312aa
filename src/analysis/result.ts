// The result of a run as plain data: counts, series, limiters, checks, health. Everything printed
// or written at the end comes from here; the types only.

import type { CheckResult } from '../core/check.ts'
import type { Outcome } from '../core/record.ts'
import type { Micros } from '../core/units.ts'
import type { Scalar } from '../load/steps.ts'
import type { ErrorKind } from '../recording/errorKinds.ts'
import type { LimiterFinding } from '../recording/findings.ts'
import type { GeneratorHealth } from './health.ts'

export type { CheckResult } from '../core/check.ts'

export const summarySchema = 'limitscope.summary/1'

/** Quantiles of one measure; null below the sample floor of the quantile, or without samples. */
export interface Quantiles {
  readonly count: number
  readonly p50Us: Micros | null
  readonly p90Us: Micros | null
  readonly p95Us: Micros | null
  readonly p99Us: Micros | null
  readonly p999Us: Micros | null
  readonly minUs: Micros | null
  readonly meanUs: Micros | null
  readonly maxUs: Micros | null
}

export interface SeriesSummary {
  readonly scenario: string
  readonly lane: string
  readonly shape: string
  readonly outcome: Outcome
  readonly count: number
  /** Share of the scenario's attempted requests. */
  readonly share: number
  readonly ratePerS: number | null
  readonly response: Quantiles
  readonly service: Quantiles
  readonly ttft: Quantiles
  readonly tpot: Quantiles
  readonly itl: Quantiles
  readonly promptTokens: number
  readonly completionTokens: number
  readonly tokensPerS: number | null
  readonly bytesIn: number
}

/** One limiter on one lane of a scenario: its earliest finding. */
export interface LimiterSummary extends LimiterFinding {
  readonly overshoot: number | null
  readonly observedLimit: number | null
  readonly observedWindowUs: Micros | null
}

/** One phase: how its measured requests ended, and how long it took. */
export interface PhaseSummary {
  readonly name: string
  readonly durationUs: Micros
  readonly counts: Readonly<Record<Outcome, number>>
}

export interface ScenarioSummary {
  readonly name: string
  readonly title: string
  /** Why it was not run; null: it was. */
  readonly skipped: string | null
  /** Why it was not run to its end: a step that failed; null: it was. */
  readonly broken: string | null
  /** What the steps of the scenario captured, but for secrets. */
  readonly values: Readonly<Record<string, Scalar>>
  /** From the first measured request to the end of the last; null where none was measured. */
  readonly startUs: Micros | null
  readonly endUs: Micros | null
  /** Of its phases, without the waits between them. */
  readonly durationUs: Micros
  readonly counts: Readonly<Record<Outcome, number>>
  readonly attempted: number
  readonly series: readonly SeriesSummary[]
  readonly phases: readonly PhaseSummary[]
  readonly limiters: readonly LimiterSummary[]
  /** The same per phase, for statements about phases. */
  readonly findings: readonly LimiterFinding[]
  readonly checks: readonly CheckResult[]
  readonly errors: readonly ErrorKind[]
}

export interface RunSummary {
  readonly schema: typeof summarySchema
  readonly runId: string
  readonly target: string
  readonly seed: number
  readonly planHash: string
  readonly startedAt: string
  readonly durationUs: Micros
  readonly reason: 'completed' | 'interrupted' | 'target-died'
  readonly health: GeneratorHealth
  /** Whether scenarios that were skipped make the run inconclusive. */
  readonly noSkip: boolean
  readonly counts: Readonly<Record<Outcome, number>>
  readonly scenarios: readonly ScenarioSummary[]
}
