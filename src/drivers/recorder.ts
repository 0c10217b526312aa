// Builds an exchange from what any transport reports: head, data, end, failure. Each driver feeds
// one of these, so that all of them stamp and bound the same things in the same way.

import type { Clock } from '../core/clock.ts'
import { messageOf } from '../core/errors.ts'
import type { Caller, ExchangeFailure, ResponseCaps } from './driver.ts'
import { EventStream } from './eventStream.ts'
import { isLimitName, isUsageName } from './limitFields.ts'

/** One exchange in the making; its caller is told exactly once. */
export class ExchangeRecorder {
  readonly #clock: Clock
  readonly #caps: ResponseCaps
  readonly #caller: Caller
  readonly #handedUs: number
  #sentUs: number | null = null
  #firstByteUs: number | null = null
  #status: number | null = null
  #headers: Readonly<Record<string, string>> = {}
  #kept: Buffer[] = []
  #keptBytes = 0
  #bytesIn = 0
  #stream: EventStream | null = null
  #isOver = false

  constructor(clock: Clock, caps: ResponseCaps, caller: Caller) {
    this.#clock = clock
    this.#handedUs = clock.nowUs()
    this.#caps = caps
    this.#caller = caller
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
    const isStream = (headers['content-type'] ?? '').toLowerCase().startsWith('text/event-stream')
    if (isStream) this.#stream = new EventStream(this.#caps.eventBytesMax)
  }

  /** A piece of the body. Returns why the exchange has to be given up, or null. */
  data(chunk: Buffer): string | null {
    this.#bytesIn += chunk.length
    if (this.#bytesIn > this.#caps.bodyBytesMax) {
      return `body longer than ${this.#caps.bodyBytesMax} bytes`
    }
    if (this.#stream === null || this.#caps.keepsStreams) this.#keep(chunk)
    if (this.#stream === null) return null
    try {
      this.#stream.push(chunk, 0, chunk.length, this.#clock.nowUs())
      return null
    } catch (error) {
      return messageOf(error)
    }
  }

  /** The response is complete. */
  end(): void {
    const stream = this.#stream?.end() ?? null
    if (stream !== null && !stream.isFinished && stream.errorBody === null) {
      return this.fail('broken', 'stream ended without a finish reason or [DONE]')
    }
    this.#finish(null)
  }

  fail(kind: ExchangeFailure['kind'], message: string): void {
    this.#finish({ kind, message })
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
    const body = this.#kept.length === 0 ? '' : Buffer.concat(this.#kept).toString('utf8')
    this.#caller.ended({
      handedUs: this.#handedUs,
      sentUs: this.#sentUs,
      firstByteUs: this.#firstByteUs,
      firstTokenUs: this.#stream?.firstTokenUs ?? null,
      endUs: this.#clock.nowUs(),
      status: this.#status,
      headers: this.#headers,
      headKey: null,
      hasLimitFields: Object.keys(this.#headers).some(isLimitName),
      hasUsageFields: Object.keys(this.#headers).some(isUsageName),
      body,
      bytesIn: this.#bytesIn,
      stream: this.#stream?.reading() ?? null,
      failure,
      bodyHas: (text) => body.includes(text),
    })
  }
}
