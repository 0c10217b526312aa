// Tokens that a response says it used, by header fields or by body. Must not know who is asking.

import type { UsageSource } from '../core/record.ts'
import type { ResponseView, Usage } from './dialect.ts'
import { valueAt } from './pointer.ts'
import { field, jsonOf, numberIn } from './view.ts'

/** Bodies without this say nothing about usage. */
export const usageMark = '"usage'

/** Usage in the `x-odhu-usage-*-tokens` fields of a response; null without. */
export function usageOfFields(view: ResponseView): Usage | null {
  const tokens = (kind: string) => numberIn(field(view, `x-odhu-usage-${kind}-tokens`))
  return usageFrom(tokens('input'), tokens('output'), tokens('total'), 'header')
}

/** Usage in the JSON body of a response; null without. */
export function usageOfBody(view: ResponseView): Usage | null {
  // Many bodies say nothing: look before parsing.
  return view.body.includes(usageMark) ? usageOfJson(jsonOf(view)) : null
}

/** Usage in a parsed body or stream event of OpenAI, Anthropic or Gemini; null without. */
export function usageOfJson(json: unknown, source: UsageSource = 'body'): Usage | null {
  for (const { at, input, output, total } of shapes) {
    const figures = valueAt(json, at)
    if (figures === undefined) continue
    const inputTokens = countAt(figures, input)
    const usage = usageFrom(inputTokens, countAt(figures, output), countAt(figures, total), source)
    if (usage !== null) return usage
  }
  return null
}

/** Where usage is, and where in it the figures are; null: it does not tell that one. */
interface Shape {
  readonly at: string
  readonly input: string
  readonly output: string | null
  readonly total: string | null
}

const openai = { input: '/prompt_tokens', output: '/completion_tokens', total: '/total_tokens' }
const responses = { input: '/input_tokens', output: '/output_tokens', total: '/total_tokens' }

const shapes: readonly Shape[] = [
  { at: '/usage', ...openai },
  { at: '/usage', ...responses },
  // Thoughts are in the total, but not among the candidates.
  { at: '/usageMetadata', input: '/promptTokenCount', output: null, total: '/totalTokenCount' },
  {
    at: '/usageMetadata',
    input: '/promptTokenCount',
    output: '/candidatesTokenCount',
    total: null,
  },
  // Events wrap what they report: Responses' `response.completed`, Anthropic's `message_start`.
  { at: '/response/usage', ...responses },
  { at: '/message/usage', ...responses },
]

// Two of the three figures tell the third.
function usageFrom(
  input: number | null,
  output: number | null,
  total: number | null,
  source: UsageSource,
): Usage | null {
  const promptTokens = input ?? difference(total, output)
  const completionTokens = output ?? difference(total, input)
  if (promptTokens === null || completionTokens === null) return null
  return { promptTokens, completionTokens, source }
}

function difference(whole: number | null, part: number | null): number | null {
  return whole === null || part === null || whole < part ? null : whole - part
}

function countAt(figures: unknown, pointer: string | null): number | null {
  const value = pointer === null ? null : valueAt(figures, pointer)
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null
}
