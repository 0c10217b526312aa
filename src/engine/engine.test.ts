import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RequestRecord } from '../core/record.ts'
import { presets } from '../gateway/presets.ts'
import type { ArrivalProcess } from '../load/arrivals.ts'
import type { Phase } from '../load/plan.ts'
import type { StopRule } from '../load/stop.ts'
import {
  declaredBy,
  phase,
  plan,
  type Simulation,
  scenario,
  simulate,
} from '../testing/simulate.ts'

const kuadrant = presets.kuadrant!
const untilRejected = (limiter: string, plus = 5): StopRule => ({ kind: 'rejected', limiter, plus })
const spaced = (gapUs: number, count = 1): ArrivalProcess => ({ kind: 'spaced', gapUs, count })
const run = (...phases: Phase[]) => plan({ scenarios: [scenario('s', ...phases)] })

function expectCountsToAddUp({ records, result }: Simulation): void {
  expect(result.planned).toBe(result.sent + result.unsent)
  expect(result.ended).toBe(result.sent)
  expect(records).toHaveLength(result.planned)
  expect(new Set(records.map(({ seq }) => seq)).size).toBe(records.length)
  expect(records.filter(({ outcome }) => outcome === 'unsent')).toHaveLength(result.unsent)
}

const outcomes = (records: readonly RequestRecord[]) => records.map(({ outcome }) => outcome)

describe('many cheap, then few expensive requests at a gateway with two limiters', () => {
  const manyCheap = phase({ name: 'many-cheap', until: [untilRejected('requests')] })
  const fewExpensive = phase({
    name: 'few-expensive',
    isolate: 'window',
    arrivals: spaced(0),
    mix: [{ shape: 'expensive', weight: 1 }],
    until: [untilRejected('tokens')],
  })
  const interplay = plan({
    limiters: declaredBy(kuadrant),
    scenarios: [scenario('interplay', manyCheap, fewExpensive)],
  })

  test('trip the request limiter, then the token limiter, each where its limit is', async () => {
    const { records } = await simulate({ plan: interplay, spec: kuadrant })
    const first = (phaseName: string) =>
      records.find((r) => r.phase === phaseName && r.outcome === 'limited')!
    expect(first('many-cheap')).toMatchObject({ seq: 41, limiter: 'requests', status: 429 })
    expect(first('few-expensive')).toMatchObject({ limiter: 'tokens', confidence: 'inferred' })
    const expensive = records.filter(({ phase }) => phase === 'few-expensive')
    expect(outcomes(expensive)).toEqual([...Array(4).fill('ok'), ...Array(6).fill('limited')])
    expect(expensive[0]).toMatchObject({ promptTokens: 200, completionTokens: 1000 })
  })

  test('send exactly the requests that the stop rule asks for after the first rejection', async () => {
    const { records } = await simulate({ plan: interplay, spec: kuadrant })
    expect(records.filter(({ phase }) => phase === 'many-cheap')).toHaveLength(41 + 5)
  })

  test('wait for clean windows between isolated phases', async () => {
    const { events } = await simulate({ plan: interplay, spec: kuadrant })
    const waiting = events.find(({ kind }) => kind === 'waiting')!
    const started = events.filter(({ kind }) => kind === 'phase-started')[1]!
    expect(waiting.text).toMatch(/clean windows/)
    expect(started.us).toBeGreaterThanOrEqual(10e6)
  })

  test('attribute every rejection as the decision log has it, also with eight in flight', async () => {
    for (const count of [1, 8]) {
      const concurrent = [manyCheap, fewExpensive].map((p) => ({
        ...p,
        arrivals: spaced(1000, count),
      }))
      const { records, decisions } = await simulate({
        plan: plan({ ...interplay, scenarios: [scenario('interplay', ...concurrent)] }),
        spec: kuadrant,
        travelUs: 300,
      })
      const truth = new Map(decisions.map(({ requestId, limiter }) => [requestId, limiter]))
      const limited = records.filter(({ outcome }) => outcome === 'limited')
      expect(limited.length).toBeGreaterThan(8)
      for (const { seq, limiter } of limited) expect(limiter).toBe(truth.get(`test-${seq}`))
    }
  })
})

