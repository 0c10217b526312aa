// What requests do to a hypothesis: the room they need, what they are charged, and when they may have
// come. Must not know what was observed to come of them.

import type { Micros } from '../core/units.ts'
import type { Algorithm } from '../limiters/algorithm.ts'
import { algorithmOf, type State, type TimedAlgorithm } from '../limiters/limiter.ts'
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

/** When a limiter looked at a group of requests, and when it charged them, as a world has it. */
export interface Arrival {
  readonly seenUs: Micros
  readonly chargedUs: Micros
}

export const arrivalAt = (us: Micros): Arrival => ({ seenUs: us, chargedUs: us })

/**
 * A hypothesis that is played through: all instants are on its own clock. What it looks up of its
 * algorithm it keeps, because it is asked for each group of a trace, by the million.
 */
export class Play {
  readonly algorithm: TimedAlgorithm
  readonly phaseUs: Micros
  readonly chargesRejected: boolean
  readonly isForgetful: boolean
  readonly rules: Algorithm<TimedAlgorithm, State>
  readonly #isPost: boolean

  constructor({ algorithm, phaseUs, chargesRejected, isPost = false }: Hypothesis) {
    this.algorithm = algorithm
    this.phaseUs = phaseUs
    this.chargesRejected = chargesRejected
    this.rules = algorithmOf(algorithm)
    this.isForgetful = this.rules.isForgetful?.(algorithm) ?? false
    this.#isPost = isPost
  }

  /** Fresh, and in step with its refills where those have a beat. */
  opened(trace: readonly TraceGroup[]): State {
    const { algorithm } = this
    const state = this.rules.fresh(algorithm)
    if (
      algorithm.kind !== 'token-bucket' ||
      algorithm.refillStyle !== 'steps' ||
      trace.length === 0
    ) {
      return state
    }
    const beforeUs = trace[0]!.fromUs - this.phaseUs
    const us = Math.floor(beforeUs / algorithm.refillUs) * algorithm.refillUs
    return this.rules.advance(algorithm, state, us)
  }

  /**
   * The arrival that leaves most room. Where each request starts an interval anew and loses what had
   * passed of the last one, that is late for what it ends, and early for what it begins.
   */
  earliest({ fromUs, toUs }: TraceGroup): Arrival {
    const us = fromUs - this.phaseUs
    return { seenUs: this.isForgetful ? toUs - this.phaseUs : us, chargedUs: us }
  }

  /** The arrival that leaves least room. */
  latest({ fromUs, toUs }: TraceGroup): Arrival {
    const us = toUs - this.phaseUs
    return { seenUs: this.isForgetful ? fromUs - this.phaseUs : us, chargedUs: us }
  }

  /** Whether it has spans in which nothing changes by itself. */
  get isQuiet(): boolean {
    return this.rules.quietUntilUs !== undefined
  }

  /** Until then a state does not change by itself. */
  quietUntilUs(state: State): Micros {
    return this.rules.quietUntilUs!(this.algorithm, state)
  }

  hasRoom(state: State, amount: number, us: Micros): boolean {
    const { rules, algorithm } = this
    return rules.waitUs(algorithm, rules.advance(algorithm, state, us), amount, us) === 0
  }

  /** The room that the last of so many requests asks for, together with those before it. */
  asked(cost: number, count: number): number {
    return this.#isPost ? cost * (count - 1) + 1 : cost * count
  }

  charged(state: State, amount: number, { seenUs, chargedUs }: Arrival): State {
    const { rules, algorithm } = this
    return rules.charge(algorithm, rules.advance(algorithm, state, seenUs), amount, chargedUs)
  }

  /** Charged to what may be less than was really left: a request that fits leaves nothing at the least. */
  squeezed(state: State, amount: number, { seenUs, chargedUs }: Arrival): State {
    const { rules, algorithm } = this
    const current = rules.advance(algorithm, state, seenUs)
    if (amount === 0) return current
    const left = Math.max(0, rules.left?.(algorithm, current) ?? amount)
    return rules.charge(algorithm, current, Math.min(amount, left), chargedUs)
  }

  /** After requests of which so many at most were charged, and the others denied: the state that leaves least. */
  leastLeft(
    state: State,
    { cost, count, chargedMost }: { cost: number; count: number; chargedMost: number },
    arrival: Arrival,
  ): State {
    const isDenied = this.fitting(state, cost, arrival.seenUs) < count
    const next = this.squeezed(state, cost * chargedMost, arrival)
    if (!isDenied) return next
    return this.rejected(next, this.chargesRejected ? cost * (count - chargedMost) : 0, arrival)
  }

  /** Requests that there is room for. */
  fitting(state: State, cost: number, us: Micros): number {
    const { rules, algorithm } = this
    const left = rules.remaining(algorithm, rules.advance(algorithm, state, us), us) / cost
    return Math.max(0, this.#isPost ? Math.ceil(left) : Math.floor(left))
  }

  rejected(state: State, amount: number, { seenUs, chargedUs }: Arrival): State {
    const { rules, algorithm } = this
    const current = rules.advance(algorithm, state, seenUs)
    const punished = rules.rejected?.(algorithm, current, chargedUs) ?? current
    return amount === 0 ? punished : rules.charge(algorithm, punished, amount, chargedUs)
  }

  /** Requests that came to the limiter or did not: charged as far as there was room. */
  perhaps(
    state: State,
    { cost, count }: { readonly cost: number; readonly count: number },
    arrival: Arrival,
  ): State {
    const { seenUs, chargedUs } = arrival
    const { rules, algorithm } = this
    const current = rules.advance(algorithm, state, seenUs)
    const fitting = Math.min(count, this.fitting(current, cost, seenUs))
    const next =
      fitting === 0 ? current : rules.charge(algorithm, current, cost * fitting, chargedUs)
    if (fitting === count) return next
    return this.rejected(next, this.chargesRejected ? cost * (count - fitting) : 0, arrival)
  }
}
