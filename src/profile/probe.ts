// Probes: what to send next, as steps; and what a hypothesis foretells for them. Must not send.

import { sortedQuantile } from '../core/bootstrap.ts'
import type { Micros } from '../core/units.ts'
import { algorithmOf, type State } from '../limiters/limiter.ts'
import type { Hypothesis } from './playing.ts'

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

/** The span until a share of hypotheses expects a release. */
export function quantileUs(releasesUs: readonly (Micros | null)[], share: number): Micros {
  const sorted = releasesUs.map((us) => us ?? 0).sort((a, b) => a - b)
  return sorted[Math.floor(share * sorted.length)] ?? 0
}

/** Polls of one watch before it gives up: more where a whole limit costs more than they do. */
export function watchPolls(limit: number): number {
  return Math.round(Math.min(20, Math.max(8, limit / 10)))
}

/**
 * When to poll for a release that is expected at `releasesUs` from now, by each hypothesis: where it
 * tells most of them apart, each span between two polls having as many of them.
 */
export function pollOffsets(
  releasesUs: readonly Micros[],
  gapUs: Micros,
  polls: number,
): readonly Micros[] {
  const sorted = [...releasesUs].sort((a, b) => a - b)
  if (sorted.length === 0) return []
  const low = sorted[0]!
  const high = sorted.at(-1)!
  const offsets = [low - Math.max(gapUs, low * 0.002)]
  for (let i = 1; i < polls; i++) offsets.push(sortedQuantile(sorted, i / polls))
  offsets.push(high + Math.max(gapUs, high * 0.002))
  const apart: Micros[] = []
  for (const us of offsets.map(Math.round).filter((offset) => offset >= 0)) {
    if (apart.length === 0 || us - apart.at(-1)! >= gapUs) apart.push(us)
  }
  return apart
}
