// The embedded gateway without its sockets: one request in, one reply out, on any clock.

import type { Clock } from '../core/clock.ts'
import { type RandomStream, randomStream, uniformAt } from '../core/random.ts'
import type { Dialect } from '../dialects/dialect.ts'
import { dialectNamed } from '../dialects/table.ts'
import { type Admission, LimiterChain } from '../limiters/chain.ts'
import { DecisionLog } from './decisionLog.ts'
import { type ServiceTimesOf, serviceTimes } from './latency.ts'
import { GatewayMetrics } from './metrics.ts'
import { type Endpoint, errorBody, modelsBody, readAsk } from './openai.ts'
import { type GatewayRequest, type Household, Passage, type Reply } from './passage.ts'
import { type Fault, type FaultKind, type GatewaySpec, limitersOf, tierOf } from './spec.ts'

/** An embedded gateway on a clock whose µs are Unix time (or virtual). */
export class GatewayService implements Household {
  readonly spec: GatewaySpec
  readonly clock: Clock
  readonly dialect: Dialect
  readonly decisions: DecisionLog
  readonly metrics: GatewayMetrics
  readonly #chains = new Map<string, LimiterChain>()
  readonly #waiting = new Map<Admission, () => void>()
  readonly #times: ServiceTimesOf
  readonly #faultStream: RandomStream
  #served = 0
  #inFlight = 0

  constructor(spec: GatewaySpec, clock: Clock) {
    this.spec = spec
    this.clock = clock
    this.dialect = dialectNamed(spec.dialect)
    this.#times = serviceTimes(spec.latency, spec.seed)
    this.#faultStream = randomStream(spec.seed, 'faults')
    this.decisions = new DecisionLog(spec.decisionsMax)
    this.metrics = new GatewayMetrics(() => this.#inFlight)
  }

  handle(request: GatewayRequest, reply: Reply): void {
    const path = request.path.split('?', 1)[0]!
    const endpoint = endpoints.get(path)
    if (endpoint !== undefined) return this.#infer(endpoint, request, reply)
    this.#plain(path, reply)
  }

  #plain(path: string, reply: Reply): void {
    switch (path) {
      case '/healthz':
      case '/readyz':
        return answerJson(reply, 200, '{"status":"ok"}')
      case '/v1/models':
        return answerJson(reply, 200, modelsBody(this.spec.models, this.#nowS()))
      case '/metrics':
        void this.metrics.text().then((text) => {
          reply.head(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
          reply.end(text)
        })
        return
      default: {
        const message = `Invalid URL (${path}); this is limitscope's embedded gateway: try ${[...endpoints.keys()].join(', ')}, /v1/models, /healthz, /metrics`
        answerJson(reply, 404, errorBody(message, 'invalid_request_error'))
      }
    }
  }

  #infer(endpoint: Endpoint, request: GatewayRequest, reply: Reply): void {
    if (request.method !== 'POST') {
      const message = `Not allowed to ${request.method} on ${request.path}; use POST`
      return answerJson(reply, 405, errorBody(message, 'invalid_request_error'))
    }
    const key = apiKey(request)
    if (this.spec.knownKeysOnly && !Object.hasOwn(this.spec.keys, key)) {
      return answerJson(reply, 401, errorBody('Incorrect API key provided.', 'invalid_api_key'))
    }
    const ask = readAsk(endpoint, request.body, this.spec.templateTokens)
    if (typeof ask === 'string') {
      return answerJson(reply, 400, errorBody(ask, 'invalid_request_error'))
    }
    new Passage(this, request, reply, { key, ask, tier: tierOf(this.spec, key) }).enter()
  }

  // What follows is for the passages of requests through this gateway.

  chainOf(tier: string): LimiterChain {
    let chain = this.#chains.get(tier)
    if (chain === undefined) {
      chain = new LimiterChain(limitersOf(this.spec, tier))
      this.#chains.set(tier, chain)
    }
    return chain
  }

  waitFor(admission: Admission, goOn: () => void): void {
    this.#waiting.set(admission, goOn)
  }

  wake(admissions: readonly Admission[]): void {
    for (const admission of admissions) {
      const goOn = this.#waiting.get(admission)
      this.#waiting.delete(admission)
      goOn?.()
    }
  }

  forget(admission: Admission): boolean {
    return this.#waiting.delete(admission)
  }

  begin(): { i: number; ttftUs: number; itlUs: number } {
    const i = this.#served++
    return { i, ...this.#times(i, this.#inFlight++) }
  }

  finished(): void {
    this.#inFlight--
  }

  faultOf(request: GatewayRequest, i: number): Fault | null {
    const asked = request.headers['x-limitscope-fault']
    if (asked !== undefined) return askedFault(asked)
    if (this.spec.faults.length === 0) return null
    let point = uniformAt(this.#faultStream, i)
    for (const fault of this.spec.faults) {
      point -= fault.share
      if (point < 0) return fault
    }
    return null
  }

  #nowS(): number {
    return Math.floor(this.clock.nowUs() / 1e6)
  }
}

const endpoints: ReadonlyMap<string, Endpoint> = new Map([
  ['/v1/chat/completions', 'chat'],
  ['/v1/completions', 'completion'],
  ['/v1/embeddings', 'embedding'],
])

function apiKey({ headers }: GatewayRequest): string {
  const bearer = headers.authorization
  if (bearer !== undefined) return bearer.replace(/^bearer\s+/i, '')
  return headers['x-api-key'] ?? headers['api-key'] ?? ''
}

/** 'status=503' or 'hang', as sent in `x-limitscope-fault`. */
function askedFault(text: string): Fault {
  const [kind, status] = text.split('=', 2)
  return { kind: kind as FaultKind, share: 1, status: Number(status ?? 500) }
}

function answerJson(reply: Reply, status: number, body: string): void {
  reply.head(status, { 'content-type': 'application/json' })
  reply.end(body)
}
