// The history of metrics, one value per run and metric: rows of `metrics.csv` as series. Must not know
// who appends to it.

import { createHash } from 'node:crypto'
import type { Plan } from '../load/plan.ts'
import { type CsvRow, numberIn, readCsv } from '../recording/csvReader.ts'
import { decisive } from './comparable.ts'
import type { RunSummary } from './result.ts'
import { type MetricId, metricKey, metricsOf, type RunMetric } from './runMetrics.ts'

/** Beside the folders of runs. */
export const metricsName = 'metrics.csv'

export const metricColumns = [
  'run_id',
  'started_at',
  'workload',
  'target',
  'limitscope',
  'scenario',
  'lane',
  'shape',
  'metric',
  'unit',
  'worse',
  'value',
] as const

/** What a run did, but for chance and target: runs of one workload compare. */
export function workloadOf(plan: Plan): string {
  const parts = decisive.map((part) => plan[part])
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12)
}

/** The target by the name that stays the same from night to night. */
export function targetNameOf({ target }: Plan): string {
  return target.kind === 'gateway' ? `gateway:${target.preset}` : target.url
}

export type MetricRow = readonly (string | number)[]

/** The rows of a run; none of one that did not end or whose generator was not fit. */
export function metricRows(plan: Plan, summary: RunSummary, version: string): MetricRow[] {
  if (summary.reason !== 'completed' || summary.health.verdict === 'INVALID') return []
  const run = [summary.runId, summary.startedAt, workloadOf(plan), targetNameOf(plan), version]
  return metricsOf(summary).map(({ scenario, lane, shape, name, unit, worse, value }) => {
    return [...run, scenario, lane, shape, name, unit, worse, value]
  })
}

export interface MetricPoint {
  readonly runId: string
  readonly startedAt: string
  readonly value: number
}

/** One metric of one workload on one target, in the order of time. */
export interface MetricSeries extends MetricId, Pick<RunMetric, 'unit' | 'worse'> {
  readonly workload: string
  readonly target: string
  readonly points: readonly MetricPoint[]
}

/** All series of a history; throws `UserError` where the file is none. */
export async function readMetricHistory(path: string): Promise<MetricSeries[]> {
  const series = new Map<string, MetricSeries & { points: MetricPoint[] }>()
  for await (const row of readCsv(path, metricColumns)) {
    const named = namesOf(row)
    const key = [named.workload, named.target, metricKey(named)].join('\n')
    const one = series.get(key) ?? { ...named, points: [] }
    series.set(key, one)
    const value = numberIn(row, 'value', path)
    if (value === null) continue
    one.points.push({ runId: row.run_id!, startedAt: row.started_at!, value })
  }
  for (const { points } of series.values()) {
    points.sort((a, b) => a.startedAt.localeCompare(b.startedAt))
  }
  return [...series.values()]
}

function namesOf(row: CsvRow) {
  return {
    workload: row.workload!,
    target: row.target!,
    scenario: row.scenario!,
    lane: row.lane!,
    shape: row.shape!,
    name: row.metric!,
    unit: row.unit as RunMetric['unit'],
    worse: row.worse as RunMetric['worse'],
  }
}

/** Values that rise when the metric gets worse. */
export function worseningOf({ points, worse }: MetricSeries): number[] {
  return points.map(({ value }) => (worse === 'higher' ? value : 1 / value))
}
