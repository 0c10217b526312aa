// The tables written at the end of a run: summary.csv, limiters.csv, checks.csv, as columns and rows.

import type { Quantiles, RunSummary } from '../analysis/result.ts'
import { limitOf, windowUsOf } from '../core/limits.ts'
import type { Micros } from '../core/units.ts'
import type { Cell } from '../recording/csv.ts'

export interface Table {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
}

/** One row per scenario, lane, shape and outcome. */
export function summaryTable(summary: RunSummary): Table {
  const rows = summary.scenarios.flatMap((scenario) =>
    scenario.series.map((series) => [
      summary.runId,
      series.scenario,
      series.lane,
      series.shape,
      series.outcome,
      series.count,
      series.share,
      series.ratePerS,
      ...quantileCells(series.response),
      ...quantileCells(series.service),
      ...quantileCells(series.ttft),
      ...quantileCells(series.tpot),
      ...quantileCells(series.itl),
      series.promptTokens,
      series.completionTokens,
      series.tokensPerS,
      series.bytesIn,
    ]),
  )
  const measured = ['response', 'service', 'ttft', 'tpot', 'itl'].flatMap((measure) =>
    ['p50', 'p90', 'p95', 'p99', 'p999', 'max'].map((q) => `${measure}_${q}_us`),
  )
  const names = ['run_id', 'scenario', 'lane', 'shape', 'outcome', 'count', 'share', 'rate_per_s']
  const tokens = ['prompt_tokens', 'completion_tokens', 'tokens_per_s', 'bytes_in']
  return { columns: [...names, ...measured, ...tokens], rows }
}

function quantileCells({ p50Us, p90Us, p95Us, p99Us, p999Us, maxUs }: Quantiles): Cell[] {
  return [p50Us, p90Us, p95Us, p99Us, p999Us, maxUs]
}

const limiterColumns = [
  'run_id',
  'scenario',
  'lane',
  'limiter',
  'kind',
  'unit',
  'first_rejection_seq',
  'first_rejection_us',
  'admitted_requests_before',
  'admitted_tokens_before',
  'in_flight',
  'status',
  'rejections',
  'declared_limit',
  'declared_window_ms',
  'observed_limit',
  'observed_window_ms',
  'overshoot',
  'retry_after_ms',
  'recovered_after_ms',
  'confidence',
  'evidence',
  'phase',
  'admitted_requests_before_max',
  'admitted_tokens_before_max',
]

/** One row per scenario, lane and limiter; declared limiters that never fired have 0 rejections. */
export function limiterTable(summary: RunSummary): Table {
  const rows = summary.scenarios.flatMap((scenario) =>
    scenario.limiters.map((limiter) => {
      const { declared, first } = limiter
      const algorithm = declared?.model.algorithm
      return [
        summary.runId,
        limiter.scenario,
        limiter.lane,
        limiter.limiter,
        algorithm?.kind ?? null,
        declared?.model.unit ?? null,
        first?.seq ?? null,
        first?.us ?? null,
        first?.admitted.requestsMin ?? null,
        first?.admitted.tokensMin ?? null,
        first?.inFlight ?? null,
        first?.status ?? null,
        limiter.rejections,
        algorithm === undefined ? null : limitOf(algorithm),
        algorithm === undefined ? null : milliseconds(windowUsOf(algorithm)),
        limiter.observedLimit,
        milliseconds(limiter.observedWindowUs),
        limiter.overshoot,
        milliseconds(first?.retryAfterUs ?? null),
        milliseconds(first?.recoveredAfterUs ?? null),
        first?.confidence ?? null,
        first?.evidence ?? null,
        limiter.phase === '' ? null : limiter.phase,
        first?.admitted.requestsMax ?? null,
        first?.admitted.tokensMax ?? null,
      ]
    }),
  )
  return { columns: limiterColumns, rows }
}

/** One row per statement. */
export function checkTable(summary: RunSummary): Table {
  const rows = summary.scenarios.flatMap((scenario) =>
    scenario.checks.map((check) => [
      summary.runId,
      scenario.name,
      check.statement,
      check.verdict,
      check.actual,
      check.reason,
    ]),
  )
  return { columns: ['run_id', 'scenario', 'statement', 'verdict', 'actual', 'reason'], rows }
}

function milliseconds(us: Micros | null): number | null {
  return us === null ? null : us / 1000
}
