// The only file that reads the machine's clocks.

import { performance } from 'node:perf_hooks'
import type { Cancel, Clock } from './clock.ts'
import type { Micros } from './units.ts'

/**
 * While spinning, the sockets are looked at this often where something is awaited, and where nothing
 * is: each look makes garbage, and collecting it stops the thread for longer than this.
 */
const lookEveryUs = { awaiting: 10, resting: 100 }

/** Longest delay `setTimeout` can hold, in ms; longer waits are taken in hops. */
const timeoutMsMax = 2 ** 31 - 1

export interface RealClockOptions {
  /** Unix time of µs 0, in ms; threads that share it share the clock. Default: now. */
  readonly epochMs?: number
  /** Spin on `setImmediate` over this last stretch before an instant; default 0: timers only. */
  readonly spinUs?: Micros
  /** Whether anything may come in whose time is taken; default: always. */
  readonly isAwaiting?: () => boolean
}

/** µs since `epochMs`, monotonic within the process and comparable between its threads. */
export function realClock(options: RealClockOptions = {}): Clock {
  const epochMs = options.epochMs ?? wallMs()
  const { spinUs = 0, isAwaiting = () => true } = options
  // performance.timeOrigin is a wall-clock reading of its own in each thread.
  const offsetUs = Math.round((wallAnchorMs - epochMs) * 1000) - anchorUs
  const nowUs = () => monotonicUs() + offsetUs
  const spinner = new Spinner(nowUs, isAwaiting)
  return {
    nowUs,
    at: (us, run) => timerAt({ nowUs, spinUs, spinner }, us, run),
    // Immediates run when all events of one look at the sockets have been handled.
    soon: (run) => void setImmediate(run),
  }
}

/** Unix time in ms, with fractions, that does not jump while the process lives. */
export function wallMs(): number {
  return wallAnchorMs + (monotonicUs() - anchorUs) / 1000
}

/**
 * CLOCK_MONOTONIC. `performance.now()` makes no garbage, `process.hrtime()` an array each time; the
 * global `performance` would be a getter, called for each reading.
 */
function monotonicUs(): Micros {
  return Math.floor((performance.now() + originMs) * 1000)
}

/** What to add to `performance.now()` for CLOCK_MONOTONIC, in ms: threads may begin at different 0s. */
function monotonicOriginMs(): number {
  // Of several readings between two others, the one where those are nearest is not interrupted.
  const readings = Array.from({ length: 8 }, () => {
    const beforeMs = performance.now()
    const [s, ns] = process.hrtime()
    const afterMs = performance.now()
    return { originMs: s * 1e3 + ns / 1e6 - (beforeMs + afterMs) / 2, gapMs: afterMs - beforeMs }
  })
  return readings.reduce((best, one) => (one.gapMs < best.gapMs ? one : best)).originMs
}

const originMs = monotonicOriginMs()

/** What this thread has spun away. */
let spunUs: Micros = 0

/**
 * How long this thread has waited for instants without sleeping: µs since it began in which it had
 * nothing to do. What it was kept waiting for beyond an instant is not in it.
 */
export function spunAwayUs(): Micros {
  return spunUs
}

// Every thread derives wall time from the same monotonic clock; the anchor itself is read once per
// thread and can differ by the resolution of Date.now(), so threads are given `wallAnchor` to share.
let anchorUs = monotonicUs()
let wallAnchorMs = Date.now()

/** The pair (monotonic µs, Unix ms) that maps one clock to the other; hand it to worker threads. */
export interface WallAnchor {
  readonly monotonicUs: Micros
  readonly unixMs: number
}

export function wallAnchor(): WallAnchor {
  return { monotonicUs: anchorUs, unixMs: wallAnchorMs }
}

/** Makes this thread's wall time agree exactly with that of the thread the anchor came from. */
export function shareWallAnchor(anchor: WallAnchor): void {
  anchorUs = anchor.monotonicUs
  wallAnchorMs = anchor.unixMs
}

/** Somebody who waits for an instant that is near. */
interface Waiting {
  readonly us: Micros
  readonly run: () => void
  /** How many there were before it. */
  readonly order: number
}

/**
 * Waits without sleeping, for the earliest instant of all: were each to spin for its own, they would
 * keep each other waiting.
 */
class Spinner {
  readonly #nowUs: () => Micros
  readonly #isAwaiting: () => boolean
  /** The earliest last, of one instant the oldest last. */
  readonly #waiting: Waiting[] = []
  #added = 0
  #isSpinning = false

  constructor(nowUs: () => Micros, isAwaiting: () => boolean) {
    this.#nowUs = nowUs
    this.#isAwaiting = isAwaiting
  }

  /** Runs `run` at `us`, after `add` has returned. */
  add(us: Micros, run: () => void): Waiting {
    const waiting = { us, run, order: this.#added++ }
    let place = this.#waiting.length
    while (place > 0 && this.#waiting[place - 1]!.us <= us) place--
    if (place === this.#waiting.length) this.#waiting.push(waiting)
    else this.#waiting.splice(place, 0, waiting)
    this.#lookSoon()
    return waiting
  }

  remove(waiting: Waiting): void {
    const place = this.#waiting.lastIndexOf(waiting)
    if (place >= 0) this.#waiting.splice(place, 1)
  }

  #lookSoon(): void {
    if (this.#isSpinning || this.#waiting.length === 0) return
    this.#isSpinning = true
    setImmediate(this.#look)
  }

  readonly #look = () => {
    this.#isSpinning = false
    const earliest = this.#waiting.at(-1)
    if (earliest === undefined) return
    const beganUs = this.#nowUs()
    const lookUs = this.#isAwaiting() ? lookEveryUs.awaiting : lookEveryUs.resting
    const untilUs = Math.min(earliest.us, beganUs + lookUs)
    while (this.#nowUs() < untilUs);
    spunUs += Math.max(0, untilUs - beganUs)
    try {
      this.#runDue()
    } finally {
      this.#lookSoon()
    }
  }

  /** Whoever comes while these run has the next look. */
  #runDue(): void {
    const nowUs = this.#nowUs()
    const added = this.#added
    for (;;) {
      const next = this.#waiting.at(-1)
      if (next === undefined || next.us > nowUs || next.order >= added) return
      this.#waiting.pop()
      next.run()
    }
  }
}

interface TimerParts {
  readonly nowUs: () => Micros
  readonly spinUs: Micros
  readonly spinner: Spinner
}

function timerAt({ nowUs, spinUs, spinner }: TimerParts, us: Micros, run: () => void): Cancel {
  let timeout: NodeJS.Timeout | undefined
  let waiting: Waiting | undefined
  const arm = () => {
    // Node's timers fire up to a millisecond early as well as late: look again, never run early.
    const leftUs = us - nowUs()
    if (leftUs <= 0) run()
    else wait(leftUs)
  }
  const wait = (leftUs: Micros) => {
    if (leftUs <= spinUs) {
      waiting = spinner.add(us, run)
      return
    }
    const sleepMs = spinUs > 0 ? Math.floor((leftUs - spinUs) / 1000) : Math.ceil(leftUs / 1000)
    timeout = setTimeout(arm, Math.min(Math.max(sleepMs, 1), timeoutMsMax))
  }
  // Never `arm`: nothing may run before the caller is back.
  wait(us - nowUs())
  return () => {
    clearTimeout(timeout)
    if (waiting !== undefined) spinner.remove(waiting)
  }
}
