// Where a series changes its mean: E-divisive with t-tests over windows, as in Hunter and Apache
// Otava. Deterministic; pure.

import { studentTwoSided } from './distributions.ts'

/** A point from which on the series is different. */
export interface ChangePoint {
  /** The first value that is different. */
  readonly index: number
  readonly meanBefore: number
  readonly meanAfter: number
  readonly p: number
}

export interface ChangePointOptions {
  /** Values that are looked at together; default 50. */
  readonly window?: number
  /** Default 0.001; the first pass takes ten times as much. */
  readonly pMost?: number
  /** Least relative change; default 0. */
  readonly magnitudeLeast?: number
}

/** Change points in rising order. */
export function changePoints(
  series: readonly number[],
  { window = 50, pMost = 0.001, magnitudeLeast = 0 }: ChangePointOptions = {},
): ChangePoint[] {
  const weak = weakPoints(series, window, pMost < 0.05 ? pMost * 10 : Math.min(pMost * 2, 1))
  return strongPoints(series, weak, { pMost, magnitudeLeast })
}

/** Relative change, the larger of forward and backward. */
export function magnitudeOf({ meanBefore, meanAfter }: ChangePoint): number {
  const forward = meanBefore === 0 ? 0 : meanAfter / meanBefore - 1
  const backward = meanAfter === 0 ? 0 : meanBefore / meanAfter - 1
  return Math.max(Math.abs(forward), Math.abs(backward))
}

/** Points that a sliding window finds; half a window further, or from the last point found on. */
function weakPoints(series: readonly number[], window: number, pMost: number): ChangePoint[] {
  const indices = new Set<number>()
  const step = Math.floor(window / 2)
  let start = 0
  while (start < series.length) {
    const found = divide(series.slice(start, start + window), pMost).map((i) => i + start)
    for (const index of found) indices.add(index)
    start = Math.max(found.at(-1) ?? 0, start + step)
  }
  const sorted = [...indices].sort((a, b) => a - b)
  return sorted.map((index, i) => pointAt(series, index, sorted[i - 1], sorted[i + 1]))
}

/** Splits where the pieces differ most, as long as the split is significant. */
function divide(series: readonly number[], pMost: number): number[] {
  const points: number[] = []
  for (;;) {
    const edges = [0, ...points, series.length]
    let best: { index: number; q: number; from: number; to: number } | null = null
    for (let i = 1; i < edges.length; i++) {
      const [from, to] = [edges[i - 1]!, edges[i]!]
      if (to - from < 2) continue
      const candidate = bestSplit(series.slice(from, to))
      if (best === null || candidate.q > best.q) {
        best = { index: candidate.index + from, q: candidate.q, from, to }
      }
    }
    if (best === null) return points
    const { p } = pointAt(series, best.index, best.from, best.to)
    if (p > pMost) return points
    points.push(best.index)
    points.sort((a, b) => a - b)
  }
}

/**
 * The split (tau, kappa) of values [0, tau) and [tau, kappa) with the greatest energy distance q
 * (Matteson and James 2014, alpha = 1), by running sums over the distances.
 */
function bestSplit(values: readonly number[]): { index: number; q: number } {
  const n = values.length
  let best = { index: 1, q: Number.NEGATIVE_INFINITY }
  // Sum of distances among values before tau.
  let within = 0
  for (let tau = 1; tau < n; tau++) {
    if (tau > 1) within += distancesTo(values, tau - 1, 0, tau - 1)
    let between = 0
    let beyond = 0
    for (let kappa = tau + 1; kappa <= n; kappa++) {
      between += distancesTo(values, kappa - 1, 0, tau)
      beyond += distancesTo(values, kappa - 1, tau, kappa - 1)
      const left = tau
      const right = kappa - tau
      const scale = 2 / (left + right)
      const spreadLeft = left > 1 ? (right / (left - 1)) * within : 0
      const spreadRight = right > 1 ? (left / (right - 1)) * beyond : 0
      const q = scale * (between - spreadLeft - spreadRight)
      if (q > best.q) best = { index: tau, q }
    }
  }
  return best
}

function distancesTo(values: readonly number[], i: number, from: number, to: number): number {
  const value = values[i]!
  let sum = 0
  for (let j = from; j < to; j++) sum += Math.abs(values[j]! - value)
  return sum
}

/** Drops the weakest point until all are strong; its neighbours are judged anew each time. */
function strongPoints(
  series: readonly number[],
  weak: readonly ChangePoint[],
  { pMost, magnitudeLeast }: { readonly pMost: number; readonly magnitudeLeast: number },
): ChangePoint[] {
  const points = [...weak]
  while (points.length > 0) {
    let weakest = firstBy(points, (a, b) => a.p > b.p)
    if (points[weakest]!.p < pMost) {
      weakest = firstBy(points, (a, b) => magnitudeOf(a) < magnitudeOf(b))
      if (magnitudeOf(points[weakest]!) > magnitudeLeast) return points
    }
    points.splice(weakest, 1)
    for (const i of [weakest, weakest + 1]) {
      const point = points[i]
      if (point === undefined) continue
      points[i] = pointAt(series, point.index, points[i - 1]?.index, points[i + 1]?.index)
    }
  }
  return points
}

/** Index of the first item that no other goes before. */
function firstBy<T>(items: readonly T[], isBefore: (a: T, b: T) => boolean): number {
  return items.reduce((best, item, i) => (isBefore(item, items[best]!) ? i : best), 0)
}

function pointAt(series: readonly number[], index: number, from = 0, to = series.length) {
  const left = momentsOf(series.slice(from, index))
  const right = momentsOf(series.slice(index, to))
  return { index, meanBefore: left.mean, meanAfter: right.mean, p: studentP(left, right) }
}

interface Moments {
  readonly n: number
  readonly mean: number
  /** Over n, not n - 1: so does Otava, and its vectors depend on it. */
  readonly variance: number
}

function momentsOf(values: readonly number[]): Moments {
  const n = values.length
  const mean = values.reduce((sum, value) => sum + value, 0) / n
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n
  return { n, mean, variance }
}

/** Two-sided t-test with pooled variance. */
function studentP(a: Moments, b: Moments): number {
  const freedom = a.n + b.n - 2
  if (freedom < 1) return 1
  const pooled = ((a.n - 1) * a.variance + (b.n - 1) * b.variance) / freedom
  const difference = a.mean - b.mean
  if (pooled === 0) return difference === 0 ? 1 : 0
  return studentTwoSided(difference / Math.sqrt(pooled * (1 / a.n + 1 / b.n)), freedom)
}
