// The llm-gateway: models by prefix, backpressure, failures of providers behind 502.

import { jsonResponse } from '../../../dialects/write.ts'
import { answerJson, bearerOf } from '../../exchange.ts'
import type { Manner } from '../../manner.ts'
import { modelsBody, readAsk } from '../../openai.ts'
import type { Call, House, System } from '../../system.ts'

/** Where models are, as they are asked for: 'inference:phi-4'. */
const prefix = /^(?:inference|local):/

export function llmGatewaySystem(house: House): System {
  const { spec, clock } = house
  const manner = mannerOf(house)
  return {
    routes: [
      {
        method: 'GET',
        path: '/health',
        handle: ({ reply }) => answerJson(reply, 200, { status: 'healthy', version: '1.0.0' }),
      },
      {
        method: 'GET',
        path: '/v1/models',
        handle: ({ reply }) =>
          answerJson(reply, 200, modelsBody(spec.models, Math.floor(clock.nowUs() / 1e6))),
      },
      {
        method: 'POST',
        path: '/v1/chat/completions',
        handle: (call) => infer(house, manner, call),
      },
    ],
    unknown({ reply }, allowed) {
      if (allowed.length > 0) return answerJson(reply, 405, { detail: 'Method Not Allowed' })
      answerJson(reply, 404, { detail: 'Not Found' })
    },
  }
}

function infer(house: House, manner: Manner, call: Call): void {
  const { spec } = house
  const { request, reply } = call
  const ask = readAsk('chat', request.body, spec.templateTokens)
  if (typeof ask === 'string') return answerJson(reply, 422, { detail: ask })
  if (!spec.models.includes(ask.model.replace(prefix, ''))) {
    const detail = `Provider error: no provider for model ${ask.model}`
    return answerJson(reply, 502, { detail })
  }
  const tier = spec.defaultTier
  house.send(call, { key: bearerOf(request), tier, ask, chain: house.chainOf(tier), manner })
}

function mannerOf({ manner }: House): Manner {
  return {
    ...manner,
    answered: ({ reports }) => {
      const slots = reports.find(({ limiter }) => limiter.model.algorithm.kind === 'concurrency')
      const algorithm = slots?.limiter.model.algorithm
      const limit = algorithm !== undefined && 'limit' in algorithm ? algorithm.limit : 0
      const active = limit - (slots?.remaining ?? 0)
      return { 'x-memory-rss-mb': '512', 'x-active-requests': String(active) }
    },
    failed: (status, body) =>
      jsonResponse(502, { detail: `Provider error: backend returned status ${status}: ${body}` }),
  }
}
