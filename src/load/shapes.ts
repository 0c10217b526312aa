// Request shapes: what one kind of request looks like, what it will cost, and its bytes.

import type { RequestCost } from '../core/limits.ts'
import { promptMaker } from './prompts.ts'

/** Templates that know how to ask for `outputTokensMax` tokens after `promptTokens` of prompt. */
export type ShapeKind = 'chat' | 'completion' | 'embedding' | 'raw'

/** A kind of request; *cheap* and *expensive* are shapes. */
export interface RequestShape {
  readonly name: string
  readonly kind: ShapeKind
  readonly method: string
  /** Path and query, appended to the target's. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly model: string
  readonly promptTokens: number
  readonly outputTokensMax: number
  readonly stream: boolean
  /** More fields of the JSON body (temperature, tools ...). */
  readonly extra: Readonly<Record<string, unknown>>
  /** The body of a raw shape; `{{prompt}}`, `{{seq}}` and `{{model}}` are filled in. */
  readonly body: string | null
}

/** The parts of a request that do not depend on the lane. */
export interface BuiltRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Builds the request number `seq` of a shape. */
export type RequestBuilder = (seq: number) => BuiltRequest

const promptMark = '\u0000prompt\u0000'

/** A builder that pastes each prompt between two ready-made halves of the body. */
export function requestBuilder(shape: RequestShape, nonce: string): RequestBuilder {
  const { method, path } = shape
  if (shape.kind === 'raw') return rawBuilder(shape, nonce)
  const json = JSON.stringify(bodyOf(shape))
  const mark = JSON.stringify(promptMark).slice(1, -1)
  const at = json.indexOf(mark)
  const head = json.slice(0, at)
  const tail = json.slice(at + mark.length)
  const prompt = promptMaker(Math.max(1, shape.promptTokens), nonce)
  const headers = { 'content-type': 'application/json', ...shape.headers }
  return (seq) => ({ method, path, headers, body: head + prompt(seq) + tail })
}

/** What a request of this shape costs at most; dollars are not known to a client. */
export function shapeCost(shape: RequestShape): RequestCost {
  return { promptTokens: shape.promptTokens, completionTokens: shape.outputTokensMax, usd: 0 }
}

function bodyOf(shape: RequestShape): Record<string, unknown> {
  const { model, outputTokensMax, stream, extra } = shape
  const streaming = stream ? { stream: true, stream_options: { include_usage: true } } : {}
  switch (shape.kind) {
    case 'embedding':
      return { model, input: promptMark, ...extra }
    case 'completion':
      return { model, prompt: promptMark, max_tokens: outputTokensMax, ...streaming, ...extra }
    default: {
      const messages = [{ role: 'user', content: promptMark }]
      return { model, messages, max_tokens: outputTokensMax, ...streaming, ...extra }
    }
  }
}

function rawBuilder(shape: RequestShape, nonce: string): RequestBuilder {
  const { method, path, headers, model } = shape
  const template = shape.body ?? ''
  const prompt = promptMaker(Math.max(1, shape.promptTokens), nonce)
  if (!template.includes('{{')) return () => ({ method, path, headers, body: template })
  return (seq) => {
    const body = template
      .replaceAll('{{prompt}}', () => prompt(seq))
      .replaceAll('{{seq}}', String(seq))
      .replaceAll('{{model}}', () => model)
    return { method, path, headers, body }
  }
}
