// The answer to a request that has been let in: whole, streamed, from elsewhere, or spoilt by a
// fault. Must not know limiters.

import type { Cancel, Clock } from '../core/clock.ts'
import type { RequestCost } from '../core/limits.ts'
import type { Micros } from '../core/units.ts'
import type { WrittenResponse } from '../dialects/dialect.ts'
import type { Errand, Upstream } from './errand.ts'
import type { Reply } from './exchange.ts'
import type { ServiceTimes } from './latency.ts'
import { faultBody } from './manner.ts'
import { type AnswerHead, errorBody } from './openai.ts'
import type { Fault, FaultKind } from './spec.ts'

/** What a request is served with, by the passage that it came in by. */
export interface ServingParts {
  readonly clock: Clock
  readonly errand: Errand
  readonly reply: Reply
  readonly answer: AnswerHead
  readonly times: ServiceTimes
  readonly fault: Fault | null
  /** Header fields of an answer, as limits are now. */
  fields(): WrittenResponse['headers']
  head(status: number, headers: WrittenResponse['headers']): void
  costOf(promptTokens: number, completionTokens: number): RequestCost
  /** It is over, and cost that much; null: nothing. */
  settle(actual: RequestCost | null): void
}

export class Serving {
  readonly #parts: ServingParts
  readonly #kind: FaultKind | null
  /** What a whole answer costs. */
  readonly #cost: RequestCost
  #cancel: Cancel = () => {}
  #tokensSent = 0

  constructor(parts: ServingParts) {
    this.#parts = parts
    this.#kind = parts.fault?.kind ?? null
    const { promptTokens, outputTokens } = parts.answer.ask
    this.#cost = parts.costOf(promptTokens, outputTokens)
  }

  start(): void {
    const { answer, times, fault, errand } = this.#parts
    if (fault !== null && this.#failAtOnce(fault)) return
    if (errand.upstream !== undefined) return this.#relay(errand.upstream)
    const startUs = this.#parts.clock.nowUs()
    const firstUs = startUs + times.ttftUs
    if (answer.ask.stream) return this.#stream(firstUs)
    const endUs = firstUs + times.itlUs * Math.max(0, answer.ask.outputTokens - 1)
    if (endUs <= startUs) return this.#whole()
    this.#at(endUs, () => this.#whole())
  }

  /** The client has gone: nothing more is sent. What it has had costs what it cost, null: nothing. */
  abort(): RequestCost | null {
    this.#cancel()
    return this.#tokensSent > 0 ? this.#costSoFar() : null
  }

  #whole(): void {
    const { errand, answer, reply, head } = this.#parts
    const body = errand.manner.body(answer)
    const length = {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
    }
    this.#served()
    if (this.#kind === 'truncate') {
      head(200, length)
      reply.write(body.slice(0, body.length / 2))
      return reply.destroy()
    }
    head(200, { ...length, ...this.#parts.fields() })
    if (this.#kind === 'drip') return this.#drip(body, 0)
    reply.end(body)
  }

  #drip(body: string, from: number): void {
    const { reply, clock } = this.#parts
    if (from >= body.length) return reply.end()
    reply.write(body[from]!)
    this.#at(clock.nowUs() + 100_000, () => this.#drip(body, from + 1))
  }

  #stream(firstUs: Micros): void {
    const { errand, answer, reply, times, clock } = this.#parts
    const { outputTokens } = answer.ask
    const events = errand.manner.events(answer)
    this.#parts.head(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      ...this.#parts.fields(),
    })
    reply.write(events.opening)
    const dueUs = () => firstUs + times.itlUs * this.#tokensSent
    const emit = () => {
      // Everything due goes out in one write: timers are coarser than tokens are fast.
      let text = ''
      while (this.#tokensSent < outputTokens && dueUs() <= clock.nowUs()) {
        text += events.token(this.#tokensSent++)
      }
      if (this.#breaksOff(text)) return
      if (this.#tokensSent >= outputTokens) {
        // Settled before the last bytes leave: who has the answer can rely on the charge.
        this.#served()
        return reply.end(text + events.closing(this.#kind !== 'no-done'))
      }
      if (text !== '') reply.write(text)
      this.#at(dueUs(), emit)
    }
    this.#at(firstUs, emit)
  }

  /** Faults in the middle of a stream: after half of the tokens. */
  #breaksOff(text: string): boolean {
    if (this.#kind !== 'truncate' && this.#kind !== 'error-event') return false
    const { reply, answer, settle } = this.#parts
    if (this.#tokensSent * 2 < answer.ask.outputTokens) return false
    settle(this.#costSoFar())
    if (this.#kind === 'truncate') {
      reply.write(text)
      reply.destroy()
    } else {
      const message = 'The server had an error while processing your request'
      reply.end(`${text}data: ${errorBody(message, 'server_error')}\n\n`)
    }
    return true
  }

  /** Faults instead of an answer. */
  #failAtOnce(fault: Fault): boolean {
    const { reply, settle } = this.#parts
    switch (fault.kind) {
      case 'status':
        this.#failed(fault.status, faultBody)
        return true
      case 'hang':
        return true
      case 'reset':
        settle(null)
        reply.destroy()
        return true
      case 'garbage':
        settle(null)
        reply.garbage('SSH-2.0-OpenSSH_9.2\r\n')
        return true
      default:
        return false
    }
  }

  #relay(upstream: Upstream): void {
    const { reply, head, settle, costOf } = this.#parts
    this.#cancel = upstream(({ status, body, promptTokens, completionTokens }) => {
      if (status !== 200) return this.#failed(status, body)
      settle(costOf(promptTokens, completionTokens))
      head(200, { 'content-type': 'application/json', ...this.#parts.fields() })
      reply.end(body)
    })
  }

  #failed(status: number, text: string): void {
    const { errand, reply, head, settle } = this.#parts
    settle(null)
    const { headers, body, ...written } = errand.manner.failed(status, text)
    head(written.status, headers)
    reply.end(body)
  }

  #served(): void {
    this.#parts.errand.served?.(this.#cost)
    this.#parts.settle(this.#cost)
  }

  #costSoFar(): RequestCost {
    return this.#parts.costOf(this.#parts.answer.ask.promptTokens, this.#tokensSent)
  }

  #at(us: number, run: () => void): void {
    this.#cancel = this.#parts.clock.at(Math.ceil(us), run)
  }
}
