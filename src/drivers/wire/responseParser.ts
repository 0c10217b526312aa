// HTTP/1.1 responses from bytes split anywhere (RFC 9112), without an object per response. Strict:
// what it does not understand ends the connection, so that no response is ever taken for another.

import { afterSize, beforeLineFeed, isBadLine, isLineOver, nextInChunkLine } from './chunkLine.ts'
import { HeadMemory } from './headMemory.ts'
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
const inChunkLine = 4
const inChunkData = 5
const inChunkEnd = 6
const inTrailers = 7
const isDone = 8
const isBroken = 9

/** Chunk sizes are read up to this; larger ones cannot be meant. */
const chunkBytesMax = 2 ** 31
const chunkDigitsMax = 16

/** Shorter heads are looked at as they come: what is no HTTP is known by then. */
const prefixBytes = 16

/** One connection's parser: `reset` before every response, `push` what arrives, `close` at its end. */
export class ResponseParser {
  head = new MessageHead()
  problem: ParseProblem | null = null
  readonly #events: ParserEvents
  readonly #caps: ParserCaps
  readonly #memory: HeadMemory
  #isRemembered = false
  #state = isDone
  /** Trailers are read like a head, and not kept. */
  #trailers: MessageHead | null = null
  /** Bytes of a head or of trailers that did not come in one piece. */
  #parts: Buffer | null = null
  #partsLength = 0
  #isForHead = false
  #informational = 0
  /** Bytes left of a fixed body or a chunk; or the chunk size read so far. */
  #left = 0
  #digits = 0
  /** Where in a chunk's first line we are. */
  #line = afterSize
  /** The CR after a chunk's data has come. */
  #sawCr = false
  /** Bytes of chunk extensions of this response. */
  #extensionBytes = 0

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
    this.#extensionBytes = 0
  }

  /** The head is one of those that came before: the same bytes are the same object. */
  get isHeadRemembered(): boolean {
    return this.#isRemembered
  }

  /** The response is complete. */
  get isComplete(): boolean {
    return this.#state === isDone
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
        case inChunkLine:
          at = this.#readChunkLine(chunk, at, end)
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
    if (this.#partsLength > 0) return this.#readHeadOn(chunk, from, end)
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
    if (after < 0) return this.#await(chunk, from, end)
    if (this.head.problem === null) this.#isRemembered = this.#memory.keep(this.head)
    this.#headRead()
    return after
  }

  #readHeadOn(chunk: Buffer, from: number, end: number): number {
    const after = this.#readOn(this.head, chunk, from, end)
    if (after < 0) return end
    // Its memory is used again, by trailers at the latest.
    this.head.own()
    this.#headRead()
    return after
  }

  /** A head that others remember must not be read over. */
  #renewHead(): void {
    if (!this.#isRemembered) return
    this.head = new MessageHead()
    this.#isRemembered = false
  }

  /** Lines that do not come in one piece are gathered; returns `end`. */
  #await(chunk: Buffer, from: number, end: number): number {
    this.#gather(chunk, from, end)
    if (this.#partsLength === this.#caps.headBytesMax) this.#break('header block too long')
    return end
  }

  /**
   * Goes on with lines of which there was a piece; returns where they ended in `chunk`, or −1. Read
   * once the end of one is there: a server that drips costs time linear in its bytes.
   */
  #readOn(head: MessageHead, chunk: Buffer, from: number, end: number): number {
    const before = this.#partsLength
    this.#gather(chunk, from, end)
    const isToBeRead = before < prefixBytes || hasLineFeed(chunk, from, end)
    const after = isToBeRead ? head.readOn(this.#parts!, 0, this.#partsLength) : -1
    if (after >= 0) {
      this.#partsLength = 0
      return from + after - before
    }
    if (this.#partsLength === this.#caps.headBytesMax) this.#break('header block too long')
    return -1
  }

  /** Keeps what came, at most as much as lines may have. */
  #gather(chunk: Buffer, from: number, end: number): void {
    const bytesMax = this.#caps.headBytesMax
    const length = Math.min(bytesMax, this.#partsLength + end - from)
    if (this.#parts === null || this.#parts.length < length) {
      const wider = Buffer.alloc(Math.min(bytesMax, Math.max(1024, length * 2)))
      this.#parts?.copy(wider, 0, 0, this.#partsLength)
      this.#parts = wider
    }
    chunk.copy(this.#parts, this.#partsLength, from, from + length - this.#partsLength)
    this.#partsLength = length
  }

  #headRead(): void {
    const { head } = this
    if (head.problem !== null) return this.#break(head.problem)
    if (head.bytes > this.#caps.headBytesMax) return this.#break('header block too long')
    if (head.status < 200) {
      if (head.status === 101) return this.#break('unexpected upgrade')
      if (!head.isKeptAlive) return this.#break('an informational response that closes')
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
    if (this.#left === 0) this.#state = this.#state === inFixedBody ? isDone : inChunkEnd
    return until
  }

  #startChunk(): void {
    this.#left = 0
    this.#digits = 0
    this.#line = afterSize
    this.#sawCr = false
  }

  #readChunkSize(chunk: Buffer, from: number, end: number): number {
    for (let at = from; at < end; at++) {
      const digit = hexDigit(chunk[at]!)
      if (digit < 0) {
        if (this.#digits === 0) return this.#breakAt('bad chunk size', end)
        // Nearly always nothing follows the size, and its line is here as a whole.
        if (at + 1 < end && chunk[at] === CR && chunk[at + 1] === LF) {
          this.#endSizeLine()
          return at + 2
        }
        this.#state = inChunkLine
        return at
      }
      this.#left = this.#left * 16 + digit
      if (this.#left > chunkBytesMax || ++this.#digits > chunkDigitsMax) {
        return this.#breakAt('bad chunk size', end)
      }
    }
    return end
  }

  // What follows a chunk size up to the end of its line: nothing, or extensions, which are skipped.
  #readChunkLine(chunk: Buffer, from: number, end: number): number {
    for (let at = from; at < end; at++) {
      this.#line = nextInChunkLine(this.#line, chunk[at]!)
      if (this.#line === isLineOver) {
        this.#endSizeLine()
        return at + 1
      }
      if (this.#line === isBadLine) return this.#breakAt('bad chunk size', end)
      if (this.#line !== beforeLineFeed && ++this.#extensionBytes > this.#caps.headBytesMax) {
        return this.#breakAt('header block too long', end)
      }
    }
    return end
  }

  #endSizeLine(): void {
    this.#state = this.#left > 0 ? inChunkData : inTrailers
  }

  #readChunkEnd(chunk: Buffer, from: number, end: number): number {
    for (let at = from; at < end; at++) {
      if (chunk[at] !== (this.#sawCr ? LF : CR)) return this.#breakAt('bad chunk end', end)
      this.#sawCr = !this.#sawCr
      if (this.#sawCr) continue
      this.#startChunk()
      this.#state = inChunkSize
      return at + 1
    }
    return end
  }

  // Trailers are read as strictly as a head, and dropped.
  #readTrailers(chunk: Buffer, from: number, end: number): number {
    this.#trailers ??= new MessageHead()
    const trailers = this.#trailers
    const isBegun = this.#partsLength > 0
    const after = isBegun
      ? this.#readOn(trailers, chunk, from, end)
      : trailers.readTrailers(chunk, from, end)
    if (after < 0) return isBegun ? end : this.#await(chunk, from, end)
    // How the body was framed cannot be said after it.
    if (trailers.problem !== null || trailers.isChunked || trailers.contentLength >= 0) {
      return this.#breakAt('bad trailer', end)
    }
    if (trailers.bytes > this.#caps.headBytesMax) {
      return this.#breakAt('header block too long', end)
    }
    this.#state = isDone
    return after
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

function hasLineFeed(chunk: Buffer, from: number, end: number): boolean {
  for (let at = from; at < end; at++) if (chunk[at] === LF) return true
  return false
}
