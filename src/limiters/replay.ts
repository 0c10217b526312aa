// One declared limiter, played along with the traffic of one identity: what it should have counted
// by now, for sure and as far as can be expected. Must not know the other limiters of its chain.

import { costIn, limitOf, type NamedLimiter, type RequestCost, windowUsOf } from '../core/limits.ts'
import type { LimiterGauge } from '../core/progress.ts'
import type { Micros } from '../core/units.ts'
import { type ConcurrencyState, releaseSlot } from './concurrency.ts'
import { askedCost, freshState, leftAt, type State, settle, take } from './limiter.ts'

/** Requests that the count may be off by before the window itself is in doubt. */
const refutationsMax = 2

/** What a request that is under way has at stake here. */
export interface Stake {
  readonly estimate: RequestCost
  readonly sentUs: Micros
  /** The state when it was sent, by all that had been answered. */
  readonly answered: State
  /** The same, and what was in flight counted as admitted; this request itself in neither. */
  readonly expected: State
  /** Units taken when it was sent, on the guess that it passes. */
  readonly charged: number
}

export class Replay {
  readonly limiter: NamedLimiter
  #state: State
  /** Units that requests in flight were charged on the guess that they pass. */
  #tentative = 0
  /** Units that requests in flight may have been charged already without our knowing. */
  #pending = 0
  /** Requests admitted in a row that this should have denied. */
  #refutations = 0
  /** When the target last showed that its window had begun anew. */
  #renewedUs = Number.NEGATIVE_INFINITY
  #delayUs: Micros = 0
  /** When the request was sent that took so long. */
  #delayedUs: Micros = Number.NEGATIVE_INFINITY

  constructor(limiter: NamedLimiter) {
    this.limiter = limiter
    this.#state = freshState(limiter.model)
  }

  get name(): string {
    return this.limiter.name
  }

  get isConcurrency(): boolean {
    return this.limiter.model.algorithm.kind === 'concurrency'
  }

  /** Span after which an idle limiter is as new; null without one. */
  get windowUs(): Micros | null {
    return windowUsOf(this.limiter.model.algorithm)
  }

  /** How much later than here the target may have counted what is in its window. */
  get delayUs(): Micros {
    return this.#delayUs
  }

