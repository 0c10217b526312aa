// Where the share of requests that break a promise crosses its budget: all steps pooled in a monotone
// fit over load, with an interval by block bootstrap.

import { BlockSample, isotonic, sortedQuantile } from '../../core/bootstrap.ts'
import { randomStream, uniformAt } from '../../core/random.ts'

/** Seconds of one load: how many broke the promise, of how many. */
export interface LoadCounts {
  readonly loadPerS: number
  readonly bad: readonly number[]
  readonly all: readonly number[]
}

/** A load with its interval; 0 and Infinity: below or above everything that was tried. */
export interface Crossing {
  readonly low: number
  readonly estimate: number
  readonly high: number
}

export interface BootstrapOptions {
  /** Seconds that are drawn together. */
  readonly blockSeconds: number
  readonly seed: number
}

const draws = 500

/**
 * Tails of the interval. Blocks of a few dozen seconds know little of the rare, long queues that
 * matter most, so intervals meant to hold 95 % are drawn wider; `bench:capacity` is why.
 */
const tail = 0.01

/** Nothing is known: it may be at any load, and was met at none. */
const unmet: Crossing = {
  low: 0,
  estimate: Number.POSITIVE_INFINITY,
  high: Number.POSITIVE_INFINITY,
}

/** The load at which the pooled share crosses `budget`. */
export function crossingOf(
  loads: readonly LoadCounts[],
  budget: number,
  { blockSeconds, seed }: BootstrapOptions,
): Crossing {
  // A load of which no request counts says nothing about the promise.
  const pooled = poolByLoad(loads).filter(({ all }) => sum(all) > 0)
  if (pooled.length === 0) return unmet
  const samples = pooled.map(({ bad, all }) => new BlockSample([bad, all], blockSeconds))
  const rates = pooled.map(({ loadPerS }) => loadPerS)
  const stream = randomStream(seed, 'crossing')
  let drawn = 0
  const uniform = () => uniformAt(stream, drawn++)
  const crossings = Array.from({ length: draws }, () => {
    return crossAt(
      rates,
      samples.map((sample) => sample.draw(uniform)),
      budget,
    )
  }).sort((a, b) => a - b)
  return {
    low: sortedQuantile(crossings, tail),
    estimate: crossAt(
      rates,
      samples.map((sample) => sample.totals()),
      budget,
    ),
    high: sortedQuantile(crossings, 1 - tail),
  }
}

/** The fitted share at each load that was tried. */
export function fittedShares(loads: readonly LoadCounts[]): { loadPerS: number; share: number }[] {
  const pooled = poolByLoad(loads)
  const totals = pooled.map(({ bad, all }) => [sum(bad), sum(all)] as const)
  const fitted = isotonic(
    totals.map(([bad, all]) => (all === 0 ? 0 : bad / all)),
    totals.map(([, all]) => Math.max(1, all)),
  )
  return pooled.map(({ loadPerS }, i) => ({ loadPerS, share: fitted[i]! }))
}

// Shares fall off like exponentials below saturation, so loads are joined on a logarithmic scale; half
// a request keeps "none so far" off minus infinity.
function crossAt(rates: readonly number[], totals: readonly (readonly number[])[], budget: number) {
  const values = totals.map(([bad, all]) => Math.log((bad! + 0.5) / (all! + 1)))
  const fitted = isotonic(
    values,
    totals.map(([, all]) => Math.max(1, all!)),
  )
  const level = Math.log(budget)
  const above = fitted.findIndex((value) => value > level)
  if (above < 0) return Number.POSITIVE_INFINITY
  if (above === 0) return 0
  const [low, high] = [fitted[above - 1]!, fitted[above]!]
  const share = (level - low) / (high - low)
  return rates[above - 1]! + share * (rates[above]! - rates[above - 1]!)
}

function poolByLoad(loads: readonly LoadCounts[]): LoadCounts[] {
  const byLoad = new Map<number, { bad: number[]; all: number[] }>()
  for (const { loadPerS, bad, all } of loads) {
    const pool = byLoad.get(loadPerS) ?? { bad: [], all: [] }
    pool.bad.push(...bad)
    pool.all.push(...all)
    byLoad.set(loadPerS, pool)
  }
  return [...byLoad]
    .map(([loadPerS, pool]) => ({ loadPerS, ...pool }))
    .sort((a, b) => a.loadPerS - b.loadPerS)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
