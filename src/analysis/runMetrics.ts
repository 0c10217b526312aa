// What one run says in numbers that other runs are compared with: one value per run and metric,
// because the unit of a comparison is the run, not the request.

import type { Quantiles, RunSummary, ScenarioSummary, SeriesSummary } from './result.ts'

/** What a metric is about. Lane and shape are '' for those of a whole scenario. */
export interface MetricId {
  readonly scenario: string
  readonly lane: string
  readonly shape: string
  /** 'p99 response', 'ok rate' … */
  readonly name: string
}

export interface RunMetric extends MetricId {
  readonly unit: 'us' | 'perS' | 'share'
  /** Which way is worse. */
  readonly worse: 'higher' | 'lower'
  readonly value: number
}

/** Metrics of answers that were OK, those that the samples support. */
export function metricsOf(summary: RunSummary): RunMetric[] {
  return summary.scenarios.flatMap((scenario) => [
    ...scenario.series.filter(({ outcome }) => outcome === 'ok').flatMap(seriesMetrics),
    ...shareMetrics(scenario),
  ])
}

/** One text for one metric, to find it in another run. */
export function metricKey({ scenario, lane, shape, name }: MetricId): string {
  return [scenario, lane, shape, name].join('\n')
}

function seriesMetrics(series: SeriesSummary): RunMetric[] {
  const { scenario, lane, shape } = series
  const of = (name: string, value: number | null, kind: Pick<RunMetric, 'unit' | 'worse'>) =>
    value === null ? [] : [{ scenario, lane, shape, name, value, ...kind }]
  const time = { unit: 'us', worse: 'higher' } as const
  const rate = { unit: 'perS', worse: 'lower' } as const
  const times = (measure: 'response' | 'ttft' | 'itl', names: readonly (keyof Quantiles)[]) =>
    names.flatMap((name) => of(`${name.replace('Us', '')} ${measure}`, series[measure][name], time))
  return [
    ...times('response', ['p50Us', 'p90Us', 'p99Us']),
    ...times('ttft', ['p50Us', 'p99Us']),
    ...times('itl', ['p50Us', 'p99Us']),
    ...of('ok rate', series.ratePerS, rate),
    ...of('tokens rate', series.tokensPerS, rate),
  ]
}

function shareMetrics({ name: scenario, counts, attempted }: ScenarioSummary): RunMetric[] {
  if (attempted === 0) return []
  const ok = { unit: 'share', worse: 'lower', value: counts.ok / attempted } as const
  return [{ scenario, lane: '', shape: '', name: 'ok share', ...ok }]
}
