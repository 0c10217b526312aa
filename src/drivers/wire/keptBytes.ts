// The part of a body that is kept: borrowed from the receive buffer while the response is being
// read, copied only when it comes in several reads.

const nothing = Buffer.alloc(0)

/** Longer memory than this is given back after the response. */
const spareBytesMax = 64 * 1024

/** Up to this length, looking for a text byte by byte is quicker than a call out of JavaScript. */
const scannedMax = 256

export class KeptBytes {
  readonly #bytesMax: number
  #bytes: Buffer = nothing
  #start = 0
  #end = 0
  #isOwn = false
  /** Memory of our own, used again by the next response. */
  #memory: Buffer = nothing

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  clear(): void {
    this.#bytes = nothing
    this.#start = 0
    this.#end = 0
    this.#isOwn = false
    if (this.#memory.length > spareBytesMax) this.#memory = nothing
  }

  /** Bytes [start, end) of `chunk` come next; what goes beyond the cap is dropped. */
  add(chunk: Buffer, start: number, end: number): void {
    if (this.#end === this.#start && !this.#isOwn) {
      this.#bytes = chunk
      this.#start = start
      this.#end = Math.min(end, start + this.#bytesMax)
      return
    }
    this.own()
    this.#append(chunk, start, end)
  }

  /** Keeps what was borrowed, because its memory is about to be written over. */
  own(): void {
    if (this.#isOwn || this.#end === this.#start) return
    const { buffer, byteOffset } = this.#bytes
    const borrowed = Buffer.from(buffer, byteOffset + this.#start, this.#end - this.#start)
    this.#bytes = this.#memory
    this.#start = 0
    this.#end = 0
    this.#isOwn = true
    this.#append(borrowed, 0, borrowed.length)
  }

  text(): string {
    return this.#bytes.toString('utf8', this.#start, this.#end)
  }

  /** Whether an ASCII text is in it. */
  has(text: string): boolean {
    const last = this.#end - text.length
    // Within its own part only: the receive buffer goes on with older bytes.
    if (last - this.#start > scannedMax) {
      return this.#bytes.subarray(this.#start, this.#end).includes(text, 0, 'latin1')
    }
    const first = text.charCodeAt(0)
    for (let at = this.#start; at <= last; at++) {
      if (this.#bytes[at] === first && this.#isAt(at, text)) return true
    }
    return false
  }

  #isAt(at: number, text: string): boolean {
    for (let i = 1; i < text.length; i++) {
      if (this.#bytes[at + i] !== text.charCodeAt(i)) return false
    }
    return true
  }

  #append(chunk: Buffer, start: number, end: number): void {
    const length = Math.min(end - start, this.#bytesMax - this.#end)
    if (length <= 0) return
    if (this.#end + length > this.#memory.length) this.#grow(this.#end + length)
    chunk.copy(this.#memory, this.#end, start, start + length)
    this.#bytes = this.#memory
    this.#end += length
  }

  #grow(bytesLeast: number): void {
    const wider = Buffer.alloc(Math.min(this.#bytesMax, Math.max(1024, bytesLeast * 2)))
    this.#memory.copy(wider, 0, 0, this.#end)
    this.#memory = wider
  }
}
