// Concurrency: a count of what is in flight, with an optional queue in front of it.
//
//   event      in flight < limit     full, room in the queue     full
//   -------    ------------------    -----------------------     ------
//   take       in flight + 1         waiting + 1 (queued)        denied
//   release    in flight − 1, or the first of the waiting takes the slot
//   give up    waiting − 1

import type { Concurrency } from '../core/limits.ts'

export interface ConcurrencyState {
  readonly inFlight: number
  readonly waiting: number
}

export const noneInFlight: ConcurrencyState = { inFlight: 0, waiting: 0 }

/** Asks for a slot. */
export function takeSlot(
  algorithm: Concurrency,
  state: ConcurrencyState,
): readonly ['allowed' | 'queued' | 'denied', ConcurrencyState] {
  if (state.inFlight < algorithm.limit) {
    return ['allowed', { ...state, inFlight: state.inFlight + 1 }]
  }
  if (state.waiting < algorithm.queue) {
    return ['queued', { ...state, waiting: state.waiting + 1 }]
  }
  return ['denied', state]
}

/** Gives a slot back; true when the first of the waiting has it now. */
export function releaseSlot(state: ConcurrencyState): readonly [boolean, ConcurrencyState] {
  if (state.waiting > 0) return [true, { ...state, waiting: state.waiting - 1 }]
  return [false, { ...state, inFlight: Math.max(0, state.inFlight - 1) }]
}

/** One of the waiting has gone. */
export function leaveQueue(state: ConcurrencyState): ConcurrencyState {
  return { ...state, waiting: Math.max(0, state.waiting - 1) }
}
