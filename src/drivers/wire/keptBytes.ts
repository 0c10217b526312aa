// The part of a body that is kept: borrowed from the receive buffer while the response is being
// read, copied only when it comes in several reads.

const nothing = Buffer.alloc(0)

/** Longer memory than this is given back after the response. */
const spareBytesMax = 64 * 1024

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
    const borrowed = this.#bytes
    const start = this.#start
    const end = this.#end
    this.#bytes = this.#memory
    this.#start = 0
    this.#end = 0
    this.#isOwn = true
    this.#append(borrowed, start, end)
  }

  text(): string {
    return this.#bytes.toString('utf8', this.#start, this.#end)
  }

  /** Whether an ASCII text is in it. */
  has(text: string): boolean {
    if (text !== sought.text) sought = new Sought(text)
    return sought.isIn(this.#bytes, this.#start, this.#end)
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

/**
 * A text that is looked for again and again. Wherever it stands, one of every `length` bytes is in
 * it: only those are looked at, none of which waits for the one before, as in searches that skip by
 * what they find. On bodies of some kB that is quicker than to call out of JavaScript.
 */
class Sought {
  readonly text: string
  readonly #bytes: Uint8Array
  /** 1 for the bytes that the text has, and for each of those the places at which it has them. */
  readonly #isOf = new Uint8Array(256)
  readonly #places: readonly (readonly number[])[]

  constructor(text: string) {
    this.text = text
    this.#bytes = Buffer.from(text, 'latin1')
    for (const byte of this.#bytes) this.#isOf[byte] = 1
    const places = [...this.#bytes].map((byte, place) => ({ byte, place }))
    this.#places = Array.from({ length: 256 }, (_, byte) =>
      places.filter((one) => one.byte === byte).map(({ place }) => place),
    )
  }

  isIn(bytes: Buffer, start: number, end: number): boolean {
    const isOf = this.#isOf
    const { length } = this.#bytes
    const last = end - length
    for (let at = start + length - 1; at < end; at += length) {
      if (isOf[bytes[at]!] === 0) continue
      for (const place of this.#places[bytes[at]!]!) {
        if (at - place <= last && this.#isAt(bytes, at - place)) return true
      }
    }
    return false
  }

  #isAt(bytes: Buffer, from: number): boolean {
    const sought = this.#bytes
    for (let i = 0; i < sought.length; i++) if (bytes[from + i] !== sought[i]) return false
    return true
  }
}

/** All connections look for the same. */
let sought = new Sought('"')
