// Bytes that came before, to tell whether they come again. Must not know what they mean.

/** Longer ones are compared faster by native code, in spite of the way there. */
const wordwiseMax = 512

/** A copy of some bytes, which others are compared with. */
export class KnownBytes {
  readonly bytes: Buffer
  #view: DataView | null = null

  constructor(chunk: Buffer, start: number, end: number) {
    this.bytes = Buffer.from(chunk.subarray(start, end))
  }

  /** Whether a chunk has these very bytes from `start` on; it must be long enough. */
  isAt(chunk: Buffer, start: number): boolean {
    const { length } = this.bytes
    if (length > wordwiseMax) return this.bytes.compare(chunk, start, start + length) === 0
    this.#view ??= viewOf(this.bytes)
    const own = this.#view
    const other = lastViewOf(chunk)
    let i = 0
    // Eight at a time, wherever they begin: a quarter of the time that one by one takes. V8 makes
    // plain machine words of these, no BigInts.
    for (; i + 8 <= length; i += 8) {
      if (own.getBigInt64(i) !== other.getBigInt64(start + i)) return false
    }
    for (; i < length; i++) if (own.getUint8(i) !== other.getUint8(start + i)) return false
    return true
  }
}

// All connections of a thread read into the same buffer.
let lastChunk: Buffer | null = null
let lastView: DataView | null = null

function lastViewOf(chunk: Buffer): DataView {
  if (chunk !== lastChunk || lastView === null) {
    lastChunk = chunk
    lastView = viewOf(chunk)
  }
  return lastView
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
