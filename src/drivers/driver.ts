// What a driver is: it puts one request on the wire and stamps what comes back. Must not know about
// schedules, lanes or limiters.

import type { Micros } from '../core/units.ts'
import { type BodyTemplate, bodyText } from '../load/shapes.ts'

/**
 * What all requests of one shape and lane have in common, so that a driver makes the bytes once and
 * changes only what differs. Header names are in lower case.
 */
export interface RequestTemplate {
  readonly method: string
  /** Path and query on the target. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Sent as `x-request-id`, followed by the number of the request; null: no such field. */
  readonly idPrefix: string | null
  readonly body: BodyTemplate
}

/** One request as a whole. */
export interface RenderedRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Request number `seq` of a template, for drivers that take requests as a whole. */
export function renderRequest(template: RequestTemplate, seq: number): RenderedRequest {
  const { method, path, headers, idPrefix, body } = template
  const id = idPrefix === null ? {} : { 'x-request-id': `${idPrefix}${seq}` }
  return { method, path, headers: { ...headers, ...id }, body: bodyText(body, seq) }
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
  readonly gapsUs: Float64Array
  /** The last event that carried usage, parsed; undefined without one. */
  readonly usage: unknown
  /** An error event inside the stream, as JSON text; null without one. */
  readonly errorBody: string | null
  /** The stream said how it ended: a finish reason or `[DONE]`. */
  readonly isFinished: boolean
}

/**
 * One request and its answer, as its caller sees it at the end: until the call returns or the caller
 * sends again. Instants are µs of the driver's clock.
 */
export interface Exchange {
  /** When the driver was given the request: later than this, it is the target's time or the wire's. */
  readonly handedUs: Micros
  /** When the request was written to the socket; null when it never was. */
  readonly sentUs: Micros | null
  readonly firstByteUs: Micros | null
  readonly firstTokenUs: Micros | null
  readonly endUs: Micros
  readonly status: number | null
  readonly headers: Readonly<Record<string, string>>
  /** Exchanges with the same key have the very same head, byte for byte; null: it is not known. */
  readonly headKey: object | null
  /** False: no header is about limits, so that nobody needs to look for them. */
  readonly hasLimitFields: boolean
  /** … about what the request used. */
  readonly hasUsageFields: boolean
  /** The first bytes of the body as text; '' for streams, unless they are kept. */
  readonly body: string
  readonly bytesIn: number
  readonly stream: StreamReading | null
  readonly failure: ExchangeFailure | null
  /** Whether the kept part of the body has this ASCII text; cheaper than `body` where that is long. */
  bodyHas(text: string): boolean
}

/** Who sends a request and is told of its end. */
export interface Caller {
  ended(exchange: Exchange): void
}

/** A request under way; not to be used after its end. */
export interface Sending {
  abort(): void
}

/** Puts requests on the wire. */
export interface Driver {
  /**
   * Sends request `seq` of a template at once, to be answered within `timeoutUs`; the caller is told
   * exactly once, later.
   */
  send(template: RequestTemplate, seq: number, timeoutUs: Micros, caller: Caller): Sending
  close(): Promise<void>
}

/** Bounds on what a server may make us hold. */
export interface ResponseCaps {
  /** Longer bodies end the exchange as broken. */
  readonly bodyBytesMax: number
  /** The part of a body that is kept for dialects and usage. */
  readonly keptBytesMax: number
  readonly eventBytesMax: number
  /** Keep the bodies of streams as those of other answers; default false. */
  readonly keepsStreams?: boolean
}

export const responseCaps: ResponseCaps = {
  bodyBytesMax: 64 * 1024 * 1024,
  keptBytesMax: 1024 * 1024,
  eventBytesMax: 1024 * 1024,
}

/** For single exchanges whose whole answer is looked at. */
export const stepCaps: ResponseCaps = { ...responseCaps, keepsStreams: true }
