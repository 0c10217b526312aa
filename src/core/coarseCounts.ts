// Counts of spans at some 1 % resolution, sparse: what charts and intervals of a long run keep by the
// thousand, where exact histograms, or a Map of some hundred buckets each, would fill memory.

import { type CountsCut, indexOf, latencyUsMax, valueAt } from './latencyCounts.ts'
import type { Micros } from './units.ts'

/** Values below this have a count of their own; above, there are 128 counts to a power of two. */
const subBuckets = 256
const subBucketBits = 8

/** Merged only by addition: whole = merge(parts). */
export class CoarseCounts {
  /** Buckets that have counts, in rising order, and their counts. */
  #indices: Uint16Array = new Uint16Array()
  #counts: Float64Array = new Float64Array()
  #count = 0
  #maxUs: Micros = 0

  get count(): number {
    return this.#count
  }

  /** Exact; null without samples. */
  get maxUs(): Micros | null {
    return this.#count === 0 ? null : this.#maxUs
  }

  /** Adds what a slice counted; its indices rise. */
  addCut({ indices, counts, count, maxUs }: CountsCut): void {
    this.#add(
      indices.map((index) => coarseOf(valueAt(index))),
      counts,
    )
    this.#count += count
    this.#maxUs = Math.max(this.#maxUs, maxUs)
  }

  merge(other: CoarseCounts): void {
    this.#add(other.#indices, other.#counts)
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
    return Array.from(this.#indices, (index, i) => ({
      us: middleOf(index),
      count: this.#counts[i]!,
    }))
  }

  /** Adds counts of buckets that rise, some of which may be the same. */
  #add(indices: Uint16Array, counts: ArrayLike<number>): void {
    const summed = { indices: [] as number[], counts: [] as number[] }
    const take = (index: number, count: number) => {
      const last = summed.indices.length - 1
      if (summed.indices[last] === index) summed.counts[last]! += count
      else {
        summed.indices.push(index)
        summed.counts.push(count)
      }
    }
    let own = 0
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i]!
      while (this.#indices[own]! <= index) take(this.#indices[own]!, this.#counts[own++]!)
      take(index, counts[i]!)
    }
    while (own < this.#indices.length) take(this.#indices[own]!, this.#counts[own++]!)
    this.#indices = Uint16Array.from(summed.indices)
    this.#counts = Float64Array.from(summed.counts)
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
