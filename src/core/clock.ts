// Time as a parameter: the `Clock` everything takes, and the virtual one. Must not read the machine.

import type { Micros } from './units.ts'

/** Takes back a scheduled call; harmless when it already ran. */
export type Cancel = () => void

/**
 * Monotonic time in whole µs since the run's epoch, and calls at absolute instants, never early and
 * never before `at` returns.
 */
export interface Clock {
  nowUs(): Micros
  at(us: Micros, run: () => void): Cancel
  /** Calls `run` once everything that has come in by now has been taken; after `soon` returns. */
  soon(run: () => void): void
}

/** Resolves at `us`, or at once when `signal` aborts; never rejects. */
export function sleepUntil(clock: Clock, us: Micros, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const wake = () => {
      cancel()
      signal?.removeEventListener('abort', wake)
      resolve()
    }
    const cancel = clock.at(us, wake)
    signal?.addEventListener('abort', wake, { once: true })
  })
}

interface Timer {
  readonly us: Micros
  readonly order: number
  readonly run: () => void
  cancelled: boolean
}

/**
 * A clock that moves only when told to. Timers of one instant run in the order they were set, so a
 * simulation is exact and repeatable.
 */
export class VirtualClock implements Clock {
  #nowUs: Micros
  #order = 0
  readonly #timers: Timer[] = []

  constructor(startUs: Micros = 0) {
    this.#nowUs = startUs
  }

  nowUs(): Micros {
    return this.#nowUs
  }

  at(us: Micros, run: () => void): Cancel {
    const timer: Timer = {
      us: Math.max(us, this.#nowUs),
      order: this.#order++,
      run,
      cancelled: false,
    }
    push(this.#timers, timer)
    return () => {
      timer.cancelled = true
    }
  }

  soon(run: () => void): void {
    this.at(this.#nowUs, run)
  }

  /** Runs everything due up to `us`, then stands at `us`. */
  advanceTo(us: Micros): void {
    while (this.#timers[0] !== undefined && this.#timers[0].us <= us) this.#step()
    this.#nowUs = Math.max(this.#nowUs, us)
  }

  /** Moves time forward until `work` settles; throws when nothing is left that could settle it. */
  async run<T>(work: Promise<T>): Promise<T> {
    let settled = false
    const done = work.finally(() => {
      settled = true
    })
    done.catch(() => {})
    for (;;) {
      // A macrotask lets every promise that the last timer resolved run first.
      await new Promise(setImmediate)
      if (settled) return done
      if (this.#timers.length === 0)
        throw new Error('virtual time stands still: nothing is scheduled')
      this.#step()
    }
  }

  /**
   * The same in pieces of `pieceUs`, for work whose timers need no promises in between: a turn per
   * piece instead of one per timer. Time may stand up to a piece behind the end of `work`.
   */
  async runInPieces<T>(work: Promise<T>, pieceUs: Micros): Promise<T> {
    let settled = false
    const done = work.finally(() => {
      settled = true
    })
    done.catch(() => {})
    while (!settled) {
      this.advanceTo(this.#nowUs + pieceUs)
      await new Promise(setImmediate)
    }
    return done
  }

  #step(): void {
    const timer = pop(this.#timers)
    if (timer === undefined || timer.cancelled) return
    this.#nowUs = timer.us
    timer.run()
  }
}

// A binary heap ordered by (us, order).

function isBefore(a: Timer, b: Timer): boolean {
  return a.us < b.us || (a.us === b.us && a.order < b.order)
}

function push(heap: Timer[], timer: Timer): void {
  let i = heap.push(timer) - 1
  while (i > 0) {
    const parent = (i - 1) >> 1
    if (!isBefore(timer, heap[parent]!)) break
    heap[i] = heap[parent]!
    i = parent
  }
  heap[i] = timer
}

function pop(heap: Timer[]): Timer | undefined {
  const top = heap[0]
  const last = heap.pop()
  if (top === undefined || last === undefined || heap.length === 0) return top
  let i = 0
  for (;;) {
    let child = 2 * i + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
    if (!isBefore(heap[child]!, last)) break
    heap[i] = heap[child]!
    i = child
  }
  heap[i] = last
  return top
}
