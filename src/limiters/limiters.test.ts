import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LimiterAlgorithm, LimiterModel } from '../core/limits.ts'
import { limitOf } from '../core/limits.ts'
import { exponentialAt, randomStream } from '../core/random.ts'
import { algorithmOf, freshState, leftAt, type State, settle, take } from './limiter.ts'
import { fixedWindow, limiter, tokenBucket } from './models.ts'

const seconds = (s: number) => Math.round(s * 1e6)

/** 100/s with a burst of 200, as the router has it that was found to lose its fractions. */
const lossyRouter: LimiterAlgorithm = { ...tokenBucket(200, 1, 10_000), refillStyle: 'lossy' }

// One case per algorithm and variant; every property below runs over all of them.
const cases: Record<string, LimiterAlgorithm> = {
  'fixed window from the first request': fixedWindow(5, seconds(10)),
  'fixed window that is swept': { ...fixedWindow(5, seconds(10)), sweepUs: seconds(4) },
  'fixed window on the wall clock': {
    ...(fixedWindow(5, seconds(10)) as Extract<LimiterAlgorithm, { kind: 'fixed-window' }>),
    anchor: 'wall-clock',
  },
  'fixed window extended by rejected requests': {
    ...(fixedWindow(5, seconds(10)) as Extract<LimiterAlgorithm, { kind: 'fixed-window' }>),
    extendedByRejected: true,
  },
  'sliding log': { kind: 'sliding-log', limit: 5, windowUs: seconds(10) },
  'sliding counter on the wall clock': {
    kind: 'sliding-counter',
    limit: 5,
    windowUs: seconds(10),
    anchor: 'wall-clock',
  },
  'sliding counter from the first request': {
    kind: 'sliding-counter',
    limit: 7,
    windowUs: seconds(3),
    anchor: 'first-request',
  },
  'sliding counter in whole units': {
    kind: 'sliding-counter',
    limit: 6,
    windowUs: seconds(3),
    anchor: 'first-request',
    isFloored: true,
  },
  'token bucket': tokenBucket(5, 3, seconds(2)),
  'token bucket with an awkward rate': tokenBucket(4, 7, 999_983),
  'token bucket refilled in steps': { ...tokenBucket(5, 2, seconds(1)), refillStyle: 'steps' },
  'lossy token bucket': { ...tokenBucket(5, 2, seconds(1)), refillStyle: 'lossy' },
  'token bucket that is lossy when it admits': {
    ...tokenBucket(5, 2, seconds(1)),
    refillStyle: 'lossy-admitted',
  },
  'leaky queue': { kind: 'leaky-queue', capacity: 5, refillUnits: 10, refillUs: seconds(1) },
  budget: { kind: 'budget', limit: 9, windowUs: seconds(60), anchor: 'first-request' },
  'endless budget': { kind: 'budget', limit: 9, windowUs: null, anchor: 'first-request' },
}

const models = Object.entries(cases).flatMap(([name, algorithm]) =>
  [false, true].map((chargesRejected) => ({
    name: `${name}${chargesRejected ? ', charging rejects' : ''}`,
    model: limiter(algorithm, { chargesRejected }),
  })),
)

interface Admitted {
  readonly us: number
  readonly cost: number
}

/** Replays arrivals (gaps and costs) and returns what was admitted and the last state. */
function replay(model: LimiterModel, arrivals: readonly (readonly [number, number])[]) {
  let state: State = freshState(model)
  let nowUs = seconds(1000)
  const admitted: Admitted[] = []
  for (const [gapUs, cost] of arrivals) {
    nowUs += gapUs
    const [decision, next] = take(model, state, cost, nowUs)
    state = next
    if (decision.kind === 'allowed') admitted.push({ us: nowUs, cost })
  }
  return { state, nowUs, admitted }
}

const arrivals = fc.array(
  fc.tuple(fc.integer({ min: 0, max: seconds(4) }), fc.integer({ min: 1, max: 4 })),
  {
    maxLength: 60,
  },
)

