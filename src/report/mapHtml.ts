// A map as an HTML page with an inline SVG.

import type { MapResult } from '../capacity/map/result.ts'
import type { ProbeVerdict } from '../capacity/map/verdicts.ts'
import { formatCount, formatInteger, formatSpan } from '../core/format.ts'
import { describeLimiter } from '../limiters/models.ts'
import { table } from './chart.ts'
import { type Html, html } from './html.ts'
import { areaText, crossoverLines } from './mapText.ts'
import { pageText } from './page.ts'
import { colourOf } from './palette.ts'

/** The page of a map. */
export function mapHtml(result: MapResult): string {
  const { plane, source, warnings } = result
  const horizon = formatSpan(plane.spec.horizonUs)
  const title = 'Which limiter says no first'
  const lines = [...crossoverLines(result), ...warnings]
  const body = html`<header><h1>${title}</h1>
<p>${source}: one key, steady traffic of up to ${horizon}.</p></header>
<main id="content">
${planeSvg(result)}
${legend(result)}
<p>${lines.map((line) => html`${line}<br>`)}</p>
${probesPart(result)}
</main>`
  return pageText({ title, body, charts: [] })
}

const cellPx = 10
const leftPx = 70
const bottomPx = 40

function planeSvg({ plane, verdicts }: MapResult): Html {
  const { winners, tokens, perMin } = plane
  const width = tokens.length * cellPx
  const height = winners.length * cellPx
  const y = (row: number) => (winners.length - 1 - row) * cellPx
  const cells = winners.flatMap((line, row) =>
    runsOf(line).map(({ from, to, value }) => {
      const width = (to - from) * cellPx
      return html`<rect x="${leftPx + from * cellPx}" y="${y(row)}" width="${width}" height="${cellPx}" fill="${colourOf(value)}"/>`
    }),
  )
  const across = tokens.flatMap((value, column) => {
    const x = leftPx + (column + 0.5) * cellPx
    return column % 8 === 0 ? [text(x, height + 16, 'middle', formatCount(value))] : []
  })
  const up = perMin.flatMap((value, row) => {
    return row % 4 === 0 ? [text(leftPx - 6, y(row) + 9, 'end', formatCount(value))] : []
  })
  const marks = (verdicts ?? []).map((verdict, i) => mark(plane, verdict, i))
  const names = [
    text(leftPx + width / 2, height + 34, 'middle', 'tokens per call'),
    html`<text x="12" y="${height / 2}" text-anchor="middle" transform="rotate(-90 12 ${height / 2})">calls per minute</text>`,
  ]
  const size = `0 0 ${leftPx + width + 10} ${height + bottomPx}`
  const parts = [...cells, ...across, ...up, ...names, ...marks]
  return html`<svg class="map" viewBox="${size}" role="img" aria-label="map of limiters" shape-rendering="crispEdges">${parts}</svg>`
}

function runsOf(line: readonly number[]): { from: number; to: number; value: number }[] {
  const runs: { from: number; to: number; value: number }[] = []
  for (const [column, value] of line.entries()) {
    const last = runs.at(-1)
    if (last?.value === value) last.to = column + 1
    else runs.push({ from: column, to: column + 1, value })
  }
  return runs
}

function mark({ tokens, perMin }: MapResult['plane'], { probe, verdict }: ProbeVerdict, i: number) {
  const column = tokens.indexOf(probe.point.tokens)
  const row = perMin.indexOf(probe.point.perMin)
  const x = leftPx + (column + 0.5) * cellPx
  const y = (perMin.length - 0.5 - row) * cellPx
  const fill = verdict === 'as expected' ? '#ffffff' : '#ff4040'
  const title = html`<title>probe ${i + 1}: ${verdict}</title>`
  return html`<circle cx="${x}" cy="${y}" r="4" fill="${fill}" stroke="#000">${title}</circle>`
}

function text(x: number, y: number, anchor: string, label: string): Html {
  return html`<text x="${x}" y="${y}" text-anchor="${anchor}">${label}</text>`
}

function legend(result: MapResult): Html {
  const names = [...result.plane.spec.limiters.map(describeLimiter), 'none']
  const items = names.map((name, i) => {
    const index = i === names.length - 1 ? -1 : i
    const fill = colourOf(index)
    const swatch = html`<svg class="swatch" viewBox="0 0 1 1" aria-hidden="true"><rect width="1" height="1" fill="${fill}"/></svg>`
    return html`<li>${swatch} ${name}: ${areaText(result, index)} of the plane</li>`
  })
  return html`<ul class="legend">${items}</ul>`
}

function probesPart({ verdicts, requests }: MapResult): Html {
  if (verdicts === null) return html`<p>Not tried on a target.</p>`
  const rows = verdicts.map(({ probe, found, confidence, verdict, reason }, i) => [
    String(i + 1),
    formatInteger(probe.point.tokens),
    formatCount(probe.point.perMin),
    probe.expected ?? 'none',
    found ?? 'none',
    confidence ?? '–',
    reason === '' ? verdict : `${verdict}: ${reason}`,
  ])
  const columns = ['probe', 'tokens', 'calls/min', 'expected', 'found', 'confidence', 'verdict']
  const facts = table(
    `${formatInteger(requests)} requests`,
    columns.map((title, i) => ({ title, isNumber: i < 3 })),
    rows,
  )
  return html`<h2>Tried on the target</h2>${facts}`
}
