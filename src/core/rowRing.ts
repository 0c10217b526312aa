// Rows on their way from the engine's thread to the main one: a ring in shared memory. Who writes
// never waits; when the ring is full, rows are lost and counted.

import type { RequestRecord } from './record.ts'
import { RowEncoder, type RowTexts, rowBytes } from './requestRow.ts'

/** Rows that fit in, if nothing else is said; at 200,000 per second two thirds of one. */
const rowsMax = 131_072

/** Shared memory of a ring: its rows, and how many of them were read. */
export interface RingMemory {
  readonly rows: SharedArrayBuffer
  readonly read: SharedArrayBuffer
}

export function ringMemory(rows = rowsMax): RingMemory {
  return { rows: new SharedArrayBuffer(rows * rowBytes), read: new SharedArrayBuffer(8) }
}

/** Rows that were written since the last cut; the reader has to take just so many. */
export interface RingCut {
  readonly rows: number
  readonly texts: RowTexts
  /** Rows lost since the start. */
  readonly lost: number
}

/** The end that writes. */
export class RingWriter {
  readonly #rowsMax: number
  readonly #words: Int32Array
  readonly #doubles: Float64Array
  readonly #read: BigInt64Array
  readonly #encoder = new RowEncoder()
  #written = 0
  #cutAt = 0
  #lost = 0
  /** Rows known to have been read: looked up only when the ring seems full. */
  #readKnown = 0

  constructor({ rows, read }: RingMemory) {
    this.#rowsMax = rows.byteLength / rowBytes
    this.#words = new Int32Array(rows)
    this.#doubles = new Float64Array(rows)
    this.#read = new BigInt64Array(read)
  }

  write(record: RequestRecord): void {
    if (this.#written - this.#readKnown >= this.#rowsMax) {
      this.#readKnown = Number(Atomics.load(this.#read, 0))
      if (this.#written - this.#readKnown >= this.#rowsMax) {
        this.#lost++
        return
      }
    }
    this.#encoder.write(this.#words, this.#doubles, this.#written % this.#rowsMax, record)
    this.#written++
  }

  /** Rows that no cut has told of yet. */
  get pending(): number {
    return this.#written - this.#cutAt
  }

  cut(): RingCut {
    const rows = this.pending
    this.#cutAt = this.#written
    return { rows, texts: this.#encoder.cut(), lost: this.#lost }
  }
}

/** The end that reads, in another thread. */
export class RingReader {
  readonly #rowsMax: number
  readonly #bytes: Uint8Array
  readonly #read: BigInt64Array
  #taken = 0

  constructor({ rows, read }: RingMemory) {
    this.#rowsMax = rows.byteLength / rowBytes
    this.#bytes = new Uint8Array(rows)
    this.#read = new BigInt64Array(read)
  }

  /** A copy of the next rows, which a cut must have told of. */
  take(rows: number): Uint8Array<ArrayBuffer> {
    const copy = new Uint8Array(rows * rowBytes)
    const start = this.#taken % this.#rowsMax
    const first = Math.min(rows, this.#rowsMax - start)
    copy.set(this.#bytes.subarray(start * rowBytes, (start + first) * rowBytes))
    copy.set(this.#bytes.subarray(0, (rows - first) * rowBytes), first * rowBytes)
    this.#taken += rows
    Atomics.store(this.#read, 0, BigInt(this.#taken))
    return copy
  }
}
