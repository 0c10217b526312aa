// Latency histograms for the hot path: plain counts in the layout of HdrHistogram (three significant
// digits), cheap to record into, to cut and to hand over. For everything else there is
// `LatencyHistogram`, which they are added to.

import { assert } from './errors.ts'
import type { Micros } from './units.ts'

/** Longer values are recorded as this one: an hour. */
export const latencyUsMax: Micros = 3_600_000_000

/** Values below this have a count of their own; above, the spacing doubles with every power of two. */
const subBuckets = 2048
const subBucketBits = 11

/** Counts that were cut off: `indices[i]` has `counts[i]`. Plain data. */
export interface CountsCut {
  readonly indices: Uint16Array<ArrayBuffer>
  readonly counts: Uint32Array<ArrayBuffer>
  readonly count: number
  readonly minUs: Micros
  readonly maxUs: Micros
}

/** Where a value of whole µs is counted. */
export function indexOf(us: number): number {
  if (us < subBuckets) return us
  const shift = 32 - subBucketBits - Math.clz32(us)
  return (shift << (subBucketBits - 1)) + (us >>> shift)
}

/** The least value that is counted at `index`. */
export function valueAt(index: number): Micros {
  if (index < subBuckets) return index
  const shift = (index >>> (subBucketBits - 1)) - 1
  return (index - (shift << (subBucketBits - 1))) * 2 ** shift
}

const indicesMax = indexOf(latencyUsMax) + 1

/** Counts of spans, until they are cut. */
export class LatencyCounts {
  readonly #counts = new Uint32Array(indicesMax)
  #count = 0
  #minUs = Number.POSITIVE_INFINITY
  #maxUs = 0
  #indexLeast = indicesMax
  #indexMost = -1

  get count(): number {
    return this.#count
  }

  /** Adds one span; below 0 counts as 0, above an hour as an hour. */
  record(spanUs: Micros): void {
    const us = spanUs < 0 ? 0 : spanUs > latencyUsMax ? latencyUsMax : Math.round(spanUs)
    const index = indexOf(us)
    // NaN has no index: it would be counted nowhere, in silence.
    assert(index < indicesMax, 'latency: expected a number')
    this.#counts[index]!++
    this.#count++
    if (us < this.#minUs) this.#minUs = us
    if (us > this.#maxUs) this.#maxUs = us
    if (index < this.#indexLeast) this.#indexLeast = index
    if (index > this.#indexMost) this.#indexMost = index
  }

  /** The value at quantile `q` of 0..1 as HdrHistogram has it; null without samples. */
  quantile(q: number): Micros | null {
    if (this.#count === 0) return null
    const rank = Math.max(1, Math.floor(q * this.#count + 0.5))
    let index = this.#indexLeast
    for (let sum = this.#counts[index]!; sum < rank; sum += this.#counts[index]!) index++
    return q === 0 ? valueAt(index) : Math.min(valueAt(index + 1) - 1, this.#maxUs)
  }

  get maxUs(): Micros | null {
    return this.#count === 0 ? null : this.#maxUs
  }

  /** What was recorded since the last cut, and still counts; null when nothing was. */
  peek(): CountsCut | null {
    if (this.#count === 0) return null
    const counts = this.#counts
    let used = 0
    for (let i = this.#indexLeast; i <= this.#indexMost; i++) if (counts[i]! > 0) used++
    const indices = new Uint16Array(used)
    const cut = new Uint32Array(used)
    for (let i = this.#indexLeast, at = 0; at < used; i++) {
      if (counts[i] === 0) continue
      indices[at] = i
      cut[at++] = counts[i]!
    }
    const extremes = { minUs: this.#minUs, maxUs: this.#maxUs }
    return { indices, counts: cut, count: this.#count, ...extremes }
  }

  /** What was recorded since the last cut; null when nothing was. */
  cut(): CountsCut | null {
    const cut = this.peek()
    if (cut === null) return null
    this.#counts.fill(0, this.#indexLeast, this.#indexMost + 1)
    this.#count = 0
    this.#minUs = Number.POSITIVE_INFINITY
    this.#maxUs = 0
    this.#indexLeast = indicesMax
    this.#indexMost = -1
    return cut
  }
}
