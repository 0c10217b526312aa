// A server that does all its work in one thread: while it generates, nobody else is served.

import type { Clock } from '../../../core/clock.ts'
import type { Micros } from '../../../core/units.ts'

export class EventLoop {
  readonly #clock: Clock
  #busyUntilUs: Micros = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The thread is not free again for that long. */
  block(us: Micros): void {
    this.#busyUntilUs = Math.max(this.#busyUntilUs, this.#clock.nowUs() + Math.ceil(us))
  }

  /** Runs as soon as the thread is free, those first who came first. */
  enter(run: () => void): void {
    if (this.#clock.nowUs() >= this.#busyUntilUs) return run()
    this.#clock.at(this.#busyUntilUs, () => this.enter(run))
  }
}
