// What a driver is: it puts one request on the wire and stamps what comes back. Must not know about
// schedules, lanes or limiters.

import type { Cancel } from '../core/clock.ts'
import type { Micros } from '../core/units.ts'

/** One request, ready to go; header names in lower case. */
export interface OutgoingRequest {
  readonly method: string
  /** Path and query on the target. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Total deadline, from the hand-over to the driver. */
  readonly timeoutUs: Micros
}

/** Why an exchange has no complete answer. */
export interface ExchangeFailure {
  readonly kind: 'timeout' | 'broken' | 'aborted'
  readonly message: string
}

/** What a token stream said; instants are in the exchange. */
export interface StreamReading {
  /** Events that carried output: content, reasoning or tool calls. */
  readonly tokenEvents: number
  /** Gaps between successive token events, in µs; events of one network read share an instant. */
  readonly gapsUs: readonly Micros[]
  /** The last event that carried usage, parsed; undefined without one. */
  readonly usage: unknown
  /** An error event inside the stream, as JSON text; null without one. */
  readonly errorBody: string | null
  /** The stream said how it ended: a finish reason or `[DONE]`. */
  readonly isFinished: boolean
}

/** One request and its answer. Instants are µs of the driver's clock. Valid only in the callback. */
export interface Exchange {
  /** When the request was written to the socket; null when it never was. */
  readonly sentUs: Micros | null
  readonly firstByteUs: Micros | null
  readonly firstTokenUs: Micros | null
  readonly endUs: Micros
  readonly status: number | null
  readonly headers: Readonly<Record<string, string>>
  /** The first bytes of the body as text; '' for streams. */
  readonly body: string
  readonly bytesIn: number
  readonly stream: StreamReading | null
  readonly failure: ExchangeFailure | null
}

/** Puts requests on the wire. */
export interface Driver {
  /** Sends at once; `done` is called exactly once, later. Returns a way to abort. */
  send(request: OutgoingRequest, done: (exchange: Exchange) => void): Cancel
  close(): Promise<void>
}

/** Bounds on what a server may make us hold. */
export interface ResponseCaps {
  /** Longer bodies end the exchange as broken. */
  readonly bodyBytesMax: number
  /** The part of a body that is kept for dialects and usage. */
  readonly keptBytesMax: number
  readonly eventBytesMax: number
}

export const responseCaps: ResponseCaps = {
  bodyBytesMax: 64 * 1024 * 1024,
  keptBytesMax: 1024 * 1024,
  eventBytesMax: 1024 * 1024,
}
