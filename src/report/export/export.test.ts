import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { HistogramLogReader } from 'hdr-histogram-js'
import { beforeAll, expect, test } from 'vitest'
import { readRun } from '../../analysis/storedRun.ts'
import { CsvFile } from '../../recording/csv.ts'
import { requestCells, requestsColumns, requestsName } from '../../recording/requestsFile.ts'
import { hostileTexts, storeHostileRun } from '../../testing/hostileRuns.ts'
import { requestRecord } from '../../testing/requestRecords.ts'
import { exportFormats } from './formats.ts'
import type { ExportFormatName } from './names.ts'

let path = ''
beforeAll(async () => {
  path = await storeHostileRun()
})

async function exported(name: ExportFormatName): Promise<string> {
  let text = ''
  for await (const part of exportFormats[name](readRun(path))) text += part
  return text
}

test('hlog is what HdrHistogram reads', async () => {
  const reader = new HistogramLogReader(await exported('hlog'))
  let count = 0
  for (
    let one = reader.nextIntervalHistogram();
    one !== null;
    one = reader.nextIntervalHistogram()
  ) {
    count += (one as { totalCount: number }).totalCount
  }
  expect(count).toBe(10_000)
})

test('hgrm is the percentiles of all OK answers', async () => {
  const text = await exported('hgrm')
  expect(text).toMatch(/^ +Value +Percentile TotalCount 1\/\(1-Percentile\)/)
  expect(text).toMatch(/Total count {4}= +3334\]/)
})

test('BMF has a benchmark for each series of OK answers', async () => {
  const all = Object.entries(JSON.parse(await exported('bmf')))
  expect(all).toHaveLength(1)
  const [name, measures] = all[0]!
  expect(name).toBe(`hostile/${hostileTexts[0]}/${hostileTexts[1]}`)
  expect(measures).toMatchObject({
    response_p50: { value: expect.any(Number) },
    response_p99: { value: expect.any(Number) },
    ok_per_s: { value: expect.closeTo(333, 0) },
  })
})

test('GitHub benchmarks go in one direction each', async () => {
  const smaller = JSON.parse(await exported('github-benchmark'))
  const bigger = JSON.parse(await exported('github-benchmark-bigger'))
  expect(smaller.map((one: { unit: string }) => one.unit)).toEqual(['µs', 'µs', 'µs'])
  expect(bigger.map((one: { unit: string }) => one.unit)).toEqual(['1/s', '1/s'])
  expect(smaller[0]).toMatchObject({ extra: expect.stringContaining('seed 7') })
})

test('OpenMetrics ends as it must, and what servers say stays in quotes', async () => {
  const text = await exported('openmetrics')
  const lines = text.trimEnd().split('\n')
  expect(lines.at(-1)).toBe('# EOF')
  for (const line of lines) {
    expect(line).toMatch(
      /^(# (HELP|TYPE|EOF|UNIT)|limitscope_\w+\{(\w+="([^"\\]|\\.)*",?)*\} [\d.e+-]+$)/,
    )
  }
  expect(text).toContain('limitscope_requests{')
})

test('JTL has a row for each request that was sent, and no cell is a formula', async () => {
  const file = new CsvFile(join(path, requestsName), requestsColumns, (error) => {
    throw error
  })
  const sent = { sentUs: 1_000_000, firstByteUs: 1_040_000, endUs: 1_050_400, bytesIn: 7 }
  for (const text of hostileTexts) {
    const failed = { outcome: 'failed', status: 500, error: text, shape: text } as const
    file.write(requestCells('hostile', requestRecord({ ...sent, ...failed })))
  }
  file.write(requestCells('hostile', requestRecord({ ...sent, outcome: 'broken', status: null })))
  file.write(requestCells('hostile', requestRecord({ outcome: 'unsent', sentUs: null })))
  await file.close()
  const rows: Record<string, string>[] = parse(await exported('jtl'), { columns: true })
  expect(rows).toHaveLength(hostileTexts.length + 1)
  expect(rows[0]).toMatchObject({
    timeStamp: String(Date.UTC(2026, 10, 20) + 1000),
    elapsed: '50',
    Latency: '40',
    responseCode: '500',
    success: 'false',
    bytes: '7',
    label: hostileTexts[0],
    failureMessage: hostileTexts[0],
  })
  expect(rows.at(-1)).toMatchObject({ responseCode: 'Non HTTP response code: broken' })
  const cells = rows.flatMap((row) => Object.values(row))
  expect(cells.filter((cell) => /^[=@|\t\r]/.test(cell))).toEqual([])
})
