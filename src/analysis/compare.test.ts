import { describe, expect, test } from 'vitest'
import type { NamedLimiter } from '../core/limits.ts'
import { presets } from '../gateway/presets.ts'
import type { GatewaySpec } from '../gateway/spec.ts'
import { fixedWindow, limiter, tokenBucket } from '../limiters/models.ts'
import type { Plan } from '../load/plan.ts'
import { declaredBy, phase, plan, scenario } from '../testing/simulate.ts'
import { type StoreOptions, storeRun } from '../testing/storedRuns.ts'
import { type ComparedRun, compareRuns } from './compare.ts'
import { readRun } from './storedRun.ts'

const seconds = 1_000_000

const unlimited: GatewaySpec = { ...presets.kuadrant!, tiers: { free: [] } }
const windowOf = (limit: number, windowUs = 60 * seconds): NamedLimiter => {
  return { name: 'requests', model: limiter(fixedWindow(limit, windowUs)) }
}
const limitedBy = (...free: NamedLimiter[]): GatewaySpec => ({ ...unlimited, tiers: { free } })

const steady = scenario(
  'steady',
  phase({ arrivals: { kind: 'poisson', perS: 50 }, until: [{ kind: 'requests', count: 200 }] }),
)
/** One request after the other, until well into the second window. */
const probing = scenario(
  'probing',
  phase({
    arrivals: { kind: 'spaced', gapUs: 250_000, count: 1 },
    until: [{ kind: 'requests', count: 320 }],
  }),
)

const runs = new Map<string, Promise<ComparedRun>>()

/** A run of the scenario on this gateway, on the given night; made once. */
function runOf(spec: GatewaySpec, changes: Partial<StoreOptions> & { night?: number }) {
  const key = JSON.stringify([spec, changes])
  const run = runs.get(key) ?? makeRun(spec, changes)
  runs.set(key, run)
  return run
}

async function makeRun(
  spec: GatewaySpec,
  { night = 0, ...options }: Partial<StoreOptions> & { night?: number },
): Promise<ComparedRun> {
  const path = await storeRun({
    plan: plan({ scenarios: [steady], runId: `n${night}` }),
    spec: { ...spec, seed: spec.seed + night * 7 },
    startedMs: Date.UTC(2026, 10, 20) + night * 60_000,
    ...options,
  })
  const { folder, summary } = readRun(path)
  return { manifest: folder.manifest, summary }
}

/** Pairs in the order ABBA, each on chance of its own. */
async function pairsOf(base: GatewaySpec, candidate: GatewaySpec, pairs = 8, on?: Plan) {
  const sides: { base: ComparedRun[]; candidate: ComparedRun[] } = { base: [], candidate: [] }
  for (let night = 0; night < 2 * pairs; night++) {
    const isBase = night % 4 === 0 || night % 4 === 3
    const options = on === undefined ? { night } : { night, plan: { ...on, runId: `n${night}` } }
    const run = await runOf(isBase ? base : candidate, options)
    sides[isBase ? 'base' : 'candidate'].push(run)
  }
  return compareRuns(sides.base, sides.candidate)
}

const slower = (factor: number): GatewaySpec => {
  const { ttftUs, itlUs } = unlimited.latency
  return {
    ...unlimited,
    latency: { ...unlimited.latency, ttftUs: ttftUs * factor, itlUs: itlUs * factor },
  }
}

