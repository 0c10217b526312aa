// Bifrost: a gateway in front of providers whose limits belong to virtual keys, their teams and
// their customers, and are made through its API.

import type { NamedLimiter } from '../../../core/limits.ts'
import { limitOf } from '../../../core/limits.ts'
import type { Denial, WrittenResponse } from '../../../dialects/dialect.ts'
import { Counter, type Counters, type LimiterChain } from '../../../limiters/chain.ts'
import { limiter } from '../../../limiters/models.ts'
import { answerJson, bearerOf, type GatewayRequest } from '../../exchange.ts'
import type { Manner } from '../../manner.ts'
import { readAsk } from '../../openai.ts'
import type { GatewaySpec } from '../../spec.ts'
import type { Call, House, Method, Route, System } from '../../system.ts'
import { metricsRoute } from '../openai/openai.ts'
import { adminRoutes, bifrostError } from './admin.ts'
import type { BifrostKnobs } from './knobs.ts'
import type { Meter } from './meters.ts'
import { noPrice, prices } from './prices.ts'
import { type ProviderConfig, Store, type VirtualKey } from './store.ts'

export function bifrostSystem(house: House): System {
  return new Bifrost(house)
}

class Bifrost implements System {
  readonly routes: readonly Route[]
  readonly #house: House
  readonly #knobs: BifrostKnobs
  readonly #store: Store
  readonly #manner: Manner
  /** Places in flight, by provider. */
  readonly #queues = new Map<string, Counters>()

  constructor(house: House) {
    this.#house = house
    this.#knobs = knobsOf(house.spec)
    this.#store = new Store(house, this.#knobs)
    this.#manner = bifrostManner(house.manner)
    addMetrics(house)
    this.routes = [
      ...adminRoutes(house, this.#store, this.#knobs),
      {
        method: 'POST',
        path: '/v1/chat/completions',
        handle: (call) => this.#infer(call),
      },
      {
        method: 'GET',
        path: '/health',
        handle: ({ reply }) => answerJson(reply, 200, { status: 'ok' }),
      },
      metricsRoute(house),
    ]
  }

  unknown({ reply }: Call, allowed: readonly Method[]): void {
    answer(reply, bifrostError(allowed.length > 0 ? 405 : 404, null, 'Route not found'))
  }

  #infer(call: Call): void {
    const { request, reply } = call
    const ask = readAsk('chat', request.body, this.#house.spec.templateTokens)
    if (typeof ask === 'string') return answer(reply, bifrostError(400, null, ask))
    const [provider, model] = splitModel(ask.model)
    if (model === '') {
      const message = 'model should be in provider/model format'
      return answer(reply, bifrostError(400, null, message))
    }
    const key = this.#keyOf(request)
    const refusal = this.#refusalOf(key, provider, model)
    if (refusal !== null) return answer(reply, refusal)
    const known = typeof key === 'object' ? key : null
    this.#house.send(call, {
      key: known?.name ?? '',
      tier: this.#house.spec.defaultTier,
      ask: { ...ask, model },
      chain: this.#chainFor(known, provider),
      manner: this.#manner,
      price: this.#knobs.PRICES ? (prices[ask.model] ?? noPrice) : noPrice,
    })
  }

  /** The virtual key of a request, the value that is none, or null where there is no value. */
  #keyOf(request: GatewayRequest): VirtualKey | string | null {
    const bearer = bearerOf(request)
    const value =
      request.headers['x-bf-vk'] ??
      (bearer.startsWith('sk-bf-') ? bearer : undefined) ??
      request.headers['x-api-key'] ??
      ''
    if (value === '') return null
    return this.#store.byValue(value) ?? value
  }

  /** Everything that is refused before limits are looked at. */
  #refusalOf(
    key: VirtualKey | string | null,
    provider: string,
    model: string,
  ): WrittenResponse | null {
    const isOpen = this.#house.spec.breaks.includes('auth-off')
    if (key === null) {
      if (!this.#knobs.ENFORCE_GOVERNANCE_HEADER || isOpen) return null
      const status = Number(this.#knobs.MISSING_STATUS)
      return bifrostError(status, 'virtual_key_required', 'x-bf-vk header is missing')
    }
    const blocked = (type: string, message: string) => bifrostError(403, type, message)
    if (typeof key === 'string') {
      return isOpen ? null : blocked('virtual_key_not_found', 'Virtual key not found')
    }
    if (!key.isActive) return blocked('virtual_key_blocked', 'Virtual key is inactive')
    if (!this.#mayUse(key, provider)) {
      const message = `Provider '${provider}' is not allowed for this virtual key`
      return blocked('provider_blocked', message)
    }
    if (this.#mayAsk(key, provider, model)) return null
    return blocked('model_blocked', `Model '${model}' is not allowed for this virtual key`)
  }

  #mayUse(key: VirtualKey, provider: string): boolean {
    const { EMPTY_PROVIDERS, TOP_LEVEL_ALLOWED } = this.#knobs
    const { allowedProviders, providers } = key
    if (TOP_LEVEL_ALLOWED === 'used' && allowedProviders.length > 0) {
      return allowedProviders.includes(provider)
    }
    if (providers.length === 0) return EMPTY_PROVIDERS === 'allow'
    return configOf(key, provider) !== undefined
  }

  #mayAsk(key: VirtualKey, provider: string, model: string): boolean {
    const ofProvider = configOf(key, provider)?.allowedModels ?? []
    const own = this.#knobs.TOP_LEVEL_ALLOWED === 'used' ? key.allowedModels : []
    return [ofProvider, own].every((list) => list.length === 0 || list.includes(model))
  }

  /** Rates of provider and key, budgets of provider, key, team and customer, then the queue. */
  #chainFor(key: VirtualKey | null, provider: string): LimiterChain {
    const meters = key === null ? [] : this.#metersOf(key, provider)
    const queue = this.#queueOf(provider)
    const limiters = [...meters.map((meter) => meter.limiter), queueLimiter(this.#knobs)]
    const counters: Counters = new Map(
      [...meters.map((meter) => meter.counters), queue].flatMap((own) => [...own]),
    )
    return this.#house.chain(limiters, { counters })
  }

  #metersOf(key: VirtualKey, provider: string): readonly Meter[] {
    const config = configOf(key, provider)
    const budgets = this.#store.budgetsAbove(key)
    const looked = this.#house.spec.breaks.includes('team-budget-ignored')
      ? budgets.filter(({ level }) => level !== 'Team')
      : budgets
    const own = config?.budget ? [config.budget] : []
    return [...(config?.rates ?? []), ...key.rates, ...own, ...looked]
  }

  #queueOf(provider: string): Counters {
    let queue = this.#queues.get(provider)
    if (queue === undefined) {
      queue = new Map([['queue', new Counter()]])
      this.#queues.set(provider, queue)
    }
    return queue
  }
}

