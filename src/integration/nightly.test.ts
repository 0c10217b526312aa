// `limitscope nightly` and `limitscope trend`, as they are typed.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { stringify } from 'csv-stringify/sync'
import { beforeAll, describe, expect, test } from 'vitest'
import { main } from '../cli.ts'
import { gatewaySpec } from '../gateway/overrides.ts'
import { startGateway } from '../gateway/server.ts'
import { workplace } from '../testing/commandIo.ts'
import { limitedConfig } from '../testing/limitedConfig.ts'

const config = `
import { defineConfig, defineScenario, lane, shape, spaced, untilRequests } from 'limitscope'
export default defineConfig({
  target: 'gateway:plain',
  scenarios: [defineScenario('quick', {
    lanes: [lane('premium', {})], mix: [shape.chat('cheap', { promptTokens: 8, outputTokensMax: 2 })],
    arrivals: spaced('1ms'), until: untilRequests(12),
  })],
})`

const place = workplace()
place.write('bench.config.ts', config)
const results = join(place.path, 'results')

async function limitscope(...args: string[]) {
  const before = place.stdout().length
  const exitCode = await main(['node', 'limitscope', ...args], place.io)
  return { exitCode, stdout: place.stdout().slice(before) }
}

type Row = Record<string, string>
const rowsOf = (name: string): Row[] =>
  parse(readFileSync(join(results, name), 'utf8'), { columns: true })

/** A night whose generator was fit: a busy machine may take some attempts. */
async function night(...args: string[]) {
  for (let attempt = 1; ; attempt++) {
    const result = await limitscope('nightly', '--reporter', 'silent', ...args)
    if (result.stdout !== '' || attempt === 10) return result
  }
}

/** Nights before tonight's, whose times were this share of tonight's. */
function pretendHistory(nights: number, share: number): void {
  const all = rowsOf('metrics.csv')
  const tonight = all.filter(({ run_id }) => run_id === all.at(-1)!.run_id)
  const before = Array.from({ length: nights }, (_, night) =>
    tonight.map((row) => ({
      ...row,
      run_id: `night-${night}`,
      started_at: new Date(Date.UTC(2026, 0, 1 + night)).toISOString(),
      value: row.unit === 'us' ? Number(row.value) * (share + 0.002 * (night % 5)) : row.value,
    })),
  ).flat()
  writeFileSync(join(results, 'metrics.csv'), stringify(before, { header: true }))
}

describe('nights', () => {
  beforeAll(async () => {
    expect((await night()).exitCode).toBe(0)
    expect(place.stdout()).toMatch(/^QUIET/)
  }, 60_000)

  test('append their metrics, one row per metric', () => {
    const rows = rowsOf('metrics.csv')
    expect(rows.map(({ metric }) => metric)).toContain('p50 response')
    expect(new Set(rows.map(({ run_id }) => run_id)).size).toBe(1)
  })

  test('that are suspicious are open without a baseline, and exit 3', async () => {
    // So much quicker that no chance of this machine makes up for it.
    pretendHistory(20, 0.05)
    const { exitCode, stdout } = await night()
    expect(exitCode).toBe(3)
    expect(stdout).toMatch(
      /OPEN +quick, premium, cheap: p50 response: \+.* worse by its history \(big\)/,
    )
    expect(rowsOf('nights.csv')[0]).toMatchObject({ verdict: 'OPEN', trigger: 'big' })
  })

  // Twenty runs that must be believed: for a machine that has nothing else to do.
  test.runIf(process.env.LIMITSCOPE_SOAK)(
    'are decided by pairs with the baseline: worse exits 4',
    async () => {
      const slow = await startGateway(gatewaySpec('plain', { ttft: '60ms' }))
      const quick = await startGateway(gatewaySpec('plain', { ttft: '30ms' }))
      try {
        await night('--target', slow.url)
        pretendHistory(20, 0.5)
        const worse = await night('--target', slow.url, '--baseline', quick.url)
        expect(worse.stdout).toMatch(/REGRESSION .*p50 response: .* worse in 10 pairs/)
        expect(worse.exitCode).toBe(4)
        expect(rowsOf('nights.csv').at(-1)).toMatchObject({ verdict: 'REGRESSION', pairs: '10' })
        // The level is known now: one alarm for one change.
        expect((await night('--target', slow.url)).stdout).toMatch(/^QUIET/)
      } finally {
        await slow.close()
        await quick.close()
      }
    },
    120_000,
  )
})

describe('a limit that changes from night to night', () => {
  const own = workplace()
  const limitedTo = (limit: number) =>
    own.write('bench.config.json', JSON.stringify(limitedConfig({ limit, requests: 30 })))
  const summaryPath = join(own.path, 'summary.md')

  async function ownNight() {
    const before = own.stdout().length
    const io = { ...own.io, env: { GITHUB_STEP_SUMMARY: summaryPath } }
    for (let attempt = 1; ; attempt++) {
      const args = ['nightly', '--reporter', 'silent']
      const exitCode = await main(['node', 'limitscope', ...args], io)
      const stdout = own.stdout().slice(before)
      if (stdout !== '' || attempt === 10) return { exitCode, stdout }
    }
  }

  test('is a regression of the same night, without pairs; the same limit is quiet', async () => {
    limitedTo(20)
    expect(await ownNight()).toMatchObject({ exitCode: 0 })
    expect(await ownNight()).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^QUIET/),
    })
    limitedTo(18)
    const { exitCode, stdout } = await ownNight()
    expect(exitCode).toBe(4)
    expect(stdout).toMatch(/^REGRESSION {2}requests on free: .* 20 → 18$/m)
    const summary = readFileSync(summaryPath, 'utf8')
    expect(summary).toMatch(/\| REGRESSION \| requests on free \| .* 20 → 18 \|/)
    const runs = (name: string) => {
      const rows: Row[] = parse(readFileSync(join(own.path, 'results', name)), { columns: true })
      return new Set(rows.map(({ run_id }) => run_id)).size
    }
    expect(runs('metrics.csv')).toBeGreaterThanOrEqual(3)
    expect(runs('history.csv')).toBeGreaterThanOrEqual(3)
  }, 60_000)
})

describe('trend', () => {
  test('names the night of a change, draws it in a terminal and in an HTML file', async () => {
    const rows = rowsOf('metrics.csv').slice(0, 1)
    const nights = Array.from({ length: 40 }, (_, night) => ({
      ...rows[0]!,
      run_id: night === 20 ? '<script>alert(1)</script>' : `night-${night}`,
      started_at: new Date(Date.UTC(2026, 0, 1 + night)).toISOString(),
      value: (night < 20 ? 1000 : 1100) + (night % 7),
    }))
    writeFileSync(join(results, 'metrics.csv'), stringify(nights, { header: true }))
    const { exitCode, stdout } = await limitscope('trend', '--html', 'trend.html')
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/│/)
    expect(stdout).toMatch(/2026-01-21 00:00 {2}worse {2}\+10.0 %, 1 ms → 1.1 ms/)
    const html = readFileSync(join(place.path, 'trend.html'), 'utf8')
    expect(html).toContain("default-src 'none'")
    expect(html).toContain('<polyline')
    expect(html).not.toContain('<script')
    const { stdout: json } = await limitscope('trend', '--json')
    expect(JSON.parse(json)).toMatchObject({ schema: 'limitscope.trend/1' })
  })

  test('says what it needs where there is no history', async () => {
    expect((await limitscope('trend', 'nowhere')).exitCode).toBe(2)
    expect(place.stderr()).toMatch(/expected the history of runs in '.*nowhere\/metrics.csv'/)
  })
})
