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
}

export class WaitingRequest implements Exchange, Sending, Expiring {
  readonly bytes: RequestBytes
  readonly seq: number
  readonly timeoutUs: Micros
  readonly caller: Caller

  // The exchange that it is as long as nothing was sent.
  readonly handedUs: Micros
  readonly sentUs = null
  readonly firstByteUs = null
  readonly firstTokenUs = null
  endUs: Micros = 0
  readonly status = null
  readonly headers = {}
  readonly headKey = null
  readonly hasLimitFields = false
  readonly body = ''
  readonly bytesIn = 0
  readonly stream = null
  failure: ExchangeFailure | null = null

  // The deadline.
  deadlineUs: Micros = 0
  earlier: Expiring | null = null
  later: Expiring | null = null
  queue: DeadlineQueue | null = null

  readonly #room: WaitingRoom
  #connection: Connection | null = null

  constructor(request: RequestToSend, room: WaitingRoom) {
    this.bytes = request.bytes
    this.seq = request.seq
    this.timeoutUs = request.timeoutUs
    this.caller = request.caller
    this.handedUs = request.handedUs
    this.#room = room
    room.deadlines.add(this, request.timeoutUs, request.handedUs)
  }

  bodyHas(): boolean {
    return false
  }

  /** Goes out on a connection that is idle. */
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
  }
}
