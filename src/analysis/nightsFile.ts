// `nights.csv`: what nightly runs were found to be; one row per metric that was looked at again.

import { existsSync } from 'node:fs'
import { numberIn, readCsv } from '../recording/csvReader.ts'
import { type MetricId, metricKey } from './runMetrics.ts'

/** Beside the folders of runs. */
export const nightsName = 'nights.csv'

export const nightColumns = [
  'run_id',
  'started_at',
  'scenario',
  'lane',
  'shape',
  'metric',
  'trigger',
  'triggered_change',
  'verdict',
  'pairs',
  'p',
  'change',
  'change_low',
  'change_high',
] as const

/** By metric, the runs with which a new level began: regressions that were confirmed. */
export async function levelStarts(path: string): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const starts = new Map<string, Set<string>>()
  if (!existsSync(path)) return starts
  for await (const row of readCsv(path, nightColumns)) {
    numberIn(row, 'change', path)
    if (row.verdict !== 'REGRESSION') continue
    const { scenario = '', lane = '', shape = '', metric: name = '' } = row
    const key = metricKey({ scenario, lane, shape, name } satisfies MetricId)
    starts.set(key, (starts.get(key) ?? new Set()).add(row.run_id!))
  }
  return starts
}
