// What LLM Server answers: its own JSON, errors inside of `detail` or bare.

import type { WrittenResponse } from '../../../dialects/dialect.ts'
import { jsonResponse } from '../../../dialects/write.ts'
import { jsonObject } from '../../exchange.ts'
import type { Manner } from '../../manner.ts'
import { outputText, wordAt } from '../../openai.ts'
import { uuidOf } from '../../uuid.ts'
import type { Generation, Invalid } from './generate.ts'
import type { LlmServerKnobs } from './knobs.ts'

/** An error with a code. */
export function codedError(
  { ENVELOPE }: LlmServerKnobs,
  status: number,
  error: { readonly code: string; readonly message: string },
): WrittenResponse {
  return enveloped(jsonResponse(status, { detail: error }), ENVELOPE)
}

/** What was wrong with a request. */
export function invalid(
  { ENVELOPE }: LlmServerKnobs,
  { status, detail }: Invalid,
): WrittenResponse {
  if (ENVELOPE === 'detail') return jsonResponse(status, { detail })
  const isText = typeof detail === 'string'
  const code = isText ? 'model_not_allowed' : 'validation_error'
  const error = isText ? { message: detail } : { message: 'Invalid', extra: { fields: detail } }
  return jsonResponse(status, { code, ...error, request_id: requestId(String(detail)) })
}

/** Answers of one generation. */
export function generationManner(
  manner: Manner,
  knobs: LlmServerKnobs,
  generation: Generation,
  options: { readonly isCached: boolean; readonly isBatch: boolean },
): Manner {
  const { model, prompts, outputTokens } = generation
  const cached = options.isCached
  return {
    ...manner,
    rejected(denial) {
      const written = manner.rejected(denial)
      const body = written.body.replace('"rate_limited"', `"${knobs.RATE_CODE}"`)
      return enveloped({ ...written, body }, knobs.ENVELOPE)
    },
    answered: () => ({}),
    body({ ask }) {
      const output = ask.text ?? outputText(0, outputTokens)
      if (!options.isBatch) return JSON.stringify({ model, output, cached })
      const prompt_tokens = Math.round(ask.promptTokens / prompts.length)
      const result = { output, cached, prompt_tokens, completion_tokens: outputTokens }
      return JSON.stringify({ model, results: prompts.map(() => result) })
    },
    events: () => ({
      opening: '',
      token: (i) => `data: ${wordAt(i)}\n\n`,
      closing: (isDone) => (isDone ? 'data: [DONE]\n\n' : ''),
    }),
    failed: (status, body) => jsonResponse(status, { detail: body }),
  }
}

/** The newer version has errors bare, with the rest of them in `extra`. */
function enveloped(
  written: WrittenResponse,
  envelope: LlmServerKnobs['ENVELOPE'],
): WrittenResponse {
  const detail = jsonObject(written.body)?.detail as Record<string, unknown> | undefined
  if (envelope === 'detail' || detail === undefined) return written
  const { code, message, ...extra } = detail
  const more = Object.keys(extra).length === 0 ? {} : { extra }
  return jsonResponse(written.status, {
    code,
    message,
    ...more,
    request_id: requestId(written.body),
  })
}

function requestId(text: string): string {
  return uuidOf(text)
}
