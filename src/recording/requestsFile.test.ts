import { mkdtempSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import type { RequestRecord } from '../core/record.ts'
import { RowEncoder } from '../core/requestRow.ts'
import { anyRecord, batchOf, requestRecord } from '../testing/requestRecords.ts'
import { CsvFile } from './csv.ts'
import { JournalWriter } from './journal.ts'
import {
  RequestsFile,
  type RequestsProgress,
  rebuildRequestsCsv,
  requestCells,
  requestsColumns,
} from './requestsFile.ts'
import { startRequestsThread } from './requestsThread.ts'

const runId = 'run'
const freshFolder = () => mkdtempSync(join(tmpdir(), 'limitscope-'))
const unexpected = (error: Error) => {
  throw error
}

function pathsIn(folder: string) {
  return {
    journalPath: join(folder, 'run.journal'),
    csvPath: join(folder, 'requests.csv'),
    runId,
  }
}

type Parts = readonly (readonly RequestRecord[])[]

/** Appends to the journal of a folder, as two engine threads in turn. */
function openJournal(folder: string) {
  const writer = new JournalWriter(
    pathsIn(folder).journalPath,
    { runId, hasRows: true },
    unexpected,
  )
  const encoders = [new RowEncoder(), new RowEncoder()]
  let turn = 0
  return {
    append(records: readonly RequestRecord[]) {
      const source = turn++ % 2
      writer.append(batchOf(source, encoders[source]!, records))
    },
    close: () => writer.close(),
  }
}

async function writeJournal(folder: string, parts: Parts): Promise<void> {
  const journal = openJournal(folder)
  for (const records of parts) journal.append(records)
  await journal.close()
}

/** What `requests.csv` must say, made without a journal. */
async function csvOf(records: readonly RequestRecord[]): Promise<string> {
  const path = join(freshFolder(), 'x.csv')
  const file = new CsvFile(path, requestsColumns, unexpected)
  for (const record of records) file.write(requestCells(runId, record))
  await file.close()
  return readFileSync(path, 'utf8')
}

function manyRecords(count: number): Parts {
  const record = (_: unknown, i: number) =>
    requestRecord({ seq: i, error: i % 7 === 0 ? `row ${i}, "quoted"` : null })
  const records = Array.from({ length: count }, record)
  return Array.from({ length: Math.ceil(count / 100) }, (_, i) =>
    records.slice(i * 100, i * 100 + 100),
  )
}

describe('a row of requests.csv', () => {
  test('has the run first, then the columns in order, times to retry in ms', () => {
    const record = requestRecord({ seq: 7, retryAfterUs: 1500, limiter: 'tpm' })
    const cells = requestCells(runId, record)
    const row = Object.fromEntries(requestsColumns.map((column, i) => [column, cells[i]]))
    expect(cells).toHaveLength(requestsColumns.length)
    expect(row).toMatchObject({ run_id: 'run', seq: 7, retry_after_ms: 1.5, limiter: 'tpm' })
    expect(row).toMatchObject({ first_token_us: null, end_us: 1_001_000 })
  })
})

describe('requests.csv', () => {
  test('says what its rows say, in whatever portions it is copied', async () => {
    const anyParts = fc.array(fc.array(anyRecord, { maxLength: 5 }), { maxLength: 5 })
    const property = fc.asyncProperty(anyParts, fc.integer({ min: 1, max: 30 }), copies)
    await fc.assert(property, { numRuns: 50 })

    async function copies(parts: Parts, rowsMax: number): Promise<void> {
      const folder = freshFolder()
      const paths = pathsIn(folder)
      const journal = openJournal(folder)
      const file = new RequestsFile({ ...paths, onError: unexpected })
      for (const records of parts) {
        journal.append(records)
        file.copy(rowsMax)
        await file.drained()
      }
      await journal.close()
      const rows = parts.flat().length
      expect(file.rowsDone + file.rowsLeft()).toBe(rows)
      while (file.copy(rowsMax) > 0) await file.drained()
      expect(await file.close()).toEqual({ rows, damage: null })
      expect(readFileSync(paths.csvPath, 'utf8')).toBe(await csvOf(parts.flat()))
    }
  })

  test('that is closed early has whole rows, and says that there are more', async () => {
    const folder = freshFolder()
    const paths = pathsIn(folder)
    const parts = manyRecords(300)
    await writeJournal(folder, parts)
    const file = new RequestsFile({ ...paths, onError: unexpected })
    file.copy(150)
    const damage = 'requests.csv: stopped early; run.journal has the rest'
    expect(await file.close()).toEqual({ rows: 150, damage })
    expect(readFileSync(paths.csvPath, 'utf8')).toBe(await csvOf(parts.flat().slice(0, 150)))
  })

  test('has the rows before a damaged block, and the result says where that is', async () => {
    const folder = freshFolder()
    const paths = pathsIn(folder)
    const parts = manyRecords(300)
    await writeJournal(folder, parts)
    const bytes = readFileSync(paths.journalPath)
    bytes[bytes.length / 2]! ^= 1
    writeFileSync(paths.journalPath, bytes)
    const file = new RequestsFile({ ...paths, onError: unexpected })
    expect(file.copy(1000)).toBe(100)
    const { rows, damage } = await file.close()
    expect(rows).toBe(100)
    expect(damage).toMatch(/^run.journal: damaged at byte \d+: expected checksum 0x.*, got 0x/)
    expect(readFileSync(paths.csvPath, 'utf8')).toBe(await csvOf(parts[0]!))
  })

  test('has the rows before a block that a crash left half written', async () => {
    const folder = freshFolder()
    const paths = pathsIn(folder)
    await writeJournal(folder, manyRecords(300))
    truncateSync(paths.journalPath, statSync(paths.journalPath).size - 100)
    const file = new RequestsFile({ ...paths, onError: unexpected })
    file.copy(1000)
    const damage = expect.stringMatching(/its last \d+ B are no whole block/)
    expect(await file.close()).toEqual({ rows: 200, damage })
  })

  test('of a journal without a head is no complete one', async () => {
    const folder = freshFolder()
    writeFileSync(pathsIn(folder).journalPath, '')
    const file = new RequestsFile({ ...pathsIn(folder), onError: unexpected })
    file.copy(1)
    expect(await file.close()).toMatchObject({ damage: expect.stringMatching(/expected a head/) })
  })
})

describe('the thread that makes requests.csv', () => {
  const parts = manyRecords(20_000)

  test('follows the journal while it grows, and completes the file at the end', async () => {
    const folder = freshFolder()
    const paths = pathsIn(folder)
    const journal = openJournal(folder)
    const reports: RequestsProgress[] = []
    const onProgress = (progress: RequestsProgress) => reports.push(progress)
    const thread = startRequestsThread({ ...paths, onError: unexpected, onProgress })
    journal.append(parts[0]!)
    await vi.waitUntil(() => rowsIn(paths.csvPath) === 100, { timeout: 10_000 })
    expect(reports).toEqual([])
    for (const records of parts.slice(1)) journal.append(records)
    await journal.close()
    expect(await thread.finish()).toEqual({ rows: 20_000, damage: null })
    expect(readFileSync(paths.csvPath, 'utf8')).toBe(await csvOf(parts.flat()))
    expect(reports.at(-1)).toEqual({ rowsDone: 20_000, rowsTotal: 20_000 })
    expect(reports.every(({ rowsTotal }) => rowsTotal === 20_000)).toBe(true)
    await thread.stop()
  })

  test('stops after a whole row, and the file can be made from the journal then', async () => {
    const folder = freshFolder()
    const paths = pathsIn(folder)
    await writeJournal(folder, parts)
    const thread = startRequestsThread({ ...paths, onError: unexpected, onProgress: () => {} })
    await vi.waitUntil(() => rowsIn(paths.csvPath) > 0, { timeout: 10_000 })
    const result = thread.finish()
    await thread.stop()
    const { rows, damage } = await result
    const whole = await csvOf(parts.flat())
    const begun = readFileSync(paths.csvPath, 'utf8')
    // On a slow machine it may have had the time for all of them.
    expect(damage === null).toBe(rows === 20_000)
    expect(parse(begun)).toHaveLength(rows + 1)
    expect(whole.startsWith(begun)).toBe(true)
    const anew = { ...paths, csvPath: join(folder, 'anew.csv'), untilBytes: Infinity }
    expect(await rebuildRequestsCsv(anew)).toEqual({ rows: 20_000, damage: null })
    expect(readFileSync(anew.csvPath, 'utf8')).toBe(whole)
  })

  test('says once when it cannot write, and never overwrites', async () => {
    const folder = freshFolder()
    const paths = pathsIn(folder)
    await writeJournal(folder, manyRecords(100))
    writeFileSync(paths.csvPath, 'precious')
    const errors: string[] = []
    const onError = ({ message }: Error) => errors.push(message)
    const thread = startRequestsThread({ ...paths, onError, onProgress: () => {} })
    const result = await thread.finish()
    expect(result.damage).toMatch(/^requests.csv: EEXIST/)
    expect(errors).toEqual([expect.stringMatching(/EEXIST/)])
    expect(readFileSync(paths.csvPath, 'utf8')).toBe('precious')
  })

  test('says so when there is no journal', async () => {
    const errors: string[] = []
    const onError = ({ message }: Error) => errors.push(message)
    const paths = pathsIn(freshFolder())
    const thread = startRequestsThread({ ...paths, onError, onProgress: () => {} })
    expect(await thread.finish()).toEqual({ rows: 0, damage: expect.stringMatching(/ENOENT/) })
    await thread.stop()
    expect(errors).toEqual([expect.stringMatching(/ENOENT/)])
  })
})

test('rows from a byte on are left out: they were under way', async () => {
  const folder = freshFolder()
  const { journalPath, csvPath } = pathsIn(folder)
  const parts = manyRecords(200)
  await writeJournal(folder, parts)
  const untilBytes = statSync(journalPath).size / 2
  const { rows, damage } = await rebuildRequestsCsv({ journalPath, csvPath, runId, untilBytes })
  expect(damage).toBeNull()
  expect(rows).toBeLessThan(200)
  const whole = await csvOf(parts.flat())
  expect(whole.startsWith(readFileSync(csvPath, 'utf8'))).toBe(true)
})

function rowsIn(csvPath: string): number {
  try {
    return readFileSync(csvPath, 'utf8').split('\n').length - 2
  } catch {
    return 0
  }
}
