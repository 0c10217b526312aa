// The OpenAI-compatible wire format, server side: what requests ask for and what answers look like.

import { countTokens } from '../load/tokenizer.ts'
import { WORDS } from '../load/words.ts'
import { jsonObject } from './exchange.ts'

export type Endpoint = 'chat' | 'completion' | 'embedding'

/** What a request asks the model for. */
export interface Ask {
  readonly endpoint: Endpoint
  readonly model: string
  readonly promptTokens: number
  readonly outputTokens: number
  /** What it may be at most, for who reserves that; default what it is. */
  readonly outputTokensMost?: number
  readonly stream: boolean
  readonly includeUsage: boolean
  /** The function to call, when the request offers tools. */
  readonly tool: string | null
  /** The words of the answer, where it is known; else anything. */
  readonly text: string | null
}

/** Output of a request that sets no maximum. */
const outputTokensDefault = 16
const outputTokensMost = 32_768

/** Reads a request body; a text says what is wrong with it. */
export function readAsk(endpoint: Endpoint, body: string, templateTokens: number): Ask | string {
  const json = jsonObject(body)
  if (json === undefined) return 'We could not parse the JSON body of your request.'
  const { model } = json
  if (typeof model !== 'string') return 'you must provide a model parameter'
  const prompt = promptTexts(endpoint, json)
  if (prompt === undefined) return `Missing required parameter: '${promptField[endpoint]}'.`
  const wanted = json.max_completion_tokens ?? json.max_tokens ?? outputTokensDefault
  if (typeof wanted !== 'number' || !Number.isInteger(wanted) || wanted < 0) {
    return "Invalid type for 'max_tokens': expected an unsigned integer."
  }
  const most = endpoint === 'embedding' ? 0 : Math.min(wanted, outputTokensMost)
  const text = knownAnswer(prompt) ?? stoppedAnswer(json.stop)
  const options = json.stream_options as { include_usage?: unknown } | undefined
  return {
    endpoint,
    model,
    promptTokens: prompt.reduce((sum, text) => sum + countTokens(text), templateTokens),
    outputTokens: text === null ? most : Math.min(most, text.split(' ').length),
    outputTokensMost: most,
    stream: json.stream === true && endpoint !== 'embedding',
    includeUsage: options?.include_usage === true,
    tool: offeredTool(json),
    text,
  }
}

/** The one question that this model knows the answer to, because test suites ask it. */
function knownAnswer(prompt: readonly string[]): string | null {
  return prompt.some((text) => /capital of france/i.test(text)) ? 'Paris' : null
}

/** Who wants an answer to stop at a space gets one word. */
function stoppedAnswer(stop: unknown): string | null {
  return [stop].flat().includes(' ') ? 'Well' : null
}

const promptField = { chat: 'messages', completion: 'prompt', embedding: 'input' } as const

function promptTexts(endpoint: Endpoint, json: Record<string, unknown>): string[] | undefined {
  const prompt = json[promptField[endpoint]]
  if (endpoint !== 'chat') {
    const texts = Array.isArray(prompt) ? prompt : [prompt]
    return texts.every((text) => typeof text === 'string') ? texts : undefined
  }
  if (!Array.isArray(prompt)) return undefined
  return prompt.flatMap((message: { content?: unknown } | null) => contentTexts(message?.content))
}

function contentTexts(content: unknown): string[] {
  if (typeof content === 'string') return [content]
  if (!Array.isArray(content)) return []
  return content.flatMap((part: { text?: unknown } | null) =>
    typeof part?.text === 'string' ? [part.text] : [],
  )
}

function offeredTool(json: Record<string, unknown>): string | null {
  if (!Array.isArray(json.tools) || json.tool_choice === 'none') return null
  const choice = json.tool_choice as { function?: { name?: unknown } } | undefined
  const first = json.tools[0] as { function?: { name?: unknown } } | undefined
  const name = choice?.function?.name ?? first?.function?.name
  return typeof name === 'string' ? name : null
}

/** An answer in the making: everything that its chunks have in common. */
export interface AnswerHead {
  readonly id: string
  readonly createdS: number
  readonly ask: Ask
  readonly reasoningTokens: number
}

export function usageOf({ promptTokens }: Ask, completionTokens: number) {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  }
}

