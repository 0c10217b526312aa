// Models as a Service behind Kuadrant: tokens are minted and revoked, models have URLs of their own,
// and two limiters per tier answer with the same bytes.

import { createHash } from 'node:crypto'
import type { WrittenResponse } from '../../../dialects/dialect.ts'
import { goDuration } from '../../../dialects/write.ts'
import { answerJson, bearerOf, jsonObject } from '../../exchange.ts'
import type { Manner } from '../../manner.ts'
import { type Ask, type Endpoint, readAsk } from '../../openai.ts'
import { type GatewaySpec, tierOf } from '../../spec.ts'
import type { Call, House, Method, Route, System } from '../../system.ts'
import { ApiKeys } from './apiKeys.ts'
import type { MaasKnobs } from './knobs.ts'
import { addLimitadorMetrics } from './limitador.ts'
import { lifeOf, type Minted, TokenStore, type User } from './tokens.ts'

export function maasSystem(house: House): System {
  return new Maas(house)
}

/** The route of the API strips this; hosts called maas-api have none. */
const apiPrefixes = ['/maas-api', '']

class Maas implements System {
  readonly routes: readonly Route[]
  readonly #house: House
  readonly #knobs: MaasKnobs
  readonly #tokens: TokenStore
  readonly #apiKeys = new ApiKeys()
  readonly #manner: Manner

  constructor(house: House) {
    this.#house = house
    this.#knobs = knobsOf(house.spec)
    this.#tokens = new TokenStore(house.clock)
    this.#manner = this.#knobs.USAGE_HEADERS ? withUsageFields(house.manner) : house.manner
    const metrics = addLimitadorMetrics(house)
    const model = (path: string, endpoint: Endpoint): Route => ({
      method: 'POST',
      path: `/llm/:model${path}`,
      handle: (call) => this.#infer(call, endpoint),
    })
    this.routes = [
      ...apiPrefixes.flatMap((prefix) => this.#apiRoutes(prefix)),
      model('/v1/chat/completions', 'chat'),
      model('/v1/completions', 'completion'),
      metrics,
    ]
  }

  unknown({ reply }: Call, allowed: readonly Method[]): void {
    reply.head(allowed.length > 0 ? 405 : 404, { 'content-type': 'text/plain' })
    reply.end(allowed.length > 0 ? '405 method not allowed' : '404 page not found')
  }

  #apiRoutes(prefix: string): Route[] {
    const to = (method: Method, path: string, run: (call: Call, user: User) => void): Route => ({
      method,
      path: prefix + path,
      handle: (call) => this.#asUser(call, run),
    })
    const open = (method: Method, path: string, handle: Route['handle']): Route => ({
      method,
      path: prefix + path,
      handle,
    })
    return [
      to('POST', '/v1/tokens', (call, user) => this.#mint(call, user)),
      to('DELETE', '/v1/tokens', (call, user) => {
        this.#tokens.revokeAll(user)
        call.reply.head(204, {})
        call.reply.end()
      }),
      to('POST', '/v1/api-keys', (call, user) => this.#mintApiKey(call, user)),
      to('GET', '/v1/api-keys', ({ reply }, user) => {
        answerJson(reply, 200, this.#apiKeys.of(user))
      }),
      to('GET', '/v1/api-keys/:id', ({ reply, params }, user) => {
        const found = this.#apiKeys.of(user).find(({ id }) => id === params.id)
        answerJson(reply, found ? 200 : 404, found ?? { error: 'API key not found' })
      }),
      to('GET', '/v1/models', (call) => this.#models(call)),
      open('POST', '/v1/tiers/lookup', lookUpTier),
      open('GET', '/health', ({ reply }) => answerJson(reply, 200, { status: 'healthy' })),
    ]
  }

  /** The API takes tokens of OpenShift, and those it minted itself. */
  #asUser(call: Call, run: (call: Call, user: User) => void): void {
    const token = bearerOf(call.request)
    const minted = this.#tokens.userOf(token, 0)
    if (typeof minted === 'object') return run(call, minted)
    const isRefused = minted !== 'unknown' || token === '' || /^(invalid|expired)/.test(token)
    if (isRefused && !this.#isOpen) return unauthorized(call, 'Authentication required')
    run(call, openShiftUser(this.#house.spec, token))
  }

  get #isOpen(): boolean {
    return this.#house.spec.breaks.includes('auth-off')
  }

  #mint(call: Call, user: User): void {
    const minted = this.#minted(call, user, 'expiration')
    if (minted === null) return
    answerJson(call.reply, 201, tokenBody(minted))
  }

  #mintApiKey(call: Call, user: User): void {
    const { name, description = '' } = jsonObject(call.request.body) ?? {}
    if (typeof name !== 'string' || name === '') {
      return answerJson(call.reply, 400, { error: 'token name is required for api keys' })
    }
    const minted = this.#minted(call, user, 'expiration')
    if (minted === null) return
    const key = { id: minted.jti, name, description: String(description) }
    this.#apiKeys.add(user, key)
    answerJson(call.reply, 201, { ...tokenBody(minted), ...key })
  }

  #minted(call: Call, user: User, field: string): Minted | null {
    const { body } = call.request
    const json = body === '' ? {} : jsonObject(body)
    if (json === undefined) {
      answerJson(call.reply, 400, { error: 'invalid character in request body' })
      return null
    }
    const life = lifeOf(json[field], this.#knobs.TOKEN_TTL_MIN)
    if (typeof life === 'number') return this.#tokens.mint(user, life)
    answerJson(call.reply, 400, life.error)
    return null
  }

  #models({ request, reply }: Call): void {
    const host = request.headers.host ?? 'localhost'
    const created = Math.floor(this.#house.clock.nowUs() / 1e6)
    const data = this.#house.spec.models.map((id) => ({
      id,
      object: 'model',
      created,
      owned_by: 'llm',
      ready: true,
      url: `http://${host}/llm/${slugOf(id)}`,
    }))
    answerJson(reply, 200, { object: 'list', data })
  }

