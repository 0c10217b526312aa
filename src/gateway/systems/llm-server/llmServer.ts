// LLM Server: API keys with a rate and a quota, a cache of completions, and generations that stop
// everything else while they run.

import type { WrittenResponse } from '../../../dialects/dialect.ts'
import { jsonResponse } from '../../../dialects/write.ts'
import type { Counters, LimiterChain } from '../../../limiters/chain.ts'
import type { Errand } from '../../errand.ts'
import { answerJson } from '../../exchange.ts'
import { type GatewaySpec, limitersOf, tierOf } from '../../spec.ts'
import type { Call, House, Method, Route, System } from '../../system.ts'
import { metricsRoute } from '../openai/openai.ts'
import { Cache } from './cache.ts'
import { EventLoop } from './eventLoop.ts'
import { codedError, generationManner, invalid } from './formats.ts'
import { askOf, type Generation, isMalformed, readGeneration } from './generate.ts'
import type { LlmServerKnobs } from './knobs.ts'
import { LlmServerMetrics } from './metrics.ts'
import { roleOf, UsageBook } from './usage.ts'

export function llmServerSystem(house: House): System {
  return new LlmServer(house)
}

/** How a generation is asked for and answered. */
type Kind = 'one' | 'batch' | 'stream'

class LlmServer implements System {
  readonly routes: readonly Route[]
  readonly #house: House
  readonly #knobs: LlmServerKnobs
  readonly #cache: Cache
  readonly #loop: EventLoop
  readonly #usage = new UsageBook()
  readonly #metrics: LlmServerMetrics
  /** All chains share them: every authenticated request counts, whatever it asks for. */
  readonly #counters: Counters = new Map()
  readonly #chains = new Map<string, LimiterChain>()