describe('latency', () => {
  test('that is 8 % higher in eight pairs is a regression, with its size', async () => {
    const comparison = await pairsOf(unlimited, slower(1.08))
    const p50 = comparison.metrics.find(({ name }) => name === 'p50 response')!
    expect(comparison).toMatchObject({ verdict: 'REGRESSION', isPaired: true })
    expect(p50).toMatchObject({ verdict: 'REGRESSION', n: 8 })
    expect(p50.interval![0]).toBeGreaterThan(1.03)
    expect(p50.interval![1]).toBeLessThan(1.13)
    expect(p50.p).toBeLessThanOrEqual(0.01)
  })

  test('that is 8 % lower is an improvement', async () => {
    const { verdict, metrics } = await pairsOf(slower(1.08), unlimited)
    expect(metrics.find(({ name }) => name === 'p50 response')!.verdict).toBe('IMPROVEMENT')
    expect(['IMPROVEMENT', 'INCONCLUSIVE']).toContain(verdict)
  })

  test('that is the same in ten pairs gives no alarm, and tells what could have been seen', async () => {
    const { metrics, verdict } = await pairsOf(unlimited, unlimited, 10)
    expect(verdict).not.toBe('REGRESSION')
    const p50 = metrics.find(({ name }) => name === 'p50 response')!
    expect(p50.verdict).toBe('EQUIVALENT')
    expect(p50.detectable).toBeGreaterThan(0)
    expect(p50.detectable).toBeLessThan(0.08)
  })

  test('of one run a side says nothing about change: the unit is the run', async () => {
    const [base, candidate] = [await runOf(unlimited, {}), await runOf(slower(2), { night: 1 })]
    const { verdict, metrics } = compareRuns([base], [candidate])
    expect(verdict).toBe('INCONCLUSIVE')
    expect(metrics[0]!.reason).toBe('needs 5 runs a side, had 1')
  })
})

describe('limiters', () => {
  const probes = async (
    base: GatewaySpec,
    candidate: GatewaySpec,
    limiters: Plan['limiters'] = [],
  ) => {
    const of = (spec: GatewaySpec, night: number) =>
      runOf(spec, { night, plan: plan({ scenarios: [probing], limiters, runId: `n${night}` }) })
    return compareRuns([await of(base, 0)], [await of(candidate, 1)]).limiters
  }
  const known = declaredBy(limitedBy(windowOf(60)))

  test.each([
    [50, 'REGRESSION'],
    [58, 'REGRESSION'],
    [60, 'EQUIVALENT'],
    [70, 'IMPROVEMENT'],
  ])(
    'of 60 requests against %d: %s, of one run a side and without a doubt',
    async (limit, verdict) => {
      const changes = await probes(limitedBy(windowOf(60)), limitedBy(windowOf(limit)), known)
      const admitted = changes.find(({ parameter }) => parameter.startsWith('requests admitted'))!
      expect(admitted).toMatchObject({ verdict, baseText: '60', candidateText: `${limit}` })
      if (limit !== 60) expect(admitted).toMatchObject({ p: 0, reason: 'exact' })
    },
  )

  test('a window of 60 s against 66 s', async () => {
    const longer = limitedBy(windowOf(60, 66 * seconds))
    const changes = await probes(limitedBy(windowOf(60)), longer, known)
    const window = changes.find(({ parameter }) => parameter === 'window')!
    expect(window).toMatchObject({ verdict: 'REGRESSION', p: 0 })
    expect(window.ratio).toBeCloseTo(1.1, 2)
    const same = await probes(limitedBy(windowOf(60)), limitedBy(windowOf(60)), known)
    expect(same.every(({ verdict }) => verdict === 'EQUIVALENT')).toBe(true)
  })

  test('what the plans declare differently', async () => {
    const declared = (chargesRejected: boolean) => {
      const model = limiter(tokenBucket(500, 500, 60 * seconds), {
        unit: 'tokens',
        chargesRejected,
      })
      return limitedBy({ name: 'tokens', model })
    }
    const of = (spec: GatewaySpec, night: number) =>
      runOf(spec, {
        night,
        plan: plan({ scenarios: [probing], limiters: declaredBy(spec), runId: `n${night}` }),
      })
    const { limiters, verdict, notes } = compareRuns(
      [await of(declared(false), 0)],
      [await of(declared(true), 1)],
    )
    expect(verdict).toBe('REGRESSION')
    expect(limiters).toContainEqual(
      expect.objectContaining({ parameter: 'declared chargesRejected', candidateText: 'true' }),
    )
    expect(notes.join()).toMatch(/limiters\[0\].model.chargesRejected is false and true/)
  })

  test('a limiter that charges rejections lets less through: found in pairs, undeclared', async () => {
    const bucket = (chargesRejected: boolean) => {
      const model = limiter(tokenBucket(500, 500, 60 * seconds), {
        unit: 'tokens',
        chargesRejected,
      })
      return limitedBy({ name: 'tokens', model })
    }
    const { verdict, metrics } = await pairsOf(
      bucket(false),
      bucket(true),
      7,
      plan({ scenarios: [probing] }),
    )
    expect(verdict).toBe('REGRESSION')
    expect(metrics.find(({ name }) => name === 'ok share')!.verdict).toBe('REGRESSION')
  })

  test('that no longer rejects is a regression', async () => {
    const changes = await probes(limitedBy(windowOf(60)), unlimited, known)
    expect(changes).toContainEqual(
      expect.objectContaining({ parameter: 'rejections', verdict: 'REGRESSION' }),
    )
  })
})

