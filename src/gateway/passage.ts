// The way of one request through the embedded gateway: limiters, service, answer, settlement.

import type { Cancel, Clock } from '../core/clock.ts'
import { costIn, type RequestCost } from '../core/limits.ts'
import type { Micros } from '../core/units.ts'
import type { WriteContext, WrittenResponse } from '../dialects/dialect.ts'
import type { Admission } from '../limiters/chain.ts'
import type { DecisionLog, GatewayDecision } from './decisionLog.ts'
import type { Errand, Upstream } from './errand.ts'
import type { GatewayRequest, Reply } from './exchange.ts'
import type { ServiceTimes } from './latency.ts'
import { faultBody } from './manner.ts'
import type { GatewayMetrics } from './metrics.ts'
import { type AnswerHead, errorBody } from './openai.ts'
import type { Fault, FaultKind, GatewaySpec } from './spec.ts'

/** What the passages of one gateway share. */
export interface Household {
  readonly spec: GatewaySpec
  readonly clock: Clock
  readonly decisions: DecisionLog
  readonly metrics: GatewayMetrics
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
  readonly #errand: Errand
  /** What a whole answer costs. */
  readonly #cost: RequestCost
  readonly #estimate: RequestCost
  #admission!: Admission
  #decision!: GatewayDecision
  #cancel: Cancel = () => {}
  #isServing = false
  #isOver = false
  #tokensSent = 0
  #enteredUs: Micros = 0

  constructor(gateway: Household, request: GatewayRequest, reply: Reply, errand: Errand) {
    this.#gateway = gateway
    this.#request = request
    this.#reply = reply
    this.#errand = errand
    this.#cost = this.#costOf(errand.ask.outputTokens)
    this.#estimate = errand.estimate ?? this.#cost
  }

