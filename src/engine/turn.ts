// A turn: what is left to do about answers once all that are there have been read. First what came of
// each is written down, then all who are due send. Each of these in a row takes a good part less time
// than all of them for one answer after the other, whose code drives each other's out of the core's
// caches; and a server that sleeps is woken once for all requests instead of once for each.

import type { Clock } from '../core/clock.ts'

/** An answer that has been read. */
export interface Landing {
  land(): void
}

/** Someone whose next request is due. */
export interface Due {
  offer(): void
}

/** So many answers at once keep a server awake: those who sent further ones need not wait for more. */
const turnMax = 64

export class Turn {
  readonly #clock: Clock
  readonly #landings = new Queue<Landing>()
  readonly #dues = new Queue<Due>()
  readonly #onSoon = () => {
    this.#isSoon = false
    this.#end()
  }
  #isSoon = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `landing.land()` is called in this turn, in the order of these calls. */
  landLater(landing: Landing): void {
    if (this.#landings.add(landing) === turnMax) this.#end()
    else this.#endSoon()
  }

  /** `due.offer()` is called in this turn, after all landings. */
  offerLater(due: Due): void {
    if (this.#dues.add(due) === turnMax) this.#end()
    else this.#endSoon()
  }

  /** Lands at once what would land later: for whoever comes after it. */
  land(): void {
    for (let next = this.#landings.next(); next !== null; next = this.#landings.next()) next.land()
  }

  #endSoon(): void {
    if (this.#isSoon) return
    this.#isSoon = true
    this.#clock.soon(this.#onSoon)
  }

  #end(): void {
    this.land()
    for (let next = this.#dues.next(); next !== null; next = this.#dues.next()) next.offer()
  }
}

/** First in, first out; empty again and again. */
class Queue<T> {
  // Keeps its length: an array that is emptied gives its memory back.
  readonly #items: T[] = []
  #first = 0
  #end = 0

  /** How many there were since it was empty. */
  add(item: T): number {
    this.#items[this.#end] = item
    return ++this.#end
  }

  next(): T | null {
    if (this.#first < this.#end) return this.#items[this.#first++]!
    this.#first = 0
    this.#end = 0
    return null
  }
}