describe.each(models)('$name', ({ model }) => {
  test('denies at every instant before retryAfterUs and allows at it', () => {
    fc.assert(
      fc.property(arrivals, fc.integer({ min: 1, max: 4 }), fc.nat(), (past, cost, when) => {
        const { state, nowUs } = replay(model, past)
        const [decision, after] = take(model, state, cost, nowUs)
        if (decision.kind !== 'denied') return
        if (decision.retryAfterUs === null) {
          expect(decision.until).toBe('never')
          return
        }
        const kindAt = (us: number) => take(model, after, cost, nowUs + us)[0].kind
        expect(decision.retryAfterUs).toBeGreaterThan(0)
        expect(kindAt(decision.retryAfterUs)).toBe('allowed')
        expect(kindAt(decision.retryAfterUs - 1)).toBe('denied')
        expect(kindAt(when % decision.retryAfterUs)).toBe('denied')
      }),
    )
  })

  test('says how much is left: that much passes at once, one more does not', () => {
    fc.assert(
      fc.property(arrivals, (past) => {
        const { state, nowUs } = replay(model, past)
        const { remaining } = leftAt(model, state, nowUs)
        if (remaining > 0) expect(take(model, state, remaining, nowUs)[0].kind).toBe('allowed')
        expect(take(model, state, Math.max(remaining, 0) + 1, nowUs)[0].kind).toBe('denied')
      }),
    )
  })

  test('is as new after the time it gives for a reset', () => {
    fc.assert(
      fc.property(arrivals, (past) => {
        const { state, nowUs } = replay(model, past)
        const { resetUs } = leftAt(model, state, nowUs)
        const later = leftAt(model, state, nowUs + resetUs)
        const isEndless = model.algorithm.kind === 'budget' && model.algorithm.windowUs === null
        if (!isEndless) expect(later.remaining).toBe(limitOf(model.algorithm))
      }),
    )
  })

  test('never admits a cost above its limit, and says never', () => {
    const [decision] = take(model, freshState(model), limitOf(model.algorithm) + 1, 0)
    expect(decision).toMatchObject({ kind: 'denied', retryAfterUs: null, until: 'never' })
  })

  test('does not change the states it is given', () => {
    fc.assert(
      fc.property(arrivals, (past) => {
        const { state, nowUs } = replay(model, past)
        const before = leftAt(model, state, nowUs)
        for (let i = 0; i < 10; i++) take(model, state, 1, nowUs + i)
        expect(leftAt(model, state, nowUs)).toEqual(before)
      }),
    )
  })

  test('charges in parts as at once, at any instant, while it says that nothing changes', () => {
    const algorithm = model.algorithm
    if (algorithm.kind === 'concurrency') return
    const rules = algorithmOf(algorithm)
    fc.assert(
      fc.property(
        arrivals,
        fc.nat(3),
        fc.nat(3),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (all, a, b, x) => {
          const { state, nowUs: lastUs } = replay(model, all)
          const untilUs = rules.quietUntilUs?.(algorithm, state) ?? Number.NEGATIVE_INFINITY
          if (untilUs <= lastUs) return
          const us = lastUs + Math.floor(x * (Math.min(untilUs, lastUs + 1e9) - lastUs - 1))
          expect(rules.advance(algorithm, state, us)).toEqual(state)
          expect(rules.rejected?.(algorithm, state, us) ?? state).toEqual(state)
          const first = rules.charge(algorithm, state, a, lastUs)
          const parts = rules.charge(algorithm, rules.advance(algorithm, first, us), b, us)
          expect(parts).toEqual(rules.charge(algorithm, state, a + b, lastUs))
        },
      ),
    )
  })

  test('takes back what a reservation did not use', () => {
    fc.assert(
      fc.property(arrivals, (past) => {
        const { state, nowUs } = replay(model, past)
        const left = leftAt(model, state, nowUs).remaining
        if (left < 2) return
        const [, reserved] = take(model, state, left, nowUs)
        const settlement = { charged: left, chargedUs: nowUs, actual: 1 }
        const settled = settle(model, reserved, settlement, nowUs)
        expect(leftAt(model, settled, nowUs).remaining).toBe(left - 1)
      }),
    )
  })
})