function knobsOf({ system }: GatewaySpec): BifrostKnobs {
  return system as Extract<GatewaySpec['system'], { name: 'bifrost' }>
}

function answer(reply: Call['reply'], { status, headers, body }: WrittenResponse): void {
  reply.head(status, headers)
  reply.end(body)
}

function splitModel(model: string): readonly [string, string] {
  const at = model.indexOf('/')
  return at < 0 ? [model, ''] : [model.slice(0, at), model.slice(at + 1)]
}

function configOf(key: VirtualKey, provider: string): ProviderConfig | undefined {
  return key.providers.find((config) => config.provider === provider)
}

function queueLimiter(knobs: BifrostKnobs): NamedLimiter {
  const { CONCURRENCY, BUFFER_SIZE, DROP_EXCESS_REQUESTS } = knobs
  const queue = DROP_EXCESS_REQUESTS ? BUFFER_SIZE : Number.MAX_SAFE_INTEGER
  const algorithm = {
    kind: 'concurrency',
    limit: CONCURRENCY,
    queue,
    queueTimeoutUs: null,
  } as const
  return { name: 'queue', model: limiter(algorithm, { scope: [] }) }
}

/** Where both rates of a level are exceeded, the answer says so. */
function bifrostManner(manner: Manner): Manner {
  return {
    ...manner,
    rejected(denial) {
      const written = manner.rejected(denial)
      const sibling = siblingOf(denial)
      if (sibling === null) return written
      const both = manner.rejected({ ...denial, ...sibling })
      const [own, other] = [written, both].map(({ body }) => JSON.parse(body).error.message)
      const message = `${own}, ${/\w+ limit exceeded \(.*\)/.exec(other)?.[0] ?? ''}`
      return bifrostError(429, 'rate_limited', message)
    },
    failed: (status, body) => bifrostError(status, null, body),
  }
}

/** The exceeded token rate of the level whose request rate has denied. */
function siblingOf({ limiter: own, reports }: Denial) {
  if (own.model.unit !== 'requests') return null
  const name = own.name.replace('requests', 'tokens')
  const other = reports.find(({ limiter: { name: otherName } }) => otherName === name)
  if (other === undefined || other.remaining > 0) return null
  const { limiter: tokens, remaining, resetUs } = other
  const limit = limitOf(tokens.model.algorithm)
  const decision = {
    kind: 'denied',
    retryAfterUs: null,
    until: 'time',
    remaining: Math.min(remaining, limit),
    resetUs,
  } as const
  return { limiter: tokens, decision }
}

function addMetrics({ metrics }: House): void {
  const add = (name: string, value: () => number) =>
    metrics.counter({ name, help: `${name} so far.`, labelNames: [] }, () => [[{}, value()]])
  add('http_requests_total', () => metrics.allowed + metrics.denied)
  add('bifrost_upstream_requests_total', () => metrics.allowed)
  add('bifrost_success_requests_total', () => metrics.allowed)
  add('bifrost_error_requests_total', () => metrics.denied)
  add('bifrost_input_tokens_total', () => metrics.promptTokens)
  add('bifrost_output_tokens_total', () => metrics.completionTokens)
}
