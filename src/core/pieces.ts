// Work in pieces: a thread that shares its only core with one that has to be punctual keeps it no
// longer than a piece takes.

import { hasOneCore } from './thread.ts'

/** Long enough for whoever was held up to catch up. */
const pauseMs = 3

/** When so many wait, all of them are done at once: whoever gives them is quicker than the pauses. */
const waitingMax = 32

/** Does what it is given, in order: at once or, on a single core, with pauses between. */
export class Pieces {
  readonly #pauses: boolean
  #waiting: (() => void)[] = []
  #timer: NodeJS.Timeout | null = null

  constructor(pauses = hasOneCore) {
    this.#pauses = pauses
  }

  add(piece: () => void): void {
    this.#waiting.push(piece)
    if (!this.#pauses || this.#waiting.length >= waitingMax) return this.finish()
    this.#timer ??= setTimeout(this.#next, pauseMs)
  }

  /** Does all that waits. */
  finish(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const piece of waiting) piece()
  }

  readonly #next = () => {
    this.#waiting.shift()?.()
    this.#timer = this.#waiting.length === 0 ? null : setTimeout(this.#next, pauseMs)
  }
}
