import { describe, expect, test } from 'vitest'
import type { NamedLimiter } from '../../core/limits.ts'
import { presets } from '../../gateway/presets.ts'
import type { GatewaySpec } from '../../gateway/spec.ts'
import { concurrency, fixedWindow, limiter } from '../../limiters/models.ts'
import { FindingsFold } from '../../recording/findings.ts'
import { randomChain } from '../../testing/randomLimiters.ts'
import { laneNamed, plan as planOf, simulate } from '../../testing/simulate.ts'
import { contradictions } from '../contradictions.ts'
import { axesOf } from './axes.ts'
import { callsPerMin, crossovers, horizonUsOf } from './economics.ts'
import { costOf, none, type Plane, type PlaneTarget, playPlane, playPoint } from './plane.ts'
import { probeName, probeScenario } from './probePlan.ts'
import { chooseProbes, sharesOf } from './probes.ts'
import { noService } from './service.ts'
import { judgeProbes } from './verdicts.ts'

const second = 1e6
const requests: NamedLimiter = { name: 'requests', model: limiter(fixedWindow(40, 10 * second)) }
const tokens = (charge: 'pre' | 'post'): NamedLimiter => ({
  name: 'tokens',
  model: limiter(fixedWindow(4000, 10 * second), { unit: 'tokens', charge }),
})
const slots: NamedLimiter = { name: 'slots', model: limiter(concurrency(4)) }

const latency = {
  ttftUs: 50_000,
  ttftSpread: 0.1,
  itlUs: 2_000,
  itlSpread: 0.05,
  slowdownPerInFlight: 0.01,
}
const service = { baseUs: 50_000, perTokenUs: 2_000, slowdownPerInFlight: 0.01 }

function planeOf(limiters: readonly NamedLimiter[], size = { columns: 32, rows: 24 }): Plane {
  const target: PlaneTarget = { limiters, service, promptShare: 0.5 }
  const horizonUs = horizonUsOf(limiters)
  return playPlane({ ...target, ...axesOf(target, size), horizonUs })
}

describe('the plane', () => {
  test('changes from the request to the token limiter at τ* = T/R', () => {
    expect(crossovers([requests, tokens('pre')])).toEqual([
      { kind: 'tokens', tokens: 'tokens', requests: 'requests', perCall: 100 },
    ])
    const target = {
      limiters: [requests, tokens('pre')],
      service: noService,
      promptShare: 0.5,
    }
    const winner = (perCall: number, perMin: number) =>
      playPoint(target, { tokens: perCall, perMin }, { untilUs: 20 * second }).limiter
    expect([winner(95, 600), winner(105, 600)]).toEqual(['requests', 'tokens'])
    expect([winner(10, 239), winner(10, 241)]).toEqual([null, 'requests'])
  })

  test('meets the limit on requests in flight where calls take longer than 60·C/R', () => {
    expect(crossovers([slots, requests])).toEqual([
      { kind: 'service', concurrency: 'slots', requests: 'requests', serviceUs: second },
    ])
    const cost = { promptTokens: 1, completionTokens: 1, usd: 0 }
    expect(callsPerMin(slots, cost, second)).toBe(240)
    const at = (baseUs: number) => ({
      limiters: [slots, requests],
      service: { ...noService, baseUs },
      promptShare: 0.5,
    })
    const winner = (baseUs: number) =>
      playPoint(at(baseUs), { tokens: 2, perMin: 250 }, { untilUs: 20 * second }).limiter
    expect([winner(0.9 * second), winner(1.1 * second)]).toEqual(['requests', 'slots'])
  })

  test.each([1, 2, 3, 4])(
    'filled from borders is the same as played point by point (%s)',
    (seed) => {
      const { spec, winners, tokens: columns, perMin, played } = planeOf(randomChain(seed))
      const names = spec.limiters.map(({ name }) => name)
      const differing = winners.flatMap((line, row) =>
        line.filter((winner, column) => {
          const point = { tokens: columns[column]!, perMin: perMin[row]! }
          const { limiter: name } = playPoint(spec, point, { untilUs: spec.horizonUs })
          return winner !== (name === null ? none : names.indexOf(name))
        }),
      )
      // Islands smaller than a rectangle of the filling are the price of it.
      expect(differing.length / winners.flat().length).toBeLessThanOrEqual(0.002)
      expect(played).toBeLessThan(winners.flat().length)
    },
  )

  test('gives each call at least a token of prompt and one of completion', () => {
    const target = { limiters: [], service: noService, promptShare: 1 }
    expect(costOf(target, 2)).toEqual({ promptTokens: 1, completionTokens: 1, usd: 0 })
    expect(costOf({ ...target, promptShare: 0 }, 10).promptTokens).toBe(1)
  })
})

