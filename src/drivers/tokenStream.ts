// What the events of a model's answer mean: which are tokens, which carry usage, which are errors.

import type { Micros } from '../core/units.ts'
import type { StreamReading } from './driver.ts'

/** Gaps kept per answer; longer answers keep the first ones. */
const gapsMax = 100_000
/** Gaps that there is room for at first. */
const gapsRoom = 64
const noGaps = new Float64Array()

/** Reads the events of one answer as they come. */
export class TokenStream {
  firstTokenUs: Micros | null = null
  #lastTokenUs: Micros | null = null
  #tokenEvents = 0
  // Outside V8's heap: a thousand arrays that grow are copied by its collector, again and again, in
  // pauses of some milliseconds that would be measured as gaps.
  #gapsUs = noGaps
  #gaps = 0
  #usage: unknown
  #errorBody: string | null = null
  #isFinished = false

  /** One event, received at `us`. */
  event(data: string, type: string, us: Micros): void {
    if (data === '[DONE]') {
      this.#isFinished = true
      return
    }
    const json = jsonObject(data)
    // One malformed event must not spoil the rest of the answer.
    if (json === undefined) return
    if (type === 'error' || isPresent(json.error)) {
      this.#errorBody = data
      return
    }
    if (isOutput(json)) this.token(us)
    if (isPresent(json.usage) || isPresent(json.usageMetadata)) this.#usage = json
    if (isFinish(json)) this.#isFinished = true
  }

  reading(): StreamReading {
    return {
      tokenEvents: this.#tokenEvents,
      gapsUs: this.#gapsUs.subarray(0, this.#gaps),
      usage: this.#usage,
      errorBody: this.#errorBody,
      isFinished: this.#isFinished,
    }
  }

  /** An event that is known to carry output. */
  token(us: Micros): void {
    this.#tokenEvents++
    if (this.#lastTokenUs === null) this.firstTokenUs = us
    else if (this.#gaps < gapsMax) this.#gap(us - this.#lastTokenUs)
    this.#lastTokenUs = us
  }

  #gap(us: Micros): void {
    if (this.#gaps === this.#gapsUs.length) this.#widen()
    this.#gapsUs[this.#gaps++] = us
  }

  #widen(): void {
    const wider = new Float64Array(Math.max(gapsRoom, 2 * this.#gaps))
    wider.set(this.#gapsUs)
    this.#gapsUs = wider
  }
}

interface Delta {
  readonly content?: unknown
  readonly reasoning_content?: unknown
  readonly reasoning?: unknown
  readonly tool_calls?: unknown
}

interface Chunk {
  readonly type?: unknown
  readonly error?: unknown
  readonly usage?: unknown
  readonly usageMetadata?: unknown
  readonly choices?: readonly {
    readonly delta?: Delta | null
    readonly text?: unknown
    readonly finish_reason?: unknown
  }[]
}

/** Whether an event says nothing but that there was output. */
export function isOnlyToken(data: string): boolean {
  const json = jsonObject(data)
  if (json === undefined || isPresent(json.error)) return false
  if (isPresent(json.usage) || isPresent(json.usageMetadata)) return false
  return isOutput(json) && !isFinish(json)
}

/** Content, reasoning and tool calls are output; a role alone, null or '' is not. */
function isOutput(chunk: Chunk): boolean {
  if (chunk.type === 'content_block_delta') return true
  if (!Array.isArray(chunk.choices)) return false
  return chunk.choices.some((choice) => {
    const delta = choice?.delta
    const texts = [choice?.text, delta?.content, delta?.reasoning_content, delta?.reasoning]
    return texts.some((text) => typeof text === 'string' && text !== '') || hasCalls(delta)
  })
}

function hasCalls(delta: Delta | null | undefined): boolean {
  return Array.isArray(delta?.tool_calls) && delta.tool_calls.length > 0
}

function isFinish(chunk: Chunk): boolean {
  if (chunk.type === 'message_stop') return true
  return Array.isArray(chunk.choices) && chunk.choices.some((c) => isPresent(c?.finish_reason))
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null
}

/** An event's data as JSON; undefined when it is no object. */
function jsonObject(data: string): Chunk | undefined {
  try {
    const json: unknown = JSON.parse(data)
    return typeof json === 'object' && json !== null ? json : undefined
  } catch {
    return undefined
  }
}
