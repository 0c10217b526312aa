import { describe, expect, test } from 'vitest'
import { changePoints } from './changePoints.ts'
import { tigerbeetle } from './fixtures/tigerbeetle.ts'

const indices = (series: readonly number[], options: Parameters<typeof changePoints>[1]) =>
  changePoints(series, options).map(({ index }) => index)

describe("Apache Otava's published vectors", () => {
  test.each([
    [0.01, 0.05, '15 71'],
    [0.05, 0.05, '15 71'],
    [0.1, 0.05, '10 11 15 71 363'],
    [0.2, 0.05, '10 11 15 71'],
    [
      0.2,
      0,
      '3 6 7 10 11 13 15 16 28 29 35 37 39 41 44 48 49 56 58 61 65 66 69 71 74 76 82 95 108 117 125 126 129 131 136 137 142 148 165 169 187 190 192 197 200 212 220 241 243 246 247 249 250 260 265 266 268 278 282 288 305 306 325 330 337 338 340 347 349 363',
    ],
    [
      0.1,
      0,
      '3 6 10 11 15 16 28 29 35 37 39 41 44 48 49 61 71 95 117 131 142 148 165 169 192 206 212 260 265 268 278 282 288 305 363',
    ],
    [0.01, 0, '15 26 61 71 95 117 131 142 148 165 169 192 212 260'],
    [0.001, 0, '15 61 71 95 117 131 142 148 192 212 260'],
    [0.0001, 0, '71 95 117 131 142 148 192 212'],
    [0.00001, 0, '71 95 131 192 212'],
  ])('p %d, magnitude %d', (pMost, magnitudeLeast, expected) => {
    const found = indices(tigerbeetle, { window: 30, pMost, magnitudeLeast })
    expect(found.join(' ')).toBe(expected)
  })

  test('one step of twenty values', () => {
    const before = [1.02, 0.95, 0.99, 1.0, 1.12, 1.0, 1.01, 0.98, 1.01, 0.96]
    const after = [0.5, 0.51, 0.48, 0.48, 0.55, 0.5, 0.49, 0.51, 0.5, 0.49]
    expect(indices([...before, ...after], { window: 10, pMost: 0.0001 })).toEqual([10])
  })
})

test('a series that does not change has no change points, and a single outlier is none', () => {
  const flat = Array.from({ length: 100 }, (_, i) => 100 + (i % 7))
  expect(changePoints(flat)).toEqual([])
  expect(changePoints(flat.map((value, i) => (i === 50 ? 200 : value)))).toEqual([])
})

test('too few values are no series', () => {
  expect(changePoints([])).toEqual([])
  expect(changePoints([1])).toEqual([])
  expect(changePoints([1, 2])).toEqual([])
})
