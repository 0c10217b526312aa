// A capacity search as an HTML page: latency and goodput over load, in two inline charts.

import type { CapacityResult } from '../capacity/search/result.ts'
import { formatCount, formatRate, formatShare, formatSpan } from '../core/format.ts'
import { type CurvePoint, curveOf } from './capacityCurve.ts'
import { capacityText, verdictLines } from './capacityText.ts'
import { escapeHtml, htmlPage, htmlTable } from './html.ts'
import { colourOf } from './palette.ts'

/** The page of a search. */
export function capacityHtml(result: CapacityResult): string {
  const points = curveOf(result).filter(({ verdict }) => !verdict.includes('above'))
  const bounds = capacityText(result, null).split('\n\n')[1]!
  return htmlPage(`Capacity: ${result.name}`, [
    `<p><strong>${verdictLines(result).map(escapeHtml).join('</strong><br><strong>')}</strong></p>`,
    `<p>${bounds.split('\n').map(escapeHtml).join('<br>')}</p>`,
    '<h2>Latency over load</h2>',
    latencyChart(points, result),
    '<h2>Goodput over load</h2>',
    goodputChart(points, result),
    '<h2>Loads</h2>',
    table(result),
  ])
}

const width = 860
const height = 260
const left = 80
const bottom = 40

interface Line {
  readonly name: string
  readonly colour: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

interface Chart {
  readonly lines: readonly Line[]
  readonly xMax: number
  readonly yMax: number
  readonly yText: (value: number) => string
  readonly marks: readonly { readonly name: string; readonly x: number }[]
}

function latencyChart(points: readonly CurvePoint[], result: CapacityResult): string {
  const line = (name: string, of: 'p50Us' | 'p99Us', i: number): Line => ({
    name,
    colour: colourOf(i),
    points: points.flatMap((p) => (p[of] === null ? [] : [[p.loadPerS, p[of]] as const])),
  })
  const lines = [line('p50', 'p50Us', 0), line('p99', 'p99Us', 1)]
  // Overload would make everything else a line at the bottom.
  const edge = (result.refutedPerS ?? Number.POSITIVE_INFINITY) * 1.1
  const relevant = lines.flatMap((l) => l.points.filter(([x]) => x <= edge).map(([, y]) => y))
  return chartSvg({ ...frameOf(points, result), lines, yMax: maxOf(relevant), yText: formatSpan })
}

function goodputChart(points: readonly CurvePoint[], result: CapacityResult): string {
  const own = points.map(({ loadPerS, goodputPerS }) => [loadPerS, goodputPerS] as const)
  const lines = [
    { name: 'goodput', colour: colourOf(2), points: own },
    { name: 'offered', colour: '#888888', points: points.map((p) => [p.loadPerS, p.loadPerS]) },
  ] satisfies Line[]
  const yMax = maxOf(own.map(([, y]) => y))
  return chartSvg({ ...frameOf(points, result), lines, yMax, yText: formatRate })
}

function frameOf(points: readonly CurvePoint[], result: CapacityResult) {
  const { certifiedPerS, estimatedPerS, refutedPerS } = result
  const marks = [
    { name: 'certified', x: certifiedPerS },
    { name: 'estimated', x: estimatedPerS },
    { name: 'refuted', x: refutedPerS },
  ].flatMap(({ name, x }) => (x === null ? [] : [{ name, x }]))
  const loads = points.map(({ loadPerS }) => loadPerS)
  const edge = (refutedPerS ?? Number.POSITIVE_INFINITY) * 1.6
  return { marks, xMax: Math.min(maxOf(loads), edge) }
}

function maxOf(values: readonly number[]): number {
  return Math.max(...values, 1e-9) * 1.08
}

function chartSvg({ lines, xMax, yMax, yText, marks }: Chart): string {
  const x = (value: number) => left + (value / xMax) * (width - left - 20)
  const y = (value: number) => 16 + (1 - Math.min(1.02, value / yMax)) * (height - bottom - 16)
  const steps = [0, 0.25, 0.5, 0.75, 1]
  const across = steps.map((share) => {
    const label = escapeHtml(`${formatCount(share * xMax)}/s`)
    return `<text x="${x(share * xMax)}" y="${height - 20}" text-anchor="middle">${label}</text>`
  })
  const up = steps.map((share) => {
    return `<text x="${left - 8}" y="${y(share * yMax) + 4}" text-anchor="end">${escapeHtml(yText(share * yMax))}</text>`
  })
  const frame = `<path class="axis" d="M${left} 16 V${height - bottom} H${width - 20}"/>`
  const verticals = marks.map(({ name, x: at }, i) => {
    const line = `<path d="M${x(at)} 16 V${height - bottom}" stroke="#999" stroke-dasharray="4 3"/>`
    return `${line}<text x="${x(at) + 4}" y="${28 + 14 * i}">${name}</text>`
  })
  const paths = lines.map((line, i) => {
    const inside = line.points.filter(([value]) => value <= xMax)
    const d = inside.map(
      ([a, b], j) => `${j === 0 ? 'M' : 'L'}${x(a).toFixed(1)} ${y(b).toFixed(1)}`,
    )
    const dots = inside.map(
      ([a, b]) => `<circle cx="${x(a)}" cy="${y(b)}" r="2.5" fill="${line.colour}"/>`,
    )
    const label = `<text x="${left + 12}" y="${28 + 14 * i}" style="fill:${line.colour}">${line.name}</text>`
    return `<path d="${d.join(' ')}" fill="none" stroke="${line.colour}" stroke-width="1.5"/>${dots.join('')}${label}`
  })
  const parts = [frame, ...across, ...up, ...verticals, ...paths].join('')
  return `<svg viewBox="0 0 ${width} ${height}" role="img">${parts}</svg>`
}

function table(result: CapacityResult): string {
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
  return htmlTable(columns, rows)
}
