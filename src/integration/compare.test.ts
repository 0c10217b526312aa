// `limitscope compare`, as it is typed.

import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { main } from '../cli.ts'
import { presets } from '../gateway/presets.ts'
import { fixedWindow, limiter } from '../limiters/models.ts'
import { profile } from '../profile/profile.ts'
import { workplace } from '../testing/commandIo.ts'
import { phase, plan, scenario } from '../testing/simulate.ts'
import { storeRun } from '../testing/storedRuns.ts'
import { inVirtualTime, virtualProber } from '../testing/virtualProber.ts'

const results = mkdtempSync(join(tmpdir(), 'limitscope-compare-'))
const until60 = scenario(
  '<b>probing</b>',
  phase({
    arrivals: { kind: 'spaced', gapUs: 1000, count: 1 },
    until: [{ kind: 'requests', count: 80 }],
  }),
)

beforeAll(async () => {
  const declared = { name: 'requests', model: limiter(fixedWindow(60, 60e6)), tier: null }
  for (const limit of [60, 50]) {
    const model = limiter(fixedWindow(limit, 60e6))
    const spec = { ...presets.plain!, tiers: { free: [{ name: 'requests', model }] } }
    const runId = `limit-${limit}`
    const one = plan({ runId, scenarios: [until60], limiters: [declared] })
    await storeRun({ plan: one, spec, resultsPath: results })
  }
})

describe('limitscope compare', () => {
  const compare = async (...args: string[]) => {
    const place = workplace()
    const exitCode = await main(['node', 'limitscope', 'compare', ...args], place.io)
    return { exitCode, stdout: place.stdout(), stderr: place.stderr() }
  }
  const base = join(results, 'limit-60')
  const candidate = join(results, 'limit-50')

  test('exits 4 when a limit fell from 60 to 50, and says so', async () => {
    const { exitCode, stdout } = await compare(base, candidate)
    expect(exitCode).toBe(4)
    expect(stdout).toMatch(/^REGRESSION: /)
    expect(stdout).toMatch(
      /REGRESSION +requests on free +requests admitted .* 60 +50 +−16.7 % +0 +1 +exact/,
    )
  })

  test('as Markdown has tables, and nothing of a name is markup', async () => {
    const { stdout } = await compare(base, candidate, '--markdown')
    expect(stdout).toMatch(/^\*\*REGRESSION: /)
    expect(stdout).toContain('| --- |')
    expect(stdout).not.toContain('<b>')
  })

  test('as JSON is one document', async () => {
    const { stdout } = await compare(base, candidate, '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'limitscope.comparison/1',
      verdict: 'REGRESSION',
      base: { runIds: ['limit-60'] },
    })
  })

  test('exits 3 when nothing can be told, and 2 when there is nothing to compare', async () => {
    expect((await compare(base, base)).exitCode).toBe(3)
    const none = await compare(base, join(results, 'nothing'))
    expect(none.exitCode).toBe(2)
    expect(none.stderr).toMatch(/expected the folder of a run/)
    const empty = await compare(base, mkdtempSync(join(tmpdir(), 'limitscope-empty-')))
    expect(empty.stderr).toMatch(/expected folders of runs/)
  })

  test('takes a folder of runs as a set', async () => {
    const { stdout } = await compare(results, results, '--json')
    expect(JSON.parse(stdout).base.runIds).toEqual(['limit-50', 'limit-60'])
  })

  test('takes the files of two profiles', { timeout: 60_000 }, async () => {
    const profiled = async (limit: number) => {
      const model = limiter(fixedWindow(limit, 10e6))
      const prober = virtualProber({ limiters: [{ name: 'requests', model }], seed: 5 })
      const budget = { requestsMax: 2_000, tokensMax: null, durationUsMax: 600e6 }
      const work = profile(prober, { target: 'virtual', seed: 1, budget })
      const { document } = await inVirtualTime(prober, work)
      const path = join(results, `profile-${limit}.json`)
      writeFileSync(path, JSON.stringify(document))
      return path
    }
    const [before, after] = [await profiled(60), await profiled(58)]
    expect((await compare(before, before)).exitCode).toBe(0)
    const { exitCode, stdout } = await compare(before, after)
    expect(exitCode).toBe(4)
    expect(stdout).toMatch(/^REGRESSION: /)
    expect(stdout).toMatch(/REGRESSION +requests +limit +60 +58 +−3.33 % +0 +1 +exact/)
    const mixed = await compare(before, base)
    expect(mixed.exitCode).toBe(2)
    expect(mixed.stderr).toMatch(/compare: expected the file of a profile/)
  })
})