/** A whole answer, as one JSON document. */
export function answerBody(head: AnswerHead): string {
  const { ask, reasoningTokens } = head
  const usage = usageOf(ask, ask.outputTokens)
  if (ask.endpoint === 'embedding') return embeddingBody(ask)
  const common = { id: head.id, created: head.createdS, model: ask.model, usage }
  const finish_reason = finishOf(ask)
  const content = ask.text ?? outputText(reasoningTokens, ask.outputTokens)
  if (ask.endpoint === 'completion') {
    const choices = [{ index: 0, text: content, finish_reason, logprobs: null }]
    return JSON.stringify({ ...common, object: 'text_completion', choices })
  }
  const reasoning = reasoningTokens > 0 ? { reasoning_content: outputText(0, reasoningTokens) } : {}
  const message =
    ask.tool === null
      ? { role: 'assistant', content, ...reasoning }
      : { role: 'assistant', content: null, ...reasoning, tool_calls: [toolCall(head, content)] }
  const choices = [{ index: 0, message, finish_reason, logprobs: null }]
  return JSON.stringify({ ...common, object: 'chat.completion', choices })
}

function finishOf({ tool, text }: Ask): string {
  if (tool !== null) return 'tool_calls'
  return text === null ? 'length' : 'stop'
}

function toolCall({ id, ask }: AnswerHead, text: string) {
  return {
    id: `call_${id}`,
    type: 'function',
    function: { name: ask.tool, arguments: JSON.stringify({ text }) },
  }
}

function embeddingBody(ask: Ask): string {
  const data = [{ object: 'embedding', index: 0, embedding: [0.25, -0.5, 0.125, 0.75] }]
  const usage = { prompt_tokens: ask.promptTokens, total_tokens: ask.promptTokens }
  return JSON.stringify({ object: 'list', data, model: ask.model, usage })
}

/** The SSE events of an answer. */
export interface StreamEvents {
  readonly opening: string
  /** The event of token `i`. */
  token(i: number): string
  /** Everything after the last token, `[DONE]` included where `isDone`. */
  closing(isDone: boolean): string
}

export function streamEvents(head: AnswerHead): StreamEvents {
  const { ask } = head
  const isChat = ask.endpoint === 'chat'
  const object = isChat ? 'chat.completion.chunk' : 'text_completion'
  const common = { id: head.id, object, created: head.createdS, model: ask.model }
  const event = (choices: unknown[], more: object = {}) =>
    `data: ${JSON.stringify({ ...common, choices, ...more })}\n\n`
  const chunk = (delta: object) =>
    isChat
      ? event([{ index: 0, delta, finish_reason: null }])
      : event([{ index: 0, ...delta, finish_reason: null }])
  const delta = (i: number) => chunk(tokenDelta(head, i))
  const closing = (isDone: boolean) => {
    const finish_reason = finishOf(ask)
    const last = event([{ index: 0, ...(isChat ? { delta: {} } : { text: '' }), finish_reason }])
    const usage = ask.includeUsage ? event([], { usage: usageOf(ask, ask.outputTokens) }) : ''
    return last + usage + (isDone ? 'data: [DONE]\n\n' : '')
  }
  const opening = isChat ? chunk({ role: 'assistant', content: '' }) : ''
  return { opening, token: delta, closing }
}

function tokenDelta({ id, ask, reasoningTokens }: AnswerHead, i: number): object {
  const text = ask.text === null ? wordAt(i) : (ask.text.split(/(?= )/)[i] ?? '')
  if (ask.endpoint === 'completion') return { text }
  if (i < reasoningTokens) return { reasoning_content: text }
  if (ask.tool === null) return { content: text }
  const isFirst = i === reasoningTokens
  // The pieces join to one JSON document, as the arguments of a call must.
  const opening = isFirst ? '{"text":"' : ''
  const closing = i === ask.outputTokens - 1 ? '"}' : ''
  const called = { arguments: opening + text + closing }
  const call = isFirst
    ? { index: 0, id: `call_${id}`, type: 'function', function: { name: ask.tool, ...called } }
    : { index: 0, function: called }
  return { tool_calls: [call] }
}

/** The text of token `i` of an answer. */
export function wordAt(i: number): string {
  return i === 0 ? WORDS[0]! : ` ${WORDS[i % WORDS.length]!}`
}

/** The text of tokens [from, to): cut from one long text, since answers can be thousands of tokens. */
export function outputText(from: number, to: number): string {
  while (offsets.length <= to) {
    longText += wordAt(offsets.length - 1)
    offsets.push(longText.length)
  }
  return longText.slice(offsets[from], offsets[to])
}

let longText = ''
const offsets = [0]

/** An error body in OpenAI's form. */
export function errorBody(message: string, type: string, code: string | null = null): string {
  return JSON.stringify({ error: { message, type, param: null, code } })
}

export function modelsBody(models: readonly string[], createdS: number): string {
  const data = models.map((id) => ({
    id,
    object: 'model',
    created: createdS,
    owned_by: 'limitscope',
  }))
  return JSON.stringify({ object: 'list', data })
}
