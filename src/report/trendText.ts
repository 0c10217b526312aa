// The trend of metrics for a terminal: a line per series, with its change points below.

import type { MetricTrend, Trend } from '../analysis/trend.ts'
import { metricText, valueText } from './comparisonCells.ts'
import { type Paint, painter } from './paint.ts'

const levels = '▁▂▃▄▅▆▇█'
/** Runs that are drawn, the last ones. */
const runsMost = 80

/** Several lines, the last without a line feed. */
export function trendText({ series }: Trend, colour: boolean): string {
  const paint = painter(colour)
  if (series.length === 0) return 'no metric has enough runs yet'
  return series.flatMap((one) => seriesLines(one, paint)).join('\n')
}

function seriesLines(series: MetricTrend, paint: Paint): string[] {
  const { points, changes, target, unit } = series
  const title = `${paint('bold', metricText(series))}${paint('dim', `  ${target}, ${points.length} runs`)}`
  const last = points.at(-1)!
  const line = `  ${sparkline(series, paint)}  ${valueText(unit, last.value)}`
  const told = changes.map(({ startedAt, runId, before, after, ratio, p, isWorse }) => {
    const change = `${ratio < 1 ? '−' : '+'}${(Math.abs(ratio - 1) * 100).toFixed(1)} %`
    const what = `${change}, ${valueText(unit, before)} → ${valueText(unit, after)}`
    const word = paint(isWorse ? 'red' : 'green', isWorse ? 'worse' : 'better')
    return `  ${startedAt.slice(0, 16).replace('T', ' ')}  ${word}  ${what}  (p ${pText(p)}, from ${runId} on)`
  })
  return [title, line, ...told]
}

/** Columns from the least to the greatest value; a bar before each change point. */
function sparkline({ points, changes }: MetricTrend, paint: Paint): string {
  const shown = points.slice(-runsMost)
  const first = points.length - shown.length
  const values = shown.map(({ value }) => value)
  const [least, most] = [Math.min(...values), Math.max(...values)]
  return values
    .map((value, i) => {
      const share = most === least ? 0.5 : (value - least) / (most - least)
      const column = levels[Math.min(levels.length - 1, Math.floor(share * levels.length))]!
      const change = changes.find(({ index }) => index === first + i)
      return change === undefined ? column : paint(change.isWorse ? 'red' : 'green', `│${column}`)
    })
    .join('')
}

function pText(p: number): string {
  return p < 1e-4 ? '< 0.0001' : p.toFixed(4)
}
