// The trend of metrics as one self-contained HTML file: drawn as SVG, no script, nothing from outside.

import type { MetricTrend, Trend, TrendChange } from '../analysis/trend.ts'
import { safeLine } from '../core/text.ts'
import { metricText, valueText } from './comparisonCells.ts'

const width = 900
const height = 160
const left = 80
const bottom = 24

export function trendHtml({ series }: Trend): string {
  const body =
    series.length === 0 ? '<p>No metric has enough runs yet.</p>' : series.map(section).join('\n')
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>limitscope trend</title>
<style>${style}</style></head>
<body><h1>limitscope trend</h1>
${body}
</body></html>
`
}

const style = `
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --faint: #8a929b; --line: #2b6cb0; --worse: #b42318; --better: #18794e }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --paper: #14171a; --faint: #8a929b; --line: #79b8ff; --worse: #ff8a80; --better: #5fd3a0 } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto; max-width: ${width}px; padding: 0 1rem }
h1 { font-size: 1.3rem } h2 { font-size: 1rem; margin: 2rem 0 .2rem } p { margin: .2rem 0; color: var(--faint) }
svg { width: 100%; height: auto } text { fill: var(--faint); font-size: 12px } polyline { fill: none; stroke: var(--line); stroke-width: 1.5 }
circle { fill: var(--line) } .worse { stroke: var(--worse) } .better { stroke: var(--better) } .mean { stroke-width: 2; stroke-dasharray: 5 3 }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .15rem .6rem .15rem 0; border-bottom: 1px solid #8883; font-weight: normal } th { color: var(--faint) }
td.worse { color: var(--worse) } td.better { color: var(--better) }
@media print { body { margin: 0; max-width: none } section { break-inside: avoid } }`

function section(series: MetricTrend): string {
  const { points, target } = series
  return `<section><h2>${escaped(metricText(series))}</h2>
<p>${escaped(target)}, ${points.length} runs, ${day(points[0]!.startedAt)} to ${day(points.at(-1)!.startedAt)}</p>
${chart(series)}
${changesTable(series)}</section>`
}

function chart(series: MetricTrend): string {
  const { points, changes, unit } = series
  const values = points.map(({ value }) => value)
  const [least, most] = [Math.min(...values), Math.max(...values)]
  const x = (i: number) => left + (i / Math.max(1, values.length - 1)) * (width - left - 8)
  const y = (value: number) =>
    8 + (1 - (most === least ? 0.5 : (value - least) / (most - least))) * (height - bottom - 16)
  const at = (i: number, value: number) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`
  const dots = points.map(({ value, runId }, i) => {
    const [cx, cy] = at(i, value).split(',')
    return `<circle cx="${cx}" cy="${cy}" r="2"><title>${escaped(runId)}: ${valueText(unit, value)}</title></circle>`
  })
  const marks = changes.map(({ index, isWorse }) => {
    const place = x(index - 0.5).toFixed(1)
    return `<line class="${isWorse ? 'worse' : 'better'}" x1="${place}" x2="${place}" y1="0" y2="${height - bottom}"/>`
  })
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(metricText(series))}">
<text x="0" y="18">${valueText(unit, most)}</text><text x="0" y="${height - bottom}">${valueText(unit, least)}</text>
${marks.join('')}<polyline points="${values.map((value, i) => at(i, value)).join(' ')}"/>${dots.join('')}
<text x="${left}" y="${height - 6}">${day(points[0]!.startedAt)}</text><text x="${width - 8}" y="${height - 6}" text-anchor="end">${day(points.at(-1)!.startedAt)}</text></svg>`
}

function changesTable({ changes, unit }: MetricTrend): string {
  if (changes.length === 0) return '<p>No change.</p>'
  const rows = changes.map((change) => {
    const cells = [change.startedAt.slice(0, 16).replace('T', ' '), change.runId]
    const values = [valueText(unit, change.before), valueText(unit, change.after)]
    return `<tr>${[...cells, ...values].map((cell) => `<td>${escaped(cell)}</td>`).join('')}${changeCell(change)}</tr>`
  })
  return `<table><tr><th>since</th><th>run</th><th>before</th><th>after</th><th>change</th></tr>${rows.join('')}</table>`
}

function changeCell({ ratio, isWorse }: TrendChange): string {
  const percent = `${ratio < 1 ? '−' : '+'}${(Math.abs(ratio - 1) * 100).toFixed(1)} %`
  return `<td class="${isWorse ? 'worse' : 'better'}">${percent}, ${isWorse ? 'worse' : 'better'}</td>`
}

function day(startedAt: string): string {
  return escaped(startedAt.slice(0, 10))
}

function escaped(text: string): string {
  return safeLine(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
