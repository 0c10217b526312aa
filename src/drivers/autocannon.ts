// autocannon 9 as a closed-loop source: it keeps connections busy, we take its client events and
// nothing of its numbers. Never with a rate or workers: see docs/decisions.md.

import autocannon from 'autocannon'
import type { Clock } from '../core/clock.ts'
import type { Micros } from '../core/units.ts'
import { type Caller, type RenderedRequest, responseCaps } from './driver.ts'
import { timeoutMessage } from './failures.ts'
import { ExchangeRecorder } from './recorder.ts'

/** The next request of a connection and who is told of its answer. */
export interface SaturationRequest {
  readonly request: RenderedRequest
  readonly caller: Caller
}

/** Gives a connection its next request; null ends the connection. */
export type NextRequest = () => SaturationRequest | null

export interface SaturateOptions {
  readonly connections: number
  readonly timeoutUs: Micros
  /**
   * A connection had to be given up because the target closes connections after its answers, which
   * autocannon cannot follow; whoever asked for it may go on in another way.
   */
  readonly onUnfit: () => void
}

/** A closed loop that runs until every connection was told to end. */
export interface Saturation {
  readonly ended: Promise<void>
  /** Drops what is in flight. */
  abort(): void
}

/** Failed attempts in a row after which a connection is not opened again: there is no back-off. */
const failuresMax = 3

/** autocannon ends by itself after this long, in s; its timer holds no more than 2^31 ms. */
const durationSMax = 1_000_000

export function saturate(
  origin: string,
  clock: Clock,
  options: SaturateOptions,
  next: NextRequest,
): Saturation {
  const connections: Connection[] = []
  const instance = autocannon({
    url: origin,
    connections: options.connections,
    duration: durationSMax,
    timeout: Math.max(1, Math.ceil(options.timeoutUs / 1e6)),
    pipelining: 1,
    // Its stop flag is looked at once per sample.
    sampleInt: 50,
    skipAggregateResult: true,
    requests: [{ method: 'GET', path: '/', headers: {}, body: '' }],
    setupClient: (client) => {
      connections.push(new Connection(client, clock, options, next))
    },
  })
  return {
    ended: Promise.resolve(instance).then(() => {}),
    abort() {
      for (const connection of connections) connection.abort()
      instance.stop()
    },
  }
}

class Connection {
  readonly #client: autocannon.Client
  readonly #clock: Clock
  readonly #options: SaturateOptions
  readonly #next: NextRequest
  #coming: SaturationRequest | null = null
  #recorder: ExchangeRecorder | null = null
  #sentUs = 0
  #isClosing = false
  #isGivenUp = false
  #failures = 0

  constructor(
    client: autocannon.Client,
    clock: Clock,
    options: SaturateOptions,
    next: NextRequest,
  ) {
    this.#client = client
    this.#clock = clock
    this.#options = options
    this.#next = next
    client.on('request', () => this.#request())
    client.on('headers', (head: ParsedHead) => this.#head(head))
    client.on('body', (chunk: Buffer) => this.#recorder?.data(chunk))
    client.on('response', () => this.#response())
    client.on('connError', (error: Error) => this.#failed(error.message))
  }

  abort(): void {
    this.#recorder?.fail('aborted', 'aborted')
    this.#client.destroy()
  }

  // Emitted before the bytes are chosen, so that they can still be set.
  #request(): void {
    if (this.#recorder !== null && !this.#recorder.isOver) this.#lost()
    if (this.#isClosing) return this.#giveUp()
    const coming = this.#coming ?? this.#next()
    this.#coming = null
    // What autocannon writes after this goes to a socket that is closed.
    if (coming === null) return this.#client.destroy()
    const { request, caller } = coming
    const { method, path, headers, body } = request
    this.#client.setRequests([{ method, path, headers: { ...headers }, body }])
    this.#recorder = new ExchangeRecorder(this.#clock, responseCaps, caller)
    this.#recorder.sent()
    this.#sentUs = this.#clock.nowUs()
  }

  #head({ statusCode, headers }: ParsedHead): void {
    if (statusCode < 200) return
    const flat = flatHeaders(headers)
    const hasLength = 'content-length' in flat || 'transfer-encoding' in flat
    this.#isClosing = !hasLength || /\bclose\b/i.test(flat.connection ?? '')
    this.#recorder?.head(statusCode, flat)
  }

  #response(): void {
    this.#failures = 0
    this.#recorder?.end()
    if (this.#isClosing) return this.#giveUp()
    this.#coming = this.#next()
    // Read before the next request is sent: the client then ends without sending it.
    if (this.#coming === null) this.#client.responseMax = 1
  }

  /** A new request on this connection though the last has no end: it was opened anew. */
  #lost(): void {
    const recorder = this.#recorder!
    const { timeoutUs } = this.#options
    // A body without a length ends with its connection.
    if (this.#isClosing) recorder.end()
    else if (this.#clock.nowUs() - this.#sentUs >= timeoutUs) {
      recorder.fail('timeout', timeoutMessage(timeoutUs))
    } else recorder.fail('broken', 'connection closed by the server')
  }

  #giveUp(): void {
    if (this.#isGivenUp) return
    this.#isGivenUp = true
    this.#client.destroy()
    this.#options.onUnfit()
  }

  #failed(message: string): void {
    this.#recorder?.fail('broken', message)
    if (++this.#failures >= failuresMax) this.#client.destroy()
  }
}

interface ParsedHead {
  readonly statusCode: number
  /** Names and values in turn. */
  readonly headers: readonly string[]
}

function flatHeaders(raw: readonly string[]): Record<string, string> {
  const flat: Record<string, string> = {}
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase()
    const value = raw[i + 1]!
    flat[name] = Object.hasOwn(flat, name) ? `${flat[name]}, ${value}` : value
  }
  return flat
}
