// A capacity search as an HTML page: latency and goodput over load.

import type { CapacityResult } from '../capacity/search/result.ts'
import { formatRate, formatShare, formatSpan } from '../core/format.ts'
import { type CurvePoint, curveOf } from './capacityCurve.ts'
import { capacityText, verdictLines } from './capacityText.ts'
import { type ChartMark, figureOf, type LineChart, table } from './chart.ts'
import { type Html, html } from './html.ts'
import { pageText } from './page.ts'

/** The page of a search. */
export function capacityHtml(result: CapacityResult): string {
  const title = `Capacity: ${result.name}`
  const bounds = capacityText(result, null).split('\n\n')[1]!
  const charts = chartsOf(result)
  const body = html`<header><h1>${title}</h1></header>
<main id="content">
<p><strong>${lines(verdictLines(result))}</strong></p>
<p>${lines(bounds.split('\n'))}</p>
${charts.map(figureOf)}
<h2>Loads</h2>
${loads(result)}
</main>`
  return pageText({ title, body, charts })
}

function lines(texts: readonly string[]): Html[] {
  return texts.map((text) => html`${text}<br>`)
}

function chartsOf(result: CapacityResult): LineChart[] {
  // Overload would make everything else a line at the bottom.
  const edge = (result.refutedPerS ?? Number.POSITIVE_INFINITY) * 1.6
  const points = curveOf(result).filter(
    ({ verdict, loadPerS }) => !verdict.includes('above') && loadPerS <= edge,
  )
  const values = (of: (point: CurvePoint) => number | null) => points.map(of)
  const common = {
    kind: 'lines',
    x: { kind: 'perS', values: points.map(({ loadPerS }) => loadPerS) },
    isJoined: true,
    marks: marksOf(result),
  } as const
  return [
    {
      ...common,
      id: 'latency',
      title: 'Latency over load',
      note: 'Quantiles of all steps of a load.',
      unit: 'us',
      isLog: true,
      series: [
        { label: 'p50', colour: 'c1', values: values(({ p50Us }) => p50Us) },
        { label: 'p99', colour: 'c3', values: values(({ p99Us }) => p99Us) },
      ],
    },
    {
      ...common,
      id: 'goodput',
      title: 'Goodput over load',
      note: 'Where the line leaves that of the load, requests break a promise.',
      unit: 'perS',
      series: [
        { label: 'goodput', colour: 'ok', values: values(({ goodputPerS }) => goodputPerS) },
        {
          label: 'offered',
          colour: 'aborted',
          values: values(({ loadPerS }) => loadPerS),
          isDashed: true,
        },
      ],
    },
  ]
}

function marksOf({ certifiedPerS, estimatedPerS, refutedPerS }: CapacityResult): ChartMark[] {
  return [
    { label: 'certified', x: certifiedPerS },
    { label: 'estimated', x: estimatedPerS },
    { label: 'refuted', x: refutedPerS },
  ].flatMap(({ label, x }) => (x === null ? [] : [{ label, x, isQuiet: true }]))
}

function loads(result: CapacityResult): Html {
  const columns = [
    'load',
    'steps',
    'goodput',
    'p50',
    'p99',
    ...result.criteria.map(({ name }) => name),
    'verdict',
  ]
  const rows = curveOf(result).map((point) => [
    formatRate(point.loadPerS),
    String(point.steps),
    formatRate(point.goodputPerS),
    formatSpan(point.p50Us),
    formatSpan(point.p99Us),
    ...point.shares.map(formatShare),
    point.verdict,
  ])
  const titles = columns.map((title, i) => ({ title, isNumber: i > 0 && i < columns.length - 1 }))
  return table('Loads', titles, rows)
}
