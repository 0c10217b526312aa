import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BlockSample, isotonic } from '../../core/bootstrap.ts'
import { presets } from '../../gateway/presets.ts'
import type { GatewaySpec } from '../../gateway/spec.ts'
import { fixedWindow, limiter } from '../../limiters/models.ts'
import { simulateSearch } from '../../testing/simulatedSteps.ts'
import { crossingOf } from './crossing.ts'
import type { StepObservation } from './observation.ts'
import { boundOf, capacityResult } from './result.ts'
import { type Move, Search, type SearchOptions } from './search.ts'
import type { CountedCriterion } from './stepFold.ts'
import { stepVerdict } from './stepVerdict.ts'
import { fitUsl, uslAt } from './usl.ts'

const latency: CountedCriterion = {
  name: 'p90(response) < 300ms',
  kind: 'latency',
  budget: 0.1,
  about: { outcomes: ['ok'] },
  broken: { measure: 'response', aboveUs: 300_000 },
}
const rejections: CountedCriterion = {
  name: 'share(limited) < 1%',
  kind: 'rejections',
  budget: 0.01,
  about: { outcomes: 'all' },
  broken: { outcomes: ['limited'] },
}

const options: SearchOptions = {
  criteria: [latency],
  startPerS: 2,
  maxPerS: 1000,
  stepUs: 60e6,
  stepUsMax: 240e6,
  tolerance: 0.1,
  stepsMax: 40,
  blockSeconds: 10,
  seed: 1,
}

/** M/M/1 with 20 services per second behind limiters. */
function queue(changes: Partial<GatewaySpec> = {}): GatewaySpec {
  const exponential = { distribution: 'exponential', ttftUs: 50_000, servers: 1 } as const
  const { latency: none } = presets.plain!
  return {
    ...presets.plain!,
    tiers: { free: [] },
    latency: { ...none, ...exponential },
    ...changes,
  }
}

/** A target that is what a function of the load says, without noise. */
function answer(move: Move, share: number, changes: Partial<StepObservation> = {}) {
  const seconds = Math.ceil(move.measureUs / 1e6)
  const all = Array<number>(seconds).fill(Math.round(move.loadPerS * 100))
  const bad = all.map((count) => Math.round(count * share))
  return {
    loadPerS: move.loadPerS,
    measureUs: move.measureUs,
    counts: [{ bad, all }],
    attempted: all.length * all[0]!,
    goodputPerS: move.loadPerS,
    p50Us: 1000,
    p99Us: 2000,
    inFlightMean: 1,
    limiters: {},
    generator: 'VALID',
    generatorReasons: [],
    end: 'completed',
    ...changes,
  } satisfies StepObservation
}

function play(search: Search, of: (move: Move) => StepObservation): Move[] {
  const made: Move[] = []
  const moves = search.moves()
  for (let next = moves.next(); next.done !== true; next = moves.next(of(next.value))) {
    made.push(next.value)
  }
  return made
}

describe('a search', () => {
  test('finds the capacity of M/M/1 at its quantile, and certifies less', async () => {
    const search = new Search(options)
    const target = { spec: queue(), warmupUs: 20e6, coolDownUs: 0, seed: 3 }
    await simulateSearch(search, [latency], target)
    const result = capacityResult('queue', search)
    // p90 = ln(10) / (20 − λ) is 300 ms at 12.3/s.
    const truth = 20 - Math.log(10) / 0.3
    expect(result.verdict).toBe('found')
    expect(result.certifiedPerS!).toBeLessThanOrEqual(truth)
    expect(result.refutedPerS!).toBeGreaterThanOrEqual(truth)
    expect(Math.abs(result.estimatedPerS! / truth - 1)).toBeLessThan(0.1)
    expect(result.hasHysteresis).toBe(false)
  })

  test('tells the limiter that binds from a service that would go on', async () => {
    const windows = { name: 'window', model: limiter(fixedWindow(50, 10e6)) }
    const spec = queue({ dialect: 'ietf', tiers: { free: [windows] } })
    const criteria = [latency, rejections]
    const search = new Search({ ...options, criteria, maxPerS: 8 })
    await simulateSearch(search, criteria, { spec, warmupUs: 10e6, coolDownUs: 10e6, seed: 1 })
    const result = capacityResult('window', search)
    expect(result.first?.kind).toBe('rejections')
    expect(result.limiter).toBe('window')
    expect(boundOf(result, ['rejections'])!.estimate).toBeGreaterThan(4)
    expect(boundOf(result, ['rejections'])!.estimate).toBeLessThan(5)
    expect(boundOf(result, ['latency'])).toBe(null)
  })

  test('is the same again from its own answers, so that it can be resumed', () => {
    const share = ({ loadPerS }: Move) => Math.min(0.9, (loadPerS / 50) ** 4)
    const moves = play(new Search(options), (move) => answer(move, share(move)))
    const half = new Search(options)
    const again = play(half, (move) => answer(move, share(move)))
    expect(again).toEqual(moves)
    expect(moves.map(({ kind }) => kind)).toContain('from-above')
  })

  test('says that no load keeps a promise which is broken at the lowest', () => {
    const search = new Search(options)
    const moves = play(search, (move) => answer(move, 0.5))
    expect(Math.min(...moves.map(({ loadPerS }) => loadPerS))).toBe(2 / 64)
    expect(capacityResult('x', search)).toMatchObject({
      verdict: 'broken-at-lowest',
      certifiedPerS: null,
      estimatedPerS: null,
    })
  })

  test('ends at the highest load that is allowed, when that passes', () => {
    const search = new Search({ ...options, maxPerS: 20 })
    play(search, (move) => answer(move, 0))
    expect(capacityResult('x', search)).toMatchObject({ verdict: 'all-passed', certifiedPerS: 20 })
  })

  test('tells its own generator from the target', () => {
    const search = new Search(options)
    play(search, (move) => answer(move, 0, { generator: move.loadPerS > 30 ? 'INVALID' : 'VALID' }))
    const result = capacityResult('x', search)
    expect(result.verdict).toBe('generator')
    expect(result.generatorPerS).toBeGreaterThan(30)
    expect(result.certifiedPerS).toBeLessThanOrEqual(30)
  })

  test('keeps what it has when the target dies in a step', () => {
    const search = new Search(options)
    const moves = play(search, (move) =>
      answer(move, 0.01, { end: move.loadPerS > 10 ? 'target-died' : 'completed' }),
    )
    expect(moves.at(-1)!.loadPerS).toBe(16)
    expect(capacityResult('x', search).verdict).toBe('target-died')
    expect(search.steps).toHaveLength(moves.length)
  })

  test('notices a target that does not recover from an overload', () => {
    const search = new Search(options)
    play(search, (move) => {
      const share = move.kind === 'from-above' ? 0.5 : Math.min(0.9, (move.loadPerS / 50) ** 4)
      return answer(move, share)
    })
    expect(capacityResult('x', search)).toMatchObject({ verdict: 'found', hasHysteresis: true })
  })
})

