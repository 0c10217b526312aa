// The way of one request through the embedded gateway: limiters, service, answer, settlement.

import type { Cancel, Clock } from '../core/clock.ts'
import { costIn, type RequestCost } from '../core/limits.ts'
import type { Micros } from '../core/units.ts'
import type { Dialect, WriteContext, WrittenResponse } from '../dialects/dialect.ts'
import type { Admission, LimiterChain } from '../limiters/chain.ts'
import type { DecisionLog, GatewayDecision } from './decisionLog.ts'
import type { ServiceTimes } from './latency.ts'
import type { GatewayMetrics } from './metrics.ts'
import { type AnswerHead, type Ask, answerBody, errorBody, streamEvents } from './openai.ts'
import type { Fault, FaultKind, GatewaySpec } from './spec.ts'

/** A request as it reaches the gateway; header names in lower case. */
export interface GatewayRequest {
  /** When its head was there, on the gateway's clock; unknown where nothing has to arrive. */
  readonly arrivedUs?: Micros
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
  readonly address: string
}

/** Where the answer goes. */
export interface Reply {
  head(status: number, headers: WrittenResponse['headers']): void
  write(text: string): void
  end(text?: string): void
  /** Closes the connection after what was written, without ending the answer. */
  destroy(): void
  /** Sends bytes that are no HTTP and closes. */
  garbage(bytes: string): void
  /** Called when the client has gone before the end. */
  onGone(run: () => void): void
}

/** What the passages of one gateway share. */
export interface Household {
  readonly spec: GatewaySpec
  readonly clock: Clock
  readonly dialect: Dialect
  readonly decisions: DecisionLog
  readonly metrics: GatewayMetrics
  chainOf(tier: string): LimiterChain
  /** Remembers whom to call when a queued admission goes on. */
  waitFor(admission: Admission, goOn: () => void): void
  /** Calls them. */
  wake(admissions: readonly Admission[]): void
  /** Whether the admission was still waiting. */
  forget(admission: Admission): boolean
  /** Starts serving a request: its number and its times. */
  begin(): ServiceTimes & { readonly i: number }
  /** A request is served no more. */
  finished(): void
  /** The fault that request `i` meets, by its share or because it asks for it. */
  faultOf(request: GatewayRequest, i: number): Fault | null
}

/** Who asks for what. */
export interface Asked {
  readonly key: string
  readonly tier: string
  readonly ask: Ask
}

/**
 * One request on its way through the gateway.
 *
 *   enter → denied → rejecting answer
 *         → queued → (woken) → denied or allowed
 *         → allowed → delay → service → answer or stream → settled
 */
export class Passage {
  readonly #gateway: Household
  readonly #request: GatewayRequest
  readonly #reply: Reply
  readonly #asked: Asked
  readonly #chain: LimiterChain
  readonly #estimate: RequestCost
  #admission!: Admission
  #decision!: GatewayDecision
  #cancel: Cancel = () => {}
  #isServing = false
  #isOver = false
  #tokensSent = 0
  #enteredUs: Micros = 0

  constructor(gateway: Household, request: GatewayRequest, reply: Reply, asked: Asked) {
    this.#gateway = gateway
    this.#request = request
    this.#reply = reply
    this.#asked = asked
    this.#chain = gateway.chainOf(asked.tier)
    this.#estimate = this.#costOf(asked.ask.outputTokens)
  }

