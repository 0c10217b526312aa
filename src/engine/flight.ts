// One request under way, and the record it becomes: the same object from its intended start to its
// last fold. A phase reuses its flights, so that a request leaves nothing behind.

import type { Confidence, Outcome, RequestRecord, Stage, UsageSource } from '../core/record.ts'
import type { Micros } from '../core/units.ts'
import type { Caller, Exchange, Sending } from '../drivers/driver.ts'
import type { LedgerEntry } from '../limiters/ledger.ts'
import type { Attribution } from './attribution.ts'
import type { Route } from './routes.ts'
import type { Landing } from './turn.ts'

/** Told of the end of one request; the record is only valid during the call. */
export interface FlightOwner {
  flightEnded(record: RequestRecord): void
}

/** Whoever turns ended exchanges into records. */
export interface FlightDesk {
  ended(flight: Flight, exchange: Exchange): void
  /** Later in the turn, for those that `ended` leaves until then. */
  land(flight: Flight): void
}

/** A request under way; `RequestRecord` describes the fields that it shares with records. */
export class Flight implements RequestRecord, Caller, Landing {
  seq = 0
  scenario = ''
  phase = ''
  lane = ''
  shape = ''
  intendedUs: Micros = 0
  sentUs: Micros | null = null
  firstByteUs: Micros | null = null
  firstTokenUs: Micros | null = null
  endUs: Micros | null = null
  inFlight = 0
  outcome: Outcome = 'unsent'
  status: number | null = null
  limiter: string | null = null
  confidence: Confidence | null = null
  retryAfterUs: Micros | null = null
  promptTokens: number | null = null
  completionTokens: number | null = null
  usageSource: UsageSource | null = null
  bytesIn = 0
  error: string | null = null
  stage: Stage = 'measure'

  route!: Route
  /** How late it was handed to the driver. */
  lagUs: Micros = 0
  /** Where its outcome and what belongs to it are from; null: from nowhere. */
  told: Attribution | null = null
  entry: LedgerEntry = []
  owner: FlightOwner | null = null
  /** Null when nothing is under way. */
  sending: Sending | null = null
  readonly #desk: FlightDesk

  constructor(desk: FlightDesk) {
    this.#desk = desk
  }

  ended(exchange: Exchange): void {
    this.sending = null
    this.#desk.ended(this, exchange)
  }

  land(): void {
    this.#desk.land(this)
  }

  /** What the exchange says about times and status. */
  take(exchange: Exchange): void {
    this.lagUs = exchange.handedUs - this.intendedUs
    this.sentUs = exchange.sentUs
    this.firstByteUs = exchange.firstByteUs
    this.firstTokenUs = exchange.firstTokenUs
    this.endUs = exchange.endUs
    this.status = exchange.status
    this.bytesIn = exchange.bytesIn
  }

  /** As it is when it has not been sent. */
  clear(): void {
    this.sentUs = null
    this.firstByteUs = null
    this.firstTokenUs = null
    this.endUs = null
    this.told = null
    this.outcome = 'unsent'
    this.status = null
    this.limiter = null
    this.confidence = null
    this.retryAfterUs = null
    this.promptTokens = null
    this.completionTokens = null
    this.usageSource = null
    this.bytesIn = 0
    this.error = null
  }
}
