// Probes: what to send next, as steps; and what a hypothesis foretells for them. Must not send.

import { sortedQuantile } from '../core/bootstrap.ts'
import type { Micros } from '../core/units.ts'
import { algorithmOf, type State } from '../limiters/limiter.ts'
import type { HypothesisClass } from './classes.ts'
import type { Fit } from './fit.ts'
import { stateAfter } from './following.ts'
import type { Hypothesis } from './playing.ts'
import type { TraceGroup } from './trace.ts'

/**
 * `idle`: nothing for so long. `burst`: request after request until one is denied, at most so many.
 * `watch`: one request at a time, until one passes. `wait`: nothing, until so large a share of what is
 * possible for the leading class expects a release.
 */
export type ProbeStep =
  | { readonly kind: 'idle'; readonly us: Micros }
  | { readonly kind: 'burst'; readonly most: number }
  | { readonly kind: 'watch' }
  | { readonly kind: 'wait'; readonly share: number }

export interface Probe {
  readonly steps: readonly ProbeStep[]
  readonly what: string
}

/** A hypothesis and where it stands now, for looking ahead. */
export interface Foresight {
  readonly hypothesis: Hypothesis
  readonly state: State
}

/** Where everything that a fit takes for possible stands after a trace. */
export function foresights(
  { of, sample }: Fit,
  trace: readonly TraceGroup[],
): readonly Foresight[] {
  return sample.map((parameters, turn) => {
    const hypothesis = of.model(parameters)
    return { hypothesis, state: stateAfter(hypothesis, trace, turn) }
  })
}

/** How long requests take, as far as looking ahead is concerned. */
export interface Pace {
  /** From one request of a burst to the next. */
  readonly gapUs: Micros
  /** The cost of a request in the limiter's unit. */
  readonly cost: number
}

/** Looks ahead along one hypothesis: a limiter that is used, one step after the other. */
export class Foreseen {
  readonly #hypothesis: Hypothesis
  readonly #rules: ReturnType<typeof algorithmOf>
  readonly #pace: Pace
  #state: State
  #us: Micros
  #requests = 0

  constructor({ hypothesis, state }: Foresight, nowUs: Micros, pace: Pace) {
    this.#hypothesis = hypothesis
    this.#rules = algorithmOf(hypothesis.algorithm)
    this.#state = state
    this.#us = nowUs - hypothesis.phaseUs
    this.#pace = pace
  }

  get requests(): number {
    return this.#requests
  }

  /** On the profiler's clock. */
  get us(): Micros {
    return this.#us + this.#hypothesis.phaseUs
  }

  idle(us: Micros): void {
    this.#us += us
  }

  /** Requests that pass before one is denied. */
  burst(most: number): number {
    const { cost, gapUs } = this.#pace
    let passed = 0
    // What comes back during the burst is spent in it, too; a few turns are enough for any refill.
    for (let turn = 0; turn < 4 && passed < most; turn++) {
      this.#advance()
      const left = this.#rules.remaining(this.#hypothesis.algorithm, this.#state, this.#us)
      const whole = this.#hypothesis.isPost ? Math.ceil(left / cost) : Math.floor(left / cost)
      const fits = Math.min(most - passed, whole)
      if (fits <= 0) break
      this.#charge(fits * cost)
      passed += fits
      this.#us += fits * gapUs
    }
    this.#requests += passed
    if (passed < most) this.deny()
    return passed
  }

  /** Span until a request would pass, if nothing else is sent. */
  get releaseUs(): Micros | null {
    const { algorithm, isPost } = this.#hypothesis
    return this.#rules.waitUs(algorithm, this.#now, isPost ? 1 : this.#pace.cost, this.#us)
  }

  /** Units that are left. */
  get left(): number {
    return this.#rules.remaining(this.#hypothesis.algorithm, this.#now, this.#us)
  }

  /** Whether units come back one by one, and not a whole window's at once. */
  get isRefilledBitByBit(): boolean {
    return this.#hypothesis.algorithm.kind === 'token-bucket'
  }

  /** Span until all is as at first. */
  get resetUs(): Micros {
    return this.#rules.resetUs(this.#hypothesis.algorithm, this.#now, this.#us)
  }

  /** Sends one request; whether it passes. */
  poll(): boolean {
    if (this.releaseUs !== 0) {
      this.deny()
      return false
    }
    this.#advance()
    this.#charge(this.#pace.cost)
    this.#requests++
    return true
  }

