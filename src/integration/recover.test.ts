// Crash safety: what is recovered from a journal, wherever it ends, is what a clean stop there leaves.

import { type ChildProcess, spawn } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parse } from 'csv-parse/sync'
import { beforeAll, describe, expect, test } from 'vitest'
import { readRun } from '../analysis/storedRun.ts'
import { main } from '../cli.ts'
import { median } from '../core/statistics.ts'
import { gatewaySpec } from '../gateway/overrides.ts'
import { startGatewayThread } from '../gateway/thread.ts'
import type { Plan } from '../load/plan.ts'
import { journalName } from '../recording/requestsFile.ts'
import { workplace } from '../testing/commandIo.ts'
import { filesIn, keepJournal, stopCleanlyAfter } from '../testing/runFolders.ts'

const isSoak = process.env.LIMITSCOPE_SOAK !== undefined
const killPoints = isSoak ? 200 : 3
const bytesPerCut = isSoak ? 1 : 256

const config = `
import { defineConfig, defineScenario, env, forDuration, lane, poisson, shape } from 'limitscope'
const streamed = shape.chat('streamed', { promptTokens: 8, outputTokensMax: 6, stream: true })
const plain = shape.chat('plain', { promptTokens: 8, outputTokensMax: 2 })
export default defineConfig({
  target: 'gateway:free',
  scenarios: [defineScenario('mixed', {
    lanes: [lane('free', { bearer: env('KEY') })],
    mix: [[streamed, 1], [plain, 3]], arrivals: poisson('150/s'), warmup: '200ms', measure: 'MEASURE',
    expect: ['count(ok) > 0'],
  })],
})`

/** A place whose run takes so long. */
function placeFor(measure: string) {
  const place = workplace({ KEY: 'sk-secret' })
  place.write('bench.config.ts', config.replace('MEASURE', measure))
  return place
}

async function recover(folder: string): Promise<{ exitCode: number; stderr: string }> {
  const place = workplace()
  const exitCode = await main(['node', 'limitscope', 'recover', folder], place.io)
  return { exitCode, stderr: place.stderr() }
}

const planOf = (folder: string) =>
  (JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as { plan: Plan }).plan

/** A folder with a manifest and a journal only, as if everything else had been lost. */
function folderWith(manifest: string, journal: string, bytes?: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'limitscope-killed-'))
  copyFileSync(manifest, join(folder, 'manifest.json'))
  copyFileSync(journal, join(folder, journalName))
  if (bytes !== undefined) truncateSync(join(folder, journalName), bytes)
  return folder
}

describe('a run that ended by itself', () => {
  let folder: string
  let journal: string

  beforeAll(async () => {
    const place = placeFor('1500ms')
    const running = main(['node', 'limitscope', 'run', '--reporter', 'silent'], place.io)
    const results = join(place.path, 'results')
    while (!existsSync(results) || readdirSync(results).length === 0) await sleep(5)
    folder = join(results, readdirSync(results)[0]!)
    while (!existsSync(join(folder, journalName))) await sleep(5)
    journal = keepJournal(folder)
    // 3: on a busy machine the generator doubts itself.
    expect([0, 3]).toContain(await running)
  }, 60_000)

  test('leaves no journal, and every file can be made of the one it had', async () => {
    expect(existsSync(join(folder, journalName))).toBe(false)
    const bare = folderWith(join(folder, 'manifest.json'), journal)
    expect(await recover(bare)).toMatchObject({ exitCode: 0 })
    expect(filesIn(bare)).toEqual(filesIn(folder))
    expect(existsSync(join(bare, journalName))).toBe(false)
    expect(readFileSync(join(bare, '..', 'history.csv'), 'utf8')).toContain(
      readRun(bare).summary.runId,
    )
  })

  test(`is recovered like a clean stop wherever its last 4 KB are cut (every ${bytesPerCut} B)`, async () => {
    const size = readFileSync(journal).length
    let cuts = 0
    for (let bytes = size - 4096; bytes < size; bytes += bytesPerCut) {
      const bare = folderWith(join(folder, 'manifest.json'), journal, bytes)
      const cut = join(bare, journalName)
      const stopped = await stopCleanlyAfter(cut, planOf(folder))
      expect((await recover(bare)).exitCode).toBe(0)
      expect(filesIn(bare)).toEqual(filesIn(stopped))
      cuts++
      rmSync(bare, { recursive: true })
      rmSync(join(stopped, '..'), { recursive: true })
    }
    expect(cuts).toBe(4096 / bytesPerCut)
  }, 3_600_000)

  test('with a byte changed in the middle says where, and keeps the journal', async () => {
    const bare = folderWith(join(folder, 'manifest.json'), journal)
    const bytes = readFileSync(journal)
    bytes[bytes.length >> 1]! ^= 1
    writeFileSync(join(bare, journalName), bytes)
    const { exitCode, stderr } = await recover(bare)
    expect(exitCode).toBe(3)
    expect(stderr).toMatch(
      /run.journal is damaged at byte \d+: expected .*, got .*; what follows is lost/,
    )
    expect(existsSync(join(bare, journalName))).toBe(true)
    expect(readRun(bare).summary.counts.ok).toBeGreaterThan(0)
  })

  test('says so when there is nothing to do, or nothing to be had', async () => {
    expect((await recover(folder)).stderr).toMatch(/is complete/)
    const empty = folderWith(join(folder, 'manifest.json'), journal, 10)
    const nothing = await recover(empty)
    expect(nothing.exitCode).toBe(3)
    expect(nothing.stderr).toMatch(/killed before anything/)
  })
})

