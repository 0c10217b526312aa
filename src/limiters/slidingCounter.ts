// Sliding counter: the previous window's count, weighted by its overlap, plus the current count.
// Admits cost c when previous × (W − elapsed) / W + current + c <= limit; all in integers × W.

import type { SlidingCounter } from '../core/limits.ts'
import type { Micros } from '../core/units.ts'
import type { Algorithm } from './algorithm.ts'

/** `startUs` null: nothing charged in the last two windows. */
export interface SlidingCounterState {
  readonly startUs: Micros | null
  readonly previous: number
  readonly current: number
}

const idle: SlidingCounterState = { startUs: null, previous: 0, current: 0 }

export const slidingCounter: Algorithm<SlidingCounter, SlidingCounterState> = {
  fresh: () => idle,

  advance({ windowUs }, state, nowUs) {
    if (state.startUs === null || nowUs < state.startUs + windowUs) return state
    if (nowUs >= state.startUs + 2 * windowUs) return idle
    return { startUs: state.startUs + windowUs, previous: state.current, current: 0 }
  },

  waitUs(algorithm, state, cost, nowUs) {
    if (cost > algorithm.limit) return null
    if (fits(algorithm, state, cost, nowUs)) return 0
    const startUs = state.startUs!
    const thisWindowUs = roomAtUs(algorithm, state.previous, algorithm.limit - state.current - cost)
    if (thisWindowUs < algorithm.windowUs) return startUs + thisWindowUs - nowUs
    const nextWindowUs = roomAtUs(algorithm, state.current, algorithm.limit - cost)
    return startUs + algorithm.windowUs + nextWindowUs - nowUs
  },

  charge(algorithm, state, cost, nowUs) {
    return {
      startUs: state.startUs ?? windowStartUs(algorithm, nowUs),
      previous: state.previous,
      current: state.current + cost,
    }
  },

  quietUntilUs: ({ windowUs }, { startUs }) =>
    startUs === null ? Number.NEGATIVE_INFINITY : startUs + windowUs,

  refund({ windowUs }, state, cost, chargedUs) {
    if (state.startUs === null || chargedUs < state.startUs - windowUs) return state
    if (chargedUs >= state.startUs) {
      return { ...state, current: Math.max(0, state.current - cost) }
    }
    return { ...state, previous: Math.max(0, state.previous - cost) }
  },

  remaining(algorithm, state, nowUs) {
    return Math.floor(algorithm.limit - weighted(algorithm, state, nowUs) / algorithm.windowUs)
  },

  resetUs({ windowUs }, state, nowUs) {
    if (state.startUs === null) return 0
    return state.startUs + (state.current > 0 ? 2 : 1) * windowUs - nowUs
  },
}

function fits(
  algorithm: SlidingCounter,
  state: SlidingCounterState,
  cost: number,
  nowUs: Micros,
): boolean {
  const { windowUs, limit } = algorithm
  return weighted(algorithm, state, nowUs) + cost * windowUs <= limit * windowUs
}

/** The estimate of the sliding count, times the window. */
function weighted(
  { windowUs, isFloored = false }: SlidingCounter,
  { startUs, previous, current }: SlidingCounterState,
  nowUs: Micros,
): number {
  if (startUs === null) return 0
  const fading = previous * (windowUs - (nowUs - startUs))
  const counted = isFloored ? Math.floor(fading / windowUs) * windowUs : fading
  return counted + current * windowUs
}

/** First elapsed time of a window at which `fading` units weigh no more than `room`. */
function roomAtUs(
  { windowUs, isFloored = false }: SlidingCounter,
  fading: number,
  room: number,
): Micros {
  if (room < 0) return windowUs
  if (fading <= room) return 0
  // floor(fading × (W − e) / W) <= room means fading × (W − e) < (room + 1) × W.
  if (isFloored && fading < room + 1) return 0
  if (isFloored) return windowUs - (Math.ceil(((room + 1) * windowUs) / fading) - 1)
  // fading × (W − e) <= room × W, solved for the smallest integer e.
  return windowUs - Math.floor((room * windowUs) / fading)
}

function windowStartUs(algorithm: SlidingCounter, nowUs: Micros): Micros {
  if (algorithm.anchor === 'first-request') return nowUs
  return Math.floor(nowUs / algorithm.windowUs) * algorithm.windowUs
}
