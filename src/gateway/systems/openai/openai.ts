// The plain OpenAI-compatible API: inference behind the limiters of a tier, models, health, metrics.

import { answerJson, bearerOf, type GatewayRequest } from '../../exchange.ts'
import { type Endpoint, errorBody, modelsBody, readAsk } from '../../openai.ts'
import { tierOf } from '../../spec.ts'
import type { Call, House, Route, System } from '../../system.ts'

const endpoints: ReadonlyMap<string, Endpoint> = new Map([
  ['/v1/chat/completions', 'chat'],
  ['/v1/completions', 'completion'],
  ['/v1/embeddings', 'embedding'],
])

export function openaiSystem(house: House): System {
  const get = (path: string, handle: Route['handle']): Route => ({ method: 'GET', path, handle })
  const inference = [...endpoints].map(
    ([path, endpoint]): Route => ({
      method: 'POST',
      path,
      handle: (call) => infer(house, endpoint, call),
    }),
  )
  const healthy = ({ reply }: Call) => answerJson(reply, 200, { status: 'ok' })
  return {
    routes: [
      ...inference,
      get('/healthz', healthy),
      get('/readyz', healthy),
      get('/v1/models', ({ reply }) => {
        const nowS = Math.floor(house.clock.nowUs() / 1e6)
        answerJson(reply, 200, modelsBody(house.spec.models, nowS))
      }),
      metricsRoute(house),
    ],
    unknown,
  }
}

/** GET /metrics, as every system has it that has it. */
export function metricsRoute({ metrics }: House): Route {
  return {
    method: 'GET',
    path: '/metrics',
    handle: ({ reply }) =>
      void metrics.text().then((text) => {
        reply.head(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
        reply.end(text)
      }),
  }
}

function unknown({ request, reply, path }: Call, allowed: readonly string[]): void {
  if (allowed.length > 0) {
    const message = `Not allowed to ${request.method} on ${request.path}; use ${allowed.join(', ')}`
    return answerJson(reply, 405, errorBody(message, 'invalid_request_error'))
  }
  const message = `Invalid URL (${path}); this is limitscope's embedded gateway: try ${[...endpoints.keys()].join(', ')}, /v1/models, /healthz, /metrics`
  answerJson(reply, 404, errorBody(message, 'invalid_request_error'))
}

function infer(house: House, endpoint: Endpoint, call: Call): void {
  const { spec } = house
  const { request, reply } = call
  const key = apiKey(request)
  if (spec.knownKeysOnly && !Object.hasOwn(spec.keys, key)) {
    return answerJson(reply, 401, errorBody('Incorrect API key provided.', 'invalid_api_key'))
  }
  const ask = readAsk(endpoint, request.body, spec.templateTokens)
  if (typeof ask === 'string') {
    return answerJson(reply, 400, errorBody(ask, 'invalid_request_error'))
  }
  const tier = tierOf(spec, key)
  house.send(call, { key, tier, ask, chain: house.chainOf(tier), manner: house.manner })
}

function apiKey(request: GatewayRequest): string {
  const { headers } = request
  return headers.authorization === undefined
    ? (headers['x-api-key'] ?? headers['api-key'] ?? '')
    : bearerOf(request)
}
