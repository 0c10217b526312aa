import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { exponentialDistance } from '../core/statistics.ts'
import { type OpenArrivals, offeredPerS, schedule } from './arrivals.ts'

const take = (arrivals: OpenArrivals, count: number, seed = 7) => {
  const { intendedUs } = schedule(arrivals, seed)
  return Array.from({ length: count }, (_, i) => intendedUs(i))
}
const gaps = (instants: readonly (number | null)[]) =>
  instants.slice(1).map((us, i) => us! - instants[i]!)
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length

const processes = fc.oneof(
  fc.record({
    kind: fc.constant('constant' as const),
    perS: fc.double({ min: 0.1, max: 1e5, noNaN: true }),
  }),
  fc.record({
    kind: fc.constant('poisson' as const),
    perS: fc.double({ min: 0.1, max: 1e5, noNaN: true }),
  }),
  fc.record({
    kind: fc.constant('gamma' as const),
    perS: fc.double({ min: 0.1, max: 1e4, noNaN: true }),
    burstiness: fc.double({ min: 0.1, max: 20, noNaN: true }),
  }),
  fc.record({
    kind: fc.constant('ramp' as const),
    fromPerS: fc.double({ min: 0, max: 1000, noNaN: true }),
    toPerS: fc.double({ min: 1, max: 1000, noNaN: true }),
    overUs: fc.integer({ min: 1_000_000, max: 60_000_000 }),
  }),
  fc.record({
    kind: fc.constant('burst' as const),
    size: fc.integer({ min: 1, max: 100 }),
    everyUs: fc.integer({ min: 0, max: 1e6 }),
    count: fc.constant(null),
  }),
) satisfies fc.Arbitrary<OpenArrivals>

describe('every open arrival process', () => {
  test('starts at or after 0, never goes back, and is made of whole µs', () => {
    fc.assert(
      fc.property(processes, fc.nat(), (arrivals, seed) => {
        const instants = take(arrivals, 200, seed)
        expect(instants[0]).toBeGreaterThanOrEqual(0)
        for (const gap of gaps(instants)) expect(gap).toBeGreaterThanOrEqual(0)
        for (const us of instants) expect(Number.isInteger(us)).toBe(true)
      }),
    )
  })

  test('is a pure function of (seed, i), whatever the order of asking', () => {
    fc.assert(
      fc.property(
        processes,
        fc.nat(),
        fc.array(fc.nat(150), { maxLength: 20 }),
        (arrivals, seed, order) => {
          const inOrder = take(arrivals, 151, seed)
          const { intendedUs } = schedule(arrivals, seed)
          expect(order.map(intendedUs)).toEqual(order.map((i) => inOrder[i]))
        },
      ),
    )
  })
})

test('constant arrivals do not drift', () => {
  expect(take({ kind: 'constant', perS: 3 }, 4)).toEqual([0, 333_333, 666_667, 1_000_000])
  expect(schedule({ kind: 'constant', perS: 3 }, 0).intendedUs(3_000_000)).toBe(1e12)
})

test('Poisson gaps are exponential with the right mean', () => {
  const sample = gaps(take({ kind: 'poisson', perS: 50 }, 20_001))
  expect(mean(sample)).toBeCloseTo(20_000, -3)
  expect(exponentialDistance(sample)).toBeLessThan(0.02)
})

test('two seeds give two schedules', () => {
  expect(take({ kind: 'poisson', perS: 50 }, 5, 1)).not.toEqual(
    take({ kind: 'poisson', perS: 50 }, 5, 2),
  )
})

test.each([0.25, 1, 4])('gamma gaps have the asked burstiness of %s', (burstiness) => {
  const sample = gaps(take({ kind: 'gamma', perS: 100, burstiness }, 30_001))
  const average = mean(sample)
  const variance = mean(sample.map((gap) => (gap - average) ** 2))
  expect(average / 10_000).toBeCloseTo(1, 1)
  expect(variance / average ** 2 / burstiness).toBeGreaterThan(0.9)
  expect(variance / average ** 2 / burstiness).toBeLessThan(1.1)
})

test('a ramp offers the mean of its ends while it lasts, then its end', () => {
  const ramp: OpenArrivals = { kind: 'ramp', fromPerS: 10, toPerS: 30, overUs: 10e6 }
  const instants = take(ramp, 300)
  expect(instants.filter((us) => us! < 10e6)).toHaveLength(200)
  expect(instants[200]).toBe(10e6)
  expect(instants[230]).toBe(11e6)
  expect(offeredPerS(ramp, 5e6)).toBe(20)
})

test('a ramp from nothing starts, and a ramp to nothing ends', () => {
  expect(take({ kind: 'ramp', fromPerS: 0, toPerS: 10, overUs: 2e6 }, 11)[10]).toBe(2e6)
  expect(take({ kind: 'ramp', fromPerS: 10, toPerS: 0, overUs: 2e6 }, 11)[10]).toBe(null)
})

test('steps hold each rate for its time, rest at 0, and end', () => {
  const steps: OpenArrivals = {
    kind: 'steps',
    steps: [
      { perS: 10, forUs: 300_000 },
      { perS: 0, forUs: 1e6 },
      { perS: 2, forUs: 1e6 },
    ],
  }
  expect(take(steps, 6)).toEqual([0, 100_000, 200_000, 1_300_000, 1_800_000, null])
})

test('bursts are simultaneous and counted', () => {
  const burst: OpenArrivals = { kind: 'burst', size: 3, everyUs: 1000, count: 2 }
  expect(take(burst, 7)).toEqual([0, 0, 0, 1000, 1000, 1000, null])
})

test('a replay gives the recorded instants back', () => {
  expect(take({ kind: 'replay', atUs: [5, 9, 9] }, 4)).toEqual([5, 9, 9, null])
})
