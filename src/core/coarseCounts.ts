// Counts of spans at some 1 % resolution, sparse: what charts and intervals of a long run keep by the
// thousand, where exact histograms would fill memory.

import { type CountsCut, indexOf, latencyUsMax, valueAt } from './latencyCounts.ts'
import type { Micros } from './units.ts'

/** Values below this have a count of their own; above, there are 128 counts to a power of two. */
const subBuckets = 256
const subBucketBits = 8

/** Merged only by addition: whole = merge(parts). */
export class CoarseCounts {
  readonly #counts = new Map<number, number>()
  #count = 0
  #maxUs: Micros = 0

  get count(): number {
    return this.#count
  }

  /** Exact; null without samples. */
  get maxUs(): Micros | null {
    return this.#count === 0 ? null : this.#maxUs
  }

  /** Adds what a slice counted. */
  addCut({ indices, counts, count, maxUs }: CountsCut): void {
    for (const [i, index] of indices.entries()) this.#add(coarseOf(valueAt(index)), counts[i]!)
    this.#count += count
    this.#maxUs = Math.max(this.#maxUs, maxUs)
  }

  merge(other: CoarseCounts): void {
    for (const [index, count] of other.#counts) this.#add(index, count)
    this.#count += other.#count
    this.#maxUs = Math.max(this.#maxUs, other.#maxUs)
  }

  /** The value at quantile `q` of 0..1, as the middle of its bucket; null without samples. */
  quantile(q: number): Micros | null {
    if (this.#count === 0) return null
    const rank = Math.max(1, Math.floor(q * this.#count + 0.5))
    let sum = 0
    for (const { us, count } of this.buckets()) {
      sum += count
      if (sum >= rank) return Math.min(us, this.#maxUs)
    }
    return this.#maxUs
  }

  /** As counts of the middles of the buckets; null without samples. */
  cut(): CountsCut | null {
    if (this.#count === 0) return null
    const buckets = this.buckets()
    return {
      indices: Uint16Array.from(buckets, ({ us }) => indexOf(us)),
      counts: Uint32Array.from(buckets, ({ count }) => count),
      count: this.#count,
      minUs: buckets[0]!.us,
      maxUs: this.#maxUs,
    }
  }

  /** Middles of the buckets that have counts, in rising order. */
  buckets(): readonly { readonly us: Micros; readonly count: number }[] {
    return [...this.#counts]
      .sort(([a], [b]) => a - b)
      .map(([index, count]) => ({ us: middleOf(index), count }))
  }

  #add(index: number, count: number): void {
    this.#counts.set(index, (this.#counts.get(index) ?? 0) + count)
  }
}

function coarseOf(us: Micros): number {
  const value = Math.min(us, latencyUsMax)
  if (value < subBuckets) return value
  const shift = 32 - subBucketBits - Math.clz32(value)
  return (shift << (subBucketBits - 1)) + (value >>> shift)
}

function middleOf(index: number): Micros {
  if (index < subBuckets) return index
  const shift = (index >>> (subBucketBits - 1)) - 1
  const least = (index - (shift << (subBucketBits - 1))) * 2 ** shift
  return least + 2 ** (shift - 1)
}
