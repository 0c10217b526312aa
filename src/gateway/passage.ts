// The way of one request through the embedded gateway: limiters, a decision, an answer, settlement.

import type { Cancel, Clock } from '../core/clock.ts'
import { costIn, type RequestCost } from '../core/limits.ts'
import type { Micros } from '../core/units.ts'
import type { WriteContext, WrittenResponse } from '../dialects/dialect.ts'
import type { Admission } from '../limiters/chain.ts'
import type { DecisionLog, GatewayDecision } from './decisionLog.ts'
import type { Errand } from './errand.ts'
import type { GatewayRequest, Reply } from './exchange.ts'
import type { ServiceTimes } from './latency.ts'
import type { GatewayMetrics } from './metrics.ts'
import { Serving } from './serving.ts'
import type { Fault, GatewaySpec } from './spec.ts'

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
  /** Starts serving a request: its number and its times, those in line included. */
  begin(outputTokens: number): ServiceTimes & { readonly i: number }
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
  readonly #estimate: RequestCost
  #admission!: Admission
  #decision!: GatewayDecision
  #cancel: Cancel = () => {}
  #serving: Serving | null = null
  #isOver = false
  #enteredUs: Micros = 0

  constructor(gateway: Household, request: GatewayRequest, reply: Reply, errand: Errand) {
    this.#gateway = gateway
    this.#request = request
    this.#reply = reply
    this.#errand = errand
    const { promptTokens, outputTokens, outputTokensMost = outputTokens } = errand.ask
    this.#estimate = errand.estimate ?? this.#costOf(promptTokens, outputTokensMost)
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
    const { spec, clock } = this.#gateway
    const { ask, times } = this.#errand
    const { i, ...usual } = this.#gateway.begin(ask.outputTokens)
    const reasoningTokens = Math.floor(ask.outputTokens * spec.reasoningShare)
    const createdS = Math.floor(this.#nowUs() / 1e6)
    this.#serving = new Serving({
      clock,
      errand: this.#errand,
      reply: this.#reply,
      answer: { id: `chatcmpl-${this.#decision.id}`, createdS, ask, reasoningTokens },
      times: times?.(usual) ?? usual,
      fault: this.#gateway.faultOf(this.#request, i),
      fields: () => this.#errand.manner.answered(this.#writeContext(), ask),
      head: (status, headers) => this.#head(status, headers),
      costOf: (promptTokens, completionTokens) => this.#costOf(promptTokens, completionTokens),
      settle: (actual) => this.#settle(actual),
    })
    this.#serving.start()
  }

  #send({ status, headers, body }: WrittenResponse): void {
    this.#head(status, headers)
    this.#reply.end(body)
  }

  #gone(): void {
    if (this.#isOver) return
    this.#cancel()
    if (this.#gateway.forget(this.#admission)) {
      this.#gateway.wake(this.#errand.chain.abandon(this.#admission, this.#nowUs()))
      this.#isOver = true
      return
    }
    this.#settle(this.#serving?.abort() ?? null)
  }

  #settle(actual: RequestCost | null): void {
    if (this.#isOver) return
    this.#isOver = true
    const nowUs = this.#nowUs()
    this.#decision.settledUs = nowUs
    this.#decision.promptTokens = actual?.promptTokens ?? 0
    this.#decision.completionTokens = actual?.completionTokens ?? 0
    if (this.#serving !== null) this.#gateway.finished()
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

  #costOf(promptTokens: number, completionTokens: number): RequestCost {
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
