// How many tests were made, and what they could have seen. Pure.

import { normalQuantile } from './distributions.ts'

/**
 * Benjamini-Hochberg: each p-value as the least rate of false discoveries at which it would be one.
 */
export function falseDiscoveryRates(pValues: readonly number[]): number[] {
  const m = pValues.length
  const falling = pValues.map((p, i) => ({ p, i })).sort((a, b) => b.p - a.p)
  const rates = new Array<number>(m)
  let least = 1
  for (const [k, { p, i }] of falling.entries()) {
    least = Math.min(least, (p * m) / (m - k))
    rates[i] = least
  }
  return rates
}

/** One-sided, with a chance of 0.8 to see what is there. */
const power = 0.8

/**
 * The least shift that a one-sided test at `alpha` sees four times in five: n pairs whose differences
 * have this standard deviation; null when it is not known.
 */
export function detectableShift(deviation: number, n: number, alpha = 0.05): number | null {
  if (n < 2 || !Number.isFinite(deviation)) return null
  return ((normalQuantile(1 - alpha) + normalQuantile(power)) * deviation) / Math.sqrt(n)
}

/** Standard deviation of a sample; NaN below two values. */
export function deviationOf(values: readonly number[]): number {
  const n = values.length
  const mean = values.reduce((sum, value) => sum + value, 0) / n
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return n < 2 ? Number.NaN : Math.sqrt(squares / (n - 1))
}
