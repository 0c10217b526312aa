// One connection and the exchange on it: bytes out, bytes in, instants, outcome. One exchange at a
// time; the same object serves all of them, so that an exchange costs no memory.

import type { Socket } from 'node:net'
import type { Clock } from '../../core/clock.ts'
import { messageOf } from '../../core/errors.ts'
import { safeLine } from '../../core/text.ts'
import type { Micros } from '../../core/units.ts'
import type {
  Caller,
  Exchange,
  ExchangeFailure,
  ResponseCaps,
  Sending,
  StreamReading,
} from '../driver.ts'
import { EventStream } from '../eventStream.ts'
import { connectionMessage, timeoutMessage } from '../failures.ts'
import type { DeadlineQueue, Deadlines, Expiring } from './deadlines.ts'
import type { HeadMemory } from './headMemory.ts'
import { KeptBytes } from './keptBytes.ts'
import type { ParseProblem } from './messageHead.ts'
import { OwnBytes, type RequestBytes } from './requestBytes.ts'
import { ResponseParser } from './responseParser.ts'

/** A request that had to wait for a connection. */
export interface RequestToSend {
  readonly bytes: RequestBytes
  readonly seq: number
  readonly timeoutUs: Micros
  readonly caller: Caller
  readonly handedUs: Micros
  /** Its caller has been told of its end. */
  over(): void
}

/** Where the bytes of a socket go. */
export interface Reader {
  /** So many bytes are in `buffer`, from its start, during this call. */
  onRead(bytes: number, buffer: Buffer): void
}

/** What the connections of a driver share. */
export interface ConnectionParts {
  readonly clock: Clock
  readonly caps: ResponseCaps
  readonly deadlines: Deadlines
  readonly heads: HeadMemory
  /** Opens a socket whose bytes go to a reader. */
  connect(reader: Reader): Socket
  /** The event that says that a socket can be written to. */
  readonly readyEvent: 'connect' | 'secureConnect'
  /** A connection is open. */
  opened(connection: Connection): void
  /** A connection has nothing to do and can be used again. */
  idle(connection: Connection): void
  /** A connection would have nothing to do if its request counted as written. */
  unsettled(connection: Connection): void
  /** The caller of an exchange has been told of its end. */
  ended(): void
  /** A connection is gone, or could not be opened. */
  closed(connection: Connection, message: string): void
}

/** Servers close idle connections after a while; one that may be about to is not used again. */
const idleUsMax: Micros = 60_000_000
/** … nor one that is within this of what the server said. */
const keepAliveMarginUs: Micros = 1_000_000

export class Connection implements Exchange, Sending, Expiring, Reader {
  // The exchange.
  handedUs: Micros = 0
  sentUs: Micros | null = null
  firstByteUs: Micros | null = null
  endUs: Micros = 0
  status: number | null = null
  bytesIn = 0
  failure: ExchangeFailure | null = null
  stream: StreamReading | null = null

  // The deadline.
  deadlineUs: Micros = 0
  earlier: Expiring | null = null
  later: Expiring | null = null
  queue: DeadlineQueue | null = null

  /**
   * Whether the request counts as written. A response may be complete before: behind TLS a quick one
   * always is, because Node says only at the end of a turn of the event loop that it wrote. Otherwise
   * the server has not read the request, and may never do so.
   */
  isWritten = true

