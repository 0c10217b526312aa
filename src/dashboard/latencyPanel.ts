// Response times of answers that were OK, with their distribution; those of rejections apart.

import { formatSpan, unknown } from '../core/format.ts'
import { sampleFloor } from '../core/statistics.ts'
import type { LiveLatency, LiveSnapshot } from '../recording/live.ts'
import { columnChart, edgesCaption, mergeNeighbours } from './charts.ts'
import type { PaneSize } from './grid.ts'
import { dim, fittingRow, plain, type Row, strong } from './row.ts'
import { layTable } from './table.ts'
import { countText, quantileText } from './values.ts'

export function latencyNote({ ok }: LiveSnapshot): Row {
  return [dim(`n ${countText(ok.count)}`)]
}

export function latencyRows(snapshot: LiveSnapshot, { columns, rows }: PaneSize): Row[] {
  const head = quantileRows(snapshot.ok, columns)
  const rejected = fittingRow(rejectedWordings(snapshot.limited), columns)
  const chartRows = rows - head.length - 1
  if (chartRows < 2) return [...head, rejected].slice(0, rows)
  return [...head, ...histogramRows(snapshot, { columns, rows: chartRows }), rejected]
}

/** Everything about latency in words; from the longest wording to the shortest. */
export function latencyWordings(latency: LiveLatency, label: Row): Row[] {
  const p50: Row = [dim(' p50 '), strong(quantileText(latency, 0.5))]
  const p90: Row = [dim('  p90 '), plain(quantileText(latency, 0.9))]
  const p99: Row = [dim('  p99 '), strong(quantileText(latency, 0.99))]
  const max: Row = [dim('  max '), plain(maxText(latency))]
  const n: Row = [dim(`  n ${countText(latency.count)}`)]
  return [
    [...label, ...p50, ...p90, ...p99, ...max, ...n],
    [...label, ...p50, ...p99, ...max, ...n],
    [...label, ...p50, ...(latency.count < sampleFloor(0.99) ? max : p99), ...n],
    [...label, ...p50, ...n],
  ]
}

function quantileRows(ok: LiveLatency, columns: number): Row[] {
  const cell = (name: string, value: string, keep: number) => ({
    name,
    cells: [[dim(name)], [strong(value)]],
    align: 'right' as const,
    columnsMin: Math.min(12, Math.floor((columns - 3) / 4)),
    keep,
  })
  const { rows } = layTable(
    [
      cell('p50', quantileText(ok, 0.5), 4),
      cell('p90', quantileText(ok, 0.9), 2),
      cell('p99', quantileText(ok, 0.99), 3),
      cell('max', maxText(ok), 1),
    ],
    { count: 2, width: columns, gap: 1 },
  )
  return [...rows]
}

function rejectedWordings(limited: LiveLatency): Row[] {
  if (limited.count === 0) return [[dim('rejected  none')]]
  return latencyWordings(limited, [dim('rejected')])
}

function maxText(latency: LiveLatency): string {
  return latency.count === 0 ? unknown : formatSpan(latency.maxUs)
}

/** Labels of the scale take about this many columns. */
const scaleColumns = 8

function histogramRows({ bars }: LiveSnapshot, size: PaneSize): Row[] {
  if (bars.length === 0) {
    const above = Math.floor((size.rows - 1) / 2)
    const blank: Row[] = Array.from({ length: size.rows }, () => [])
    return blank.with(above, [dim('      no answer was OK yet')])
  }
  const counts = bars.map(({ count }) => count)
  const values = mergeNeighbours(counts, size.columns - scaleColumns)
  const perValue = Math.max(1, Math.ceil(counts.length / values.length))
  // The first bar has no lower edge of its own: bars are a factor of √2 apart.
  const uppers = [bars[0]!.upToUs / Math.SQRT2, ...bars.map(({ upToUs }) => upToUs)]
  const edges = uppers.filter((_, i) => i % perValue === 0).map((us) => formatSpan(us))
  const maxText = countText(Math.max(...values))
  return columnChart({ values, maxText, columnWidthMax: 8, caption: edgesCaption(edges) }, size)
}
