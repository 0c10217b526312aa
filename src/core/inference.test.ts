import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { detectableShift, deviationOf, falseDiscoveryRates } from './detectable.ts'
import {
  betaRegularized,
  lnGamma,
  normalBelow,
  normalQuantile,
  studentQuantile,
  studentTwoSided,
} from './distributions.ts'
import { aboveMost, passingLeast } from './earlyStopping.ts'
import { rankSum, signedRank } from './rankTests.ts'
import { sampleFloor } from './statistics.ts'

describe('distributions have their published values', () => {
  test('ln gamma', () => {
    expect(lnGamma(1)).toBeCloseTo(0, 12)
    expect(lnGamma(0.5)).toBeCloseTo(Math.log(Math.PI) / 2, 12)
    expect(lnGamma(11)).toBeCloseTo(Math.log(3_628_800), 10)
  })

  test('the incomplete beta is a binomial tail', () => {
    // P(at least 7 of 10 heads) = 176 / 1024.
    expect(betaRegularized(0.5, 7, 4)).toBeCloseTo(176 / 1024, 12)
    expect(betaRegularized(0.3, 2, 5) + betaRegularized(0.7, 5, 2)).toBeCloseTo(1, 12)
  })

  test("Student's t and the normal", () => {
    expect(studentTwoSided(12.706205, 1)).toBeCloseTo(0.05, 7)
    expect(studentTwoSided(2.228139, 10)).toBeCloseTo(0.05, 7)
    expect(studentQuantile(0.975, 29)).toBeCloseTo(2.04523, 5)
    expect(normalBelow(1.959964)).toBeCloseTo(0.975, 7)
    expect(normalQuantile(0.8)).toBeCloseTo(0.841621, 6)
  })
})

describe('early stopping as in MLPerf LoadGen', () => {
  // Printed by a program around loadgen/early_stopping.cc of mlcommons/inference.
  const above = [0, 1, 2, 5, 10, 50, 100, 353]
  test.each([
    [0.5, 0.99, [7, 10, 12, 17, 25, 78, 137, 419]],
    [0.9, 0.99, [44, 63, 79, 122, 187, 631, 1146, 3616]],
    [0.95, 0.99, [90, 129, 163, 254, 388, 1322, 2404, 7609]],
    [0.97, 0.99, [152, 218, 275, 428, 657, 2243, 4082, 12_932]],
    [0.99, 0.99, [459, 661, 836, 1302, 2000, 6848, 12_471, 39_548]],
    [0.999, 0.99, [4603, 6635, 8401, 13_100, 20_130, 69_008, 125_726, 398_859]],
    [0.5, 0.95, [5, 7, 9, 13, 20, 69, 126, 400]],
    [0.9, 0.95, [29, 45, 59, 98, 157, 577, 1072, 3486]],
    [0.95, 0.95, [59, 92, 122, 203, 326, 1210, 2253, 7341]],
    [0.97, 0.95, [99, 156, 206, 343, 552, 2053, 3827, 12_481]],
    [0.99, 0.95, [299, 472, 626, 1044, 1683, 6273, 11_699, 38_182]],
    [0.999, 0.95, [2995, 4741, 6292, 10_506, 16_949, 63_231, 117_971, 385_137]],
  ])('p%d at confidence %d', (q, confidence, expected) => {
    expect(above.map((t) => passingLeast(t, { q, confidence }))).toEqual(expected)
  })

  test('how many of n samples may lie above, and the floors of printed quantiles', () => {
    expect(aboveMost(10_000, { q: 0.99 })).toBe(77)
    expect(aboveMost(40_000, { q: 0.99 })).toBe(353)
    expect(aboveMost(458, { q: 0.99 })).toBe(-1)
    expect([0.5, 0.9, 0.95, 0.99, 0.999].map(sampleFloor)).toEqual([11, 64, 130, 662, 6636])
  })
})