  #infer(call: Call, endpoint: Endpoint): void {
    const { spec } = this.#house
    const user = this.#modelUser(call)
    if (user === null) return
    if (!spec.models.some((id) => slugOf(id) === call.params.model)) {
      call.reply.head(403, {
        'content-type': 'text/plain',
        'x-ext-auth-reason': 'Access denied',
      })
      return call.reply.end('Access denied')
    }
    const ask = readAsk(endpoint, call.request.body, spec.templateTokens)
    if (typeof ask === 'string') return answerJson(call.reply, 400, vllmError(ask, 400))
    if (!spec.models.includes(ask.model)) {
      const message = `The model \`${ask.model}\` does not exist.`
      return answerJson(call.reply, 404, vllmError(message, 404))
    }
    const { id: key, tier } = user
    const chain = this.#house.chainOf(tier)
    this.#house.send(call, { key, tier, ask, chain, manner: this.#manner, ...this.#charging(ask) })
  }

  /** Who may ask models: minted tokens only, looked up now and then. */
  #modelUser(call: Call): User | null {
    const token = bearerOf(call.request)
    const user = this.#tokens.userOf(token, this.#knobs.AUTH_CACHE_TTL)
    if (typeof user === 'object') return user
    if (this.#isOpen) return openShiftUser(this.#house.spec, token)
    unauthorized(call, token === '' ? 'credential not found' : 'Not authenticated')
    return null
  }

  /** A reservation asks for the same whatever the request; streams may hide their usage. */
  #charging(ask: Ask) {
    const { TOKEN_LIMIT_MODE, TOKEN_ESTIMATE, STREAM_USAGE } = this.#knobs
    const estimate = { promptTokens: TOKEN_ESTIMATE, completionTokens: 0, usd: 0 }
    const isHidden = ask.stream && !ask.includeUsage && STREAM_USAGE === 'asked'
    return {
      ...(TOKEN_LIMIT_MODE === 'Reservation' && { estimate }),
      ...(isHidden && { charged: () => ({ promptTokens: 0, completionTokens: 0, usd: 0 }) }),
    }
  }
}

function knobsOf({ system }: GatewaySpec): MaasKnobs {
  return system as Extract<GatewaySpec['system'], { name: 'maas' }>
}

function tokenBody({ token, jti, issuedUs, expiresUs }: Minted) {
  const seconds = (us: number) => Math.floor(us / 1e6)
  const expiration = goDuration(expiresUs - issuedUs)
  return {
    token,
    expiration,
    expiresAt: seconds(expiresUs),
    issuedAt: seconds(issuedUs),
    jti,
  }
}

/** A user per OpenShift token; the tier is in its name, or the default. */
function openShiftUser(spec: GatewaySpec, token: string): User {
  const id = `user-${createHash('sha1').update(token).digest('hex').slice(0, 8)}`
  return { id, tier: tierOf(spec, token) }
}

function unauthorized({ reply }: Call, reason: string): void {
  reply.head(401, {
    'content-type': 'text/plain',
    'www-authenticate': 'Bearer realm="service-accounts"',
    'x-ext-auth-reason': reason,
  })
  reply.end(`${reason}\n`)
}

function lookUpTier({ request, reply }: Call): void {
  const groups = jsonObject(request.body)?.groups
  if (!Array.isArray(groups) || groups.length === 0) {
    const message = 'at least one group must be provided'
    return answerJson(reply, 400, { error: 'bad_request', message })
  }
  const tier = ['enterprise', 'premium'].find((name) =>
    groups.some((group) => String(group).includes(name)),
  )
  const found = tier ?? (groups.includes('system:authenticated') ? 'free' : null)
  if (found === null) {
    const message = `no tier found for groups ${groups.join(', ')}`
    return answerJson(reply, 404, { error: 'not_found', message })
  }
  const displayName = `${found[0]!.toUpperCase()}${found.slice(1)} Tier`
  answerJson(reply, 200, { tier: found, displayName })
}

/** The path of a model: 'facebook/opt-125m' is at /llm/facebook-opt-125m. */
function slugOf(model: string): string {
  return model.toLowerCase().replaceAll(/[^a-z0-9.-]+/g, '-')
}

function vllmError(message: string, code: number) {
  const type = code === 404 ? 'NotFoundError' : 'BadRequestError'
  return { object: 'error', message, type, param: null, code }
}

/** The fields that the test suite prints; a stream's head leaves before its usage is known. */
function withUsageFields(manner: Manner): Manner {
  return {
    ...manner,
    answered(context, ask): WrittenResponse['headers'] {
      const { promptTokens, outputTokens, stream } = ask
      const fields = manner.answered(context, ask)
      if (stream) return fields
      return {
        ...fields,
        'x-odhu-usage-input-tokens': String(promptTokens),
        'x-odhu-usage-output-tokens': String(outputTokens),
        'x-odhu-usage-total-tokens': String(promptTokens + outputTokens),
      }
    },
  }
}
