import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { VirtualClock } from '../core/clock.ts'
import type { NamedLimiter, RequestCost } from '../core/limits.ts'
import { randomStream, uniformAt } from '../core/random.ts'
import { LimiterChain } from './chain.ts'
import { Ledger } from './ledger.ts'
import { concurrency, fixedWindow, limiter, tokenBucket } from './models.ts'

const second = 1e6
const cost = (tokens: number): RequestCost => ({
  promptTokens: tokens,
  completionTokens: 0,
  usd: 0,
})

const kuadrant: readonly NamedLimiter[] = [
  { name: 'requests', model: limiter(fixedWindow(20, 10 * second)) },
  {
    name: 'tokens',
    model: limiter(fixedWindow(2000, 10 * second), { unit: 'tokens', charge: 'post' }),
  },
]

interface Traffic {
  readonly gapUs: number
  readonly tokens: number
  readonly serviceUs: number
  /** Network delay each way. */
  readonly travelUs: number
}

/** Sends traffic to a real chain in virtual time and lets a ledger guess every denial. */
function guesses(limiters: readonly NamedLimiter[], traffic: readonly Traffic[]) {
  const clock = new VirtualClock()
  const chain = new LimiterChain(limiters)
  const ledger = new Ledger(limiters)
  const results: { truth: string; guess: string | null; confidence: string }[] = []
  let sendUs = 0
  for (const { gapUs, tokens, serviceUs, travelUs } of traffic) {
    sendUs += gapUs
    clock.at(sendUs, () => {
      const entry = ledger.sent(cost(tokens), clock.nowUs())
      clock.at(clock.nowUs() + travelUs, () => {
        const admission = chain.admit({ key: 'a' }, cost(tokens), clock.nowUs())
        const isDenied = admission.outcome === 'denied'
        clock.at(clock.nowUs() + (isDenied ? 0 : serviceUs), () => {
          chain.finish(admission, isDenied ? null : cost(tokens), clock.nowUs())
          clock.at(clock.nowUs() + travelUs, () => {
            if (!isDenied) return ledger.admitted(entry, cost(tokens), clock.nowUs())
            const { limiter: guess, confidence } = ledger.rejected(entry, clock.nowUs())
            results.push({ truth: admission.decisions.at(-1)!.limiter.name, guess, confidence })
          })
        })
      })
    })
  }
  clock.advanceTo(1e12)
  return results
}

const traffic = (options: { gapUsMin: number; gapUsMax: number; jitterUs: number }) =>
  fc.array(
    fc.record({
      gapUs: fc.integer({ min: options.gapUsMin, max: options.gapUsMax }),
      tokens: fc.constantFrom(10, 100, 700),
      serviceUs: fc.integer({ min: 1000, max: 40_000 }),
      travelUs: fc.integer({ min: 100, max: 100 + options.jitterUs }),
    }),
    { minLength: 20, maxLength: 200 },
  )

/**
 * Users who poll across many windows of a chain that charges tokens afterwards: the hardest case,
 * since its windows begin at moments that the client only knows to a millisecond. On a machine that is so
 * many times as `busy`, so many times as many requests are held up, for so many times as long.
 */
function pollAcrossWindows(users: number, busy: number, seed: number) {
  const limiters = [
    { name: 'requests', model: limiter(fixedWindow(30, 3 * second)) },
    {
      name: 'tokens',
      model: limiter(fixedWindow(3000, 3 * second), { unit: 'tokens', charge: 'post' } as const),
    },
  ]
  const clock = new VirtualClock()
  const chain = new LimiterChain(limiters)
  const ledger = new Ledger(limiters)
  const stream = randomStream(seed, 'polling')
  let draws = 0
  const draw = () => uniformAt(stream, draws++)
  const travelUs = () =>
    Math.round(draw() < 1 - 0.1 * busy ? 100 + 200 * draw() : 200 + 2500 * busy * draw())
  const results: { truth: string; guess: string | null; confidence: string }[] = []
  const after = (us: number, run: () => void) => clock.at(clock.nowUs() + Math.round(us), run)
  const poll = () => {
    if (clock.nowUs() > 12 * second) return
    const tokens = draw() < 1 / 6 ? 600 : 24
    const entry = ledger.sent(cost(tokens), clock.nowUs())
    after(travelUs(), () => {
      const admission = chain.admit({ key: 'a' }, cost(tokens), clock.nowUs())
      const isDenied = admission.outcome === 'denied'
      after(isDenied ? 5 : tokens * 400 + 8000 * draw(), () => {
        chain.finish(admission, isDenied ? null : cost(tokens), clock.nowUs())
        after(travelUs(), () => {
          after(5000, poll)
          if (!isDenied) return ledger.admitted(entry, cost(tokens), clock.nowUs())
          const { limiter: guess, confidence } = ledger.rejected(entry, clock.nowUs())
          results.push({ truth: admission.decisions.at(-1)!.limiter.name, guess, confidence })
        })
      })
    })
  }
  for (let user = 0; user < users; user++) clock.at(user * 600, poll)
  clock.advanceTo(20 * second)
  return results
}