describe('runs that do not compare are refused, unless told', () => {
  const at50 = () => runOf(unlimited, {})

  test('another concurrency or rate', async () => {
    const faster = scenario('steady', {
      ...steady.phases[0]!,
      arrivals: { kind: 'poisson', perS: 60 },
    })
    const other = await runOf(unlimited, {
      night: 1,
      plan: plan({ scenarios: [faster], runId: 'n1' }),
    })
    const base = await at50()
    expect(() => compareRuns([base], [other])).toThrow(
      /scenarios differ: scenarios\[0\].phases\[0\].arrivals.perS is 50 and 60/,
    )
    const { notes } = compareRuns([base], [other], { isForced: true })
    expect(notes.join()).toMatch(/perS is 50 and 60/)
  })

  test('another version, or other shapes', async () => {
    const base = await at50()
    const newer = await runOf(unlimited, { night: 1, version: '0.2.0' })
    expect(() => compareRuns([base], [newer])).toThrow(/limitscope 0.1.0 and 0.2.0/)
    const { shapes } = plan({})
    const longer = [{ ...shapes[0]!, promptTokens: 99 }, shapes[1]!]
    const other = await runOf(unlimited, {
      night: 1,
      plan: plan({ scenarios: [steady], shapes: longer, runId: 'n1' }),
    })
    expect(() => compareRuns([base], [other])).toThrow(/shapes\[0\].promptTokens is 8 and 99/)
  })

  test('a run whose generator was not fit never enters', async () => {
    const unfit = await runOf(unlimited, { night: 1, readings: { sent: 100, planned: 200 } })
    const { candidate, verdict } = compareRuns([await at50()], [unfit])
    expect(candidate.runIds).toEqual([])
    expect(candidate.dropped[0]!.why).toMatch(/^INVALID/)
    expect(verdict).toBe('INCONCLUSIVE')
  })

  test('takes the other run of its pair with it', async () => {
    const sides: { base: ComparedRun[]; candidate: ComparedRun[] } = { base: [], candidate: [] }
    for (let night = 0; night < 16; night++) {
      const isBase = night % 4 === 0 || night % 4 === 3
      const readings = night === 6 ? { sent: 100, planned: 200 } : {}
      const run = await runOf(isBase ? unlimited : slower(1.08), { night, readings })
      sides[isBase ? 'base' : 'candidate'].push(run)
    }
    const { isPaired, base, candidate, metrics } = compareRuns(sides.base, sides.candidate)
    expect(isPaired).toBe(true)
    expect(base.dropped).toEqual([{ runId: 'n7', why: 'the other run of its pair is left out' }])
    expect(candidate.dropped.map(({ runId }) => runId)).toEqual(['n6'])
    expect(metrics.map(({ n }) => n)).toEqual(metrics.map(() => 7))
  })
})