describe('the signed-rank test', () => {
  test('has the published p-values and intervals', () => {
    // All of ten above: 1/1024. Critical values of W at n = 10 are 8 (two-sided 5 %).
    const ten = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    expect(signedRank(ten).pAbove).toBe(1 / 1024)
    expect(signedRank(ten.map((d) => -d)).pBelow).toBe(1 / 1024)
    const mixed = ten.map((d) => (d === 8 ? -d : d))
    expect(signedRank(mixed).pAbove).toBeCloseTo(25 / 1024, 12)
    // The interval leaves out the eight lowest and highest of the 55 Walsh averages, as in R.
    expect(signedRank(ten).interval).toEqual([3, 8])
    expect(signedRank(ten).estimate).toBe(5.5)
  })

  test('agrees with counting all signs', () => {
    const values = fc.array(fc.integer({ min: -6, max: 6 }), { minLength: 1, maxLength: 9 })
    fc.assert(
      fc.property(values, (differences) => {
        expect(signedRank(differences).pAbove).toBeCloseTo(countedP(differences), 10)
      }),
      { numRuns: 100 },
    )
  })

  test('follows its data: shifted, scaled and turned around', () => {
    const values = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 6, maxLength: 12 })
    fc.assert(
      fc.property(values, (differences) => {
        const plain = signedRank(differences)
        const shifted = signedRank(differences.map((d) => d + 100))
        const turned = signedRank(differences.map((d) => -d))
        expect(shifted.estimate).toBeCloseTo(plain.estimate + 100, 9)
        expect(shifted.interval[0]).toBeCloseTo(plain.interval[0] + 100, 9)
        expect(turned.pBelow).toBeCloseTo(plain.pAbove, 12)
        expect(plain.interval[0]).toBeLessThanOrEqual(plain.estimate)
        expect(plain.interval[1]).toBeGreaterThanOrEqual(plain.estimate)
      }),
      { numRuns: 50 },
    )
  })

  test('says nothing about nothing: no differences, or too few', () => {
    expect(signedRank([0, 0, 0, 0, 0, 0])).toMatchObject({
      estimate: 0,
      pAbove: 1,
      interval: [0, 0],
    })
    expect(signedRank([1, 2]).interval).toEqual([-Infinity, Infinity])
  })
})

describe('the rank-sum test', () => {
  test('has the published p-values', () => {
    // 5 against 5, wholly apart: 1 of 252 choices.
    expect(rankSum([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]).pAbove).toBeCloseTo(1 / 252, 12)
    expect(rankSum([6, 7, 8, 9, 10], [1, 2, 3, 4, 5]).pBelow).toBeCloseTo(1 / 252, 12)
    // Critical U at 5, 5 is 2: the interval leaves out the two lowest and highest differences.
    expect(rankSum([1, 2, 3, 4, 5], [11, 12, 13, 14, 15]).interval).toEqual([7, 13])
  })

  test('is even-handed', () => {
    const values = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 2, maxLength: 7 })
    fc.assert(
      fc.property(values, values, (a, b) => {
        expect(rankSum(a, b).pAbove).toBeCloseTo(rankSum(b, a).pBelow, 12)
        expect(rankSum(a, b).estimate).toBeCloseTo(-rankSum(b, a).estimate, 12)
      }),
      { numRuns: 50 },
    )
  })
})

test('false discovery rates are those of the published example', () => {
  // Benjamini and Hochberg 1995, section 4.1: at 5 % the first four of fifteen are discoveries.
  const p = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719,
    0.6528, 0.759, 1,
  ]
  expect(falseDiscoveryRates(p).filter((rate) => rate <= 0.05)).toHaveLength(4)
  expect(falseDiscoveryRates([])).toEqual([])
  expect(falseDiscoveryRates([0.2, 0.01])).toEqual([0.2, 0.02])
})

test('the least shift that can be seen falls with the square root of the pairs', () => {
  // (1.6449 + 0.8416)^2 (3 / 2)^2 = 13.9 pairs see 2 % at 3 %.
  expect(detectableShift(0.03, 14)).toBeCloseTo(0.02, 3)
  expect(detectableShift(0.03, 56)! * 2).toBeCloseTo(detectableShift(0.03, 14)!, 9)
  expect(detectableShift(deviationOf([1]), 1)).toBeNull()
})

/** P(the sum of ranks of positive differences is at least what it is), over all signs. */
function countedP(differences: readonly number[]): number {
  const sizes = differences.filter((d) => d !== 0).map(Math.abs)
  const rank = (size: number) =>
    sizes.filter((other) => other < size).length +
    (sizes.filter((other) => other === size).length + 1) / 2
  const observed = differences.filter((d) => d > 0).reduce((sum, d) => sum + rank(d), 0)
  let asMuch = 0
  for (let signs = 0; signs < 2 ** sizes.length; signs++) {
    const sum = sizes.reduce((all, size, i) => all + ((signs >> i) & 1 ? rank(size) : 0), 0)
    if (sum >= observed) asMuch++
  }
  return asMuch / 2 ** sizes.length
}
