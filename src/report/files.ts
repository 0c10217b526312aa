// Writes what is only known at the end of a run into its folder, and its line into the history.

import { existsSync, readFileSync } from 'node:fs'
import { appendFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { stringify } from 'csv-stringify/sync'
import { type MetricRow, metricColumns, metricsName } from '../analysis/metricHistory.ts'
import type { RunSummary } from '../analysis/result.ts'
import { verdictOf } from '../analysis/verdict.ts'
import { messageOf, UserError } from '../core/errors.ts'
import { CsvFile } from '../recording/csv.ts'
import { type RunFolder, writeWhole } from '../recording/runFolder.ts'
import { checkTable, limiterTable, summaryTable, type Table } from './tables.ts'

/** Writes summary.csv, limiters.csv, checks.csv and summary.json; throws `UserError('write')`. */
export async function writeResults(folder: RunFolder, summary: RunSummary): Promise<void> {
  await writeTable(folder.file('summary.csv'), summaryTable(summary))
  await writeTable(folder.file('limiters.csv'), limiterTable(summary))
  await writeTable(folder.file('checks.csv'), checkTable(summary))
  writeWhole(folder.file('summary.json'), `${JSON.stringify(summary, null, 2)}\n`)
}

/** A table as a CSV file; throws `UserError('write')`. */
export async function writeTable(path: string, table: Table): Promise<void> {
  let failure: Error | undefined
  const file = new CsvFile(path, table.columns, (error) => {
    failure ??= error
  })
  for (const row of table.rows) file.write(row)
  await file.close()
  if (failure === undefined) return
  const message = `results: cannot write '${path}': ${messageOf(failure)}`
  throw new UserError('write', message, { cause: failure })
}

/** Whether the history has a row of this run. */
export function isInHistory({ runId, path }: RunFolder): boolean {
  const history = join(dirname(path), 'history.csv')
  if (!existsSync(history)) return false
  return readFileSync(history, 'utf8')
    .split('\n')
    .some((line) => line.startsWith(`${runId},`))
}

/** Appends the run's metrics to those of all runs. */
export async function appendMetrics(folder: RunFolder, rows: readonly MetricRow[]): Promise<void> {
  if (rows.length === 0) return
  const path = join(dirname(folder.path), metricsName)
  const table = existsSync(path) ? [...rows] : [metricColumns, ...rows]
  const text = stringify(table, { escape_formulas: true, record_delimiter: '\n' })
  await appendFile(path, text, { mode: 0o600 })
}

const historyColumns = [
  'run_id',
  'started_at',
  'verdict',
  'generator',
  'duration_s',
  'plan_hash',
  'target',
  'sent',
  'ok',
  'limited',
  'errors',
  'unsent',
]

/** Appends the run to `history.csv` beside its folder. */
export async function appendHistory(folder: RunFolder, summary: RunSummary): Promise<void> {
  const path = join(dirname(folder.path), 'history.csv')
  const { ok, limited, unsent, ...others } = summary.counts
  const errors = Object.values(others).reduce((sum, count) => sum + count, 0)
  const row = [
    summary.runId,
    summary.startedAt,
    verdictOf(summary).word,
    summary.health.verdict,
    summary.durationUs / 1e6,
    summary.planHash.slice(0, 12),
    summary.target,
    ok + limited + errors,
    ok,
    limited,
    errors,
    unsent,
  ]
  const rows = existsSync(path) ? [row] : [historyColumns, row]
  const text = stringify(rows, { escape_formulas: true, record_delimiter: '\n' })
  await appendFile(path, text, { mode: 0o600 })
}
