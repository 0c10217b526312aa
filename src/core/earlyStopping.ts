// MLPerf's early stopping: how many independent samples must lie at or below a bound, beside those
// above it, to claim a quantile with confidence. Pure.

import { betaRegularized } from './distributions.ts'

/** What is claimed, and how sure. */
export interface QuantileClaim {
  /** Quantile of 0..1. */
  readonly q: number
  /** Default 0.99. */
  readonly confidence?: number
}

/**
 * The fewest samples at or below a bound for the claim that quantile `q` lies below it, when `above`
 * more lie above it: the least h with I_q(h, above + 1) < 1 - confidence.
 */
export function passingLeast(above: number, { q, confidence = 0.99 }: QuantileClaim): number {
  const isEnough = (h: number) => betaRegularized(q, h, above + 1) < 1 - confidence
  let high = 1
  while (!isEnough(high)) high *= 2
  let low = high >> 1
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (isEnough(middle)) high = middle
    else low = middle
  }
  return high
}

/** How many of `n` samples may lie above a bound that still holds quantile `q`; -1: none can tell. */
export function aboveMost(n: number, claim: QuantileClaim): number {
  const holds = (above: number) => passingLeast(above, claim) + above <= n
  if (!holds(0)) return -1
  let low = 0
  let high = n
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (holds(middle)) low = middle
    else high = middle
  }
  return low
}
