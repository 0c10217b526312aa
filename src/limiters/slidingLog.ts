// Sliding log: every charged cost is remembered for exactly one window.

import type { SlidingLog } from '../core/limits.ts'
import type { Micros } from '../core/units.ts'
import type { Algorithm } from './algorithm.ts'

/**
 * Entries [head, tail) of `entries` are alive. The array is shared between successive states and
 * only ever appended to, so a state stays what it was without copying the log at every request.
 */
export interface SlidingLogState {
  readonly entries: Entry[]
  readonly head: number
  readonly tail: number
  readonly used: number
}

interface Entry {
  readonly us: Micros
  readonly cost: number
}

/** Dead entries at the front after which the log is copied, to bound memory. */
const deadMax = 1024

export const slidingLog: Algorithm<SlidingLog, SlidingLogState> = {
  fresh: () => ({ entries: [], head: 0, tail: 0, used: 0 }),

  advance(algorithm, state, nowUs) {
    let { head, used } = state
    while (head < state.tail && state.entries[head]!.us + algorithm.windowUs <= nowUs) {
      used -= state.entries[head]!.cost
      head++
    }
    if (head === state.head) return state
    return compact({ ...state, head, used: head === state.tail ? 0 : used })
  },

  waitUs(algorithm, state, cost, nowUs) {
    if (cost > algorithm.limit) return null
    let used = state.used
    let waitUs = 0
    for (let i = state.head; used + cost > algorithm.limit; i++) {
      used = i + 1 === state.tail ? 0 : used - state.entries[i]!.cost
      waitUs = state.entries[i]!.us + algorithm.windowUs - nowUs
    }
    return waitUs
  },

  charge(algorithm, state, cost, nowUs) {
    if (cost === 0) return state
    // Another state may have appended here already: then this history needs a copy of its own.
    const isOwner = state.entries.length === state.tail
    const entries = isOwner ? state.entries : state.entries.slice(0, state.tail)
    entries.push({ us: nowUs, cost })
    return forgetExcess(algorithm, {
      ...state,
      entries,
      tail: state.tail + 1,
      used: state.used + cost,
    })
  },

  refund(_algorithm, state, cost, chargedUs) {
    const entries = state.entries.slice(state.head, state.tail)
    const i = entries.findIndex((entry) => entry.us === chargedUs && entry.cost >= cost)
    if (i < 0) return state
    entries[i] = { us: chargedUs, cost: entries[i]!.cost - cost }
    return { entries, head: 0, tail: entries.length, used: state.used - cost }
  },

  remaining: (algorithm, state) => algorithm.limit - state.used,

  resetUs(algorithm, state, nowUs) {
    if (state.head === state.tail) return 0
    return state.entries[state.tail - 1]!.us + algorithm.windowUs - nowUs
  },
}

// Only the newest `limit` units decide when there is room again, so a log that charges rejected
// requests may forget older ones: this keeps a flood from growing it without bound.
function forgetExcess(algorithm: SlidingLog, state: SlidingLogState): SlidingLogState {
  let { head, used } = state
  while (used - state.entries[head]!.cost >= algorithm.limit) {
    used -= state.entries[head]!.cost
    head++
  }
  return head === state.head ? state : compact({ ...state, head, used })
}

function compact(state: SlidingLogState): SlidingLogState {
  if (state.head < deadMax) return state
  const entries = state.entries.slice(state.head, state.tail)
  return { entries, head: 0, tail: entries.length, used: state.used }
}
