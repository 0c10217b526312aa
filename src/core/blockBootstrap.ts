// Intervals for quantiles of dependent samples: answers that queue behind each other say less than
// as many independent ones, so whole blocks of seconds vary together. Pure.
//
// How much the share of samples above the estimate varies is what the moving-block bootstrap (Künsch
// 1989) gives it: for a share its variance has a closed form, so nothing has to be drawn. The bounds
// of the share are then looked up as quantiles (Woodruff 1952), which keeps the interval as skewed as
// the distribution is.

import { studentQuantile } from './distributions.ts'
import { type CountsCut, valueAt } from './latencyCounts.ts'
import { sampleFloor } from './statistics.ts'
import type { Micros } from './units.ts'

export interface QuantileInterval {
  readonly estimateUs: Micros
  readonly lowUs: Micros
  readonly highUs: Micros
  readonly count: number
  /** As many independent samples would say as much. */
  readonly effective: number
  /** Blocks that do not overlap: what the interval rests on. */
  readonly blocks: number
}

export interface BlockOptions {
  /** Default 10 s: longer than whatever queues. */
  readonly blockSeconds?: number
  /** Default 0.95. */
  readonly confidence?: number
}

/** Fewest blocks that say something about how blocks differ. */
const blocksLeast = 4

/**
 * Quantile `q` of what these seconds counted, in their order, quiet ones included (null). Null when
 * there are too few seconds or samples for it.
 */
export function quantileInterval(
  seconds: readonly (CountsCut | null)[],
  q: number,
  { blockSeconds = 10, confidence = 0.95 }: BlockOptions = {},
): QuantileInterval | null {
  const whole = new Distribution(seconds)
  const blocks = Math.floor(seconds.length / blockSeconds)
  if (blocks < blocksLeast || whole.count < sampleFloor(q)) return null
  const estimateUs = whole.quantile(q)
  const variance = shareVariance(seconds, estimateUs, blockSeconds)
  const spread = studentQuantile(1 - (1 - confidence) / 2, blocks - 1) * Math.sqrt(variance)
  return {
    estimateUs,
    lowUs: whole.quantile(Math.max(0, q - spread)),
    highUs: whole.quantile(Math.min(1, q + spread)),
    count: whole.count,
    // n independent samples are above a quantile with variance q (1 - q) / n.
    effective: variance === 0 ? whole.count : Math.min(whole.count, (q * (1 - q)) / variance),
    blocks,
  }
}

/** Variance of the share of samples above `us`, from all blocks of that many seconds. */
function shareVariance(
  seconds: readonly (CountsCut | null)[],
  us: Micros,
  blockSeconds: number,
): number {
  const above = seconds.map((cut) => (cut === null ? 0 : countAbove(cut, us)))
  const counts = seconds.map((cut) => cut?.count ?? 0)
  const total = sumOf(counts)
  const share = sumOf(above) / total
  const excess = above.map((count, i) => count - share * counts[i]!)
  let sum = sumOf(excess.slice(0, blockSeconds))
  let squares = sum ** 2
  for (let end = blockSeconds; end < excess.length; end++) {
    sum += excess[end]! - excess[end - blockSeconds]!
    squares += sum ** 2
  }
  const perBlock = squares / (excess.length - blockSeconds + 1)
  const blocks = seconds.length / blockSeconds
  return (blocks * perBlock * (blocks / (blocks - 1))) / total ** 2
}

function countAbove({ indices, counts }: CountsCut, us: Micros): number {
  let above = 0
  for (let i = indices.length - 1; i >= 0 && upperEdge(indices[i]!) > us; i--) above += counts[i]!
  return above
}

/** As HdrHistogram: the greatest value of those that are counted together. */
function upperEdge(index: number): Micros {
  return valueAt(index + 1) - 1
}

/** Everything that some seconds counted. */
class Distribution {
  readonly count: number
  readonly #indices: readonly number[]
  readonly #upTo: readonly number[]

  constructor(seconds: readonly (CountsCut | null)[]) {
    const counts = new Map<number, number>()
    for (const cut of seconds) {
      for (const [i, index] of (cut?.indices ?? []).entries()) {
        counts.set(index, (counts.get(index) ?? 0) + cut!.counts[i]!)
      }
    }
    this.#indices = [...counts.keys()].sort((a, b) => a - b)
    let sum = 0
    this.#upTo = this.#indices.map((index) => {
      sum += counts.get(index)!
      return sum
    })
    this.count = sum
  }

  quantile(q: number): Micros {
    const rank = Math.max(1, Math.floor(q * this.count + 0.5))
    const at = this.#upTo.findIndex((upTo) => upTo >= rank)
    return upperEdge(this.#indices[at]!)
  }
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
