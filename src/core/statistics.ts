// Statistics over samples and counts; pure.

import { passingLeast } from './earlyStopping.ts'

/**
 * Fewest independent samples for which a quantile says anything: the smallest n at which MLPerf's
 * early stopping (confidence 0.99, one value above) gives an estimate. Computed, not listed.
 */
export function sampleFloor(q: number): number {
  return floors.get(q) ?? computeFloor(q)
}

// Two values may lie above the estimate: itself, and one more.
function computeFloor(q: number): number {
  return passingLeast(1, { q }) + 1
}

const floors = new Map([0.5, 0.9, 0.95, 0.99, 0.999].map((q) => [q, computeFloor(q)] as const))

/** Kolmogorov-Smirnov distance of positive samples to the exponential of the same mean. */
export function exponentialDistance(samples: readonly number[]): number {
  const n = samples.length
  if (n === 0) return 0
  const mean = samples.reduce((sum, sample) => sum + sample, 0) / n
  if (mean <= 0) return 1
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted.reduce((distance, sample, i) => {
    const expected = 1 - Math.exp(-sample / mean)
    return Math.max(distance, expected - i / n, (i + 1) / n - expected)
  }, 0)
}

/** Values in rising order, and how often each was counted. */
export interface CountedValues {
  readonly values: ArrayLike<number>
  readonly counts: ArrayLike<number>
}

/** Two-sample Kolmogorov-Smirnov distance of counted values; 1 when one has none. */
export function countsDistance(a: CountedValues, b: CountedValues): number {
  const totalA = sumOf(a.counts)
  const totalB = sumOf(b.counts)
  if (totalA === 0 || totalB === 0) return totalA === totalB ? 0 : 1
  let distance = 0
  let upToA = 0
  let upToB = 0
  for (let i = 0, j = 0; i < a.values.length || j < b.values.length; ) {
    const value = Math.min(a.values[i] ?? Infinity, b.values[j] ?? Infinity)
    if (a.values[i] === value) upToA += a.counts[i++]!
    if (b.values[j] === value) upToB += b.counts[j++]!
    distance = Math.max(distance, Math.abs(upToA / totalA - upToB / totalB))
  }
  return distance
}

function sumOf(counts: ArrayLike<number>): number {
  return Array.from(counts).reduce((sum, count) => sum + count, 0)
}

/** 95 % Wilson interval of a share, as [low, high]. */
export function shareInterval(hits: number, n: number): readonly [number, number] {
  if (n === 0) return [0, 1]
  const z = 1.959964
  const p = hits / n
  const centre = p + (z * z) / (2 * n)
  const spread = z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))
  const scale = 1 + (z * z) / n
  return [Math.max(0, (centre - spread) / scale), Math.min(1, (centre + spread) / scale)]
}

/** The middle value (mean of the middle two), or null without samples. */
export function median(samples: readonly number[]): number | null {
  if (samples.length === 0) return null
  const sorted = [...samples].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
