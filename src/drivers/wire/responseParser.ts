// HTTP/1.1 responses from bytes split anywhere (RFC 9112), without an object per response. Strict:
// what it does not understand ends the connection, so that no response is ever taken for another.

import { MessageHead, type ParseProblem, type ParserCaps, parserCaps } from './messageHead.ts'

const LF = 10
const CR = 13

/** Receives what the parser finds; called from within `push`. */
export interface ParserEvents {
  /** The head of the response is complete: `head` has it, its text only during this call. */
  onHead(): void
  /** Bytes [start, end) of `chunk` belong to the body; they are only valid during this call. */
  onBody(chunk: Buffer, start: number, end: number): void
}

// What the next byte belongs to. Numbers, not names: this is looked at for every chunk.
const inHead = 0
const inFixedBody = 1
const inBodyUntilClose = 2
const inChunkSize = 3
const inChunkExtension = 4
const inChunkData = 5
const inChunkEnd = 6
const inTrailers = 7
const isDone = 8
const isBroken = 9

/** Chunk sizes are read up to this; larger ones cannot be meant. */
const chunkBytesMax = 2 ** 31

/**
 * Heads that came before. Servers send the same bytes over and over (until the second of their Date
 * field is over), and to compare is much cheaper than to read.
 */
export class HeadMemory {
  #last: MessageHead | null = null
  #other: MessageHead | null = null
  #misses = 0

