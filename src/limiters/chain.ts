// Limiters one behind the other, each with a counter per partition; says which one denied. Must not
// know where requests come from or what a denial looks like.

import {
  costIn,
  type Decision,
  type NamedLimiter,
  type RequestCost,
  type ScopeField,
} from '../core/limits.ts'
import type { Micros } from '../core/units.ts'
import { type ConcurrencyState, leaveQueue, releaseSlot } from './concurrency.ts'
import { check, freshState, isIdle, leftAt, type State, settle, take } from './limiter.ts'

/** Who a request belongs to: the values that limiters partition by. */
export type Subject = Readonly<Partial<Record<ScopeField, string>>>

/** What one limiter of the chain said about one request. */
export interface ChainDecision {
  readonly limiter: NamedLimiter
  readonly decision: Decision
}

/** One request on its way through the chain; hand it back with `finish` exactly once. */
export interface Admission {
  readonly subject: Subject
  readonly estimate: RequestCost
  /** The answers so far, in chain order; ends with the denial where there is one. */
  readonly decisions: readonly ChainDecision[]
  readonly outcome: 'allowed' | 'queued' | 'denied'
  /** Longest hold-back that any limiter imposed. */
  readonly delayUs: Micros
}

interface Passage extends Admission {
  readonly decisions: ChainDecision[]
  outcome: Admission['outcome']
  delayUs: Micros
  readonly charges: Charge[]
  /** Where it goes on when it has waited: chains that share a limiter share its queue. */
  readonly chain: LimiterChain
}

interface Charge {
  readonly index: number
  readonly amount: number
  readonly us: Micros
}

/** What a limiter has counted, and who waits for it, by partition. */
export class Counter {
  readonly states = new Map<string, State>()
  readonly queues = new Map<string, Passage[]>()
}

/** Counters by limiter name; chains that share them share the limiters of the same name. */
export type Counters = Map<string, Counter>

/** Gateways that read a counter, think, and write it back lose what others wrote meanwhile. */
export interface Race {
  /** Limiters that do so when they let a request in. */
  readonly limiters: readonly string[]
  /** From reading to writing; the request waits for it. */
  readonly commitUs: Micros
  /** Runs the writing at its instant. */
  at(us: Micros, write: () => void): unknown
}

export interface ChainOptions {
  /** Default: counters of its own. */
  readonly counters?: Counters
  /** Default: none of the limiters loses updates. */
  readonly race?: Race | undefined
  /** Counters kept per limiter before idle ones are dropped; default 100,000. */
  readonly partitionsMax?: number
}

/**
 * Evaluates limiters in order and stops at the first denial; what earlier limiters charged stays
 * charged, as in every gateway we read. Mutable; time is a parameter.
 */
export class LimiterChain {
  readonly limiters: readonly NamedLimiter[]
  readonly #counters: readonly Map<string, State>[]
  readonly #queues: readonly Map<string, Passage[]>[]
  readonly #partitionsMax: number
  readonly #race: Race | undefined

  constructor(limiters: readonly NamedLimiter[], options: ChainOptions = {}) {
    this.limiters = limiters
    const counters: Counters = options.counters ?? new Map()
    const own = limiters.map(({ name }) => {
      const counter = counters.get(name) ?? new Counter()
      counters.set(name, counter)
      return counter
    })
    this.#counters = own.map(({ states }) => states)
    this.#queues = own.map(({ queues }) => queues)
    this.#race = options.race
    this.#partitionsMax = options.partitionsMax ?? 100_000
  }

  /** Sends a request through the chain; `estimate` is what it would cost at most. */
  admit(subject: Subject, estimate: RequestCost, nowUs: Micros): Admission {
    const passage: Passage = {
      subject,
      estimate,
      decisions: [],
      outcome: 'allowed',
      delayUs: 0,
      charges: [],
      chain: this,
    }
    this.#walk(passage, 0, nowUs)
    return passage
  }

  /**
   * The request is over: settles what it really cost (null: it was denied or failed, and consumed
   * nothing) and frees its slots. Returns the admissions that were queued for those slots; each has
   * gone on through the chain and may be denied now.
   */
  finish(admission: Admission, actual: RequestCost | null, nowUs: Micros): Admission[] {
    const passage = admission as Passage
    for (const charge of passage.charges) this.#settle(passage, charge, actual, nowUs)
    return this.#release(passage, nowUs)
  }

  /** A queued request has gone away, or waited too long. */
  abandon(admission: Admission, nowUs: Micros): Admission[] {
    const passage = admission as Passage
    const index = passage.decisions.length - 1
    const queue = this.#queues[index]?.get(this.#partition(index, passage.subject))
    const place = queue?.indexOf(passage) ?? -1
    if (place < 0) return []
    queue!.splice(place, 1)
    this.#update(index, passage.subject, (state) => leaveQueue(state as ConcurrencyState))
    passage.outcome = 'denied'
    return this.#release(passage, nowUs)
  }

  /** Charges a limiter for what happened before. */
  spend(name: string, subject: Subject, amount: number, nowUs: Micros): void {
    const index = this.limiters.findIndex((limiter) => limiter.name === name)
    if (index < 0) return
    const { model } = this.limiters[index]!
    const settlement = { charged: 0, chargedUs: nowUs, actual: amount }
    this.#update(index, subject, (state) => settle(model, state, settlement, nowUs))
  }

