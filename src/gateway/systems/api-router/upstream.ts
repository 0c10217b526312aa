// A real OpenAI-compatible backend behind the embedded API router.

import { messageOf } from '../../../core/errors.ts'
import type { Upstream } from '../../errand.ts'
import { type GatewayRequest, jsonObject } from '../../exchange.ts'

/** The client of the real router gives up after this. */
const timeoutMs = 30_000

/** The fields it passes on. */
const passedOn = ['model', 'messages', 'prompt', 'max_tokens', 'temperature', 'parameters']

/** Sends a request on to the backend at `baseUrl`. */
export function upstreamOf(baseUrl: string, request: GatewayRequest): Upstream {
  return (done) => {
    const gone = new AbortController()
    const sent = jsonObject(request.body) ?? {}
    const body = Object.fromEntries(passedOn.map((name) => [name, sent[name]]))
    const none = { promptTokens: 0, completionTokens: 0 }
    fetch(baseUrl.replace(/\/+$/, '') + request.path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.any([gone.signal, AbortSignal.timeout(timeoutMs)]),
    })
      .then(async (response) => {
        const text = await response.text()
        return { status: response.status, body: text, ...usageIn(text) }
      })
      .catch((error: unknown) => {
        const isLate = error instanceof Error && error.name === 'TimeoutError'
        return { status: isLate ? 504 : 502, body: messageOf(error), ...none }
      })
      .then((answer) => {
        if (!gone.signal.aborted) done(answer)
      })
    return () => gone.abort()
  }
}

function usageIn(body: string): { promptTokens: number; completionTokens: number } {
  const usage = jsonObject(body)?.usage as Record<string, unknown> | undefined
  const promptTokens = Number(usage?.prompt_tokens ?? 0)
  return { promptTokens, completionTokens: Number(usage?.completion_tokens ?? 0) }
}
