// A run as a list of named figures, for tools that follow them from commit to commit.

import type { SeriesSummary } from '../../analysis/result.ts'
import type { StoredRun } from '../../analysis/storedRun.ts'

interface Figure {
  readonly name: string
  readonly unit: string
  readonly value: number
  readonly better: 'smaller' | 'bigger'
}

/** Bencher Metric Format: {benchmark: {measure: {value}}}. */
export function bmfText({ summary }: StoredRun): string {
  const entries = okSeries(summary).map((series) => {
    const measures = figuresOf(series).map(({ name, value }) => [name, { value }])
    return [nameOf(series), Object.fromEntries(measures)]
  })
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`
}

/** What github-action-benchmark takes as a custom benchmark, which goes in one direction only. */
export function benchmarkText({ summary }: StoredRun, better: Figure['better']): string {
  const extra = `run ${summary.runId}, seed ${summary.seed}, plan ${summary.planHash.slice(0, 12)}`
  const list = okSeries(summary).flatMap((series) =>
    figuresOf(series)
      .filter((figure) => figure.better === better)
      .map(({ name, unit, value }) => ({ name: `${nameOf(series)} ${name}`, unit, value, extra })),
  )
  return `${JSON.stringify(list, null, 2)}\n`
}

function okSeries({ scenarios }: StoredRun['summary']): SeriesSummary[] {
  return scenarios.flatMap(({ series }) => series).filter(({ outcome }) => outcome === 'ok')
}

function nameOf({ scenario, lane, shape }: SeriesSummary): string {
  return `${scenario}/${lane}/${shape}`
}

/** Quantiles below their sample floor are no figures. */
function figuresOf({ response, ttft, ratePerS, tokensPerS }: SeriesSummary): Figure[] {
  const times = [
    ['response_p50', response.p50Us],
    ['response_p90', response.p90Us],
    ['response_p99', response.p99Us],
    ['ttft_p50', ttft.p50Us],
    ['ttft_p99', ttft.p99Us],
  ] as const
  const rates = [
    ['ok_per_s', ratePerS],
    ['tokens_per_s', tokensPerS],
  ] as const
  return [
    ...times.map(([name, value]) => ({ name, value, unit: 'µs', better: 'smaller' as const })),
    ...rates.map(([name, value]) => ({ name, value, unit: '1/s', better: 'bigger' as const })),
  ].flatMap((figure) => (figure.value === null ? [] : [{ ...figure, value: figure.value }]))
}