  enter(): void {
    this.#enteredUs = this.#nowUs()
    const { key, tier, ask } = this.#errand
    const subject = { key, tier, model: ask.model, address: this.#request.address }
    this.#admission = this.#errand.chain.admit(subject, this.#estimate, this.#nowUs())
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
      this.#gateway.wake(this.#errand.chain.abandon(this.#admission, this.#nowUs()))
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
      tier: this.#errand.tier,
      model: this.#errand.ask.model,
      outcome: outcome === 'allowed' ? 'allowed' : 'denied',
      limiter: outcome === 'allowed' ? null : last!.limiter.name,
      answers: decisions.map(({ limiter, decision }) => ({ limiter: limiter.name, decision })),
    })
    this.#gateway.metrics.decided(this.#errand.tier, this.#decision.limiter)
    if (outcome !== 'allowed') return this.#deny()
    if (delayUs === 0) return this.#letIn()
    this.#cancel = this.#at(this.#nowUs() + delayUs, () => this.#letIn())
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
    const answer = this.#errand.manner.rejected({
      ...context,
      limiter,
      decision: denied,
      requested,
    })
    this.#settle(null)
    this.#send(answer)
  }

  #letIn(): void {
    const { instead } = this.#errand
    if (instead === undefined) return this.#serve()
    this.#settle(null)
    this.#send(instead())
  }

  #serve(): void {
    const { i, ...usual } = this.#gateway.begin()
    this.#isServing = true
    const { ask, times, upstream } = this.#errand
    const { ttftUs, itlUs } = times?.(usual) ?? usual
    const fault = this.#faultOf(i)
    if (fault !== null && this.#failAtOnce(fault)) return
    if (upstream !== undefined) return this.#relay(upstream)
    const head = this.#answerHead()
    const startUs = this.#nowUs()
    if (ask.stream) return this.#stream(head, startUs + ttftUs, itlUs, fault?.kind ?? null)
    const endUs = startUs + ttftUs + itlUs * Math.max(0, ask.outputTokens - 1)
    if (endUs <= startUs) return this.#answer(head, fault?.kind ?? null)
    this.#cancel = this.#at(endUs, () => this.#answer(head, fault?.kind ?? null))
  }

  #answerHead(): AnswerHead {
    const { ask } = this.#errand
    const reasoningTokens = Math.floor(ask.outputTokens * this.#gateway.spec.reasoningShare)
    const createdS = Math.floor(this.#nowUs() / 1e6)
    return { id: `chatcmpl-${this.#decision.id}`, createdS, ask, reasoningTokens }
  }

  /** The fault of this request, by its own wish, by its share, or by the system's. */
  #faultOf(i: number): Fault | null {
    const fault = this.#gateway.faultOf(this.#request, i)
    const { fault: kind } = this.#errand
    return fault ?? (kind === undefined ? null : { kind, share: 1, status: 500 })
  }

  #relay(upstream: Upstream): void {
    this.#cancel = upstream(({ status, body, promptTokens, completionTokens }) => {
      if (status !== 200) return this.#failed(status, body)
      const { price = this.#gateway.spec.price } = this.#errand
      this.#settle({
        promptTokens,
        completionTokens,
        usd: promptTokens * price.promptUsd + completionTokens * price.completionUsd,
      })
      this.#head(200, { 'content-type': 'application/json', ...this.#answered(this.#answerHead()) })
      this.#reply.end(body)
    })
  }

  #failed(status: number, body: string): void {
    this.#settle(null)
    this.#send(this.#errand.manner.failed(status, body))
  }

  #send({ status, headers, body }: WrittenResponse): void {
    this.#head(status, headers)
    this.#reply.end(body)
  }

  #answer(head: AnswerHead, fault: FaultKind | null): void {
    const body = this.#errand.manner.body(head)
    const length = {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
    }
    this.#errand.served?.(this.#cost)
    this.#settle(this.#cost)
    if (fault === 'truncate') {
      this.#head(200, length)
      this.#reply.write(body.slice(0, body.length / 2))
      return this.#reply.destroy()
    }
    this.#head(200, { ...length, ...this.#answered(head) })
    if (fault === 'drip') return this.#drip(body, 0)
    this.#reply.end(body)
  }

  #drip(body: string, from: number): void {
    if (from >= body.length) return this.#reply.end()
    this.#reply.write(body[from]!)
    this.#cancel = this.#at(this.#nowUs() + 100_000, () => this.#drip(body, from + 1))
  }

  #stream(head: AnswerHead, firstUs: number, itlUs: number, fault: FaultKind | null): void {
    const events = this.#errand.manner.events(head)
    const { outputTokens } = head.ask
    this.#head(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache',
      ...this.#answered(head),
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
        this.#errand.served?.(this.#cost)
        this.#settle(this.#cost)
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
    if (this.#tokensSent * 2 < this.#errand.ask.outputTokens) return false
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
        this.#failed(fault.status, faultBody)
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
      this.#gateway.wake(this.#errand.chain.abandon(this.#admission, this.#nowUs()))
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
    this.#charge(actual)
  }

  /** Settles with the limiters: at once, or as late as this gateway reports. */
  #charge(actual: RequestCost | null): void {
    const { chain, charged } = this.#errand
    const cost = actual === null ? null : (charged?.(actual) ?? actual)
    const finish = () => this.#gateway.wake(chain.finish(this.#admission, cost, this.#nowUs()))
    const { settleAfterUs } = this.#gateway.spec
    if (settleAfterUs === 0) finish()
    else this.#at(this.#nowUs() + settleAfterUs, finish)
  }

  #answered(head: AnswerHead): WrittenResponse['headers'] {
    return this.#errand.manner.answered(this.#writeContext(), head)
  }

  #head(status: number, headers: WrittenResponse['headers']): void {
    const { decisionIds } = this.#gateway.spec
    const id = decisionIds ? { 'x-limitscope-decision': String(this.#decision.id) } : {}
    this.#reply.head(status, { ...headers, ...id })
  }

  #writeContext(): WriteContext {
    const { key, ask } = this.#errand
    const nowUs = this.#nowUs()
    return {
      reports: this.#errand.chain.left(this.#admission.subject, nowUs),
      nowUnixMs: nowUs / 1000,
      subject: { key, model: ask.model },
    }
  }

  #costOf(completionTokens: number): RequestCost {
    const { promptTokens } = this.#errand.ask
    const { promptUsd, completionUsd } = this.#errand.price ?? this.#gateway.spec.price
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