describe('a verdict on a step', () => {
  const of = (bad: number[], all: number[]) =>
    stepVerdict({ bad, all }, 0.01, { blockSeconds: 10, seed: 1 })

  test('needs as many requests as the quantile does', () => {
    expect(of([0, 0, 0, 0], [10, 10, 10, 10])).toBe('extend')
    expect(of(Array(40).fill(0), Array(40).fill(50))).toBe('pass')
    expect(of(Array(40).fill(5), Array(40).fill(50))).toBe('fail')
  })
})

describe('the statistics of a search', () => {
  test('an isotonic fit never falls and keeps the weighted sum', () => {
    const any = fc.array(
      fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 9 })),
    )
    fc.assert(
      fc.property(any, (pairs) => {
        const values = pairs.map(([value]) => value)
        const weights = pairs.map(([, weight]) => weight)
        const fitted = isotonic(values, weights)
        const sum = (of: readonly number[]) =>
          of.reduce((s, value, i) => s + value * weights[i]!, 0)
        expect(fitted.every((value, i) => i === 0 || value >= fitted[i - 1]!)).toBe(true)
        expect(sum(fitted)).toBeCloseTo(sum(values), 6)
      }),
    )
  })

  test('a block draw takes whole neighbourhoods, around the end as well', () => {
    const sample = new BlockSample([[1, 2, 3, 4, 5, 6, 7, 8]], 2)
    expect(sample.blocks).toBe(4)
    expect(sample.draw(() => 0)).toEqual([4 * (1 + 2)])
    expect(sample.draw(() => 0.99)).toEqual([4 * (8 + 1)])
    expect(sample.totals()).toEqual([36])
  })

  test('the scalability law is told where its peak was reached, and only there', () => {
    const truth = {
      gamma: 100,
      alpha: 0.02,
      beta: 0.0002,
      peakInFlight: 70,
      peakPerS: 0,
      peakPerSRange: [0, 0],
    } as const
    const points = (to: number) =>
      Array.from({ length: 10 }, (_, i) => {
        const inFlight = 1 + ((to - 1) * i) / 9
        const noise = 1 + 0.03 * Math.sin(7 * i)
        return { inFlight, perS: uslAt(truth, inFlight) * noise }
      })
    const fit = fitUsl(points(90), 1)
    expect('peakPerS' in fit && fit.peakPerS / uslAt(truth, 70)).toBeCloseTo(1, 1)
    expect(fitUsl(points(12), 1)).toHaveProperty('reason')
    expect(fitUsl([], 1)).toHaveProperty('reason')
  })
})

test('loads of which no request counts say nothing about a promise', () => {
  const options = { blockSeconds: 2, seed: 1 }
  const empty = { loadPerS: 10, bad: [0, 0], all: [0, 0] }
  const unmet = { low: 0, estimate: Number.POSITIVE_INFINITY, high: Number.POSITIVE_INFINITY }
  expect(crossingOf([empty], 0.01, options)).toEqual(unmet)
  const known = [
    { loadPerS: 20, bad: [0, 0], all: [20, 20] },
    { loadPerS: 40, bad: [20, 20], all: [40, 40] },
  ]
  expect(crossingOf([empty, ...known], 0.1, options)).toEqual(crossingOf(known, 0.1, options))
})