  readonly #parts: ConnectionParts
  readonly #socket: Socket
  readonly #parser: ResponseParser
  readonly #kept: KeptBytes
  #caller: Caller | null = null
  /** What its caller knows the request by, where that is not this connection. */
  #waited: RequestToSend | null = null
  #timeoutUs: Micros = 0
  #events: EventStream | null = null
  #isClosed = false
  #isGone = false
  readonly #onWritten = (error?: Error | null) => {
    if (error) this.#socket.destroy(error)
    else this.isWritten = true
  }
  /** Its own bytes to write; null as long as those that all share do. */
  #own: OwnBytes | null = null
  #hasHead = false
  /** When this became idle, and until when it may be used. */
  #usableUntilUs: Micros = 0

  constructor(parts: ConnectionParts) {
    this.#parts = parts
    this.#kept = new KeptBytes(parts.caps.keptBytesMax)
    this.#parser = new ResponseParser(this, undefined, parts.heads)
    this.#socket = parts.connect(this)
    connectionOf(this.#socket).connection = this
    this.#socket.setNoDelay(true)
    this.#socket.once(parts.readyEvent, onReady)
    this.#socket.on('error', onError)
    this.#socket.on('end', onEnd)
    this.#socket.on('close', onClose)
  }

  /** Sends a request that the driver is handed at `nowUs`; only on a connection that is idle. */
  start(bytes: RequestBytes, seq: number, timeoutUs: Micros, caller: Caller, nowUs: Micros): void {
    this.handedUs = nowUs
    this.#parts.deadlines.add(this, timeoutUs, nowUs)
    this.#send(bytes, seq, timeoutUs, caller, nowUs)
  }

  /** Sends a request that had to wait until `nowUs`; its deadline goes on. */
  resume(request: RequestToSend & Expiring, nowUs: Micros): void {
    this.handedUs = request.handedUs
    this.#waited = request
    this.#parts.deadlines.pass(request, this)
    this.#send(request.bytes, request.seq, request.timeoutUs, request.caller, nowUs)
  }

  #send(bytes: RequestBytes, seq: number, timeoutUs: Micros, caller: Caller, nowUs: Micros): void {
    this.#caller = caller
    this.#timeoutUs = timeoutUs
    this.sentUs = nowUs
    this.firstByteUs = null
    this.status = null
    this.bytesIn = 0
    this.failure = null
    this.stream = null
    this.#events = null
    this.#hasHead = false
    this.#kept.clear()
    this.#parser.reset(bytes.isHead)
    const own = this.#own
    this.#write(own === null ? bytes.render(seq) : bytes.renderInto(own, seq))
    if (own !== null || this.isWritten) return
    // What the socket has not handed on yet is still read by it. One behind TLS never hands on at
    // once: from now on this one has bytes of its own, which are free when the answer is there.
    bytes.abandon()
    this.#own = new OwnBytes()
  }

  // What `write` calls in the end: a stream's queue is of no use where one request is written at a
  // time, and keeping its accounts costs 2 to 3 % of a request.
  #write(bytes: Buffer): void {
    this.isWritten = false
    this.#socket._write(bytes, 'buffer' as BufferEncoding, this.#onWritten)
  }

  /** Drops the exchange, and the connection with it. */
  abort(): void {
    this.#fail('aborted', 'aborted')
  }

  expired(): void {
    this.#fail('timeout', timeoutMessage(this.#timeoutUs))
  }

  /** An idle connection that the server has not closed and is not about to. */
  isUsable(nowUs: Micros): boolean {
    return !this.#isClosed && nowUs < this.#usableUntilUs
  }

  close(): void {
    this.#isClosed = true
    this.#socket.destroy()
  }

  get firstTokenUs(): Micros | null {
    return this.#events?.firstTokenUs ?? null
  }

  get headers(): Readonly<Record<string, string>> {
    return this.#hasHead ? this.#parser.head.fields() : {}
  }

  get headKey(): object | null {
    return this.#hasHead && this.#parser.isHeadRemembered ? this.#parser.head : null
  }

  get hasLimitFields(): boolean {
    return this.#hasHead && this.#parser.head.hasLimitFields
  }

  get hasUsageFields(): boolean {
    return this.#hasHead && this.#parser.head.hasUsageFields
  }

  get body(): string {
    return this.#kept.text()
  }

  bodyHas(text: string): boolean {
    return this.#kept.has(text)
  }

  // Called by the socket.

  onReady(): void {
    this.#usableUntilUs = this.#parts.clock.nowUs() + idleUsMax
    this.#parts.opened(this)
  }

  onRead(bytes: number, buffer: Buffer): void {
    const nowUs = this.#parts.clock.nowUs()
    if (this.#caller === null) return this.close()
    this.firstByteUs ??= nowUs
    // Events within these bytes are stamped with it.
    this.endUs = nowUs
    const after = this.#parser.push(buffer, 0, bytes)
    if (this.failure !== null) return this.#finish(false)
    const { problem, isComplete } = this.#parser
    if (problem !== null) return this.#fail('broken', problemText(problem, buffer, bytes))
    if (isComplete) return this.#complete(after === bytes)
    // The bytes are about to be written over.
    if (this.#hasHead) this.#parser.head.own()
    this.#kept.own()
  }

  /** The server sends nothing more: that may be how it ends a response. */
  onEnd(): void {
    if (this.#caller !== null && this.#parser.close()) {
      this.endUs = this.#parts.clock.nowUs()
      this.#complete(false)
    }
    this.gone('connection closed by the server')
  }

  /** The connection can be used no more. */
  gone(message: string): void {
    this.#fail('broken', message)
    this.close()
    if (this.#isGone) return
    this.#isGone = true
    this.#parts.closed(this, message)
  }

  // Called by the parser.

  onHead(): void {
    const { head } = this.#parser
    this.#hasHead = true
    this.status = head.status
    if (head.isEventStream) this.#events = new EventStream(this.#parts.caps.eventBytesMax)
  }

  onBody(chunk: Buffer, start: number, end: number): void {
    this.bytesIn += end - start
    if (this.failure !== null) return
    const { bodyBytesMax } = this.#parts.caps
    if (this.bytesIn > bodyBytesMax) return this.#spoil(`body longer than ${bodyBytesMax} bytes`)
    if (this.#events === null || this.#parts.caps.keepsStreams) this.#kept.add(chunk, start, end)
    if (this.#events === null) return
    try {
      this.#events.push(chunk, start, end, this.endUs)
    } catch (error) {
      this.#spoil(messageOf(error))
    }
  }

  #spoil(message: string): void {
    this.failure = { kind: 'broken', message }
  }

  /** The response is complete; `isClean`: with no bytes after it. */
  #complete(isClean: boolean): void {
    if (this.#events !== null) this.#endStream(this.#events)
    const { isKeptAlive } = this.#parser.head
    this.#finish(isClean && isKeptAlive)
  }

  #endStream(events: EventStream): void {
    this.stream = events.end()
    if (this.stream.isFinished || this.stream.errorBody !== null) return
    this.#spoil('stream ended without a finish reason or [DONE]')
  }

  #fail(kind: ExchangeFailure['kind'], message: string): void {
    if (this.#caller === null) return
    this.endUs = this.#parts.clock.nowUs()
    this.failure = { kind, message }
    this.#finish(false)
  }

  // The connection is given back before the caller is told: its next request can go out on it.
  #finish(isReusable: boolean): void {
    const caller = this.#caller
    if (caller === null) return
    this.#caller = null
    this.#parts.deadlines.remove(this)
    if (this.failure !== null) this.stream ??= this.#events?.reading() ?? null
    if (isReusable) this.#rest()
    else this.close()
    const waited = this.#waited
    this.#waited = null
    caller.ended(this)
    waited?.over()
    this.#parts.ended()
  }

  #rest(): void {
    const { keepAliveS } = this.#parser.head
    const saidUs = keepAliveS < 0 ? idleUsMax : keepAliveS * 1e6 - keepAliveMarginUs
    this.#usableUntilUs = this.endUs + Math.min(idleUsMax, saidUs)
    if (this.isWritten) this.#parts.idle(this)
    else this.#parts.unsettled(this)
  }
}

// Listeners that all sockets share: four functions of its own are a tenth of a connection's memory.

function onReady(this: Socket): void {
  connectionOf(this).connection.onReady()
}

function onError(this: Socket, error: Error): void {
  connectionOf(this).connection.gone(connectionMessage(error))
}

function onEnd(this: Socket): void {
  connectionOf(this).connection.onEnd()
}

function onClose(this: Socket): void {
  connectionOf(this).connection.gone('connection closed')
}

/** A socket knows whose it is. */
function connectionOf(socket: Socket): { connection: Connection } {
  return socket as Socket & { connection: Connection }
}

/** What is wrong with a response; of one that is no HTTP at all, what it says instead. */
function problemText(problem: ParseProblem, buffer: Buffer, bytes: number): string {
  if (problem !== 'not HTTP/1.x') return `bad response: ${problem}`
  const said = safeLine(buffer.toString('latin1', 0, Math.min(bytes, 40)))
  return `bad response: expected HTTP/1.x, got '${said}'`
}
