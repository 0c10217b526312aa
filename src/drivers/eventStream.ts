// The body of a model's streamed answer, read as it comes. Nearly all of its events are alike but
// for a few letters of text; those are told by their bytes, the others are parsed.

import type { Micros } from '../core/units.ts'
import type { StreamReading } from './driver.ts'
import { KnownBytes } from './knownBytes.ts'
import { SseParser } from './sse.ts'
import { isOnlyToken, TokenStream } from './tokenStream.ts'

const QUOTE = 34
const BACKSLASH = 92
const SPACE = 32

/** Reads one answer. `push` throws `SseOverflow` when an event is too long. */
export class EventStream {
  readonly #tokens = new TokenStream()
  readonly #parser: SseParser
  readonly #pattern = new TokenPattern()
  readonly #eventBytesMax: number
  #us: Micros = 0
  /** The event that was parsed last had data, and no type. */
  #hasPlainData = false

  constructor(eventBytesMax: number) {
    const sink = (data: string, type: string) => {
      this.#tokens.event(data, type, this.#us)
      this.#hasPlainData = type === ''
    }
    this.#eventBytesMax = eventBytesMax
    this.#parser = new SseParser(sink, eventBytesMax)
  }

  /** Bytes [start, end) that were read at `us`: the instant of every event that ends in them. */
  push(chunk: Buffer, start: number, end: number, us: Micros): void {
    this.#us = us
    let at = start
    while (at < end) {
      const isWhole = this.#parser.isBetweenEvents
      const after = isWhole ? this.#pattern.endOfEvent(chunk, at, end) : -1
      if (after >= 0 && after - at <= this.#eventBytesMax) {
        this.#tokens.token(us)
        at = after
        continue
      }
      const eventAt = at
      this.#hasPlainData = false
      at = this.#parser.pushEvent(chunk, eventAt, end)
      if (isWhole && this.#hasPlainData) this.#pattern.learn(chunk, eventAt, at)
    }
  }

  end(): StreamReading {
    this.#parser.end()
    return this.reading()
  }

  get firstTokenUs(): Micros | null {
    return this.#tokens.firstTokenUs
  }

  reading(): StreamReading {
    return this.#tokens.reading()
  }
}

const contentMark = '"delta":{"content":"'
const dataMark = 'data: '

/**
 * The bytes of an event before and after a text in it. When the event is only a token with some
 * other text there, it is with every text that is not empty: texts that mean something to us (an
 * error, a type, why it finished) have other names than "content".
 */
class TokenPattern {
  #before: KnownBytes | null = null
  #after: KnownBytes | null = null

  /** Learns from an event that was parsed, if all of it is in chunk [start, end). */
  learn(chunk: Buffer, start: number, end: number): void {
    const text = chunk.toString('latin1', start, end)
    const contentAt = text.indexOf(contentMark) + contentMark.length
    if (contentAt < contentMark.length || !/^data: .*[^\r\n]\n\n$/.test(text)) return
    const quoteAt = closingQuote(chunk, start + contentAt, end)
    if (quoteAt < 0) return
    // Which letters stand there beyond ASCII makes no difference.
    const before = text.slice(dataMark.length, contentAt)
    const after = text.slice(quoteAt - start)
    if (!isOnlyToken(`${before}text${after}`)) return
    this.#before = new KnownBytes(chunk, start, start + contentAt)
    this.#after = new KnownBytes(chunk, quoteAt, end)
  }

  /** Where the event at `start` ends, if it is one more token; −1 if it is not, or not sure. */
  endOfEvent(chunk: Buffer, start: number, limit: number): number {
    const before = this.#before
    const after = this.#after
    if (before === null || after === null) return -1
    const contentAt = start + before.bytes.length
    if (contentAt + after.bytes.length >= limit) return -1
    if (!before.isAt(chunk, start)) return -1
    const quoteAt = closingQuote(chunk, contentAt, limit)
    const end = quoteAt + after.bytes.length
    if (quoteAt <= contentAt || end > limit) return -1
    return after.isAt(chunk, quoteAt) ? end : -1
  }
}

const simpleEscapes: ReadonlySet<number> = new Set(Buffer.from('"\\\\/bfnrt'))

/** What stands in a JSON string for itself. */
const isOrdinary = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= SPACE && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0,
)

/** The quote that ends the JSON string at `from`; −1 when it does not end, or is none. */
function closingQuote(chunk: Buffer, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    const byte = chunk[at]!
    if (isOrdinary[byte] === 1) continue
    if (byte === QUOTE) return at
    // An escape that is none spoils the whole event, and \u takes a closer look: not here.
    if (byte !== BACKSLASH || !simpleEscapes.has(chunk[++at]!)) return -1
  }
  return -1
}
