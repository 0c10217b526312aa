// Builds an exchange from what any transport reports: head, data, end, failure. Each driver feeds
// one of these, so that all of them stamp and bound the same things in the same way.

import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/errors.ts'
import type { Exchange, ExchangeFailure, ResponseCaps } from './driver.ts'
import { SseParser } from './sse.ts'
import { TokenStream } from './tokenStream.ts'

/** One exchange in the making; `done` is called exactly once. */
export class ExchangeRecorder {
  readonly #clock: Clock
  readonly #caps: ResponseCaps
  readonly #done: (exchange: Exchange) => void
  #sentUs: number | null = null
  #firstByteUs: number | null = null
  #status: number | null = null
  #headers: Readonly<Record<string, string>> = {}
  #kept: Buffer[] = []
  #keptBytes = 0
  #bytesIn = 0
  #parser: SseParser | null = null
  #tokens: TokenStream | null = null
  #isOver = false

  constructor(clock: Clock, caps: ResponseCaps, done: (exchange: Exchange) => void) {
    this.#clock = clock
    this.#caps = caps
    this.#done = done
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** The request goes onto the wire now. */
  sent(): void {
    this.#sentUs = this.#clock.nowUs()
  }

  /** The response head is there. */
  head(status: number, headers: Readonly<Record<string, string>>): void {
    this.#firstByteUs ??= this.#clock.nowUs()
    this.#status = status
    this.#headers = headers
    if (!(headers['content-type'] ?? '').startsWith('text/event-stream')) return
    const tokens = new TokenStream()
    this.#tokens = tokens
    const sink = (data: string, type: string) => tokens.event(data, type, this.#clock.nowUs())
    this.#parser = new SseParser(sink, this.#caps.eventBytesMax)
  }

  /** A piece of the body. Returns why the exchange has to be given up, or null. */
  data(chunk: Buffer): string | null {
    this.#bytesIn += chunk.length
    if (this.#bytesIn > this.#caps.bodyBytesMax) {
      return `body longer than ${this.#caps.bodyBytesMax} bytes`
    }
    if (this.#parser === null) {
      this.#keep(chunk)
      return null
    }
    try {
      this.#parser.push(chunk)
      return null
    } catch (error) {
      return messageOf(error)
    }
  }

  /** The response is complete. */
  end(): void {
    const stream = this.#tokens === null ? null : this.#endOfStream()
    if (stream !== null && !stream.isFinished && stream.errorBody === null) {
      return this.fail('broken', 'stream ended without a finish reason or [DONE]')
    }
    this.#finish(null)
  }

  fail(kind: ExchangeFailure['kind'], message: string): void {
    this.#finish({ kind, message })
  }

  #endOfStream() {
    this.#parser!.end()
    return this.#tokens!.reading()
  }

  #keep(chunk: Buffer): void {
    const room = this.#caps.keptBytesMax - this.#keptBytes
    if (room <= 0) return
    const part = Buffer.from(chunk.subarray(0, room))
    this.#kept.push(part)
    this.#keptBytes += part.length
  }

  #finish(failure: ExchangeFailure | null): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#done({
      sentUs: this.#sentUs,
      firstByteUs: this.#firstByteUs,
      firstTokenUs: this.#tokens?.firstTokenUs ?? null,
      endUs: this.#clock.nowUs(),
      status: this.#status,
      headers: this.#headers,
      body: this.#kept.length === 0 ? '' : Buffer.concat(this.#kept).toString('utf8'),
      bytesIn: this.#bytesIn,
      stream: this.#tokens?.reading() ?? null,
      failure,
    })
  }
}
