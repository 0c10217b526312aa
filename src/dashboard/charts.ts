// Charts made of characters: bars, columns, axes. Must not know what the values mean.

import type { PaneSize } from './grid.ts'
import { accent, cutText, dim, fitRow, type Row, type Tone, textWidth } from './row.ts'

/** A horizontal bar for a share of 0..1, exactly `columns` wide. */
export function barRow(share: number, columns: number, tone: Tone): Row {
  const halves = Math.round(Math.min(1, amountOf(share)) * columns * 2)
  // Something, however little, must not look like nothing.
  const shown = share > 0 ? Math.max(1, halves) : 0
  const filled = '━'.repeat(shown >> 1) + (shown % 2 === 1 ? '╸' : '')
  return [{ text: filled, tone }, dim('─'.repeat(columns - filled.length))]
}

export interface ColumnChart {
  readonly values: readonly number[]
  /** The largest value, as the scale names it. */
  readonly maxText: string
  readonly columnWidthMax: number
  /** The line below the columns. */
  readonly caption: (columnWidth: number, columns: number) => string
}

/** Vertical columns over an axis with a caption; exactly `size.rows` rows. */
export function columnChart(chart: ColumnChart, size: PaneSize): Row[] {
  const { columnWidthMax } = chart
  const values = chart.values.map(amountOf)
  const scaleColumns = Math.max(5, textWidth(chart.maxText))
  const columns = size.columns - scaleColumns - 2
  if (size.rows < 1 || columns < 1) return []
  const columnWidth = Math.min(columnWidthMax, Math.floor(columns / Math.max(1, values.length)))
  const hasAxis = size.rows >= 6
  const height = Math.max(1, size.rows - (hasAxis ? 2 : 1))
  const scale = (text: string, sign: string): Row => [
    ...fitRow([dim(text)], scaleColumns, 'right'),
    dim(` ${sign}`),
  ]
  const rows = Array.from({ length: height }, (_, i): Row => {
    const label = i === 0 ? scale(chart.maxText, '┤') : scale('', '│')
    return [...label, accent(levelText(values, { level: height - 1 - i, height, columnWidth }))]
  })
  const axis = hasAxis ? [[...scale('0', '└'), dim('─'.repeat(columnWidth * values.length))]] : []
  const caption = dim(cutText(chart.caption(columnWidth, columns), columns))
  return [...rows, ...axis, [...scale('', ' '), caption]].slice(0, size.rows)
}

/** A caption that names edges between columns, as many as fit: `edges[i]` left of column i. */
export function edgesCaption(edges: readonly string[]): ColumnChart['caption'] {
  return (columnWidth, columns) => {
    const longest = Math.max(0, ...edges.map(textWidth))
    const fitting = Math.max(1, Math.ceil((longest + 2) / Math.max(1, columnWidth)))
    // Every second edge is a power of two, which reads better than its neighbours.
    const stride = fitting > 1 && fitting % 2 === 1 ? fitting + 1 : fitting
    let line = ''
    for (let i = roundestOffset(edges, stride); i < edges.length; i += stride) {
      const at = i * columnWidth
      if (at + textWidth(edges[i]!) > columns) break
      line = line.padEnd(at) + edges[i]
    }
    return line
  }
}

/** Adds neighbours up until there are at most `count` values. */
export function mergeNeighbours(values: readonly number[], count: number): readonly number[] {
  const size = Math.max(1, Math.ceil(values.length / Math.max(1, count)))
  if (size === 1) return values
  return Array.from({ length: Math.ceil(values.length / size) }, (_, i) =>
    values.slice(i * size, (i + 1) * size).reduce((sum, value) => sum + value, 0),
  )
}

/** Charts draw amounts: what is no number, or below zero, is nothing. */
function amountOf(value: number): number {
  return Number.isFinite(value) ? Math.max(0, value) : 0
}

const eighths = ' ▁▂▃▄▅▆▇█'

function levelText(
  values: readonly number[],
  { level, height, columnWidth }: { level: number; height: number; columnWidth: number },
): string {
  const max = Math.max(...values, Number.MIN_VALUE)
  // Neighbouring columns are told apart by a gap once they are wide enough for one.
  const gap = columnWidth >= 3 ? 1 : 0
  return values
    .map((value) => {
      const filled = value > 0 ? Math.max(1, Math.round((value / max) * height * 8)) : 0
      const sign = eighths[Math.min(8, Math.max(0, filled - level * 8))]!
      return sign.repeat(columnWidth - gap) + ' '.repeat(gap)
    })
    .join('')
}

/** Round numbers are short: start where the labels are shortest. */
function roundestOffset(edges: readonly string[], stride: number): number {
  const lengthFrom = (offset: number) => {
    const labels = edges.filter((_, i) => i % stride === offset)
    return labels.reduce((sum, label) => sum + textWidth(label), 0) / labels.length
  }
  const offsets = Array.from({ length: Math.min(stride, edges.length, 2) }, (_, i) => i)
  return offsets.reduce(
    (best, offset) => (lengthFrom(offset) < lengthFrom(best) ? offset : best),
    0,
  )
}
