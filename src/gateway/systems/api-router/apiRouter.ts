// The API router of ai-aas: stub keys, a bucket per organisation, two keys with nothing left, and a
// backend whose failures it all turns into 502.

import type { WrittenResponse } from '../../../dialects/dialect.ts'
import { jsonResponse } from '../../../dialects/write.ts'
import type { Counters } from '../../../limiters/chain.ts'
import type { Errand } from '../../errand.ts'
import { answerJson } from '../../exchange.ts'
import type { Manner } from '../../manner.ts'
import { type Ask, type Endpoint, readAsk } from '../../openai.ts'
import { type GatewaySpec, limitersOf, tierOf } from '../../spec.ts'
import type { Call, House, Method, Route, System } from '../../system.ts'
import { metricsRoute } from '../openai/openai.ts'
import { KeyCheck, keyOf, type Organisation } from './auth.ts'
import { Backends } from './backends.ts'
import { backendManner, inferenceManner, readInference } from './formats.ts'
import type { ApiRouterKnobs } from './knobs.ts'
import { upstreamOf } from './upstream.ts'

export function apiRouterSystem(house: House): System {
  return new ApiRouter(house)
}

/** Bodies from here on are refused. */
const bodyBytesMax = 64 * 1024

class ApiRouter implements System {
  readonly routes: readonly Route[]
  readonly #house: House
  readonly #knobs: ApiRouterKnobs
  readonly #keys: KeyCheck
  readonly #backends: Backends
  /** Keys of one organisation share its counters. */
  readonly #counters: Counters = new Map()
  readonly #chains = new Map<string, Errand['chain']>()