  deny(): void {
    const { algorithm, chargesRejected } = this.#hypothesis
    this.#requests++
    this.#advance()
    this.#state = this.#rules.rejected?.(algorithm, this.#state, this.#us) ?? this.#state
    if (chargesRejected) this.#charge(this.#pace.cost)
  }

  // Looking does not count as asking: some limiters remember when they were asked.
  get #now(): State {
    return this.#rules.advance(this.#hypothesis.algorithm, this.#state, this.#us)
  }

  #advance(): void {
    this.#state = this.#now
  }

  #charge(amount: number): void {
    this.#state = this.#rules.charge(this.#hypothesis.algorithm, this.#state, amount, this.#us)
  }
}

/** A burst that is denied at last, though units come back while it lasts: when all is there, and two more. */
export function wholeBurst(foreseen: Foreseen): number {
  foreseen.idle(foreseen.resetUs)
  const limit = foreseen.burst(Number.POSITIVE_INFINITY)
  return limit + 2
}

/** The span until a share of hypotheses expects a release. */
export function quantileUs(releasesUs: readonly (Micros | null)[], share: number): Micros {
  const sorted = releasesUs.map((us) => us ?? 0).sort((a, b) => a - b)
  return sorted[Math.floor(share * sorted.length)] ?? 0
}

const pollsLeast = 8
const pollsMost = 48
/** Polls for a release that gives a whole limit, as a share of that. */
const pollShare = 1 / 2

/**
 * Polls of one watch before it gives up. Where a window gives all back at once, the next release is only to
 * be seen when all of that is spent: polls close in on this one for less.
 */
export function watchPolls(fit: Fit, { cost }: Pace): number {
  const atOnce = givesAllAtOnce(fit.of) ? fit.best.limit / cost : 1
  return Math.round(Math.min(pollsMost, Math.max(pollsLeast, atOnce * pollShare)))
}

/** Whether a look at its release costs a whole limit. */
export function givesAllAtOnce({ algorithm }: HypothesisClass): boolean {
  return algorithm === 'fixed-window' || algorithm === 'sliding-log'
}

/** The polls of a watch, as spans from its beginning; and which of them is the first that passes, by each. */
export interface Watch {
  readonly offsets: readonly Micros[]
  /** As many as there are polls: none of them passes. */
  readonly passes: readonly number[]
}

/** A poll before the first release, and one after the last, are apart from it by this share of the wait. */
const marginShare = 0.002
/** And by as much as this share of them: a sample does not reach as far as what is possible. */
const tail = 0.15

/** When all but this share are refuted, what is left has to be looked at anew. */
const fewShare = 0.1

/**
 * Polls for a release where they tell most: the first before anyone expects one, the last when everybody
 * does, and between two of them as many as between any others. What each expects follows from the polls
 * before, too: some limiters begin to wait anew when they are asked.
 */
export function watchOf(
  all: readonly Foreseen[],
  { gapUs, polls }: { readonly gapUs: Micros; readonly polls: number },
): Watch {
  const passes = new Map<Foreseen, number>()
  const offsets: Micros[] = []
  let waiting = all.filter(({ releaseUs }) => releaseUs !== null)
  for (let left = polls; left >= 0 && waiting.length > fewShare * all.length; left--) {
    const waits = waiting.map(({ releaseUs }) => releaseUs!).sort((a, b) => a - b)
    const isFirst = left === polls
    const us = Math.round(pollUs(waits, { left, isFirst, gapUs }))
    if (us < (offsets.length === 0 ? 0 : gapUs)) continue
    for (const each of all) each.idle(us)
    for (const each of waiting) if (each.poll()) passes.set(each, offsets.length)
    offsets.push((offsets.at(-1) ?? 0) + us)
    waiting = waiting.filter((each) => !passes.has(each))
  }
  return { offsets, passes: all.map((each) => passes.get(each) ?? offsets.length) }
}

function pollUs(
  waits: readonly Micros[],
  { left, isFirst, gapUs }: { left: number; isFirst: boolean; gapUs: Micros },
): Micros {
  const [low, high] = [waits[0]!, waits.at(-1)!]
  const marginUs = (us: Micros, tailUs: Micros) => Math.max(gapUs, us * marginShare, tailUs)
  if (isFirst) return low - marginUs(low, sortedQuantile(waits, tail) - low)
  if (left === 0) return high + marginUs(high, high - sortedQuantile(waits, 1 - tail))
  return sortedQuantile(waits, 1 / (left + 1))
}
