// The heads of responses that a driver has read last, so that the next one that is the same need not
// be read.

import type { MessageHead } from './messageHead.ts'

/** Heads in a row that were unlike those before, after which remembering is not worth it. */
const missesMax = 64

/**
 * Heads that came before. Servers send the same bytes over and over (until the second of their Date
 * field is over), and to compare is much cheaper than to read.
 */
export class HeadMemory {
  #last: MessageHead | null = null
  #other: MessageHead | null = null
  #misses = 0

  /** The head that bytes [start, end) begin with, if it came before. */
  find(source: Buffer, start: number, end: number): MessageHead | null {
    if (this.#last === null) return null
    if (this.#last.isAt(source, start, end)) return this.#last
    if (!this.#other?.isAt(source, start, end)) return null
    const found = this.#other
    this.#other = this.#last
    this.#last = found
    return found
  }

  /** Remembers a head that was read; where all heads differ, only now and then. */
  keep(head: MessageHead): boolean {
    if (++this.#misses > missesMax && this.#misses % missesMax !== 0) return false
    head.own()
    this.#other = this.#last
    this.#last = head
    return true
  }

  /** A head was found. */
  hit(): void {
    this.#misses = 0
  }
}