  constructor(house: House) {
    this.#house = house
    this.#knobs = knobsOf(house.spec)
    this.#loop = new EventLoop(house.clock)
    this.#cache = new Cache(house.clock, this.#knobs.CACHE_TTL)
    this.#metrics = new LlmServerMetrics(house.metrics, this.#knobs.MODEL_ID, this.#cache)
    const generate = (path: string, kind: Kind): Route => ({
      method: 'POST',
      path,
      handle: (call) => this.#generate(call, kind),
    })
    this.routes = [
      generate('/v1/generate', 'one'),
      generate('/v1/generate/batch', 'batch'),
      generate('/v1/stream', 'stream'),
      ...this.#openRoutes(),
      ...this.#usageRoutes(),
      ...(this.#knobs.METRICS ? [metricsRoute(house)] : []),
    ]
  }

  unknown({ reply }: Call, allowed: readonly Method[]): void {
    if (allowed.length > 0) return answerJson(reply, 405, { detail: 'Method Not Allowed' })
    answerJson(reply, 404, { detail: 'Not Found' })
  }

  enter(_call: Call, goOn: () => void): void {
    if (this.#knobs.SINGLE_THREAD) this.#loop.enter(goOn)
    else goOn()
  }

  #openRoutes(): Route[] {
    const get = (path: string, handle: Route['handle']): Route => ({ method: 'GET', path, handle })
    const { MODEL_ID: id } = this.#knobs
    return [
      get('/healthz', ({ reply }) => answerJson(reply, 200, { status: 'ok' })),
      get('/readyz', ({ reply }) => this.#ready(reply)),
      get('/v1/models', ({ reply }) => {
        const models = [{ id, default: true, backend: 'local' }]
        answerJson(reply, 200, { default_model: id, models })
      }),
    ]
  }

  #ready(reply: Call['reply']): void {
    const { DOWN, READYZ } = this.#knobs
    const isUp = DOWN === 'nothing'
    answerJson(reply, isUp || READYZ === 'always-200' ? 200 : 503, {
      status: isUp ? 'ready' : 'not ready',
      db: DOWN === 'db' ? 'error' : 'ok',
      llm: DOWN === 'llm' ? 'not ready' : 'ready',
      redis: DOWN === 'redis' ? 'error' : 'ok',
    })
  }

  #usageRoutes(): Route[] {
    const get = (path: string, answer: (key: string) => WrittenResponse): Route => ({
      method: 'GET',
      path,
      handle: (call) => this.#authenticated(call, (key) => this.#answer(call, key, answer)),
    })
    const ok = (body: object) => jsonResponse(200, body)
    const admin = (path: string, body: () => object) =>
      get(path, (key) =>
        roleOf(key) === 'admin' ? ok(body()) : jsonResponse(403, { detail: adminOnly }),
      )
    return [
      get('/v1/me/usage', (key) => ok(this.#usage.of(key))),
      admin('/v1/admin/usage', () => ({ usage: this.#usage.all() })),
      admin('/v1/admin/keys', () => ({ keys: this.#usage.all() })),
      admin('/v1/admin/stats', () => ({ requests: this.#house.metrics.allowed })),
    ]
  }

  #authenticated({ request, reply }: Call, run: (key: string) => void): void {
    const key = request.headers['x-api-key'] ?? ''
    const { keys, breaks } = this.#house.spec
    const isKnown =
      (key.startsWith('key-') && !key.includes('inactive')) || Object.hasOwn(keys, key)
    if (isKnown || breaks.includes('auth-off')) return run(key)
    const error =
      key === ''
        ? { code: 'missing_api_key', message: 'X-API-Key header is required' }
        : { code: 'invalid_api_key', message: 'Invalid or inactive API key' }
    const { status, headers, body } = codedError(this.#knobs, 401, error)
    reply.head(status, headers)
    reply.end(body)
  }

  /** Something that needs no model, for which rate and quota are charged all the same. */
  #answer(call: Call, key: string, answer: (key: string) => WrittenResponse): void {
    const nothing = { model: '', prompts: [], outputTokens: 0, params: '', isCached: false }
    this.#usage.asked(key, this.#house.clock.nowUs())
    this.#send(call, key, { generation: nothing, kind: 'one', isCached: true }, answer)
  }

  #generate(call: Call, kind: Kind): void {
    const { body } = call.request
    if (isMalformed(body)) {
      const detail = [{ type: 'json_invalid', loc: ['body', 0], msg: 'JSON decode error' }]
      return answerJson(call.reply, 422, { detail })
    }
    this.#authenticated(call, (key) => {
      const generation = readGeneration(body, kind === 'batch' ? 'prompts' : 'prompt', this.#knobs)
      if ('status' in generation) {
        return this.#answer(call, key, () => invalid(this.#knobs, generation))
      }
      this.#usage.asked(key, this.#house.clock.nowUs())
      this.#send(call, key, { generation, kind, isCached: this.#isCached(generation, kind) })
    })
  }

  #isCached(generation: Generation, kind: Kind): boolean {
    if (kind === 'stream' || this.#house.spec.breaks.includes('cache-always-misses')) return false
    return this.#cache.has(generation)
  }

  #send(
    call: Call,
    key: string,
    { generation, kind, isCached }: { generation: Generation; kind: Kind; isCached: boolean },
    instead?: (key: string) => WrittenResponse,
  ): void {
    const startUs = this.#house.clock.nowUs()
    const tier = tierOf(this.#house.spec, key)
    const options = { isCached, isBatch: kind === 'batch' }
    const errand: Errand = {
      key,
      tier,
      ask: askOf(generation, kind === 'stream'),
      // What is in the cache waits for nobody.
      chain: this.#chainOf(tier, !isCached),
      manner: generationManner(this.#house.manner, this.#knobs, generation, options),
      times: (usual) => {
        const times = isCached ? { ttftUs: cacheUs, itlUs: 0 } : usual
        const tokens = isCached ? 1 : generation.outputTokens * generation.prompts.length
        if (!isCached) this.#loop.block(times.ttftUs + times.itlUs * Math.max(0, tokens - 1))
        return times
      },
      served: (cost) => {
        this.#usage.served(key, cost)
        if (!isCached) this.#cache.keep(generation)
        this.#metrics.served(cost, { isCached, us: this.#house.clock.nowUs() - startUs })
      },
      ...(instead !== undefined && { instead: () => instead(key) }),
    }
    this.#house.send(call, errand)
  }

  #chainOf(tier: string, isGenerating: boolean): LimiterChain {
    const id = `${tier} ${isGenerating}`
    const known = this.#chains.get(id)
    if (known !== undefined) return known
    const limiters = limitersOf(this.#house.spec, tier).filter(
      ({ model }) => isGenerating || model.algorithm.kind !== 'concurrency',
    )
    const chain = this.#house.chain(limiters, { counters: this.#counters })
    this.#chains.set(id, chain)
    return chain
  }
}

/** A look into the cache. */
const cacheUs = 1_000

const adminOnly = { code: 'forbidden', message: 'Admin privileges required' }

function knobsOf({ system }: GatewaySpec): LlmServerKnobs {
  return system as Extract<GatewaySpec['system'], { name: 'llm-server' }>
}