describe('a ledger', () => {
  test.each([
    [1, 1, 40, 0.0005],
    [8, 1, 5, 0.0005],
    [32, 1, 2, 0.0005],
    [1, 6, 40, 0.008],
    [8, 6, 5, 0.002],
  ])('keeps up over many windows: %s users poll, busy %s times', (users, busy, runs, wrongMost) => {
    const seeds = Array.from({ length: runs }, (_, i) => i + 1)
    const all = seeds.flatMap((seed) => pollAcrossWindows(users, busy, seed))
    const wrong = all.filter(({ truth, guess }) => guess !== truth)
    const wronglySure = wrong.filter(({ confidence }) => confidence === 'inferred')
    expect(all.length).toBeGreaterThan(5000)
    expect(wrong.length / all.length).toBeLessThan(wrongMost)
    expect(wronglySure.length / all.length).toBeLessThan(wrongMost / 2)
  })

  // Nobody can know from outside on which side of a window's edge a request came that was under
  // way at that instant: there, and only there, it may say that it is not sure.
  test('names the limiter of every denial when requests go one by one', () => {
    const oneByOne = traffic({ gapUsMin: 60_000, gapUsMax: 400_000, jitterUs: 0 })
    fc.assert(
      fc.property(oneByOne, (requests) => {
        for (const { truth, guess, confidence } of guesses(kuadrant, requests)) {
          if (confidence === 'inferred') expect(guess).toBe(truth)
          else expect(confidence).toBe('ambiguous')
        }
      }),
    )
    const all = fc
      .sample(oneByOne, { numRuns: 300, seed: 7 })
      .flatMap((requests) => guesses(kuadrant, requests))
    const unsure = all.filter(({ confidence }) => confidence !== 'inferred')
    expect(all.length).toBeGreaterThan(5000)
    expect(unsure.length / all.length).toBeLessThan(0.001)
  })

  test('is rarely wrong when many are in flight, and says so when it cannot know', () => {
    const all = fc
      .sample(traffic({ gapUsMin: 500, gapUsMax: 20_000, jitterUs: 400 }), {
        numRuns: 300,
        seed: 7,
      })
      .flatMap((requests) => guesses(kuadrant, requests))
    const wrong = all.filter(({ truth, guess }) => guess !== truth)
    const wronglySure = wrong.filter(({ confidence }) => confidence === 'inferred')
    expect(all.length).toBeGreaterThan(5000)
    expect(wrong.length / all.length).toBeLessThan(0.01)
    expect(wronglySure.length / all.length).toBeLessThan(0.005)
  })

  // A request that is held up on its way opens its window later than it was sent.
  test('is not sure which window is over when the request that opened one was held up', () => {
    const ledger = new Ledger(kuadrant)
    const opener = ledger.sent(cost(1990), 0)
    // It came between 0 and 0.2 s; its tokens are charged at its end.
    ledger.admitted(opener, cost(1990), 0.3 * second, 0.2 * second)
    const others = Array.from({ length: 19 }, () => ledger.sent(cost(1), 0.301 * second))
    for (const entry of others) ledger.admitted(entry, cost(1), 0.303 * second)
    const polled = (us: number) => ledger.rejected(ledger.sent(cost(1), us), us + 500)
    expect(polled(9.9 * second)).toMatchObject({ limiter: 'requests', confidence: 'inferred' })
    expect(polled(10.1 * second).confidence).toBe('ambiguous')
    expect(polled(10.25 * second)).toMatchObject({ limiter: 'tokens', confidence: 'inferred' })
  })

  test('tells a rate limiter from a concurrency limiter that answers the same', () => {
    const nginx: readonly NamedLimiter[] = [
      { name: 'rate', model: limiter(tokenBucket(10, 10, second)) },
      { name: 'slots', model: limiter(concurrency(2)) },
    ]
    const slow = Array.from({ length: 5 }, () => ({
      gapUs: 10_000,
      tokens: 1,
      serviceUs: second,
      travelUs: 100,
    }))
    expect(guesses(nginx, slow).map(({ guess }) => guess)).toEqual(['slots', 'slots', 'slots'])
    const quick = Array.from({ length: 15 }, () => ({
      gapUs: 1000,
      tokens: 1,
      serviceUs: 100,
      travelUs: 50,
    }))
    expect(new Set(guesses(nginx, quick).map(({ guess }) => guess))).toEqual(new Set(['rate']))
  })

  test('says unknown when no declared limit can have been reached', () => {
    const ledger = new Ledger(kuadrant)
    const explanation = ledger.rejected(ledger.sent(cost(10), 0), 100)
    expect(explanation).toMatchObject({ limiter: null, confidence: 'unknown' })
  })

  test('believes a response that names its limiter, and charges the ones before it', () => {
    const ledger = new Ledger(kuadrant)
    expect(ledger.rejected(ledger.sent(cost(10), 0), 100, 'tokens').confidence).toBe('named')
    expect(ledger.used(100).map(({ used }) => used)).toEqual([1, 0])
  })

  test('knows when every window is clean again', () => {
    const ledger = new Ledger(kuadrant)
    ledger.admitted(ledger.sent(cost(10), 0), cost(10), second)
    // The request window opened at the send, the token window at the report.
    expect(ledger.cleanAtUs(2 * second)).toBe(11 * second)
  })
})