describe('counts', () => {
  const arrivals = fc.oneof(
    fc.record({ kind: fc.constant('poisson' as const), perS: fc.integer({ min: 1, max: 300 }) }),
    fc.record({
      kind: fc.constant('burst' as const),
      size: fc.integer({ min: 1, max: 50 }),
      everyUs: fc.integer({ min: 1000, max: 1e6 }),
      count: fc.option(fc.integer({ min: 1, max: 5 })),
    }),
    fc.record({
      kind: fc.constant('users' as const),
      count: fc.integer({ min: 1, max: 20 }),
      thinkUs: fc.integer({ min: 5_000, max: 100_000 }),
    }),
  ) satisfies fc.Arbitrary<ArrivalProcess>

  test('add up for every arrival process, cap, fault and interruption', async () => {
    const faults = (['status', 'reset', 'truncate', 'error-event', 'hang'] as const).map(
      (kind) => ({
        kind,
        share: 0.05,
        status: 500,
      }),
    )
    await fc.assert(
      fc.asyncProperty(
        arrivals,
        fc.integer({ min: 1, max: 40 }),
        fc.option(fc.integer({ min: 1, max: 200 })),
        fc.integer({ min: 0, max: 4e6 }),
        async (process, inFlightMax, requestsMax, interruptUs) => {
          const only = phase({
            arrivals: process,
            mix: [
              { shape: 'cheap', weight: 9 },
              { shape: 'expensive', weight: 1 },
            ],
            inFlightMax,
            until: [{ kind: 'duration', us: 3e6 }],
            drainUs: 500_000,
            timeoutUs: 2e6,
          })
          const base = run(only)
          const simulation = await simulate({
            plan: { ...base, caps: { ...base.caps, requestsMax } },
            spec: { ...kuadrant, faults },
            at: [{ us: interruptUs, run: (engine) => engine.stop() }],
          })
          expectCountsToAddUp(simulation)
          if (requestsMax !== null) expect(simulation.result.sent).toBeLessThanOrEqual(requestsMax)
        },
      ),
      { numRuns: 25 },
    )
  })
})

describe('an open phase', () => {
  test('sends each request at its intended instant', async () => {
    const open = phase({
      arrivals: { kind: 'constant', perS: 100 },
      until: [{ kind: 'duration', us: 1e6 }],
    })
    const { records } = await simulate({ plan: run(open) })
    expect(records).toHaveLength(100)
    for (const { sentUs, intendedUs } of records) expect(sentUs).toBe(intendedUs)
    expect(records.map(({ intendedUs }) => intendedUs)).toEqual(
      Array.from({ length: 100 }, (_, i) => i * 10_000),
    )
  })

  test('does not wait for answers, and counts what the cap on requests in flight keeps back', async () => {
    const open = phase({
      arrivals: { kind: 'constant', perS: 100 },
      until: [{ kind: 'duration', us: 1e6 }],
      inFlightMax: 2,
    })
    const slow = {
      ...presets.plain!,
      latency: { ...kuadrant.latency, ttftUs: 100_000, ttftSpread: 0, itlUs: 0 },
    }
    const simulation = await simulate({ plan: run(open), spec: slow })
    expectCountsToAddUp(simulation)
    expect(simulation.result.unsent).toBeGreaterThan(70)
    expect(Math.max(...simulation.records.map(({ inFlight }) => inFlight))).toBe(2)
  })

  test('marks its warm-up, which does not count for the stop rules', async () => {
    const open = phase({
      arrivals: { kind: 'constant', perS: 100 },
      warmupUs: 500_000,
      until: [{ kind: 'requests', count: 30 }],
    })
    const { records, events } = await simulate({ plan: run(open) })
    expect(records.filter(({ stage }) => stage === 'warmup')).toHaveLength(50)
    expect(records.filter(({ stage }) => stage === 'measure')).toHaveLength(30)
    expect(events.map(({ kind }) => kind)).toContain('measure-started')
  })

  test('gives the same schedule for the same seed and another one for another', async () => {
    const open = run(
      phase({ arrivals: { kind: 'poisson', perS: 50 }, until: [{ kind: 'requests', count: 50 }] }),
    )
    const instants = async (seed: number) =>
      (await simulate({ plan: { ...open, seed } })).records.map(({ intendedUs }) => intendedUs)
    expect(await instants(1)).toEqual(await instants(1))
    expect(await instants(1)).not.toEqual(await instants(2))
  })
})

describe('a closed phase', () => {
  test('sends one after the other with the gap between answer and next request', async () => {
    const { records } = await simulate({ plan: run(phase({})), spec: kuadrant })
    for (const [i, record] of records.entries()) {
      if (i === 0) continue
      expect(record.intendedUs - records[i - 1]!.endUs!).toBe(50_000)
    }
  })

  test('keeps each user on its lane', async () => {
    const users = phase({ arrivals: spaced(1000, 4), lanes: ['free', 'premium'] })
    const { records } = await simulate({ plan: run(users) })
    expect(new Set(records.map(({ lane }) => lane))).toEqual(new Set(['free', 'premium']))
  })

  test('keeps to the rate cap of the run', async () => {
    const base = run(phase({ arrivals: spaced(0, 5), until: [{ kind: 'duration', us: 2e6 }] }))
    const { records } = await simulate({
      plan: { ...base, caps: { ...base.caps, ratePerSMax: 10 } },
    })
    expect(records.length).toBeLessThanOrEqual(21)
    expect(records.length).toBeGreaterThanOrEqual(19)
  })
})

