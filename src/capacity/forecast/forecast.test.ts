import { describe, expect, test } from 'vitest'
import type { NamedLimiter } from '../../core/limits.ts'
import { fixedWindow, limiter } from '../../limiters/models.ts'
import { readAccessLog } from './accessLog.ts'
import { keyLimits } from './derating.ts'
import { forecast } from './forecast.ts'
import type { ForecastSpec, Tier } from './spec.ts'
import { tokenDraws, tokenMoments } from './tokens.ts'

const minute = 60e6
const requests = (limit: number): NamedLimiter => ({
  name: 'requests',
  model: limiter(fixedWindow(limit, minute)),
})
const tokens = (limit: number, charge: 'pre' | 'post' | 'reserve'): NamedLimiter => ({
  name: 'tokens',
  model: limiter(fixedWindow(limit, minute), { unit: 'tokens', charge }),
})

const tier: Tier = {
  name: 'free',
  keys: 10,
  arrivals: { kind: 'poisson', perKeyPerS: 0.5 },
  tokens: {
    kind: 'log-normal',
    promptMean: 100,
    promptCv: 1,
    completionMean: 100,
    completionCv: 0,
  },
  maxTokens: null,
  limiters: [requests(20)],
}

const spec: ForecastSpec = {
  tiers: [tier],
  service: { ttftUs: 50_000, ttftSpread: 0, itlUs: 1_000, itlSpread: 0, slowdownPerInFlight: 0 },
  price: { promptUsd: 1e-6, completionUsd: 2e-6 },
  horizonUs: 4 * minute,
  warmupUs: minute,
  uncertainty: { limit: 0, tokens: 0, latency: 0, rate: 0 },
  futures: 20,
  seed: 1,
}

const withTier = (changes: Partial<Tier>): ForecastSpec => ({
  ...spec,
  tiers: [{ ...tier, ...changes }],
})

describe('a forecast', () => {
  test('carries what the limits of all keys let through, and names the limiter', () => {
    const [free] = forecast(spec).tiers
    // 30 calls per minute and key meet 20: windows reopen with the first call after their end.
    expect(free!.carriedPerS.p50).toBeGreaterThan(3.1)
    expect(free!.carriedPerS.p50).toBeLessThan(3.34)
    expect(free!.binding).toEqual({ requests: 1, none: 0 })
    expect(free!.rejectedShare.p50).toBeGreaterThan(0.3)
  })

  test('carries everything where nothing binds, at its price', () => {
    const [free] = forecast(withTier({ limiters: [requests(1000)] })).tiers
    expect(free!.carriedPerS).toEqual(free!.offeredPerS)
    expect(free!.binding.none).toBe(1)
    expect(free!.usdPerHour.p50 / (5 * 3600 * 300e-6)).toBeCloseTo(1, 1)
  })

  test('tells charging before, after and by reservation apart', () => {
    const carried = (charge: 'pre' | 'post' | 'reserve', maxTokens: number | null = null) => {
      const { tiers } = forecast(withTier({ limiters: [tokens(2000, charge)], maxTokens }))
      return tiers[0]!.tokensPerS.p50
    }
    // What is charged after goes over the limit; what is reserved is not all used at once.
    expect(carried('post')).toBeGreaterThan(1.02 * carried('pre'))
    expect(carried('reserve', 1000)).toBeLessThan(carried('pre'))
  })

  test('is wider, the less is known', () => {
    const width = (limit: number) => {
      const { p10, p90 } = forecast({ ...spec, uncertainty: { ...spec.uncertainty, limit } }).total
        .carriedPerS
      return p90 - p10
    }
    expect(width(0.2)).toBeGreaterThan(2 * width(0))
  })

  test('replays calls as they were', () => {
    const calls = Array.from({ length: 100 }, (_, i) => {
      return {
        us: minute + i * 1e6,
        key: i % 2 === 0 ? 'a' : 'b',
        promptTokens: 5,
        completionTokens: 5,
      }
    })
    const { tiers } = forecast(
      withTier({ arrivals: { kind: 'replay', calls }, limiters: [requests(20)] }),
    )
    // Each key calls 50 times in 100 s: 20 in the first window, 20 in the second.
    expect(tiers[0]!.offeredPerS.p50 * 240).toBe(100)
    expect(tiers[0]!.carriedPerS.p50 * 240).toBe(80)
  })
})

describe('tokens', () => {
  test('have the mean and the spread that were asked for', () => {
    const draw = tokenDraws(tier.tokens, 7, 1)
    const calls = Array.from({ length: 20_000 }, (_, i) => draw(i))
    const measured = tokenMoments({ kind: 'sample', calls })
    const asked = tokenMoments(tier.tokens)
    expect(measured.promptMean / asked.promptMean).toBeCloseTo(1, 1)
    expect(measured.sd / asked.sd).toBeCloseTo(1, 0.5)
  })

  test('that are random derate a token limit by z·cv/√n', () => {
    const [limit] = keyLimits({ ...tier, limiters: [tokens(20_000, 'pre')] }, spec)
    expect(limit!.callsPerMin).toBe(100)
    const n = limit!.deratedPerMin!
    expect(n * 200 + 2.326348 * 100 * Math.sqrt(n)).toBeCloseTo(20_000, 3)
    const [reserved] = keyLimits(
      { ...tier, maxTokens: 900, limiters: [tokens(20_000, 'reserve')] },
      spec,
    )
    expect(reserved!.callsPerMin).toBe(20)
  })
})

describe('an access log', () => {
  test('is CSV or JSON lines, and broken rows are told and left out', () => {
    const csv = [
      'Time,Key,prompt_tokens,completion_tokens',
      '2026-11-20T10:00:01Z,a,10,20',
      'yesterday,a,10,20',
      '2026-11-20T10:00:00Z,b,5,6',
      '2026-11-20T10:00:02Z,,5,6',
      '2026-11-20T10:00:03Z,c,five,6',
      '2026-11-20T10:00:04Z,c',
    ].join('\n')
    const { calls, broken } = readAccessLog('log.csv', csv)
    expect(calls).toEqual([
      { us: 0, key: 'b', promptTokens: 5, completionTokens: 6 },
      { us: 1e6, key: 'a', promptTokens: 10, completionTokens: 20 },
    ])
    expect(broken).toEqual([
      { line: 3, reason: "expected a time, got 'yesterday'" },
      { line: 5, reason: 'expected a key, got none' },
      { line: 6, reason: "expected prompt_tokens, got 'five'" },
      { line: 7, reason: 'expected prompt_tokens, got none' },
    ])
    const json =
      '{"ts":1700000000.5,"user":"a","input_tokens":1,"output_tokens":2}\n{"ts":\n{"ts":1700000001,"user":"a","input_tokens":1,"output_tokens":2}'
    const log = readAccessLog('log.jsonl', json)
    expect(log.calls.map(({ us }) => us)).toEqual([0, 500_000])
    expect(log.broken).toEqual([{ line: 2, reason: 'expected JSON' }])
  })

  test('without a row that can be read is an error that says why', () => {
    const read = (text: string) => () => readAccessLog('log.csv', text)
    expect(read('')).toThrow(/got none that can be read \(it is empty\)/)
    expect(read('a,b\n1,2')).toThrow(/line 2: expected a time, got none/)
  })
})