  /** What is left of each limiter for a subject, without charging anything. */
  left(
    subject: Subject,
    nowUs: Micros,
  ): { limiter: NamedLimiter; remaining: number; resetUs: Micros }[] {
    return this.limiters.map((limiter, index) => {
      const state = this.#stateOf(index, subject)
      return { limiter, ...leftAt(limiter.model, state, nowUs) }
    })
  }

  /** Counters held, over all limiters. */
  get partitions(): number {
    return this.#counters.reduce((sum, counters) => sum + counters.size, 0)
  }

  #walk(passage: Passage, from: number, nowUs: Micros): void {
    for (let index = from; index < this.limiters.length; index++) {
      const decision = this.#decide(index, passage, nowUs)
      passage.decisions.push({ limiter: this.limiters[index]!, decision })
      if (decision.kind === 'allowed') {
        passage.delayUs = Math.max(passage.delayUs, decision.delayUs)
        continue
      }
      passage.outcome = decision.kind
      if (decision.kind === 'queued') this.#enqueue(index, passage)
      return
    }
    passage.outcome = 'allowed'
  }

  #decide(index: number, passage: Passage, nowUs: Micros): Decision {
    const { name, model } = this.limiters[index]!
    const state = this.#stateOf(index, passage.subject)
    const cost = costIn(model.unit, passage.estimate)
    const [decision, next] =
      model.charge === 'post' ? check(model, state, nowUs) : take(model, state, cost, nowUs)
    if (decision.kind === 'allowed' && this.#race?.limiters.includes(name)) {
      const { commitUs } = this.#race
      passage.delayUs = Math.max(passage.delayUs, commitUs)
      this.#race.at(nowUs + commitUs, () => this.#set(index, passage.subject, next, nowUs))
    } else {
      this.#set(index, passage.subject, next, nowUs)
    }
    if (decision.kind === 'allowed') {
      passage.charges.push({ index, amount: model.charge === 'post' ? 0 : cost, us: nowUs })
    }
    return decision
  }

  #enqueue(index: number, passage: Passage): void {
    const partition = this.#partition(index, passage.subject)
    const queue = this.#queues[index]!.get(partition)
    if (queue === undefined) this.#queues[index]!.set(partition, [passage])
    else queue.push(passage)
  }

  #settle(passage: Passage, charge: Charge, actual: RequestCost | null, nowUs: Micros): void {
    const { model } = this.limiters[charge.index]!
    if (model.charge === 'pre') return
    const settlement = {
      charged: charge.amount,
      chargedUs: charge.us,
      actual: actual === null ? 0 : costIn(model.unit, actual),
    }
    this.#update(charge.index, passage.subject, (state) => settle(model, state, settlement, nowUs))
  }

  // A denied request also gives back the slots it got before the limiter that denied it.
  #release(passage: Passage, nowUs: Micros): Admission[] {
    const woken: Admission[] = []
    for (const { index } of passage.charges) {
      if (this.limiters[index]!.model.algorithm.kind !== 'concurrency') continue
      const [isHandedOver, next] = releaseSlot(
        this.#stateOf(index, passage.subject) as ConcurrencyState,
      )
      this.#set(index, passage.subject, next, nowUs)
      if (isHandedOver) woken.push(this.#wake(index, passage.subject, nowUs))
    }
    passage.charges.length = 0
    return woken
  }

  #wake(index: number, subject: Subject, nowUs: Micros): Admission {
    const next = this.#queues[index]!.get(this.#partition(index, subject))!.shift()!
    next.chain.#resume(next, nowUs)
    return next
  }

  /** It has the slot that it waited for. */
  #resume(passage: Passage, nowUs: Micros): void {
    const index = passage.decisions.length - 1
    passage.charges.push({ index, amount: 1, us: nowUs })
    this.#walk(passage, index + 1, nowUs)
  }

  #stateOf(index: number, subject: Subject): State {
    const { model } = this.limiters[index]!
    return this.#counters[index]!.get(this.#partition(index, subject)) ?? freshState(model)
  }

  #update(index: number, subject: Subject, change: (state: State) => State): void {
    const partition = this.#partition(index, subject)
    this.#counters[index]!.set(partition, change(this.#stateOf(index, subject)))
  }

  #set(index: number, subject: Subject, state: State, nowUs: Micros): void {
    const counters = this.#counters[index]!
    counters.set(this.#partition(index, subject), state)
    if (counters.size > this.#partitionsMax) this.#dropIdle(index, nowUs)
  }

  #dropIdle(index: number, nowUs: Micros): void {
    const counters = this.#counters[index]!
    const { model } = this.limiters[index]!
    for (const [partition, state] of counters) {
      if (isIdle(model, state, nowUs)) counters.delete(partition)
    }
    // Nobody is idle: forget the oldest, as a cache in front of a gateway would.
    const oldest = counters.keys().next()
    if (counters.size > this.#partitionsMax && !oldest.done) counters.delete(oldest.value)
  }

  #partition(index: number, subject: Subject): string {
    const { scope } = this.limiters[index]!.model
    if (scope.length === 1) return subject[scope[0]!] ?? ''
    return scope.map((field) => subject[field] ?? '').join('\n')
  }
}
