// Latency histograms: integer µs, three significant digits, merged only by addition. The one place
// that knows hdr-histogram-js (its 32-bit WASM build).

import { createRequire } from 'node:module'
import type * as Hdr from 'hdr-histogram-js'
import { assert } from './errors.ts'
import { latencyUsMax } from './latencyCounts.ts'
import type { Micros } from './units.ts'

let loaded: typeof Hdr | null = null

/** The library is loaded with the first sample: it takes as long as the rest of a start. */
function hdrLibrary(): typeof Hdr {
  if (loaded === null) {
    loaded = createRequire(import.meta.url)('hdr-histogram-js') as typeof Hdr
    loaded.initWebAssemblySync()
  }
  return loaded
}

/**
 * A histogram of spans. It lives in WASM memory: call `destroy()` when it is no longer needed, or
 * keep it for the life of the process.
 */
export class LatencyHistogram {
  #hdr: Hdr.Histogram | null = null
  #minUs = Number.POSITIVE_INFINITY
  #maxUs = 0

  /** Adds one span; below 0 counts as 0, above an hour as an hour. */
  record(spanUs: Micros): void {
    // The JS build takes NaN silently as 0 and the WASM build throws: neither may happen.
    assert(Number.isFinite(spanUs), `histogram got ${spanUs}`)
    const us = Math.min(Math.max(Math.round(spanUs), 0), latencyUsMax)
    this.#open().recordValue(us)
    if (us < this.#minUs) this.#minUs = us
    if (us > this.#maxUs) this.#maxUs = us
  }

  get count(): number {
    return this.#hdr?.totalCount ?? 0
  }

  /** The value at quantile `q` of 0..1, or null without samples. */
  quantile(q: number): Micros | null {
    if (this.count === 0) return null
    // HDR answers with the upper edge of a bucket, which can lie above the largest sample.
    return Math.min(this.#open().getValueAtPercentile(q * 100), this.#maxUs)
  }

  get meanUs(): Micros | null {
    return this.count === 0 ? null : this.#open().mean
  }

  get minUs(): Micros | null {
    return this.count === 0 ? null : this.#minUs
  }

  get maxUs(): Micros | null {
    return this.count === 0 ? null : this.#maxUs
  }

  /** Adds `count` spans that fall together, as a cut of `LatencyCounts` has them. */
  add(spanUs: Micros, count: number): void {
    this.#open().recordValueWithCount(spanUs, count)
  }

  /** Widens the exact extremes, for spans that came in by `add`. */
  widen(minUs: Micros, maxUs: Micros): void {
    this.#minUs = Math.min(this.#minUs, minUs)
    this.#maxUs = Math.max(this.#maxUs, maxUs)
  }

  /** Adds all of `other`: whole = merge(parts), bucket by bucket. */
  merge(other: LatencyHistogram): void {
    if (other.#hdr !== null) this.#open().add(other.#hdr)
    this.#minUs = Math.min(this.#minUs, other.#minUs)
    this.#maxUs = Math.max(this.#maxUs, other.#maxUs)
  }

  reset(): void {
    this.#hdr?.reset()
    this.#minUs = Number.POSITIVE_INFINITY
    this.#maxUs = 0
  }

  /** HDR V2, compressed, base64: what `.hlog` files and summaries carry. */
  encode(): string {
    return hdrLibrary().encodeIntoCompressedBase64(this.#open())
  }

  /** Percentiles in ms as HdrHistogram's own tools print and plot them (`.hgrm`). */
  percentilesText(): string {
    return this.#open().outputPercentileDistribution(5, 1000)
  }

  destroy(): void {
    this.#hdr?.destroy()
    this.#hdr = null
  }

  #open(): Hdr.Histogram {
    this.#hdr ??= hdrLibrary().build({
      bitBucketSize: 32,
      autoResize: false,
      lowestDiscernibleValue: 1,
      highestTrackableValue: latencyUsMax,
      numberOfSignificantValueDigits: 3,
      useWebAssembly: true,
    })
    return this.#hdr
  }
}