/** Probes of the plane of what is declared, sent to a gateway with other limits. */
async function tryOn(declared: readonly NamedLimiter[], real: readonly NamedLimiter[]) {
  const plane = planeOf(declared)
  const probes = chooseProbes(plane, { probesMax: 12, perSide: 1, sharesMax: 15 })
  const traffic = { lane: 'free', path: '/v1/chat/completions', model: 'limitscope-small' }
  const { scenario, shapes } = probeScenario(probes, plane.spec, traffic)
  const limiters = declared.map((one) => ({ tier: null, ...one }))
  const plan = planOf({ scenarios: [scenario], shapes, lanes: [laneNamed('free')], limiters })
  const spec: GatewaySpec = { ...presets.plain!, dialect: 'ietf', tiers: { free: real }, latency }
  const { records, decisions } = await simulate({ plan, spec, travelUs: 500 })
  const fold = new FindingsFold(plan)
  for (const record of records) fold.add(record)
  const phaseOf = new Map(records.map(({ seq, phase }) => [String(seq), phase]))
  const truths = probes.map((_, i) => {
    const own = decisions.filter(({ requestId }) => {
      return phaseOf.get(requestId.slice(requestId.lastIndexOf('-') + 1)) === probeName(i)
    })
    return own.find(({ outcome }) => outcome === 'denied')?.limiter ?? null
  })
  return { plane, probes, truths, verdicts: judgeProbes(probes, fold.all(), new Set()) }
}

describe('the probes of a map', () => {
  test.each([3, 9, 14])(
    'meet the limiters that were predicted, by the decision log (%s)',
    async (seed) => {
      const limiters = randomChain(seed)
      const { plane, probes, truths, verdicts } = await tryOn(limiters, limiters)
      expect(probes.length).toBeGreaterThanOrEqual(4)
      expect(truths).toEqual(probes.map(({ expected }) => expected))
      expect(verdicts.map(({ found }) => found)).toEqual(truths)
      expect(Math.max(...sharesOf(plane.spec.limiters, probes))).toBeLessThanOrEqual(15)
    },
  )

  test('find out that a limit is not what was declared', async () => {
    const half: NamedLimiter = { name: 'tokens', model: { ...tokens('post').model } }
    const algorithm = fixedWindow(2000, 10 * second)
    const real = [requests, { ...half, model: { ...half.model, algorithm } }]
    const { verdicts } = await tryOn([requests, tokens('post')], real)
    const mismatches = verdicts.filter(({ verdict }) => verdict === 'mismatch')
    expect(mismatches.map(({ reason }) => reason)).toContain('tokens instead of requests')
  })

  test('are not decided where the run did not come to them', () => {
    const plane = planeOf([requests, tokens('pre')])
    const probes = chooseProbes(plane, { probesMax: 2, perSide: 1, sharesMax: 15 })
    const verdicts = judgeProbes(probes, [], new Set([probeName(1)]))
    expect(verdicts[1]).toMatchObject({ verdict: 'not decided', found: null })
  })
})

describe('contradictions', () => {
  const per = (limit: number, windowUs: number, name = 'requests'): NamedLimiter => ({
    name,
    model: limiter(fixedWindow(limit, windowUs)),
  })

  test('are limits that others make pointless', () => {
    const [said] = contradictions([per(100, 60 * second), per(50, 3600 * second, 'hourly')])
    expect(said).toMatch(/^requests: 100 .* can never say no: hourly: 50 .* check these limits$/)
    const sensible = contradictions([per(10, 60 * second), per(50, 3600 * second, 'hourly')])
    expect(sensible).toEqual([])
  })
})
