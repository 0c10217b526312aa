import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { hlogTag } from '../recording/hlog.ts'
import { phase, plan, scenario } from '../testing/simulate.ts'
import { storeRun } from '../testing/storedRuns.ts'
import { readRun } from './storedRun.ts'

let path: string
beforeAll(async () => {
  const steady = phase({
    arrivals: { kind: 'constant', perS: 50 },
    until: [{ kind: 'requests', count: 200 }],
  })
  const expectations = ['count(ok) == 200']
  path = await storeRun({ plan: plan({ scenarios: [{ ...scenario('s', steady), expectations }] }) })
})

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

/** A folder with these files. */
function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'limitscope-folder-'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

describe('the folder of a run, read back', () => {
  test('has its manifest and summary', () => {
    const { folder, summary } = readRun(path)
    expect(summary.runId).toBe(folder.manifest.runId)
    expect(folder.manifest.plan.scenarios[0]!.name).toBe(summary.scenarios[0]!.name)
    expect(summary.counts.ok).toBe(200)
  })

  test('has seconds that add up to the summary, and histograms that say the same', async () => {
    const { folder, summary } = readRun(path)
    const intervals = await all(folder.intervals())
    const latencies = await all(folder.latencies())
    expect(intervals.reduce((sum, { count }) => sum + count, 0)).toBe(summary.counts.ok)
    expect(latencies.reduce((sum, { counts }) => sum + counts.count, 0)).toBe(summary.counts.ok)
    for (const [i, { tag, startUs, counts }] of latencies.entries()) {
      expect(tag).toBe(hlogTag(intervals[i]!))
      expect(startUs).toBe(intervals[i]!.startUs)
      expect(counts.count).toBe(intervals[i]!.count)
    }
  })

  test('has tables by their columns', async () => {
    const rows = await all(readRun(path).folder.rows('checks.csv', ['statement', 'verdict']))
    expect(rows).toMatchObject([{ statement: 'count(ok) == 200', verdict: 'passed' }])
  })
})

describe('what is no such folder is told apart', () => {
  const manifest = '{"schema":"limitscope.manifest/1"}'

  test.each([
    ['nothing', () => '/nowhere/at/all', /expected the folder of a run, got '\/nowhere/],
    ['a folder of something else', () => folderWith({}), /one without manifest.json/],
    [
      'a broken manifest',
      () => folderWith({ 'manifest.json': '{"schema"' }),
      /manifest.json: .*JSON/,
    ],
    [
      'another version',
      () => folderWith({ 'manifest.json': '{"schema":"limitscope.manifest/9"}' }),
      /expected schema 'limitscope.manifest\/1', got 'limitscope.manifest\/9'/,
    ],
    [
      'a killed run',
      () => folderWith({ 'manifest.json': manifest, 'run.journal': '' }),
      /killed before its end; 'limitscope recover /,
    ],
    ['no summary', () => folderWith({ 'manifest.json': manifest }), /summary.json: .*ENOENT/],
  ])('%s', (_, make, message) => {
    expect(() => readRun(make())).toThrow(message)
  })

  test('a table that is cut off, or lacks a column, or is not there', async () => {
    const folder = folderWith({
      'manifest.json': manifest,
      'summary.json': '{"schema":"limitscope.summary/1"}',
      'intervals.csv': 'run_id,start_us\nx,1\n',
      'checks.csv': 'a,b\n1,2\n"3',
    })
    const stored = readRun(folder).folder
    await expect(all(stored.intervals())).rejects.toThrow(
      /intervals.csv: expected columns scenario/,
    )
    await expect(all(stored.rows('checks.csv'))).rejects.toThrow(/checks.csv: .*quot/i)
    await expect(all(stored.rows('limiters.csv'))).rejects.toThrow(/limiters.csv: ENOENT/)
  })

  test('a line of the histogram log that is none', async () => {
    const folder = folderWith({
      'manifest.json': manifest,
      'summary.json': '{"schema":"limitscope.summary/1"}',
      'latency.hlog': '#[x]\nTag=a/b,1.000,1.000,2.000,AAAA\n',
    })
    await expect(all(readRun(folder).folder.latencies())).rejects.toThrow(
      /latency.hlog:2: expected a compressed V2 histogram/,
    )
  })
})
