// Statistics of the bench over plain arrays; what the product has is taken from there.

export { exponentialDistance, median } from '../../src/core/statistics.ts'

/** The value at a share of the sorted samples (nearest rank); null without any. */
export function quantile(samples: Float64Array, q: number): number | null {
  if (samples.length === 0) return null
  const sorted = Float64Array.from(samples).sort()
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)]!
}

export function range(samples: readonly number[]): readonly [number, number] {
  return [Math.min(...samples), Math.max(...samples)]
}
