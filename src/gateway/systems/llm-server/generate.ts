// Requests of LLM Server: what they may ask for, in FastAPI's words where they may not.

import { countTokens } from '../../../load/tokenizer.ts'
import { jsonObject } from '../../exchange.ts'
import type { Ask } from '../../openai.ts'
import type { LlmServerKnobs } from './knobs.ts'

/** One generation as it is asked for. */
export interface Generation {
  readonly model: string
  readonly prompts: readonly string[]
  readonly outputTokens: number
  /** What a completion depends on beside model and prompt, as text. */
  readonly params: string
  readonly isCached: boolean
}

/** What is wrong, as FastAPI lists it. */
export interface Invalid {
  readonly detail: readonly object[] | string
  readonly status: 400 | 422
}

interface Rule {
  readonly type: string
  readonly isOfType: (value: unknown) => boolean
  readonly isInRange: (value: number) => boolean
}

const isNumber = (value: unknown) => typeof value === 'number'
const isInteger = (value: unknown) => Number.isInteger(value)

const rules: Readonly<Record<string, Rule>> = {
  max_new_tokens: { type: 'int_type', isOfType: isInteger, isInRange: (n) => n >= 1 },
  temperature: { type: 'float_type', isOfType: isNumber, isInRange: (t) => t >= 0 && t <= 2 },
  top_p: { type: 'float_type', isOfType: isNumber, isInRange: (p) => p > 0 && p <= 1 },
  top_k: { type: 'int_type', isOfType: isInteger, isInRange: (k) => k >= 1 },
  stop: {
    type: 'list_type',
    isOfType: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
    isInRange: () => true,
  },
}

/** JSON that does not parse is found before anything else is looked at. */
export function isMalformed(body: string): boolean {
  return jsonObject(body) === undefined
}

/** Reads a request for one prompt, or for a batch of them. */
export function readGeneration(
  body: string,
  promptField: 'prompt' | 'prompts',
  { MODEL_ID, VALIDATION }: LlmServerKnobs,
): Generation | Invalid {
  const json = jsonObject(body) ?? {}
  const problems = [
    ...promptProblems(json[promptField], promptField),
    ...parameterProblems(json, VALIDATION === 'ranges'),
  ]
  if (problems.length > 0) return { status: 422, detail: problems }
  const { model = MODEL_ID } = json
  if (model !== MODEL_ID) {
    return { status: 400, detail: `Model '${model}' not allowed. Allowed: ['${MODEL_ID}']` }
  }
  const params = Object.keys(rules).flatMap((name) =>
    json[name] === undefined || json[name] === null ? [] : [[name, json[name]]],
  )
  return {
    model: MODEL_ID,
    prompts: [json[promptField]].flat() as string[],
    outputTokens: Math.min(4096, Math.max(0, Number(json.max_new_tokens ?? 32))),
    params: JSON.stringify(params),
    isCached: json.cache !== false,
  }
}

function promptProblems(value: unknown, name: 'prompt' | 'prompts'): object[] {
  if (value === undefined) return [problem('missing', name, 'Field required', null)]
  const isValid =
    name === 'prompt'
      ? typeof value === 'string'
      : Array.isArray(value) && value.length > 0 && value.every((p) => typeof p === 'string')
  const type = name === 'prompt' ? 'string_type' : 'list_type'
  return isValid
    ? []
    : [problem(type, name, `Input should be a valid ${type.split('_')[0]}`, value)]
}

function parameterProblems(json: Record<string, unknown>, hasRanges: boolean): object[] {
  return Object.entries(rules).flatMap(([name, { type, isOfType, isInRange }]) => {
    const value = json[name]
    if (value === undefined || value === null) return []
    if (!isOfType(value)) {
      return [problem(type, name, `Input should be a valid ${type.split('_')[0]}`, value)]
    }
    if (!hasRanges || typeof value !== 'number' || isInRange(value)) return []
    return [problem('value_error', name, 'Input is out of range', value)]
  })
}

function problem(type: string, name: string, msg: string, input: unknown): object {
  return { type, loc: ['body', name], msg, input }
}

/** The same as an ask of the model behind the gateway. */
export function askOf({ model, prompts, outputTokens }: Generation, stream: boolean): Ask {
  const promptTokens = prompts.reduce((sum, prompt) => sum + countTokens(prompt), 0)
  return {
    endpoint: 'completion',
    model,
    promptTokens,
    outputTokens: outputTokens * prompts.length,
    stream,
    includeUsage: false,
    tool: null,
    text: null,
  }
}
