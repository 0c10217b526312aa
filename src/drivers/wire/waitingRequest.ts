// A request that no connection was free for: it waits for one that is opened or comes back, and is
// its own exchange when it ends before that.

import type { Micros } from '../../core/units.ts'
import type { Caller, Exchange, ExchangeFailure, Sending } from '../driver.ts'
import { timeoutMessage } from '../failures.ts'
import type { Connection, RequestToSend } from './connection.ts'
import type { DeadlineQueue, Deadlines, Expiring } from './deadlines.ts'
import type { RequestBytes } from './requestBytes.ts'

/** Whom a request waits with. */
export interface WaitingRoom {
  readonly deadlines: Deadlines
  nowUs(): Micros
  /** A request waits no longer, because it has ended. */
  left(request: WaitingRequest): void
  /** A request is used by nobody any more. */
  over(request: WaitingRequest): void
}

/**
 * One request after the other: until all connections are open each request may have to wait, and lives
 * long enough for its garbage to be costly.
 */
export class WaitingRequest implements Exchange, Sending, Expiring, RequestToSend {
  bytes!: RequestBytes
  seq = 0
  timeoutUs: Micros = 0
  caller!: Caller
  handedUs: Micros = 0
  endUs: Micros = 0
  failure: ExchangeFailure | null = null

  // The deadline.
  deadlineUs: Micros = 0
  earlier: Expiring | null = null
  later: Expiring | null = null
  queue: DeadlineQueue | null = null

  readonly #room: WaitingRoom
  #connection: Connection | null = null

  constructor(room: WaitingRoom) {
    this.#room = room
  }

  /** From now on this is a request that the driver was handed at `handedUs`. */
  begin(
    bytes: RequestBytes,
    seq: number,
    timeoutUs: Micros,
    caller: Caller,
    handedUs: Micros,
  ): void {
    this.bytes = bytes
    this.seq = seq
    this.timeoutUs = timeoutUs
    this.caller = caller
    this.handedUs = handedUs
    this.failure = null
    this.#connection = null
    this.#room.deadlines.add(this, timeoutUs, handedUs)
  }

  // The exchange that it is as long as nothing was sent.

  get sentUs(): null {
    return null
  }

  get firstByteUs(): null {
    return null
  }

  get firstTokenUs(): null {
    return null
  }

  get status(): null {
    return null
  }

  get headers(): Exchange['headers'] {
    return {}
  }

  get headKey(): null {
    return null
  }

  get hasLimitFields(): boolean {
    return false
  }

  get hasUsageFields(): boolean {
    return false
  }

  get body(): string {
    return ''
  }

  get bytesIn(): number {
    return 0
  }

  get stream(): null {
    return null
  }

  bodyHas(): boolean {
    return false
  }

  /** Goes out on a connection that is idle; that tells of its end. */
  sendOn(connection: Connection, nowUs: Micros): void {
    this.#connection = connection
    connection.resume(this, nowUs)
  }

  abort(): void {
    if (this.#connection !== null) this.#connection.abort()
    else this.fail('aborted', 'aborted')
  }

  expired(): void {
    this.fail('timeout', timeoutMessage(this.timeoutUs))
  }

  fail(kind: ExchangeFailure['kind'], message: string): void {
    this.#room.deadlines.remove(this)
    this.endUs = this.#room.nowUs()
    this.failure = { kind, message }
    this.#room.left(this)
    this.caller.ended(this)
    this.over()
  }

  /** Its caller has been told of its end. */
  over(): void {
    this.#room.over(this)
  }
}
