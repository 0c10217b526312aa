// The universal scalability law: throughput over concurrency, X(N) = gN / (1 + a(N−1) + bN(N−1)). Its
// peak is only told where the loads that were tried pin it down.

import { sortedQuantile } from '../../core/bootstrap.ts'
import { randomStream, uniformAt } from '../../core/random.ts'

/** Requests in flight, and served per second, of one step. */
export interface UslPoint {
  readonly inFlight: number
  readonly perS: number
}

/** A fit whose peak is known well enough to be told. */
export interface UslFit {
  /** Throughput of one request at a time. */
  readonly gamma: number
  /** Contention and coherency. */
  readonly alpha: number
  readonly beta: number
  readonly peakInFlight: number
  readonly peakPerS: number
  /** 95 % interval of the peak. */
  readonly peakPerSRange: readonly [number, number]
}

/** Why there is no fit to tell. */
export interface UslUnknown {
  readonly reason: string
}

const pointsLeast = 5
const draws = 200
const shareOfPeakLeast = 0.8
const halfWidthMax = 0.1

/** Fits the law to steps, and says so when they do not identify its peak. */
export function fitUsl(points: readonly UslPoint[], seed: number): UslFit | UslUnknown {
  const usable = points.filter(({ inFlight, perS }) => inFlight > 0 && perS > 0)
  const distinct = new Set(usable.map(({ inFlight }) => inFlight.toPrecision(2)))
  if (distinct.size < pointsLeast) {
    return { reason: `it takes ${pointsLeast} different loads, there are ${distinct.size}` }
  }
  const fit = peakOf(solve(usable))
  if (fit === null) return { reason: 'throughput still grows with every load that was tried' }
  const range = peakRange(usable, seed)
  const reached = Math.max(...usable.map(({ inFlight }) => inFlight)) / fit.peakInFlight
  const halfWidth = (range[1] - range[0]) / (2 * fit.peakPerS)
  if (reached < shareOfPeakLeast && !(halfWidth <= halfWidthMax)) {
    const share = (reached * 100).toFixed(0)
    return { reason: `loads reached ${share} % of the peak's concurrency, it takes 80 %` }
  }
  return { ...fit, peakPerSRange: range }
}

/** Throughput by the law. */
export function uslAt({ gamma, alpha, beta }: UslFit, inFlight: number): number {
  const n = inFlight
  return (gamma * n) / (1 + alpha * (n - 1) + beta * n * (n - 1))
}

interface Coefficients {
  readonly c0: number
  readonly c1: number
  readonly c2: number
}

// N / X = c0 + c1 (N − 1) + c2 N (N − 1), with c0 = 1/g, c1 = a/g, c2 = b/g, none below 0. With three
// columns every choice of those that are above 0 can be tried.
function solve(points: readonly UslPoint[]): Coefficients {
  const rows = points.map(({ inFlight: n, perS }) => {
    const y = n / perS
    // Errors of throughput are relative, so those of N / X are, too.
    return { x: [1, n - 1, n * (n - 1)], y, weight: 1 / y ** 2 }
  })
  let best: { error: number; c: number[] } | null = null
  for (const columns of [[0, 1, 2], [0, 1], [0, 2], [0]]) {
    const c = leastSquares(rows, columns)
    if (c === null || c.some((value) => value < 0)) continue
    const error = rows.reduce((sum, { x, y, weight }) => {
      return sum + weight * (y - x.reduce((fitted, value, i) => fitted + value * c[i]!, 0)) ** 2
    }, 0)
    if (best === null || error < best.error) best = { error, c }
  }
  const [c0 = 0, c1 = 0, c2 = 0] = best?.c ?? []
  return { c0, c1, c2 }
}

interface Row {
  readonly x: readonly number[]
  readonly y: number
  readonly weight: number
}

/** Weighted least squares over some columns; the others are 0. Null where they are dependent. */
function leastSquares(rows: readonly Row[], columns: readonly number[]): number[] | null {
  const size = columns.length
  const matrix = columns.map((i) => [
    ...columns.map((j) => rows.reduce((sum, { x, weight }) => sum + weight * x[i]! * x[j]!, 0)),
    rows.reduce((sum, { x, y, weight }) => sum + weight * x[i]! * y, 0),
  ])
  for (let pivot = 0; pivot < size; pivot++) {
    const row = matrix[pivot]!
    if (Math.abs(row[pivot]!) < 1e-12) return null
    for (let other = 0; other < size; other++) {
      if (other === pivot) continue
      const factor = matrix[other]![pivot]! / row[pivot]!
      for (let k = pivot; k <= size; k++) matrix[other]![k]! -= factor * row[k]!
    }
  }
  const c = [0, 0, 0]
  for (const [i, column] of columns.entries()) c[column] = matrix[i]![size]! / matrix[i]![i]!
  return c
}

/** The top of the curve: N* = √((1 − a) / b); null where it has none. */
function peakOf({ c0, c1, c2 }: Coefficients): Omit<UslFit, 'peakPerSRange'> | null {
  if (c0 <= 0 || c2 <= 0) return null
  const [gamma, alpha, beta] = [1 / c0, c1 / c0, c2 / c0]
  if (alpha >= 1) return null
  const peakInFlight = Math.sqrt((1 - alpha) / beta)
  const fit = { gamma, alpha, beta, peakInFlight, peakPerSRange: [0, 0] as const, peakPerS: 0 }
  return { ...fit, peakPerS: uslAt(fit, peakInFlight) }
}

function peakRange(points: readonly UslPoint[], seed: number): [number, number] {
  const stream = randomStream(seed, 'usl')
  const peaks = Array.from({ length: draws }, (_, draw) => {
    const drawn = points.map((_, i) => {
      return points[Math.floor(uniformAt(stream, draw * points.length + i) * points.length)]!
    })
    return peakOf(solve(drawn))?.peakPerS ?? Number.POSITIVE_INFINITY
  }).sort((a, b) => a - b)
  return [sortedQuantile(peaks, 0.025), sortedQuantile(peaks, 0.975)]
}
