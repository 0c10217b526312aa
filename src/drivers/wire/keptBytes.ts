// The part of a body that is kept: borrowed from the receive buffer while the response is being
// read, copied only when it comes in several reads.

import { assert } from '../../core/errors.ts'

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

  /** Whether an ASCII text of two characters or more is in it. */
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
 * A text that is looked for again and again. Wherever it stands, one of every `length - 1` pairs of
 * neighbouring bytes is in it: only those are looked at, none of which waits for the one before, as in
 * searches that skip by what they find, and few pairs of a JSON text are among those of a word. On
 * bodies of some kB that is quicker than to call out of JavaScript.
 */
class Sought {
  readonly text: string
  readonly #bytes: Uint8Array
  /** By pair: 0 for one that the text has not, else 1 + the index of its places. */
  readonly #pairs = new Uint8Array(2 ** 16)
  readonly #places: number[][] = []

  constructor(text: string) {
    assert(text.length > 1, 'what is sought has two characters at least')
    this.text = text
    this.#bytes = Buffer.from(text, 'latin1')
    for (let place = 0; place + 1 < text.length; place++) {
      const pair = pairAt(this.#bytes, place)
      if (this.#pairs[pair] === 0) this.#pairs[pair] = this.#places.push([])
      this.#places[this.#pairs[pair]! - 1]!.push(place)
    }
  }

  isIn(bytes: Buffer, start: number, end: number): boolean {
    const pairs = this.#pairs
    const step = this.#bytes.length - 1
    let at = start + step - 1
    // Two at a time: most of the cost is the loop.
    for (; at + step + 1 < end; at += 2 * step) {
      const next = at + step
      if ((pairs[pairAt(bytes, at)]! | pairs[pairAt(bytes, next)]!) === 0) continue
      if (this.#isAround(bytes, at, end) || this.#isAround(bytes, next, end)) return true
    }
    return at + 1 < end && this.#isAround(bytes, at, end)
  }

  /** Whether the text is in `bytes`, up to `end`, so that it has the pair at `at`. */
  #isAround(bytes: Buffer, at: number, end: number): boolean {
    const index = this.#pairs[pairAt(bytes, at)]!
    if (index === 0) return false
    for (const place of this.#places[index - 1]!) {
      if (at - place + this.#bytes.length <= end && this.#isAt(bytes, at - place)) return true
    }
    return false
  }

  #isAt(bytes: Buffer, from: number): boolean {
    const sought = this.#bytes
    for (let i = 0; i < sought.length; i++) if (bytes[from + i] !== sought[i]) return false
    return true
  }
}

function pairAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8)
}

/** All connections look for the same. */
let sought = new Sought('""')
