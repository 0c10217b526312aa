// Request shapes as users write them; the templates know paths and methods.

import { z } from 'zod'
import type { RequestShape } from '../load/shapes.ts'
import {
  count,
  countOrZero,
  type DeepReadonly,
  flag,
  headers,
  name,
  object,
  text,
} from './fields.ts'
import { templatePath } from './stepInput.ts'

const path = templatePath

const common = {
  name: name.describe('What the shape goes by in files and on screen.'),
  path: path.optional(),
  headers: headers.optional(),
  model: text('the name of a model').optional().describe("Default: the config's model."),
}

const prompted = {
  ...common,
  promptTokens: count.describe('Tokens of the prompt, which is made for every request.'),
  extra: z
    .record(z.string(), z.unknown(), { error: 'expected fields of the body' })
    .optional()
    .describe('More fields of the JSON body: temperature, tools …'),
}

const generating = {
  ...prompted,
  outputTokensMax: count.describe('Most tokens of the answer (max_tokens).'),
  stream: flag.optional().describe('Ask for a stream of events; default false.'),
}

const methodExpected = "expected an HTTP method like 'GET'"

export const shapeSchema = z.discriminatedUnion(
  'kind',
  [
    object('a shape', { kind: z.literal('chat'), ...generating }),
    object('a shape', { kind: z.literal('completion'), ...generating }),
    object('a shape', { kind: z.literal('embedding'), ...prompted }),
    object('a shape', {
      kind: z.literal('raw'),
      ...common,
      path: path,
      method: z
        .string({ error: methodExpected })
        .regex(/^[A-Za-z]{1,20}$/, { error: methodExpected })
        .optional()
        .describe("Default 'GET', or 'POST' with a body."),
      body: z
        .union([z.string(), z.record(z.string(), z.unknown()), z.array(z.unknown())], {
          error: 'expected text or JSON',
        })
        .optional()
        .describe('Text, or JSON; {{prompt}}, {{seq}} and {{model}} in it are filled in.'),
      promptTokens: countOrZero.optional().describe('Tokens of {{prompt}}; default 0.'),
    }),
  ],
  { error: 'expected a shape' },
)

export type ShapeInput = DeepReadonly<z.input<typeof shapeSchema>>

const paths = {
  chat: '/v1/chat/completions',
  completion: '/v1/completions',
  embedding: '/v1/embeddings',
}

/** The shape of a plan; `model` is for shapes that name none. */
export function shapeOf(input: ShapeInput, model: string): RequestShape {
  const { kind, name, headers = {}, promptTokens = 0 } = input
  const common = { kind, name, model: input.model ?? model, promptTokens }
  if (kind === 'raw') {
    const body = bodyOf(input.body)
    return {
      ...common,
      method: (input.method ?? (body === null ? 'GET' : 'POST')).toUpperCase(),
      path: input.path,
      headers: { ...jsonType(input.body, headers), ...headers },
      outputTokensMax: 0,
      stream: false,
      extra: {},
      body,
    }
  }
  return {
    ...common,
    method: 'POST',
    path: input.path ?? paths[kind],
    headers,
    outputTokensMax: kind === 'embedding' ? 0 : input.outputTokensMax,
    stream: kind !== 'embedding' && input.stream === true,
    extra: input.extra ?? {},
    body: null,
  }
}

type RawBody = Extract<ShapeInput, { kind: 'raw' }>['body']

function bodyOf(body: RawBody): string | null {
  return body === undefined || typeof body === 'string' ? (body ?? null) : JSON.stringify(body)
}

function jsonType(body: RawBody, headers: Readonly<Record<string, string>>) {
  const isSaid = Object.keys(headers).some((header) => header.toLowerCase() === 'content-type')
  return typeof body === 'object' && !isSaid ? { 'content-type': 'application/json' } : {}
}