  constructor(house: House) {
    this.#house = house
    this.#knobs = knobsOf(house.spec)
    this.#keys = new KeyCheck(house)
    this.#backends = new Backends(house.clock)
    addMetrics(house)
    const infer = (path: string, prepare: Prepare): Route => ({
      method: 'POST',
      path,
      handle: (call) => this.#infer(call, prepare),
    })
    this.routes = [
      infer('/v1/chat/completions', (call) => this.#openai(call, 'chat')),
      infer('/v1/completions', (call) => this.#openai(call, 'completion')),
      infer('/v1/inference', (call) => this.#own(call)),
      ...this.#statusRoutes(),
      ...this.#backends.routes(),
      metricsRoute(house),
    ]
  }

  unknown({ reply }: Call, allowed: readonly Method[]): void {
    reply.head(allowed.length > 0 ? 405 : 404, { 'content-type': 'text/plain' })
    reply.end(allowed.length > 0 ? '' : '404 page not found\n')
  }

  /** Whoever was told that the process died answers nothing any more. */
  enter({ reply }: Call, goOn: () => void): void {
    if (this.#keys.isDead) reply.destroy()
    else goOn()
  }

  #statusRoutes(): Route[] {
    const timestamp = () => new Date(this.#house.clock.nowUs() / 1000).toISOString()
    return [
      {
        method: 'GET',
        path: '/v1/status/healthz',
        handle: ({ reply }) =>
          answerJson(reply, 200, {
            status: 'healthy',
            build: { version: 'limitscope' },
            timestamp: timestamp(),
          }),
      },
      {
        method: 'GET',
        path: '/v1/status/readyz',
        handle: ({ reply }) => {
          const isReady = this.#backends.hasHealthy
          const up = 'healthy'
          const backend_registry = isReady ? up : 'unhealthy'
          const components = { redis: up, kafka: up, config_service: up, backend_registry }
          const status = isReady ? 'ready' : 'degraded'
          answerJson(reply, isReady ? 200 : 503, { status, components, timestamp: timestamp() })
        },
      },
    ]
  }

  #infer(call: Call, prepare: Prepare): void {
    const { request, reply } = call
    if (Buffer.byteLength(request.body) >= bodyBytesMax) {
      reply.head(413, { 'content-type': 'text/plain' })
      return reply.end('request body too large\n')
    }
    this.#keys.check(keyOf(request), (organisation) => {
      if (this.#keys.isDead) return reply.destroy()
      if (typeof organisation === 'string') {
        return answerJson(reply, 401, { error: organisation, code: 'AUTH_INVALID' })
      }
      this.#house.send(call, { ...this.#forOrganisation(organisation), ...prepare(call) })
    })
  }

  #forOrganisation({ id, key }: Organisation) {
    const tier = tierOf(this.#house.spec, key)
    return { key: id, tier, chain: this.#chainOf(tier) }
  }

  #chainOf(tier: string): Errand['chain'] {
    const known = this.#chains.get(tier)
    if (known !== undefined) return known
    const limiters = limitersOf(this.#house.spec, tier)
    const chain = this.#house.chain(limiters, { counters: this.#counters })
    // The keys of these tiers have spent all that they had.
    const nowUs = this.#house.clock.nowUs()
    const { MONTHLY_BUDGET, DAILY_QUOTA } = this.#knobs
    chain.spend('budget', {}, MONTHLY_BUDGET, nowUs)
    chain.spend('quota', {}, DAILY_QUOTA, nowUs)
    this.#chains.set(tier, chain)
    return chain
  }

  /** OpenAI's routes: always to the first backend. */
  #openai(call: Call, endpoint: Endpoint): Prepared {
    const { spec, manner } = this.#house
    const ask = readAsk(endpoint, call.request.body, spec.templateTokens)
    const answering = backendManner(manner, { backend: this.#backends.first, decision: 'PRIMARY' })
    if (typeof ask === 'string') return refused(answering, 400, 'INVALID_REQUEST', ask)
    return { ask, manner: answering, ...this.#refusalOf(ask), ...this.#elsewhere(call) }
  }

  /** Its own route: to the first healthy backend. */
  #own(call: Call): Prepared {
    const chosen = this.#backends.choose()
    const manner = inferenceManner(this.#house.manner, chosen)
    const ask = readInference(call.request.body)
    if (typeof ask === 'string') return refused(manner, 400, 'VALIDATION_ERROR', ask)
    if (chosen === null) return refused(manner, 503, 'ROUTING_ERROR', 'no healthy backends')
    return { ask, manner, ...this.#refusalOf(ask) }
  }

  #refusalOf({ model, stream }: Ask): { instead?: () => WrittenResponse } {
    const { AUTH_CONTEXT_BUG, STREAMING } = this.#knobs
    if (AUTH_CONTEXT_BUG)
      return { instead: () => apiError(401, 'AUTH_INVALID', 'missing auth context') }
    if (!this.#house.spec.models.includes(model)) {
      return { instead: () => apiError(500, 'ROUTING_ERROR', 'no routing policy configured') }
    }
    if (!stream || STREAMING === 'works') return {}
    const error =
      "backend request failed: decode response: invalid character 'd' looking for beginning of value"
    return { instead: () => apiError(502, 'BACKEND_ERROR', error) }
  }

  #elsewhere({ request }: Call): Pick<Errand, 'upstream'> {
    const { BACKEND, VLLM_BACKEND_URL } = this.#knobs
    if (BACKEND === 'mock') return {}
    return { upstream: upstreamOf(VLLM_BACKEND_URL, request) }
  }
}

type Prepared = Pick<Errand, 'ask' | 'manner' | 'instead' | 'upstream'>
type Prepare = (call: Call) => Prepared

function knobsOf({ system }: GatewaySpec): ApiRouterKnobs {
  return system as Extract<GatewaySpec['system'], { name: 'api-router' }>
}

function apiError(status: number, code: string, error: string): WrittenResponse {
  return jsonResponse(status, { error, code })
}

const nothing: Ask = {
  endpoint: 'chat',
  model: '',
  promptTokens: 0,
  outputTokens: 0,
  stream: false,
  includeUsage: false,
  tool: null,
  text: null,
}

function refused(manner: Manner, status: number, code: string, error: string): Prepared {
  return { ask: nothing, manner, instead: () => apiError(status, code, error) }
}

function addMetrics({ metrics }: House): void {
  const add = (name: string, limiter: string, labels: Readonly<Record<string, string>>) =>
    metrics.counter(
      { name: `api_router_${name}`, help: 'Requests denied.', labelNames: Object.keys(labels) },
      () => [[labels, metrics.deniedBy(limiter)]],
    )
  add('rate_limit_denials_total', 'requests', { limit_type: 'org' })
  add('budget_denials_total', 'budget', {})
  add('quota_denials_total', 'quota', {})
}