  /** Whether a request like this would be denied now, by what can be expected. */
  wouldDeny(estimate: RequestCost, us: Micros): boolean {
    return this.denies(this.#state, estimate, us)
  }

  /** A request is sent; `passes` says whether the whole chain is expected to let it. */
  sent(estimate: RequestCost, sentUs: Micros, passes: boolean): Stake {
    const expected = this.#state
    const answered = this.#withoutTentative(sentUs)
    const charged = passes ? this.#take(estimate, sentUs) : 0
    this.#tentative += charged
    this.#pending += this.cost(estimate) - charged
    return { estimate, sentUs, answered, expected, charged }
  }

  /** The request was admitted, at `firstByteUs` at the latest, at a cost of `actual`. */
  admitted(stake: Stake, actual: RequestCost, endUs: Micros, firstByteUs: Micros): void {
    if (this.#isRefuted(stake, endUs)) this.#refuted(stake)
    this.#delayed(stake, firstByteUs)
    this.#end(stake, this.cost(actual), endUs)
  }

  /** The request was not admitted, or came to nothing; `isCharged`: it counts here all the same. */
  gone(stake: Stake, isCharged: boolean, endUs: Micros): void {
    const keeps = isCharged && this.limiter.model.charge === 'pre' && !this.isConcurrency
    if (keeps) this.#delayed(stake, endUs)
    this.#end(stake, keeps ? this.cost(stake.estimate) : 0, endUs)
  }

  /** The request was denied here: what a rejection does to the limiter, if anything. */
  denied(stake: Stake, endUs: Micros): void {
    this.#refutations = 0
    if (this.isConcurrency) return
    const { model } = this.limiter
    const [decision, next] = take(model, this.#state, askedCost(model, stake.estimate), endUs)
    if (decision.kind !== 'allowed') this.#state = next
  }

  /** Charges units that others are known to have used. */
  spend(units: number, nowUs: Micros): void {
    this.#settle({ charged: 0, chargedUs: nowUs, actual: units }, nowUs)
  }

  // Readings of whether this limiter denied a request.

  denies(state: State, estimate: RequestCost, us: Micros): boolean {
    const { model } = this.limiter
    return take(model, state, askedCost(model, estimate), us)[0].kind !== 'allowed'
  }

  // Slots are freed at the gateway before we hear of it: a full count of those proves nothing.
  deniesAll(state: State, estimate: RequestCost, instants: readonly Micros[]): boolean {
    return !this.isConcurrency && instants.every((us) => this.denies(state, estimate, us))
  }

  /** By what is known now; `withPending`: and by all that is in flight besides. */
  deniesNow(stake: Stake, nowUs: Micros, withPending: boolean): boolean {
    const { estimate, charged, sentUs } = stake
    if (this.isConcurrency) return this.denies(this.#state, estimate, nowUs)
    // Without its own stake, as the gateway saw it.
    const others = withPending ? this.#pending - (this.cost(estimate) - charged) : 0
    const settlement = { charged, chargedUs: sentUs, actual: Math.max(0, others) }
    const state = settle(this.limiter.model, this.#state, settlement, nowUs)
    return this.denies(state, estimate, nowUs)
  }

  /** How much is used, for people and for guesses. */
  use(nowUs: Micros): Omit<LimiterGauge, 'lane'> {
    const { name, model } = this.limiter
    const { remaining, resetUs } = leftAt(model, this.#state, nowUs)
    const limit = limitOf(model.algorithm)
    return { limiter: name, unit: model.unit, used: limit - remaining, limit, resetUs }
  }

  cost(cost: RequestCost): number {
    return costIn(this.limiter.model.unit, cost)
  }

  // The longest of a window's delays, until that window is over wherever it began.
  #delayed({ sentUs }: Stake, firstByteUs: Micros): void {
    if (this.limiter.model.charge === 'post' || this.windowUs === null) return
    const delayUs = firstByteUs - sentUs
    if (delayUs < this.#delayUs && sentUs < this.#delayedUs + this.windowUs + this.#delayUs) return
    this.#delayUs = delayUs
    this.#delayedUs = sentUs
  }

  #end(stake: Stake, cost: number, endUs: Micros): void {
    const { charged, sentUs, estimate } = stake
    this.#tentative -= charged
    this.#pending -= this.cost(estimate) - charged
    if (this.isConcurrency) {
      if (charged > 0) this.#state = releaseSlot(this.#state as ConcurrencyState)[1]
      return
    }
    this.#settle({ charged, chargedUs: sentUs, actual: cost }, this.#chargedUs(stake, endUs))
  }

  /**
   * When a request was charged that has been answered at `endUs`: at its end where the limiter
   * charges afterwards, else when it came; and where there was no room then, as soon as there was.
   */
  #chargedUs({ estimate, sentUs }: Stake, endUs: Micros): Micros {
    const { model } = this.limiter
    if (model.charge === 'post') return endUs
    const [decision] = take(model, this.#state, askedCost(model, estimate), sentUs)
    if (decision.kind !== 'denied' || decision.retryAfterUs === null) return sentUs
    const roomUs = sentUs + decision.retryAfterUs
    return roomUs <= endUs ? roomUs : sentUs
  }

  #take(estimate: RequestCost, nowUs: Micros): number {
    const { model } = this.limiter
    if (model.charge === 'post' && !this.isConcurrency) return 0
    const cost = this.cost(estimate)
    this.#state = take(model, this.#state, cost, nowUs)[1]
    return cost
  }

  #withoutTentative(nowUs: Micros): State {
    if (this.#tentative === 0 || this.isConcurrency) return this.#state
    const settlement = { charged: this.#tentative, chargedUs: nowUs, actual: 0 }
    return settle(this.limiter.model, this.#state, settlement, nowUs)
  }

  /** Whether this should have denied a request that was admitted. */
  #isRefuted({ answered, estimate, sentUs }: Stake, endUs: Micros): boolean {
    return sentUs >= this.#renewedUs && this.deniesAll(answered, estimate, [sentUs, endUs])
  }

  // One or two too many say that the count was off by so much; more of them, that the window has
  // begun anew.
  #refuted({ sentUs }: Stake): void {
    const { kind } = this.limiter.model.algorithm
    const count = ++this.#refutations
    if (kind === 'token-bucket' || kind === 'leaky-queue' || count <= refutationsMax) return
    this.#state = freshState(this.limiter.model)
    this.#refutations = 0
    this.#renewedUs = sentUs
    this.spend(count - 1, sentUs)
  }

  #settle(settlement: Parameters<typeof settle>[2], us: Micros): void {
    this.#state = settle(this.limiter.model, this.#state, settlement, us)
  }
}
