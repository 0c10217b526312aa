// A run as OpenMetrics text, for a push gateway, a node exporter's text file or a file of a pipeline.

import { Gauge, Registry } from 'prom-client'
import type { LimiterSummary, SeriesSummary } from '../../analysis/result.ts'
import type { StoredRun } from '../../analysis/storedRun.ts'

type Labels = Readonly<Record<string, string>>

interface Sample {
  readonly labels: Labels
  readonly value: number | null
}

/** All values are gauges of a run that is over; what is not known is left out. */
export async function* openMetricsText({ summary }: StoredRun): AsyncGenerator<string, void> {
  const registry = openMetricsRegistry()
  const run = { run_id: summary.runId }
  const add = (name: string, help: string, samples: readonly Sample[]) => {
    const known = samples.filter(({ value }) => value !== null)
    if (known.length === 0) return
    const labelNames = Object.keys({ ...run, ...known[0]!.labels })
    const gauge = new Gauge({ name: `limitscope_${name}`, help, labelNames, registers: [registry] })
    for (const { labels, value } of known) gauge.set({ ...run, ...labels }, value!)
  }
  const series = summary.scenarios.flatMap((scenario) => scenario.series)
  const limiters = summary.scenarios.flatMap((scenario) => scenario.limiters)
  const ofSeries = (value: (series: SeriesSummary) => number | null) =>
    series.map((one) => ({ labels: seriesLabels(one), value: value(one) }))
  const ofLimiters = (value: (limiter: LimiterSummary) => number | null) =>
    limiters.map((one) => ({ labels: limiterLabels(one), value: value(one) }))
  add('duration_seconds', 'How long the run took.', [
    { labels: {}, value: seconds(summary.durationUs) },
  ])
  add(
    'requests',
    'Requests by outcome.',
    ofSeries(({ count }) => count),
  )
  add(
    'requests_per_second',
    'Requests per second.',
    ofSeries(({ ratePerS }) => ratePerS),
  )
  add(
    'tokens_per_second',
    'Completion tokens per second.',
    ofSeries(({ tokensPerS }) => tokensPerS),
  )
  add('response_seconds', 'Response time from the intended start.', series.flatMap(quantileSamples))
  add(
    'limiter_rejections',
    'Rejections.',
    ofLimiters(({ rejections }) => rejections),
  )
  add(
    'limiter_observed_limit',
    'Limit as observed.',
    ofLimiters(({ observedLimit }) => observedLimit),
  )
  add(
    'limiter_overshoot',
    'Units beyond the declared limit.',
    ofLimiters((one) => one.overshoot),
  )
  add(
    'limiter_admitted_before',
    'Requests admitted before the first rejection, at least.',
    ofLimiters(({ first }) => first?.admitted.requestsMin ?? null),
  )
  add('checks', 'Expectations by verdict.', checkSamples(summary))
  yield await registry.metrics()
}

function quantileSamples(series: SeriesSummary): Sample[] {
  const { p50Us, p90Us, p99Us, maxUs } = series.response
  return Object.entries({ '0.5': p50Us, '0.9': p90Us, '0.99': p99Us, '1': maxUs }).map(
    ([quantile, us]) => ({ labels: { ...seriesLabels(series), quantile }, value: seconds(us) }),
  )
}

function checkSamples({ scenarios }: StoredRun['summary']): Sample[] {
  return scenarios.flatMap(({ name, checks }) =>
    [...Map.groupBy(checks, ({ verdict }) => verdict)].map(([verdict, same]) => ({
      labels: { scenario: name, verdict },
      value: same.length,
    })),
  )
}

function seriesLabels({ scenario, lane, shape, outcome }: SeriesSummary): Labels {
  return { scenario, lane, shape, outcome }
}

function limiterLabels({ scenario, lane, limiter }: LimiterSummary): Labels {
  return { scenario, lane, limiter }
}

function seconds(us: number | null): number | null {
  return us === null ? null : us / 1e6
}

function openMetricsRegistry() {
  const registry = new Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE>()
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
  return registry
}