  find(source: Buffer, start: number, end: number): MessageHead | null {
    if (this.#last?.isAt(source, start, end)) return this.#last
    if (!this.#other?.isAt(source, start, end)) return null
    const found = this.#other
    this.#other = this.#last
    this.#last = found
    return found
  }

  /** Remembers a head that was read; where all heads differ, only now and then. */
  keep(head: MessageHead): boolean {
    if (++this.#misses > missesMax && this.#misses % missesMax !== 0) return false
    head.own()
    this.#other = this.#last
    this.#last = head
    return true
  }

  hit(): void {
    this.#misses = 0
  }
}

/** Heads in a row that were unlike those before, after which remembering is not worth it. */
const missesMax = 64

/** One connection's parser: `reset` before every response, `push` what arrives, `close` at its end. */
export class ResponseParser {
  head = new MessageHead()
  problem: ParseProblem | null = null
  readonly #events: ParserEvents
  readonly #caps: ParserCaps
  readonly #memory: HeadMemory
  #isRemembered = false
  #state = isDone
  /** Bytes of a head (or trailer section) that did not come in one piece. */
  #parts: Buffer | null = null
  #partsLength = 0
  #isForHead = false
  #informational = 0
  /** Bytes left of a fixed body or a chunk; or the chunk size read so far. */
  #left = 0
  #digits = 0
  /** Bytes of chunk extensions and trailers of this response. */
  #extraBytes = 0
  #lineBytes = 0
  /** The last byte of a line under way was a CR: a LF must follow. */
  #sawCr = false

  constructor(events: ParserEvents, caps: ParserCaps = parserCaps, memory = new HeadMemory()) {
    this.#events = events
    this.#caps = caps
    this.#memory = memory
  }

  /** A new response is expected. */
  reset(isForHeadRequest = false): void {
    this.#state = inHead
    this.#isForHead = isForHeadRequest
    this.problem = null
    this.#partsLength = 0
    this.#informational = 0
    this.#extraBytes = 0
  }

  /** The head is one of those that came before: the same bytes are the same object. */
  get isHeadRemembered(): boolean {
    return this.#isRemembered
  }

  /** The response is complete. */
  get isComplete(): boolean {
    return this.#state === isDone
  }

  /** Some of the response has arrived. */
  get hasBegun(): boolean {
    return this.#state !== inHead || this.#partsLength > 0 || this.#informational > 0
  }

  /**
   * Reads bytes [start, end) of a chunk. Returns where the response ended: less than `end` means
   * that there are bytes after it. Look at `problem` and `isComplete` afterwards.
   */
  push(chunk: Buffer, start: number, end: number): number {
    let at = start
    while (at < end) {
      switch (this.#state) {
        case inHead:
          at = this.#readHead(chunk, at, end)
          break
        case inFixedBody:
        case inChunkData:
          at = this.#readCounted(chunk, at, end)
          break
        case inBodyUntilClose:
          this.#events.onBody(chunk, at, end)
          return end
        case inChunkSize:
          at = this.#readChunkSize(chunk, at, end)
          break
        case inChunkExtension:
          at = this.#skipExtension(chunk, at, end)
          break
        case inChunkEnd:
          at = this.#readChunkEnd(chunk, at, end)
          break
        case inTrailers:
          at = this.#readTrailers(chunk, at, end)
          break
        default:
          return at
      }
    }
    return at
  }

  /** The connection was closed by the server: true when that completes the response. */
  close(): boolean {
    if (this.#state !== inBodyUntilClose) return false
    this.#state = isDone
    return true
  }

  #readHead(chunk: Buffer, from: number, end: number): number {
    if (this.#partsLength > 0) return this.#readHeadInParts(chunk, from, end)
    const known = this.#memory.find(chunk, from, end)
    if (known !== null) {
      this.#memory.hit()
      this.head = known
      this.#isRemembered = true
      this.#headRead()
      return from + known.bytes
    }
    this.#renewHead()
    const after = this.head.read(chunk, from, end)
    if (after < 0) {
      this.#keep(chunk, from, end)
      return end
    }
    if (this.head.problem === null) this.#isRemembered = this.#memory.keep(this.head)
    this.#headRead()
    return after
  }

  /** A head that others remember must not be read over. */
  #renewHead(): void {
    if (!this.#isRemembered) return
    this.head = new MessageHead()
    this.#isRemembered = false
  }

  // A head that comes in pieces is gathered until its blank line is there and then read once, so
  // that a server that drips costs time linear in its bytes.
  #readHeadInParts(chunk: Buffer, from: number, end: number): number {
    const before = this.#partsLength
    this.#keep(chunk, from, end)
    const gathered = this.#parts!
    const blank = gathered.indexOf('\r\n\r\n', Math.max(0, before - 3), 'latin1')
    if (blank < 0 || blank + 4 > this.#partsLength) return end
    this.#renewHead()
    const after = this.head.read(gathered, 0, blank + 4)
    if (after < 0) {
      this.#break('bad header line')
      return end
    }
    this.#partsLength = 0
    this.#headRead()
    return from + after - before
  }

  #keep(chunk: Buffer, from: number, end: number): void {
    const length = this.#partsLength + end - from
    if (length > this.#caps.headBytesMax) return this.#break('header block too long')
    if (this.#parts === null || this.#parts.length < length) {
      const wider = Buffer.alloc(Math.max(1024, length * 2))
      this.#parts?.copy(wider, 0, 0, this.#partsLength)
      this.#parts = wider
    }
    chunk.copy(this.#parts, this.#partsLength, from, end)
    this.#partsLength = length
  }

  #headRead(): void {
    const { head } = this
    if (head.problem !== null) return this.#break(head.problem)
    if (head.bytes > this.#caps.headBytesMax) return this.#break('header block too long')
    if (head.status < 200) {
      if (head.status === 101) return this.#break('unexpected upgrade')
      this.#informational++
      if (this.#informational > this.#caps.informationalMax) {
        this.#break('too many informational responses')
      }
      return
    }
    this.#state = this.#bodyState()
    this.#events.onHead()
  }

  #bodyState(): number {
    const { head } = this
    if (this.#isForHead || head.status === 204 || head.status === 304) return isDone
    if (head.isChunked) {
      this.#startChunk()
      return inChunkSize
    }
    if (head.contentLength < 0) return inBodyUntilClose
    this.#left = head.contentLength
    return this.#left === 0 ? isDone : inFixedBody
  }

  #readCounted(chunk: Buffer, from: number, end: number): number {
    const until = Math.min(end, from + this.#left)
    this.#left -= until - from
    this.#events.onBody(chunk, from, until)
    if (this.#left === 0 && this.#state !== isBroken) {
      if (this.#state === inFixedBody) this.#state = isDone
      else {
        this.#state = inChunkEnd
        this.#lineBytes = 0
      }
    }
    return until
  }

  #startChunk(): void {
    this.#left = 0
    this.#digits = 0
    this.#lineBytes = 0
    this.#sawCr = false
  }

  #readChunkSize(chunk: Buffer, from: number, end: number): number {
    for (let at = from; at < end; at++) {
      const byte = chunk[at]!
      const digit = hexDigit(byte)
      if (digit < 0) {
        if (this.#digits === 0) return this.#breakAt('bad chunk size', end)
        this.#state = inChunkExtension
        return at
      }
      this.#left = this.#left * 16 + digit
      this.#digits++
      if (this.#left > chunkBytesMax || this.#digits > 16)
        return this.#breakAt('bad chunk size', end)
    }
    return end
  }

  // What follows a chunk size up to the end of its line: nothing, or an extension.
  #skipExtension(chunk: Buffer, from: number, end: number): number {
    for (let at = from; at < end; at++) {
      const byte = chunk[at]!
      const isFirst = this.#lineBytes === 0
      if (isFirst && byte !== CR && byte !== 59 && byte !== 32 && byte !== 9) {
        return this.#breakAt('bad chunk size', end)
      }
      if (byte === LF) {
        if (!this.#sawCr) return this.#breakAt('bad chunk size', end)
        this.#endOfSizeLine()
        return at + 1
      }
      if (this.#sawCr) return this.#breakAt('bad chunk size', end)
      this.#sawCr = byte === CR
      this.#lineBytes++
      // The CR belongs to every chunk: a long answer has many of them, and no extension.
      if (byte !== CR && ++this.#extraBytes > this.#caps.headBytesMax) {
        return this.#breakAt('header block too long', end)
      }
    }
    return end
  }

  #endOfSizeLine(): void {
    this.#sawCr = false
    if (this.#left > 0) this.#state = inChunkData
    else {
      this.#state = inTrailers
      this.#lineBytes = 0
    }
  }

  #readChunkEnd(chunk: Buffer, from: number, end: number): number {
    for (let at = from; at < end; at++) {
      const expected = this.#lineBytes === 0 ? CR : LF
      if (chunk[at] !== expected) return this.#breakAt('bad chunk end', end)
      if (this.#lineBytes++ === 1) {
        this.#startChunk()
        this.#state = inChunkSize
        return at + 1
      }
    }
    return end
  }

  // Trailers are counted and skipped; a line of only CR LF ends them.
  #readTrailers(chunk: Buffer, from: number, end: number): number {
    for (let at = from; at < end; at++) {
      const byte = chunk[at]!
      if (++this.#extraBytes > this.#caps.headBytesMax) {
        return this.#breakAt('header block too long', end)
      }
      if (byte === LF) {
        if (!this.#sawCr) return this.#breakAt('bad header line', end)
        if (this.#lineBytes === 1) {
          this.#state = isDone
          return at + 1
        }
        this.#lineBytes = 0
        this.#sawCr = false
        continue
      }
      if (this.#sawCr) return this.#breakAt('bad header line', end)
      this.#sawCr = byte === CR
      this.#lineBytes++
    }
    return end
  }

  #breakAt(problem: ParseProblem, end: number): number {
    this.#break(problem)
    return end
  }

  #break(problem: ParseProblem): void {
    this.problem = problem
    this.#state = isBroken
  }
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48
  const lower = byte | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}
