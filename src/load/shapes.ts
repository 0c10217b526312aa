// Request shapes: what one kind of request looks like, what it will cost, and its bytes.

import type { RequestCost } from '../core/limits.ts'
import { promptMaker, promptTemplate } from './prompts.ts'
import { filledBody, filledData, type Variables } from './steps.ts'

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

/** Bodies that are alike but for one stretch: head + variable(seq) + tail. */
export interface BodyTemplate {
  readonly head: string
  /** What differs from request to request; null: nothing does. */
  readonly variable: ((seq: number) => string) | null
  readonly tail: string
}

/** The body of request `seq`. */
export function bodyText({ head, variable, tail }: BodyTemplate, seq: number): string {
  return variable === null ? head + tail : head + variable(seq) + tail
}

/** The parts of a request that do not depend on the lane. */
export interface ShapeTemplate {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: BodyTemplate
}

const promptMark = '\u0000prompt\u0000'

/** A shape as a template; `nonce` (the run) keeps its prompts apart from those of other runs. */
export function shapeTemplate(shape: RequestShape, nonce: string): ShapeTemplate {
  const { method, path } = shape
  if (shape.kind === 'raw')
    return { method, path, headers: shape.headers, body: rawBody(shape, nonce) }
  const json = JSON.stringify(bodyOf(shape))
  const mark = JSON.stringify(promptMark).slice(1, -1)
  const at = json.indexOf(mark)
  const prompt = promptTemplate(Math.max(1, shape.promptTokens), nonce)
  const body = {
    head: json.slice(0, at) + prompt.head,
    variable: prompt.variable,
    tail: prompt.tail + json.slice(at + mark.length),
  }
  return { method, path, headers: { 'content-type': 'application/json', ...shape.headers }, body }
}

/** A shape with the variables in its texts filled in. */
export function filledShape(shape: RequestShape, variables: Variables): RequestShape {
  return { ...filledData({ ...shape, body: null }, variables), body: bodyFilled(shape, variables) }
}

function bodyFilled({ body }: RequestShape, variables: Variables): string | null {
  return body === null ? null : filledBody(body, variables)
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

function rawBody(shape: RequestShape, nonce: string): BodyTemplate {
  const { model } = shape
  const template = shape.body ?? ''
  if (!template.includes('{{')) return { head: template, variable: null, tail: '' }
  const prompt = promptMaker(Math.max(1, shape.promptTokens), nonce)
  const variable = (seq: number) =>
    template
      .replaceAll('{{prompt}}', () => prompt(seq))
      .replaceAll('{{seq}}', String(seq))
      .replaceAll('{{model}}', () => model)
  return { head: '', variable, tail: '' }
}
