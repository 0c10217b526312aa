import { describe, expect, test } from 'vitest'
import type { LimiterAlgorithm } from '../core/limits.ts'
import type { TimedAlgorithm } from '../limiters/limiter.ts'
import { fixedWindow, limiter, tokenBucket } from '../limiters/models.ts'
import { inVirtualTime, type VirtualTarget, virtualProber } from '../testing/virtualProber.ts'
import { type Held, openSinceUs, stillHolds } from './holds.ts'
import type { Other } from './others.ts'
import { Session } from './session.ts'

const request = { shape: 'tiny', lane: 'lane' }
const seeds = [1, 2, 3, 4, 5, 6, 7, 8]
const startUs = 1_000e6
const windowUs = 2e6

const named = (algorithm: LimiterAlgorithm, name = 'first') => ({ name, model: limiter(algorithm) })

const known = (algorithm: TimedAlgorithm, chargesRejected = false): Other => ({
  hypothesis: { algorithm, chargesRejected, phaseUs: 0 },
  costOf: () => 1,
})

const held = (others: readonly Other[] = []): Held => ({
  of: known(fixedWindow(20, windowUs)),
  denials: new Set(),
  others,
})

/** Keeps the target busy for 200 requests, then asks what `held` says. */
async function asked(
  { gapUs = 200e3, ...target }: Partial<VirtualTarget> & { readonly gapUs?: number },
  seed: number,
  all: Held,
) {
  const prober = virtualProber({
    limiters: [named(fixedWindow(20, windowUs))],
    startUs,
    seed,
    lostShare: 0.01,
    ...target,
  })
  const budget = { requestsMax: 2_000, tokensMax: null, durationUsMax: 3600e6 }
  const session = new Session(prober, { target: 'virtual', seed, budget })
  const busy = async () => {
    for (let i = 0; i < 200; i++) {
      await session.send(request)
      await session.sleepUntil(startUs + i * gapUs)
    }
    const sinceUs = openSinceUs(all, session.observations)
    return { holds: await stillHolds(session, request, all), sinceUs }
  }
  return inVirtualTime(prober, busy())
}

describe('a limiter that was identified', () => {
  test.each(seeds)('still holds where nothing changed, seed %i', async (seed) => {
    expect(await asked({}, seed, held())).toEqual({ holds: true, sinceUs: null })
  })

  test.each(seeds)('holds no more where the same limit comes back later, seed %i', async (seed) => {
    const limiters = [named(fixedWindow(20, 2.2 * windowUs))]
    expect(await asked({ limiters }, seed, held())).toMatchObject({ holds: false })
  })

  // Its length is known to a share: after twenty windows nobody knows where in one it is.
  test.each(seeds)('still holds where it is on a clock, seed %i', async (seed) => {
    const kinds = [
      { kind: 'fixed-window', extendedByRejected: false },
      { kind: 'sliding-counter', isFloored: false },
    ] as const
    for (const kind of kinds) {
      const onClock = (by: number) =>
        ({ ...kind, limit: 20, windowUs: by * windowUs, anchor: 'wall-clock' }) as const
      const limiters = [named(onClock(1))]
      const all = { ...held(), of: known(onClock(1.004)) }
      expect(await asked({ limiters }, seed, all), kind.kind).toMatchObject({ holds: true })
    }
  })

  // A counter remembers the window before: after one window of silence something is left.
  test.each(seeds)('still holds where it counts rejections, sliding, seed %i', async (seed) => {
    const counter = { kind: 'sliding-counter', limit: 20, windowUs, anchor: 'wall-clock' } as const
    const first = { name: 'first', model: limiter(counter, { chargesRejected: true }) }
    const all = { ...held(), of: known(counter, true) }
    const { holds } = await asked({ limiters: [first], gapUs: 50e3 }, seed, all)
    expect(holds).toBe(true)
  })

  test.each(seeds)('still holds beside a slower one that is known, seed %i', async (seed) => {
    const slow = fixedWindow(90, 30e6)
    const target = { limiters: [named(fixedWindow(20, windowUs)), named(slow, 'slow')] }
    const { holds, sinceUs } = await asked(target, seed, held([known(slow)]))
    expect(holds).toBe(true)
    expect(sinceUs).toBeGreaterThan(startUs)
  })

  test.each(seeds)(
    'does not where its limit was lowered, and says since when, seed %i',
    async (seed) => {
      const later = { fromUs: startUs + 21e6, limiters: [named(fixedWindow(6, windowUs))] }
      // What a second limiter would have to be to explain the same.
      const guess = known(tokenBucket(60, 3, 1e6))
      const { holds, sinceUs } = await asked({ later }, seed, held([guess]))
      expect(holds).toBe(false)
      expect(sinceUs! - later.fromUs).toBeGreaterThan(0)
      expect(sinceUs! - later.fromUs).toBeLessThan(2 * windowUs)
    },
  )

  test.each(seeds)('does not where its limit was raised, seed %i', async (seed) => {
    const later = { fromUs: startUs + 21e6, limiters: [named(fixedWindow(30, windowUs))] }
    expect(await asked({ later }, seed, held())).toEqual({ holds: false, sinceUs: null })
  })
})
