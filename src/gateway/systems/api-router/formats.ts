// What the API router writes around the answers of its backend, and its own inference format.

import type { Denial } from '../../../dialects/dialect.ts'
import { jsonResponse } from '../../../dialects/write.ts'
import { countTokens } from '../../../load/tokenizer.ts'
import { jsonObject } from '../../exchange.ts'
import type { Manner } from '../../manner.ts'
import { type AnswerHead, type Ask, outputText } from '../../openai.ts'
import type { Routing } from './backends.ts'

/** OpenAI's answers from a backend: with where they come from, and failures hidden behind 502. */
export function backendManner(manner: Manner, routing: Routing): Manner {
  return {
    ...manner,
    rejected: (denial: Denial) =>
      denial.limiter.name === 'backend'
        ? masked(429, JSON.stringify({ error: 'Too Many Requests' }))
        : manner.rejected(denial),
    answered: (context, ask) => ({
      'x-routing-backend': routing.backend,
      'x-routing-decision': routing.decision,
      ...manner.answered(context, ask),
    }),
    failed: masked,
  }
}

function masked(status: number, body: string) {
  const isLate = status === 504
  const reason = isLate ? 'context deadline exceeded' : `backend returned status ${status}: ${body}`
  const code = isLate ? 'BACKEND_TIMEOUT' : 'BACKEND_ERROR'
  return jsonResponse(isLate ? 504 : 502, { error: `backend request failed: ${reason}`, code })
}

/** The router's own answers. */
export function inferenceManner(manner: Manner, routing: Routing | null): Manner {
  const { backend, decision } = routing ?? { backend: 'none', decision: 'FAILOVER' as const }
  return { ...backendManner(manner, { backend, decision }), body: inferenceBody }
}

function inferenceBody({ id, ask }: AnswerHead): string {
  return JSON.stringify({
    request_id: id,
    output: { text: ask.text ?? outputText(0, ask.outputTokens) },
    usage: {
      tokens_input: ask.promptTokens,
      tokens_output: ask.outputTokens,
      latency_ms: 20,
      limit_state: 'WITHIN_LIMIT',
    },
  })
}

/** Reads its own requests; a text says what is wrong. It takes characters for tokens. */
export function readInference(body: string): Ask | string {
  const json = jsonObject(body)
  if (json === undefined) return 'invalid JSON body'
  const { request_id, model, payload } = json
  if (typeof request_id !== 'string' || !/^[0-9a-f-]{36}$/i.test(request_id)) {
    return 'request_id must be a valid UUID'
  }
  if (typeof model !== 'string' || model === '') return 'model is required'
  if (typeof payload !== 'string' || payload === '') return 'payload is required'
  const wanted = Number((json.parameters as { max_tokens?: unknown } | undefined)?.max_tokens)
  const text = /capital of france/i.test(payload) ? 'Paris' : null
  const outputTokens = Number.isInteger(wanted) && wanted >= 0 ? wanted : 16
  return {
    endpoint: 'completion',
    model,
    promptTokens: payload.length,
    outputTokens: text === null ? outputTokens : countTokens(text),
    stream: false,
    includeUsage: false,
    tool: null,
    text,
  }
}
