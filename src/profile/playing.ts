// What requests do to a hypothesis: the room they need, what they are charged, and when they may have
// come. Must not know what was observed to come of them.

import type { Micros } from '../core/units.ts'
import type { algorithmOf, State, TimedAlgorithm } from '../limiters/limiter.ts'
import type { TraceGroup } from './trace.ts'

/** A limiter with all its parameters, as far as a trace of one unit is concerned. */
export interface Hypothesis {
  readonly algorithm: TimedAlgorithm
  readonly chargesRejected: boolean
  /** A boundary of its wall-clock windows, or an instant of its refills. */
  readonly phaseUs: Micros
  /** Charged after the response: then a request passes while anything is left. Default false. */
  readonly isPost?: boolean
}

export type Rules = ReturnType<typeof algorithmOf>

/** When a limiter looked at a group of requests, and when it charged them, as a world has it. */
export interface Arrival {
  readonly seenUs: Micros
  readonly chargedUs: Micros
}

export const arrivalAt = (us: Micros): Arrival => ({ seenUs: us, chargedUs: us })

/**
 * The arrival that leaves most room. Where each request starts an interval anew and loses what had
 * passed of the last one, that is late for what it ends, and early for what it begins.
 */
export function earliest(
  rules: Rules,
  { algorithm, phaseUs }: Hypothesis,
  group: TraceGroup,
): Arrival {
  const fromUs = group.fromUs - phaseUs
  const isForgetful = rules.isForgetful?.(algorithm) ?? false
  return { seenUs: isForgetful ? group.toUs - phaseUs : fromUs, chargedUs: fromUs }
}

/** The arrival that leaves least room. */
export function latest(
  rules: Rules,
  { algorithm, phaseUs }: Hypothesis,
  group: TraceGroup,
): Arrival {
  const toUs = group.toUs - phaseUs
  const isForgetful = rules.isForgetful?.(algorithm) ?? false
  return { seenUs: isForgetful ? group.fromUs - phaseUs : toUs, chargedUs: toUs }
}

export function hasRoom(
  rules: Rules,
  algorithm: TimedAlgorithm,
  state: State,
  amount: number,
  us: Micros,
): boolean {
  return rules.waitUs(algorithm, rules.advance(algorithm, state, us), amount, us) === 0
}

/** The room that the last of so many requests asks for, together with those before it. */
export function asked({ isPost }: Hypothesis, cost: number, count: number): number {
  return isPost ? cost * (count - 1) + 1 : cost * count
}

/** Fresh, and in step with its refills where those have a beat. */
export function opened(
  { algorithm, phaseUs }: Hypothesis,
  rules: Rules,
  trace: readonly TraceGroup[],
) {
  const state = rules.fresh(algorithm)
  if (algorithm.kind !== 'token-bucket' || algorithm.refillStyle !== 'steps' || trace.length === 0)
    return state
  const beforeUs = trace[0]!.fromUs - phaseUs
  const us = Math.floor(beforeUs / algorithm.refillUs) * algorithm.refillUs
  return rules.advance(algorithm, state, us)
}

export function charged(
  rules: Rules,
  algorithm: TimedAlgorithm,
  state: State,
  amount: number,
  { seenUs, chargedUs }: Arrival,
) {
  return rules.charge(algorithm, rules.advance(algorithm, state, seenUs), amount, chargedUs)
}

export function rejected(
  rules: Rules,
  algorithm: TimedAlgorithm,
  state: State,
  amount: number,
  { seenUs, chargedUs }: Arrival,
) {
  const current = rules.advance(algorithm, state, seenUs)
  const punished = rules.rejected?.(algorithm, current, chargedUs) ?? current
  return amount === 0 ? punished : rules.charge(algorithm, punished, amount, chargedUs)
}

/** Requests that came to the limiter or did not: charged as far as there was room. */
export function perhaps(
  rules: Rules,
  hypothesis: Hypothesis,
  state: State,
  { cost, count }: { readonly cost: number; readonly count: number },
  arrival: Arrival,
) {
  const { seenUs, chargedUs } = arrival
  const { algorithm, chargesRejected } = hypothesis
  const current = rules.advance(algorithm, state, seenUs)
  const room = Math.floor(rules.remaining(algorithm, current, seenUs) / cost)
  const fitting = Math.min(count, Math.max(0, room))
  const next = fitting === 0 ? current : rules.charge(algorithm, current, cost * fitting, chargedUs)
  if (fitting === count) return next
  return rejected(rules, algorithm, next, chargesRejected ? cost * (count - fitting) : 0, arrival)
}