  enter(): void {
    this.#enteredUs = this.#nowUs()
    const { key, tier, ask } = this.#asked
    const subject = { key, tier, model: ask.model, address: this.#request.address }
    this.#admission = this.#chain.admit(subject, this.#estimate, this.#nowUs())
    this.#reply.onGone(() => this.#gone())
    if (this.#admission.outcome === 'queued') this.#queue()
    else this.#decided()
  }

  #queue(): void {
    const { limiter } = this.#admission.decisions.at(-1)!
    const { algorithm } = limiter.model
    this.#gateway.waitFor(this.#admission, () => {
      this.#cancel()
      this.#decided()
    })
    if (algorithm.kind !== 'concurrency' || algorithm.queueTimeoutUs === null) return
    this.#cancel = this.#at(this.#nowUs() + algorithm.queueTimeoutUs, () => {
      this.#gateway.forget(this.#admission)
      this.#gateway.wake(this.#chain.abandon(this.#admission, this.#nowUs()))
      this.#decided()
    })
  }

  #decided(): void {
    const { outcome, decisions, delayUs } = this.#admission
    const last = decisions.at(-1)
    this.#decision = this.#gateway.decisions.add({
      requestId: this.#request.headers['x-request-id'] ?? '',
      arrivedUs: this.#request.arrivedUs ?? this.#enteredUs,
      us: this.#nowUs(),
      tier: this.#asked.tier,
      model: this.#asked.ask.model,
      outcome: outcome === 'allowed' ? 'allowed' : 'denied',
      limiter: outcome === 'allowed' ? null : last!.limiter.name,
      answers: decisions.map(({ limiter, decision }) => ({ limiter: limiter.name, decision })),
    })
    this.#gateway.metrics.decided(this.#asked.tier, this.#decision.limiter)
    if (outcome !== 'allowed') return this.#deny()
    if (delayUs === 0) return this.#serve()
    this.#cancel = this.#at(this.#nowUs() + delayUs, () => this.#serve())
  }

  #deny(): void {
    const { limiter, decision } = this.#admission.decisions.at(-1)!
    const denied =
      decision.kind === 'denied'
        ? decision
        : ({
            kind: 'denied',
            retryAfterUs: null,
            until: 'release',
            remaining: 0,
            resetUs: 0,
          } as const)
    const requested = costIn(limiter.model.unit, this.#estimate)
    const context = this.#writeContext()
    const answer = this.#gateway.dialect.rejected({
      ...context,
      limiter,
      decision: denied,
      requested,
    })
    this.#settle(null)
    this.#head(answer.status, answer.headers)
    this.#reply.end(answer.body)
  }

  #serve(): void {
    const { i, ttftUs, itlUs } = this.#gateway.begin()
    this.#isServing = true
    const fault = this.#gateway.faultOf(this.#request, i)
    if (fault !== null && this.#failAtOnce(fault)) return
    const { ask } = this.#asked
    const reasoningTokens = Math.floor(ask.outputTokens * this.#gateway.spec.reasoningShare)
    const createdS = Math.floor(this.#nowUs() / 1e6)
    const head: AnswerHead = { id: `cmpl-${this.#decision.id}`, createdS, ask, reasoningTokens }
    const startUs = this.#nowUs()
    if (ask.stream) return this.#stream(head, startUs + ttftUs, itlUs, fault?.kind ?? null)
    const endUs = startUs + ttftUs + itlUs * Math.max(0, ask.outputTokens - 1)
    if (endUs <= startUs) return this.#answer(head, fault?.kind ?? null)
    this.#cancel = this.#at(endUs, () => this.#answer(head, fault?.kind ?? null))
  }

  #answer(head: AnswerHead, fault: FaultKind | null): void {
    const body = answerBody(head)
    const length = {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
    }
    this.#settle(this.#estimate)
    if (fault === 'truncate') {
      this.#head(200, length)
      this.#reply.write(body.slice(0, body.length / 2))
      return this.#reply.destroy()
    }
    this.#head(200, { ...length, ...this.#gateway.dialect.admitted(this.#writeContext()) })
    if (fault === 'drip') return this.#drip(body, 0)
    this.#reply.end(body)
  }

  #drip(body: string, from: number): void {
    if (from >= body.length) return this.#reply.end()
    this.#reply.write(body[from]!)
    this.#cancel = this.#at(this.#nowUs() + 100_000, () => this.#drip(body, from + 1))
  }

  #stream(head: AnswerHead, firstUs: number, itlUs: number, fault: FaultKind | null): void {
    const events = streamEvents(head)
    const { outputTokens } = head.ask
    this.#head(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      ...this.#gateway.dialect.admitted(this.#writeContext()),
    })
    this.#reply.write(events.opening)
    const emit = () => {
      // Everything due goes out in one write: timers are coarser than tokens are fast.
      let text = ''
      while (
        this.#tokensSent < outputTokens &&
        firstUs + itlUs * this.#tokensSent <= this.#nowUs()
      ) {
        text += events.token(this.#tokensSent++)
      }
      if (this.#breaksOff(fault, text)) return
      if (this.#tokensSent >= outputTokens) {
        // Settled before the last bytes leave: who has the answer can rely on the charge.
        this.#settle(this.#estimate)
        return this.#reply.end(text + events.closing(fault !== 'no-done'))
      }
      if (text !== '') this.#reply.write(text)
      this.#cancel = this.#at(firstUs + itlUs * this.#tokensSent, emit)
    }
    this.#cancel = this.#at(firstUs, emit)
  }

  /** Faults in the middle of a stream: after half of the tokens. */
  #breaksOff(fault: FaultKind | null, text: string): boolean {
    if (fault !== 'truncate' && fault !== 'error-event') return false
    if (this.#tokensSent * 2 < this.#asked.ask.outputTokens) return false
    this.#settle(this.#costOf(this.#tokensSent))
    if (fault === 'truncate') {
      this.#reply.write(text)
      this.#reply.destroy()
    } else {
      const error = errorBody(
        'The server had an error while processing your request',
        'server_error',
      )
      this.#reply.end(`${text}data: ${error}\n\n`)
    }
    return true
  }

  /** Faults instead of an answer. */
  #failAtOnce(fault: Fault): boolean {
    switch (fault.kind) {
      case 'status':
        this.#settle(null)
        this.#head(fault.status, { 'content-type': 'application/json' })
        this.#reply.end(errorBody('A fault was asked for', 'server_error'))
        return true
      case 'hang':
        return true
      case 'reset':
        this.#settle(null)
        this.#reply.destroy()
        return true
      case 'garbage':
        this.#settle(null)
        this.#reply.garbage('SSH-2.0-OpenSSH_9.2\r\n')
        return true
      default:
        return false
    }
  }

  #gone(): void {
    if (this.#isOver) return
    this.#cancel()
    if (this.#gateway.forget(this.#admission)) {
      this.#gateway.wake(this.#chain.abandon(this.#admission, this.#nowUs()))
      this.#isOver = true
      return
    }
    this.#settle(this.#tokensSent > 0 ? this.#costOf(this.#tokensSent) : null)
  }

  #settle(actual: RequestCost | null): void {
    if (this.#isOver) return
    this.#isOver = true
    const nowUs = this.#nowUs()
    this.#decision.settledUs = nowUs
    this.#decision.promptTokens = actual?.promptTokens ?? 0
    this.#decision.completionTokens = actual?.completionTokens ?? 0
    if (this.#isServing) this.#gateway.finished()
    this.#gateway.metrics.settled(this.#decision)
    this.#gateway.decisions.settled(this.#decision)
    this.#gateway.wake(this.#chain.finish(this.#admission, actual, nowUs))
  }

  #head(status: number, headers: WrittenResponse['headers']): void {
    const { decisionIds } = this.#gateway.spec
    const id = decisionIds ? { 'x-limitscope-decision': String(this.#decision.id) } : {}
    this.#reply.head(status, { ...headers, ...id })
  }

  #writeContext(): WriteContext {
    const { key, ask } = this.#asked
    const nowUs = this.#nowUs()
    return {
      reports: this.#chain.left(this.#admission.subject, nowUs),
      nowUnixMs: nowUs / 1000,
      subject: { key, model: ask.model },
    }
  }

  #costOf(completionTokens: number): RequestCost {
    const { promptTokens } = this.#asked.ask
    const { promptUsd, completionUsd } = this.#gateway.spec.price
    const usd = promptTokens * promptUsd + completionTokens * completionUsd
    return { promptTokens, completionTokens, usd }
  }

  #nowUs(): number {
    return this.#gateway.clock.nowUs()
  }

  #at(us: number, run: () => void): Cancel {
    return this.#gateway.clock.at(Math.ceil(us), run)
  }
}