describe('what each algorithm promises', () => {
  test('a swept window opens at the first sweep after its end, or when something is charged', () => {
    const model = limiter(cases['fixed window that is swept']!)
    const [, full] = take(model, freshState(model), 5, seconds(1))
    const at = (s: number) => take(model, full, 1, seconds(s))[0].kind
    expect([10.9, 11, 11.9, 12].map(at)).toEqual(['denied', 'denied', 'denied', 'allowed'])
    const late = { charged: 0, chargedUs: seconds(1), actual: 2 }
    const charged = settle(model, full, late, seconds(11.5))
    expect(leftAt(model, charged, seconds(11.6)).remaining).toBe(3)
  })

  const admittedBy = (algorithm: LimiterAlgorithm, past: readonly (readonly [number, number])[]) =>
    replay(limiter(algorithm), past).admitted
  const costIn = (admitted: readonly Admitted[], fromUs: number, toUs: number) =>
    admitted.filter(({ us }) => us >= fromUs && us < toUs).reduce((sum, { cost }) => sum + cost, 0)
  const busy = fc.array(
    fc.tuple(fc.integer({ min: 0, max: 700_000 }), fc.integer({ min: 1, max: 3 })),
    {
      maxLength: 120,
    },
  )

  test('a fixed window admits at most its limit between two boundaries', () => {
    fc.assert(
      fc.property(busy, (past) => {
        const admitted = admittedBy(cases['fixed window on the wall clock']!, past)
        for (let start = 0; start < seconds(1100); start += seconds(10)) {
          expect(costIn(admitted, start, start + seconds(10))).toBeLessThanOrEqual(5)
        }
      }),
    )
  })

  test('a fixed window can admit twice its limit across a boundary', () => {
    const algorithm = cases['fixed window on the wall clock']!
    const admitted = admittedBy(algorithm, [
      [seconds(9.9), 5],
      [seconds(0.2), 5],
    ])
    expect(admitted).toHaveLength(2)
  })

  test('a sliding log admits at most its limit in any window', () => {
    fc.assert(
      fc.property(busy, (past) => {
        const admitted = admittedBy(cases['sliding log']!, past)
        for (const { us } of admitted) {
          expect(costIn(admitted, us, us + seconds(10))).toBeLessThanOrEqual(5)
        }
      }),
    )
  })

  test('a token bucket admits at most burst + rate × time in any span', () => {
    fc.assert(
      fc.property(busy, (past) => {
        const admitted = admittedBy(cases['token bucket']!, past)
        for (const first of admitted) {
          for (const last of admitted) {
            const spanUs = last.us - first.us
            if (spanUs < 0) continue
            const promised = 5 + (3 * spanUs) / seconds(2)
            expect(costIn(admitted, first.us, last.us + 1)).toBeLessThanOrEqual(promised)
          }
        }
      }),
    )
  })

  test('a sliding counter never lets its weighted estimate pass the limit', () => {
    fc.assert(
      fc.property(busy, (past) => {
        const admitted = admittedBy(cases['sliding counter on the wall clock']!, past)
        for (const { us } of admitted) {
          const start = Math.floor(us / seconds(10)) * seconds(10)
          const overlap = 1 - (us - start) / seconds(10)
          const previous = costIn(admitted, start - seconds(10), start)
          const estimate = previous * overlap + costIn(admitted, start, us + 1)
          expect(estimate).toBeLessThanOrEqual(5 + 1e-9)
        }
      }),
    )
  })

  test('a leaky queue lets nothing through faster than it drains', () => {
    fc.assert(
      fc.property(busy, (past) => {
        const model = limiter(cases['leaky queue']!)
        let state = freshState(model)
        let nowUs = seconds(1000)
        let freeUs = 0
        for (const [gapUs, cost] of past) {
          nowUs += gapUs
          const [decision, next] = take(model, state, cost, nowUs)
          state = next
          if (decision.kind !== 'allowed') continue
          const startUs = nowUs + decision.delayUs
          expect(startUs).toBeGreaterThanOrEqual(freeUs - 1)
          freeUs = startUs + (cost * seconds(1)) / 10
        }
      }),
    )
  })

  test('a burst into a leaky queue comes out as a staircase, the rest is rejected', () => {
    // nginx limit_req rate=10r/s burst=4: capacity is burst + 1.
    const model = limiter(cases['leaky queue']!)
    let state = freshState(model)
    const answers = Array.from({ length: 8 }, () => {
      const [decision, next] = take(model, state, 1, 0)
      state = next
      return decision.kind === 'allowed' ? decision.delayUs / 1000 : 'denied'
    })
    expect(answers).toEqual([0, 100, 200, 300, 400, 'denied', 'denied', 'denied'])
  })

  test('a bucket can refill in lumps', () => {
    const model = limiter(cases['token bucket refilled in steps']!)
    const [, empty] = take(model, freshState(model), 5, 0)
    const left = [0.999, 1, 1.999, 2, 3].map((s) => leftAt(model, empty, seconds(s)).remaining)
    expect(left).toEqual([0, 2, 2, 4, 5])
  })

  test('a lossy bucket gives nothing to arrivals a little faster than its refill', () => {
    const model = limiter(lossyRouter)
    let state = freshState(model)
    const answers = Array.from({ length: 1000 }, (_, i) => {
      const [decision, next] = take(model, state, 1, i * 9_999)
      state = next
      return decision.kind
    })
    expect(answers.filter((kind) => kind === 'allowed')).toHaveLength(200)
    expect(answers.indexOf('denied')).toBe(200)
    // It is not locked for ever: two intervals of silence bring two units.
    expect(leftAt(model, state, seconds(1000 * 9_999e-6 + 0.011)).remaining).toBe(2)
  })

  test('a bucket that is lossy when it admits serves every second of what comes too fast', () => {
    const model = limiter({ ...tokenBucket(1, 1, 10_000), refillStyle: 'lossy-admitted' })
    let state = freshState(model)
    const admitted = Array.from({ length: 100 }, (_, i) => {
      const [decision, next] = take(model, state, 1, i * 7_000)
      state = next
      return decision.kind === 'allowed'
    })
    expect(admitted.filter(Boolean)).toHaveLength(50)
  })

  test('a lossy bucket admits λe^(−λτ)/(1−e^(−λτ)) of Poisson arrivals per second', () => {
    const model = limiter(lossyRouter)
    for (const perS of [110, 200, 500]) {
      const gaps = randomStream(7, `lossy ${perS}`)
      let [state, us, allowed]: [State, number, number] = [freshState(model), 0, 0]
      for (let i = 0; us < seconds(600); i++) {
        us += Math.round((exponentialAt(gaps, i) / perS) * 1e6)
        const [decision, next] = take(model, state, 1, us)
        state = next
        if (decision.kind === 'allowed') allowed++
      }
      const survivors = Math.exp(-perS * 0.01)
      const expected = (perS * survivors) / (1 - survivors)
      expect(Math.abs((allowed - 200) / 600 / expected - 1)).toBeLessThan(0.08)
    }
  })

  test('a window extended by rejected requests locks an impatient client out', () => {
    const model = limiter(cases['fixed window extended by rejected requests']!)
    let [, state] = take(model, freshState(model), 5, 0)
    for (let s = 1; s <= 60; s++) {
      const [decision, next] = take(model, state, 1, seconds(s))
      state = next
      expect(decision).toMatchObject({ kind: 'denied', retryAfterUs: seconds(10) })
    }
  })

  test('a limiter that charges rejected requests is never met by polling', () => {
    // HAProxy http_req_rate(10s) gt 3, polled each second, stayed closed for all 14 probes.
    const model = limiter(
      { kind: 'sliding-counter', limit: 3, windowUs: seconds(10), anchor: 'first-request' },
      { chargesRejected: true },
    )
    let state = freshState(model)
    for (let i = 0; i < 8; i++) state = take(model, state, 1, 0)[1]
    for (let s = 5; s <= 19; s++) {
      const [decision, next] = take(model, state, 1, seconds(s))
      state = next
      expect(decision.kind).toBe('denied')
    }
  })

  test('a sliding log that charges rejected requests does not grow without bound', () => {
    const model = limiter(cases['sliding log']!, { chargesRejected: true })
    let state = freshState(model)
    for (let i = 0; i < 50_000; i++) state = take(model, state, 1, i)[1]
    expect((state as { entries: unknown[] }).entries.length).toBeLessThan(5000)
  })

  test("OpenAI's published waits follow from a continuous bucket", () => {
    // used, requested, limit per minute, printed wait in seconds.
    for (const [used, requested, limit, waitS] of [
      [29_937, 385, 30_000, 0.644],
      [14_567, 24_754, 30_000, 18.642],
      [18_928, 11_159, 30_000, 0.174],
      [28_039, 3906, 30_000, 3.89],
      [8554, 3082, 10_000, 9.816],
    ] as const) {
      const model = limiter(tokenBucket(limit, limit, seconds(60)), { unit: 'tokens' })
      const [, state] = take(model, freshState(model), used, 0)
      const [decision] = take(model, state, requested, 0)
      expect(decision).toMatchObject({ kind: 'denied', retryAfterUs: seconds(waitS) })
    }
  })
})
