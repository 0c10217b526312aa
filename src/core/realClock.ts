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
  return {
    nowUs,
    at: (us, run) => timerAt({ nowUs, spinUs, isAwaiting }, us, run),
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

interface TimerParts extends Required<Pick<RealClockOptions, 'spinUs' | 'isAwaiting'>> {
  readonly nowUs: () => Micros
}

function timerAt({ nowUs, spinUs, isAwaiting }: TimerParts, us: Micros, run: () => void): Cancel {
  let timeout: NodeJS.Timeout | undefined
  let immediate: NodeJS.Immediate | undefined
  const arm = () => {
    // Node's timers fire up to a millisecond early as well as late: look again, never run early.
    const beganUs = nowUs()
    if (us - beganUs > spinUs) return sleep(us - beganUs)
    const { awaiting, resting } = lookEveryUs
    const untilUs = Math.min(us, beganUs + (isAwaiting() ? awaiting : resting))
    while (nowUs() < untilUs);
    spunUs += Math.max(0, untilUs - beganUs)
    if (untilUs === us) return run()
    immediate = setImmediate(arm)
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