describe('when things go wrong', () => {
  test('a deadline ends a hanging request as a timeout, at the deadline', async () => {
    const hang = { ...presets.plain!, faults: [{ kind: 'hang' as const, share: 1, status: 0 }] }
    const one = phase({ until: [{ kind: 'requests', count: 1 }], timeoutUs: 700_000 })
    const { records } = await simulate({ plan: run(one), spec: hang })
    expect(records[0]).toMatchObject({ outcome: 'timeout', endUs: 700_000, status: null })
  })

  test('a target that never answers ends the run, and says so', async () => {
    const dead = { ...presets.plain!, faults: [{ kind: 'reset' as const, share: 1, status: 0 }] }
    const { result, records, events } = await simulate({ plan: run(phase({})), spec: dead })
    expect(result.reason).toBe('target-died')
    expect(records).toHaveLength(5)
    expect(events.map(({ kind }) => kind)).toContain('target-died')
  })

  test('an error inside a stream is a failure, a rate limit inside a stream is a rejection', async () => {
    const faulty = {
      ...presets.plain!,
      faults: [{ kind: 'error-event' as const, share: 1, status: 0 }],
    }
    const one = phase({
      mix: [{ shape: 'expensive', weight: 1 }],
      until: [{ kind: 'requests', count: 1 }],
    })
    const { records } = await simulate({ plan: run(one), spec: faulty })
    expect(records[0]).toMatchObject({ outcome: 'failed', status: 200 })
    expect(records[0]!.error).toMatch(/status 500/)
  })

  test('a stream without an end is broken', async () => {
    const faulty = {
      ...presets.plain!,
      faults: [{ kind: 'truncate' as const, share: 1, status: 0 }],
    }
    const one = phase({
      mix: [{ shape: 'expensive', weight: 1 }],
      until: [{ kind: 'requests', count: 1 }],
    })
    const { records } = await simulate({ plan: run(one), spec: faulty })
    expect(records[0]).toMatchObject({ outcome: 'broken', status: 200 })
  })

  test('an interruption drains what is in flight; an abort drops it', async () => {
    const slow = phase({ mix: [{ shape: 'expensive', weight: 1 }], arrivals: spaced(0, 3) })
    const stop = { us: 200_000, run: (engine: { stop(): void }) => engine.stop() }
    const abort = { us: 300_000, run: (engine: { abort(): void }) => engine.abort() }
    const drained = await simulate({ plan: run(slow), spec: kuadrant, at: [stop] })
    expect(outcomes(drained.records)).toEqual(['ok', 'ok', 'ok'])
    expect(drained.result.reason).toBe('interrupted')
    const dropped = await simulate({ plan: run(slow), spec: kuadrant, at: [stop, abort] })
    expect(outcomes(dropped.records)).toEqual(['aborted', 'aborted', 'aborted'])
  })

  test('a cap on tokens ends the run', async () => {
    const base = run(phase({ until: [{ kind: 'duration', us: 60e6 }] }))
    const { records, events } = await simulate({
      plan: { ...base, caps: { ...base.caps, tokensMax: 100 } },
    })
    expect(records).toHaveLength(5)
    expect(events.map(({ kind }) => kind)).toContain('cap-reached')
  })
})

test('a limiter that queues is seen as waiting, not as rejections', async () => {
  const queue = { kind: 'concurrency', limit: 1, queue: 100, queueTimeoutUs: null } as const
  const model = {
    algorithm: queue,
    unit: 'concurrent-requests',
    charge: 'pre',
    chargesRejected: false,
    scope: ['key'],
  } as const
  const spec = { ...kuadrant, tiers: { free: [{ name: 'slots', model }] } }
  const { records } = await simulate({
    plan: run(phase({ arrivals: spaced(0, 4), until: [{ kind: 'requests', count: 8 }] })),
    spec,
  })
  expect(new Set(outcomes(records))).toEqual(new Set(['ok']))
  const latency = (i: number) => records[i]!.endUs! - records[i]!.sentUs!
  expect(latency(3)).toBeGreaterThan(2.5 * latency(0))
})
