// Fixed windows and budgets: one counter that returns to zero at a boundary.
//
//   state      event               next state
//   -------    -----------------   ----------------------------------------
//   idle       charge c at t       counting(start = t or its multiple, used = c)
//   counting   charge c at t       counting(same start, used + c)
//   counting   t >= start + W      idle (with a sweep: from its first instant at or after that)
//   counting   rejected at t       counting(start = t) where rejects extend the window

import type { Budget, FixedWindow } from '../core/limits.ts'
import type { Micros } from '../core/units.ts'
import type { Algorithm } from './algorithm.ts'

/** `startUs` null: idle, nothing charged since the last boundary. */
export interface WindowState {
  readonly startUs: Micros | null
  readonly used: number
}

const idle: WindowState = { startUs: null, used: 0 }

/** A fixed window, or a budget whose window may be endless. */
export const window: Algorithm<FixedWindow | Budget, WindowState> = {
  fresh: () => idle,

  advance(algorithm, state, nowUs) {
    return isExpired(algorithm, state, nowUs) && nowUs >= noticedUs(algorithm, state)!
      ? idle
      : state
  },

  waitUs(algorithm, state, cost, nowUs) {
    if (state.used + cost <= algorithm.limit) return 0
    if (cost > algorithm.limit) return null
    return leftUs(algorithm, state, nowUs)
  },

  charge(algorithm, state, cost, nowUs) {
    // Where only a sweep would notice that a window has expired, a charge does, too.
    if (isExpired(algorithm, state, nowUs)) return { startUs: nowUs, used: cost }
    return { startUs: state.startUs ?? startUs(algorithm, nowUs), used: state.used + cost }
  },

  refund(_algorithm, state, cost, chargedUs) {
    if (state.startUs === null || chargedUs < state.startUs) return state
    return { ...state, used: Math.max(0, state.used - cost) }
  },

  remaining: (algorithm, state) => algorithm.limit - state.used,

  resetUs: (algorithm, state, nowUs) => leftUs(algorithm, state, nowUs) ?? 0,

  endUs: (algorithm, state) =>
    algorithm.anchor === 'first-request' ? noticedUs(algorithm, state) : null,

  rejected: (algorithm, state, nowUs) =>
    isExtendedByRejected(algorithm) ? { ...state, startUs: nowUs } : state,

  quietUntilUs(algorithm, { startUs }) {
    if (startUs === null || isExtendedByRejected(algorithm)) return Number.NEGATIVE_INFINITY
    return startUs + (algorithm.windowUs ?? Number.POSITIVE_INFINITY)
  },
}

function isExtendedByRejected(algorithm: FixedWindow | Budget): boolean {
  return algorithm.kind === 'fixed-window' && algorithm.extendedByRejected
}

function startUs(algorithm: FixedWindow | Budget, nowUs: Micros): Micros {
  if (algorithm.anchor === 'first-request' || algorithm.windowUs === null) return nowUs
  return Math.floor(nowUs / algorithm.windowUs) * algorithm.windowUs
}

function leftUs(algorithm: FixedWindow | Budget, state: WindowState, nowUs: Micros): Micros | null {
  if (state.startUs === null) return 0
  const endUs = noticedUs(algorithm, state)
  return endUs === null ? null : endUs - nowUs
}

function isExpired(
  { windowUs }: FixedWindow | Budget,
  { startUs }: WindowState,
  nowUs: Micros,
): boolean {
  return startUs !== null && windowUs !== null && nowUs >= startUs + windowUs
}

/** When the end of the window shows; null: never, or there is no window. */
function noticedUs(algorithm: FixedWindow | Budget, { startUs }: WindowState): Micros | null {
  if (startUs === null || algorithm.windowUs === null) return null
  const endUs = startUs + algorithm.windowUs
  const sweepUs = algorithm.kind === 'fixed-window' ? (algorithm.sweepUs ?? 0) : 0
  return sweepUs === 0 ? endUs : Math.ceil(endUs / sweepUs) * sweepUs
}
