// Tokens that a response says it used, by header fields or by body. Must not know who is asking.

import type { UsageSource } from '../core/record.ts'
import type { ResponseView, Usage } from './dialect.ts'
import { valueAt } from './pointer.ts'
import { field, jsonOf, numberIn } from './view.ts'

/** Bodies without this say nothing about usage. */
export const usageMark = '"usage'

/** Usage in a response: its `x-odhu-usage-*-tokens` fields, else its JSON body; null without. */
export function usageOf(view: ResponseView): Usage | null {
  const [input, output, total] = ['input', 'output', 'total'].map((kind) =>
    numberIn(field(view, `x-odhu-usage-${kind}-tokens`)),
  )
  const byHeader = usageFrom({ input, output, total }, 'header')
  if (byHeader !== null) return byHeader
  // Most bodies say nothing: look before parsing.
  return view.body.includes(usageMark) ? usageOfJson(jsonOf(view)) : null
}

/** Usage in a parsed body or stream event of OpenAI, Anthropic or Gemini; null without. */
export function usageOfJson(json: unknown, source: UsageSource = 'body'): Usage | null {
  for (const shape of shapes) {
    const at = (name: string | undefined) =>
      name === undefined ? null : count(valueAt(json, `${shape.at}/${name}`))
    const figures = { input: at(shape.input), output: at(shape.output), total: at(shape.total) }
    const usage = usageFrom(figures, source)
    if (usage !== null) return usage
  }
  return null
}

const openai = { input: 'prompt_tokens', output: 'completion_tokens', total: 'total_tokens' }
const responses = { input: 'input_tokens', output: 'output_tokens', total: 'total_tokens' }

interface Shape {
  readonly at: string
  readonly input: string
  readonly output?: string
  readonly total?: string
}

const shapes: readonly Shape[] = [
  { at: '/usage', ...openai },
  { at: '/usage', ...responses },
  // Thoughts are in the total, but not among the candidates.
  { at: '/usageMetadata', input: 'promptTokenCount', total: 'totalTokenCount' },
  { at: '/usageMetadata', input: 'promptTokenCount', output: 'candidatesTokenCount' },
  // Events wrap what they report: Responses' `response.completed`, Anthropic's `message_start`.
  { at: '/response/usage', ...responses },
  { at: '/message/usage', ...responses },
]

interface Figures {
  readonly input: number | null | undefined
  readonly output: number | null | undefined
  readonly total: number | null | undefined
}

// Two of the three figures tell the third.
function usageFrom({ input, output, total }: Figures, source: UsageSource): Usage | null {
  const promptTokens = input ?? difference(total, output)
  const completionTokens = output ?? difference(total, input)
  if (promptTokens == null || completionTokens == null) return null
  return { promptTokens, completionTokens, source }
}

function difference(whole: number | null | undefined, part: number | null | undefined) {
  return whole == null || part == null || whole < part ? null : whole - part
}

function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null
}