describe(`a run that is killed, at ${killPoints} instants`, () => {
  test('is recovered like a clean stop, and has all but the last second', async () => {
    // In a thread of its own: it goes on answering while this one looks at what was left.
    const gateway = await startGatewayThread(gatewaySpec('plain', {}))
    try {
      const instants = Array.from({ length: killPoints }, (_, i) => 300 + ((i * 997) % 2600))
      const lostMs: number[] = []
      const next = async () => {
        for (let ms = instants.pop(); ms !== undefined; ms = instants.pop()) {
          lostMs.push(await killed(gateway.url, ms))
        }
      }
      await Promise.all([next(), next(), next()])
      expect(lostMs).toHaveLength(killPoints)
      if (!isSoak) return
      const [middle, most] = [median(lostMs)!, Math.max(...lostMs)].map(Math.round)
      console.log(`${killPoints} kills: lost ${middle} ms at the median, ${most} ms at most`)
      expect(middle).toBeLessThan(1000)
    } finally {
      await gateway.close()
    }
  }, 3_600_000)
})

/**
 * Kills a run so long after its start, recovers it and looks at everything that it left; resolves with
 * the ms before its end that are lost.
 */
async function killed(target: string, afterMs: number): Promise<number> {
  const place = placeFor('10s')
  const child = startRun(place.path, target)
  const exit = new Promise((resolve) => child.once('exit', resolve))
  const results = join(place.path, 'results')
  while (!existsSync(results) || readdirSync(results).length === 0) await sleep(5)
  const folder = join(results, readdirSync(results)[0]!)
  const journalBytes = () =>
    statSync(join(folder, journalName), { throwIfNoEntry: false })?.size ?? 0
  // Its first commit, which says what the run is: before that there is nothing to recover.
  while (journalBytes() < 512) await sleep(5)
  await sleep(afterMs)
  const killedMs = Date.now()
  child.kill('SIGKILL')
  await exit
  const journal = keepJournal(folder)
  const stopped = await stopCleanlyAfter(journal, planOf(folder))
  expect((await recover(folder)).exitCode).toBe(0)
  expect(filesIn(folder)).toEqual(filesIn(stopped))
  const { summary, folder: stored } = readRun(folder)
  const rows: { outcome: string; stage: string; end_us: string }[] = parse(
    readFileSync(join(folder, 'requests.csv'), 'utf8'),
    { columns: true },
  )
  expect(rows.length).toBe(Object.values(summary.counts).reduce((sum, count) => sum + count, 0))
  const lastMs = stored.manifest.epochUnixMs + Number(rows.at(-1)?.end_us ?? 0) / 1000
  return rows.length === 0 ? 0 : killedMs - lastMs
}

function startRun(cwd: string, target: string): ChildProcess {
  const bin = join(import.meta.dirname, '../../bin/limitscope.js')
  const args = [bin, 'run', '--target', target, '--reporter', 'silent']
  return spawn(process.execPath, args, {
    cwd,
    env: { ...process.env, KEY: 'sk-secret' },
    stdio: 'ignore',
  })
}
