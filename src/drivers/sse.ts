// Server-sent events (WHATWG HTML, "event stream interpretation") from bytes split anywhere.

const LF = 10
const CR = 13

const nothing = Buffer.alloc(0)

/** One event: its type ('' is "message") and its data lines joined by a line feed. */
export type EventSink = (data: string, type: string) => void

/** An event or line that grows past the cap. */
export class SseOverflow extends Error {
  override readonly name = 'SseOverflow'
}

/**
 * An incremental parser: linear in the bytes, whatever the split; `\n`, `\r\n` and `\r` end lines;
 * comments are skipped. Throws `SseOverflow` when an event is longer than `eventBytesMax`.
 */
export class SseParser {
  readonly #sink: EventSink
  readonly #eventBytesMax: number
  /** What has come of the line that has not ended yet: its first `lineBytes` bytes. */
  #held: Buffer = nothing
  #lineBytes = 0
  #eventBytes = 0
  #data: string[] = []
  #type = ''
  #endedWithCr = false
  #isFirstLine = true

  constructor(sink: EventSink, eventBytesMax: number) {
    this.#sink = sink
    this.#eventBytesMax = eventBytesMax
  }

  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) at = this.pushEvent(chunk, at, chunk.length)
  }

  /** Reads from `start` up to the end of an event, or up to `limit`, and says where that is. */
  pushEvent(chunk: Buffer, start: number, limit: number): number {
    let at = start
    // The line feed of a CRLF that was split between two chunks.
    if (this.#endedWithCr && at < limit && chunk[at] === LF) at++
    this.#endedWithCr = false
    for (let end = lineEnd(chunk, at, limit); end >= 0; end = lineEnd(chunk, at, limit)) {
      const isBlank = end === at && this.#lineBytes === 0
      this.#line(chunk.subarray(at, end))
      at = end + 1
      if (chunk[end] === CR) {
        if (at === limit) this.#endedWithCr = true
        else if (chunk[at] === LF) at++
      }
      if (isBlank) return at
    }
    if (at < limit) this.#keep(chunk.subarray(at, limit))
    return limit
  }

  /** Nothing of an event has been read. */
  get isBetweenEvents(): boolean {
    return (
      this.#lineBytes === 0 && this.#eventBytes === 0 && !this.#endedWithCr && !this.#isFirstLine
    )
  }

  /** The stream is over: a last event without its blank line counts. */
  end(): void {
    if (this.#lineBytes > 0) this.#line(nothing)
    this.#dispatch()
  }

  // A copy, because the chunk's memory may be reused by the driver; in one piece, because a server
  // that drips must not make us hold an object per byte.
  #keep(part: Buffer): void {
    const length = this.#lineBytes + part.length
    this.#bound(this.#eventBytes + length)
    if (length > this.#held.length) {
      const wider = Buffer.allocUnsafe(Math.max(256, length * 2))
      this.#held.copy(wider, 0, 0, this.#lineBytes)
      this.#held = wider
    }
    part.copy(this.#held, this.#lineBytes)
    this.#lineBytes = length
  }

  #line(rest: Buffer): void {
    let bytes = rest
    if (this.#lineBytes > 0) {
      this.#keep(rest)
      bytes = this.#held.subarray(0, this.#lineBytes)
      this.#lineBytes = 0
    }
    this.#eventBytes += bytes.length
    this.#bound(this.#eventBytes)
    const text = bytes.toString('utf8')
    this.#field(this.#isFirstLine ? text.replace(/^\ufeff/, '') : text)
    this.#isFirstLine = false
  }

  #field(line: string): void {
    if (line === '') return this.#dispatch()
    const colon = line.indexOf(':')
    if (colon === 0) return
    const name = colon < 0 ? line : line.slice(0, colon)
    const from = line[colon + 1] === ' ' ? colon + 2 : colon + 1
    const value = colon < 0 ? '' : line.slice(from)
    if (name === 'data') this.#data.push(value)
    else if (name === 'event') this.#type = value
  }

  #dispatch(): void {
    if (this.#data.length > 0) this.#sink(this.#data.join('\n'), this.#type)
    this.#data = []
    this.#type = ''
    this.#eventBytes = 0
  }

  #bound(bytes: number): void {
    if (bytes <= this.#eventBytesMax) return
    throw new SseOverflow(`SSE event longer than ${this.#eventBytesMax} bytes`)
  }
}

function lineEnd(chunk: Buffer, from: number, limit: number): number {
  for (let i = from; i < limit; i++) {
    const byte = chunk[i]
    if (byte === LF || byte === CR) return i
  }
  return -1
}
