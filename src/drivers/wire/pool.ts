// The connections of a driver: as many as there are requests in flight. They are opened a few at a
// time, and whichever is free first, an opened or a returned one, serves whoever has waited longest:
// opening costs more than sending, so that a backlog after a stall must not turn into a storm of
// connections that makes the stall longer.

import type { Cancel, Clock } from '../../core/clock.ts'
import type { Micros } from '../../core/units.ts'
import type { Caller, Sending } from '../driver.ts'
import { Connection, type ConnectionParts } from './connection.ts'
import type { Deadlines } from './deadlines.ts'
import type { RequestBytes } from './requestBytes.ts'
import { WaitingRequest, type WaitingRoom } from './waitingRequest.ts'

/** Connections that are opened before answers are looked at again: about half a millisecond. */
const opensPerTurn = 8
/** … which is when a turn of the event loop is over, or later: Node reads on while there are answers. */
const opensEveryUs: Micros = 1000

/** What connections need from elsewhere. */
export type PoolParts = Pick<
  ConnectionParts,
  'clock' | 'caps' | 'deadlines' | 'heads' | 'connect' | 'readyEvent'
>

export class ConnectionPool implements WaitingRoom {
  readonly deadlines: Deadlines
  readonly #clock: Clock
  readonly #parts: ConnectionParts
  readonly #all = new Set<Connection>()
  /** Connections with nothing to do; the one used last is used first, so that few stay in use. */
  readonly #idle: Connection[] = []
  /** Connections that are not open yet, and requests that no connection was free for: oldest first. */
  readonly #opening = new Set<Connection>()
  readonly #waiting = new Set<WaitingRequest>()
  readonly #spare: WaitingRequest[] = []
  /** Connections that are idle once their requests count as written, and closed if that takes long. */
  #unsettled: Connection[] = []
  #opensLeft = opensPerTurn
  #opensFromUs: Micros = 0
  #nextTurn: Cancel | null = null
  #isClosed = false

  constructor(parts: PoolParts) {
    this.deadlines = parts.deadlines
    this.#clock = parts.clock
    this.#parts = {
      ...parts,
      opened: (connection) => this.#opened(connection),
      idle: (connection) => this.#idle.push(connection),
      unsettled: (connection) => this.#settleSoon(connection),
      ended: () => {
        this.#serve()
        if (this.#waiting.size > 0) this.#open()
      },
      closed: (connection, message) => this.#closed(connection, message),
    }
  }

  /** A connection that can be used at once; null when there is none. */
  take(nowUs: Micros): Connection | null {
    for (;;) {
      const connection = this.#idle.pop() ?? this.#takeWritten()
      if (connection === undefined) return null
      if (connection.isUsable(nowUs)) return connection
      connection.close()
    }
  }

  /** Sends a request, which the driver was handed at `handedUs`, on the next connection that is free. */
  wait(
    bytes: RequestBytes,
    seq: number,
    timeoutUs: Micros,
    caller: Caller,
    handedUs: Micros,
  ): Sending {
    const request = this.#spare.pop() ?? new WaitingRequest(this)
    request.begin(bytes, seq, timeoutUs, caller, handedUs)
    this.#waiting.add(request)
    this.#open()
    return request
  }

  close(): void {
    this.#isClosed = true
    this.#nextTurn?.()
    for (const request of this.#waiting) request.fail('broken', 'connection closed')
    for (const connection of this.#all) connection.close()
  }

  nowUs(): Micros {
    return this.#clock.nowUs()
  }

  over(request: WaitingRequest): void {
    // Once nobody waits, none of them are needed any more.
    if (this.#waiting.size > 0) this.#spare.push(request)
    else if (this.#spare.length > 0) this.#spare.length = 0
  }

  // What is opened for nobody may never open: the next request is better served by a new attempt.
  left(request: WaitingRequest): void {
    this.#waiting.delete(request)
    const [oldest] = this.#opening
    if (oldest === undefined || this.#opening.size <= this.#waiting.size) return
    this.#opening.delete(oldest)
    oldest.close()
  }

  // Node tells of all its writes of a turn together: one says enough about all.
  #takeWritten(): Connection | undefined {
    return this.#unsettled.at(-1)?.isWritten === true ? this.#unsettled.pop() : undefined
  }

  #settleSoon(connection: Connection): void {
    if (this.#unsettled.push(connection) === 1) this.#clock.soon(this.#settle)
  }

  // One for all: a function that is made anew costs memory at each call of the method that makes it.
  readonly #settle = () => {
    const connections = this.#unsettled
    this.#unsettled = []
    for (const each of connections) {
      if (each.isWritten) this.#idle.push(each)
      else each.close()
    }
    this.#serve()
  }

  #serve(): void {
    while (this.#waiting.size > 0) {
      const nowUs = this.nowUs()
      const connection = this.take(nowUs)
      if (connection === null) return
      const [request] = this.#waiting
      this.#waiting.delete(request!)
      request!.sendOn(connection, nowUs)
    }
  }

  #opened(connection: Connection): void {
    this.#opening.delete(connection)
    this.#idle.push(connection)
    this.#serve()
  }

  #open(): void {
    const nowUs = this.nowUs()
    if (nowUs - this.#opensFromUs >= opensEveryUs) this.#renewOpens(nowUs)
    while (this.#isWanting && this.#opensLeft > 0) {
      this.#opensLeft--
      const connection = new Connection(this.#parts)
      this.#all.add(connection)
      this.#opening.add(connection)
    }
    if (this.#opensLeft === opensPerTurn) return
    this.#nextTurn ??= this.#clock.at(nowUs, () => {
      this.#nextTurn = null
      this.#renewOpens(this.nowUs())
      this.#open()
    })
  }

  #renewOpens(nowUs: Micros): void {
    this.#opensLeft = opensPerTurn
    this.#opensFromUs = nowUs
  }

  get #isWanting(): boolean {
    const comingCount = this.#opening.size + this.#unsettled.length
    return this.#waiting.size > comingCount && !this.#isClosed
  }

  #closed(connection: Connection, message: string): void {
    this.#all.delete(connection)
    for (const list of [this.#idle, this.#unsettled]) {
      const at = list.indexOf(connection)
      if (at >= 0) list.splice(at, 1)
    }
    if (this.#opening.delete(connection)) {
      const [oldest] = this.#waiting
      oldest?.fail('broken', message)
    }
    this.#open()
  }
}
