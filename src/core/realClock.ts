// The only file that reads the machine's clocks.

import type { Cancel, Clock } from './clock.ts'
import type { Micros } from './units.ts'

/** Longest delay `setTimeout` can hold, in ms; longer waits are taken in hops. */
const timeoutMsMax = 2 ** 31 - 1

export interface RealClockOptions {
  /** Unix time of µs 0, in ms; threads that share it share the clock. Default: now. */
  readonly epochMs?: number
  /** Spin on `setImmediate` over this last stretch before an instant; default 0: timers only. */
  readonly spinUs?: Micros
}

/** µs since `epochMs`, monotonic within the process and comparable between its threads. */
export function realClock(options: RealClockOptions = {}): Clock {
  const epochMs = options.epochMs ?? wallMs()
  const spinUs = options.spinUs ?? 0
  // performance.timeOrigin is a wall-clock reading of its own in each thread; hrtime is shared.
  const offsetUs = Math.round((wallAnchorMs - epochMs) * 1000) - anchorUs
  const nowUs = () => hrtimeUs() + offsetUs
  return {
    nowUs,
    at: (us, run) => timerAt(nowUs, us, run, spinUs),
    // Immediates run when all events of one look at the sockets have been handled.
    soon: (run) => void setImmediate(run),
  }
}

/** Unix time in ms, with fractions, that does not jump while the process lives. */
export function wallMs(): number {
  return wallAnchorMs + (hrtimeUs() - anchorUs) / 1000
}

function hrtimeUs(): Micros {
  const [s, ns] = process.hrtime()
  return s * 1e6 + Math.floor(ns / 1000)
}

// Every thread derives wall time from the same monotonic clock; the anchor itself is read once per
// thread and can differ by the resolution of Date.now(), so threads are given `wallAnchor` to share.
let anchorUs = hrtimeUs()
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

function timerAt(nowUs: () => Micros, us: Micros, run: () => void, spinUs: Micros): Cancel {
  let timeout: NodeJS.Timeout | undefined
  let immediate: NodeJS.Immediate | undefined
  const arm = () => {
    // Node's timers fire up to a millisecond early as well as late: look again, never run early.
    const leftUs = us - nowUs()
    if (leftUs <= 0) return run()
    if (leftUs <= spinUs) immediate = setImmediate(arm)
    else sleep(leftUs)
  }
  const sleep = (leftUs: Micros) => {
    const sleepMs = spinUs > 0 ? Math.floor((leftUs - spinUs) / 1000) : Math.ceil(leftUs / 1000)
    timeout = setTimeout(arm, Math.min(Math.max(sleepMs, 1), timeoutMsMax))
  }
  // The first look decides for all of this call: nothing may run before the caller is back.
  const firstLeftUs = us - nowUs()
  if (firstLeftUs <= spinUs) immediate = setImmediate(arm)
  else sleep(firstLeftUs)
  return () => {
    clearTimeout(timeout)
    clearImmediate(immediate)
  }
}
