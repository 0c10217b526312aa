// The decision log: for every request, which limiter decided what and when. The ground truth that
// the client side is measured against.

import type { Decision } from '../core/limits.ts'
import type { Micros } from '../core/units.ts'

/** One request at the gateway; instants are Unix µs. */
export interface GatewayDecision {
  readonly id: number
  /** The `x-request-id` the client sent; '' without one. */
  readonly requestId: string
  /** When the head of the request was there. */
  readonly arrivedUs: Micros
  /** When the limiters were asked. */
  readonly us: Micros
  readonly tier: string
  readonly model: string
  readonly outcome: 'allowed' | 'denied'
  /** The limiter that denied, else null. */
  readonly limiter: string | null
  /** What each limiter said, in chain order. */
  readonly answers: readonly { readonly limiter: string; readonly decision: Decision }[]
  /** When the answer was complete and settled; null while it is not. */
  settledUs: Micros | null
  promptTokens: number
  completionTokens: number
}

/** Keeps the newest decisions in memory. */
export class DecisionLog {
  readonly #decisions: GatewayDecision[] = []
  readonly #max: number
  #nextId = 1
  #write: ((line: string) => void) | null = null

  constructor(decisionsMax: number) {
    this.#max = decisionsMax
  }

  /** From now on every settled decision also goes to `write`, as a line of JSON. */
  writeTo(write: (line: string) => void): void {
    this.#write = write
  }

  /** The request of this decision is over. */
  settled(decision: GatewayDecision): void {
    this.#write?.(`${JSON.stringify(decision)}\n`)
  }

  /** Decisions made so far, those no longer kept included. */
  get count(): number {
    return this.#nextId - 1
  }

  add(decision: Omit<GatewayDecision, 'id' | 'settledUs' | 'promptTokens' | 'completionTokens'>) {
    const open = { settledUs: null, promptTokens: 0, completionTokens: 0 }
    const entry: GatewayDecision = { id: this.#nextId++, ...decision, ...open }
    this.#decisions.push(entry)
    // Dropping a tenth at a time keeps the cost per request constant.
    const dropped = Math.max(1, Math.ceil(this.#max / 10))
    if (this.#decisions.length > this.#max) this.#decisions.splice(0, dropped)
    return entry
  }

  /** The decisions kept, in the order they were made. */
  all(): readonly GatewayDecision[] {
    return this.#decisions
  }
}
