// Charts as plain data, and the figures that show them: what the page's script draws, with the same
// values as a table beneath. Runs, comparisons and trends are drawn with these.

import {
  formatCount,
  formatInteger,
  formatRate,
  formatShare,
  formatSpan,
  unknown,
} from '../core/format.ts'
import { type Html, html } from './html.ts'

/** How values are written. Times are in µs, shares of 0 to 1. */
export type ChartUnit = 'us' | 'perS' | 'count' | 'share'

/** What the horizontal axis is: seconds of the run, 1 / (1 - quantile), a rate, or a label's number. */
export type ChartX =
  | { readonly kind: 'perS'; readonly values: readonly number[] }
  | { readonly kind: 'seconds'; readonly values: readonly number[] }
  | { readonly kind: 'nines'; readonly values: readonly number[] }
  | {
      readonly kind: 'labels'
      /** What they are labels of: 'tier'. */
      readonly title: string
      readonly values: readonly number[]
      readonly labels: readonly string[]
    }

/** Names of the page's colours: outcomes, and numbers for everything else. */
export type ChartColour =
  | 'ok'
  | 'limited'
  | 'refused'
  | 'failed'
  | 'timeout'
  | 'broken'
  | 'aborted'
  | 'unsent'
  | 'c1'
  | 'c2'
  | 'c3'
  | 'c4'
  | 'c5'
  | 'c6'

export interface ChartSeries {
  readonly label: string
  readonly colour: ChartColour
  /** One for each x; null: not known. */
  readonly values: readonly (number | null)[]
  readonly isDashed?: boolean
  /** In the legend and the table only, until somebody asks for it. */
  readonly isHidden?: boolean
  /** Its own unit and the right axis, where it differs from that of the chart. */
  readonly unit?: ChartUnit
}

/** A vertical line with a word. */
export interface ChartMark {
  readonly x: number
  readonly label: string
  readonly isQuiet?: boolean
}

export interface LineChart {
  readonly kind: 'lines' | 'stack'
  readonly id: string
  readonly title: string
  /** What is to be seen, and how to read it. */
  readonly note: string
  readonly x: ChartX
  readonly unit: ChartUnit
  readonly isLog?: boolean
  /** Draws lines across unknown values. */
  readonly isJoined?: boolean
  readonly series: readonly ChartSeries[]
  readonly marks: readonly ChartMark[]
}

/** Counts over time and bins of time spans. */
export interface HeatChart {
  readonly kind: 'heat'
  readonly id: string
  readonly title: string
  readonly note: string
  /** Seconds of a column; columns there are. */
  readonly columnS: number
  readonly columns: number
  readonly edgesUs: readonly number[]
  readonly cells: readonly (readonly [column: number, bin: number, count: number])[]
}

export type Chart = LineChart | HeatChart

/** The chart with its table; the page's script draws into it what `chartData` has under its id. */
export function figureOf(chart: Chart): Html {
  return html`<figure class="chart" id="${chart.id}">
<figcaption><h3>${chart.title}</h3><p>${chart.note}</p></figcaption>
<div class="plot" data-chart="${chart.id}" role="group" tabindex="0"
 aria-label="${chart.title}: a chart; the arrow keys move through it, its values are in the table below"></div>
<details><summary>Values of “${chart.title}”</summary>${tableOf(chart)}</details>
</figure>
`
}

export interface TableColumn {
  readonly title: string
  /** Right-aligned. */
  readonly isNumber?: boolean
}

/** A table that scrolls within itself on narrow screens. */
export function table(
  caption: string,
  columns: readonly TableColumn[],
  rows: readonly (readonly (Html | string)[])[],
): Html {
  const cell = (content: Html | string, i: number) =>
    i === 0
      ? html`<th scope="row">${content}</th>`
      : html`<td${columns[i]!.isNumber === true && html` class="n"`}>${content}</td>`
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table>
<caption>${caption}</caption>
<thead><tr>${columns.map(
    ({ title, isNumber }, i) =>
      html`<th scope="col"${isNumber === true && i > 0 && html` class="n"`}>${title}</th>`,
  )}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map(cell)}</tr>\n`)}</tbody>
</table></div>`
}

/** '12.5 s', '99.9 %', '60 /s' */
export function formatValue(value: number | null, unit: ChartUnit): string {
  if (value === null) return unknown
  switch (unit) {
    case 'us':
      return formatSpan(value)
    case 'perS':
      return formatRate(value)
    case 'share':
      return formatShare(value)
    case 'count':
      return formatCount(value)
  }
}

/** What stands at an x of the axis. */
export function formatX(x: ChartX, i: number): string {
  const value = x.values[i]!
  switch (x.kind) {
    case 'seconds':
      return formatSeconds(value)
    case 'nines':
      return formatNines(value)
    case 'perS':
      return formatRate(value)
    case 'labels':
      return x.labels[i] ?? ''
  }
}

/** 1.25 → '1.25 s', 75 → '1:15', 7325 → '2:02:05' */
export function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${Number(seconds.toFixed(2))} s`
  const whole = Math.floor(seconds)
  const two = (value: number) => String(value).padStart(2, '0')
  const rest = `${two(Math.floor((whole % 3600) / 60))}:${two(whole % 60)}`
  return whole < 3600 ? rest.replace(/^0/, '') : `${Math.floor(whole / 3600)}:${rest}`
}

/** 1 / (1 - q) as a percentile: 100 → '99 %' */
export function formatNines(x: number): string {
  const nines = Math.max(0, Math.ceil(Math.log10(x)) - 1)
  return `${Number((100 * (1 - 1 / x)).toFixed(nines))} %`
}

function tableOf(chart: Chart): Html {
  return chart.kind === 'heat' ? heatTable(chart) : lineTable(chart)
}

const axisTitles = { seconds: 'since the start', nines: 'percentile', perS: 'load' }

function lineTable({ title, x, unit, series }: LineChart): Html {
  const columns = series.map(({ label }) => ({ title: label, isNumber: true }))
  const rows = x.values.map((_, i) => [
    formatX(x, i),
    ...series.map((one) => formatValue(one.values[i] ?? null, one.unit ?? unit)),
  ])
  const first = x.kind === 'labels' ? x.title : axisTitles[x.kind]
  return table(title, [{ title: first }, ...columns], rows)
}

/** The sums over time: what happened when is in the table of the percentiles. */
function heatTable({ title, edgesUs, cells }: HeatChart): Html {
  const counts = new Array<number>(Math.max(0, edgesUs.length - 1)).fill(0)
  for (const [, bin, count] of cells) counts[bin]! += count
  const total = counts.reduce((sum, count) => sum + count, 0)
  const rows = counts.map((count, bin) => [
    `${formatSpan(edgesUs[bin]!)} to ${formatSpan(edgesUs[bin + 1]!)}`,
    formatInteger(count),
    formatShare(count / total),
  ])
  const number = (title: string) => ({ title, isNumber: true })
  return table(title, [{ title: 'took' }, number('answers'), number('share')], rows)
}
