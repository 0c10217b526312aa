// `requests.csv` as JMeter's results (JTL) in CSV, row by row.

import { stringify } from 'csv-stringify/sync'
import type { StoredRun } from '../../analysis/storedRun.ts'
import { type CsvRow, numberIn } from '../../recording/csvReader.ts'
import type { Manifest } from '../../recording/manifest.ts'
import { requestsColumns, requestsName } from '../../recording/requestsFile.ts'

const columns = [
  'timeStamp',
  'elapsed',
  'label',
  'responseCode',
  'responseMessage',
  'threadName',
  'dataType',
  'success',
  'failureMessage',
  'bytes',
  'sentBytes',
  'grpThreads',
  'allThreads',
  'URL',
  'Latency',
  'IdleTime',
  'Connect',
]

/** Requests that were sent; without a status the code is the outcome, as JMeter has it. */
export async function* jtlText({ folder }: StoredRun): AsyncGenerator<string, void> {
  const { epochUnixMs, target } = folder.manifest
  yield line(columns)
  for await (const row of folder.rows(requestsName, requestsColumns)) {
    const at = (column: string) => numberIn(row, column, folder.file(requestsName))
    const cells = cellsOf(row, at, { epochUnixMs, target })
    if (cells !== null) yield line(cells)
  }
}

function line(cells: readonly (string | number | boolean)[]): string {
  return stringify([cells], { escape_formulas: true, cast: { boolean: String } })
}

function cellsOf(
  row: CsvRow,
  at: (column: string) => number | null,
  { epochUnixMs, target }: Pick<Manifest, 'epochUnixMs' | 'target'>,
) {
  const sentUs = at('sent_us')
  const endUs = at('end_us')
  if (sentUs === null || endUs === null) return null
  const { scenario, lane, shape, outcome, status, error } = row as Record<string, string>
  const inFlight = (at('in_flight') ?? 0) + 1
  const isOk = outcome === 'ok'
  return [
    Math.floor(epochUnixMs + sentUs / 1000),
    milliseconds(endUs - sentUs),
    shape!,
    status === '' ? `Non HTTP response code: ${outcome}` : status!,
    outcome!,
    `${scenario} ${lane}`,
    'text',
    isOk,
    isOk ? '' : error!,
    at('bytes_in') ?? 0,
    0,
    inFlight,
    inFlight,
    target,
    milliseconds((at('first_byte_us') ?? endUs) - sentUs),
    0,
    0,
  ]
}

function milliseconds(us: number): number {
  return Math.round(us / 1000)
}
