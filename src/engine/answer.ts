// What an answer has at the places that steps look at. Must not know what is expected of it.

import { safeLine } from '../core/text.ts'
import { valueAt } from '../dialects/pointer.ts'
import type { Exchange } from '../drivers/driver.ts'
import { SseParser } from '../drivers/sse.ts'
import type { Place, Scalar, StreamPart } from '../load/steps.ts'
import type { Attribution } from './attribution.ts'
import { sumOfMetric } from './prometheus.ts'

/** The answer to one step, copied out of its exchange. */
export class Answer {
  readonly status: number | null
  /** Why there is no complete answer; null: there is. */
  readonly failure: string | null
  readonly body: string
  readonly serviceUs: number
  readonly #headers: Readonly<Record<string, string>>
  readonly #attribution: Attribution
  readonly #firstTokenUs: number | null
  readonly #errors: number
  #json: { readonly value: unknown } | null = null
  #events: readonly string[] | null = null

  constructor(exchange: Exchange, attribution: Attribution) {
    const { status, failure, headers, body, sentUs, endUs, firstTokenUs, stream } = exchange
    this.status = status
    this.failure = failure?.message ?? null
    this.body = body
    this.serviceUs = endUs - (sentUs ?? endUs)
    this.#headers = { ...headers }
    this.#attribution = attribution
    this.#firstTokenUs = firstTokenUs === null || sentUs === null ? null : firstTokenUs - sentUs
    this.#errors = stream?.errorBody == null ? 0 : 1
  }

  /** The value at a place; undefined where there is none. */
  at(place: Place): unknown {
    switch (place.kind) {
      case 'status':
        return this.status ?? undefined
      case 'time':
        return this.serviceUs
      case 'header':
        return this.#headers[place.name.toLowerCase()]
      case 'body':
        return this.body
      case 'json':
        return this.#jsonAt(place)
      case 'stream':
        return this.#streamAt(place.part)
      case 'metric':
        return sumOfMetric(this.body, place.name, place.labels)
      case 'outcome':
        return this.#attribution.outcome
      case 'limiter':
        return this.#attribution.limiter ?? undefined
    }
  }

  /**
   * What came instead of an answer that can be read at a place; '' where nothing is odd. `redact`
   * takes secrets out before texts are cut.
   */
  oddity(place: Place, redact: (text: string) => string): string {
    if (this.failure !== null) return this.failure
    const type = this.#headers['content-type'] ?? 'no content type'
    const said = safeLine(redact(this.body.trim()), 100)
    if (place.kind === 'json' && this.#document() === undefined) {
      return `status ${this.status}, no JSON but ${type}: ${said}`
    }
    if (place.kind === 'json' && place.where !== null) {
      const others = this.#othersThan(place.where, place.pointer)
      if (others !== null) return safeLine(redact(others), 160)
    }
    if (place.kind === 'stream' && !type.startsWith('text/event-stream')) {
      return `status ${this.status}, no event stream but ${type}: ${said}`
    }
    return this.status !== null && this.status >= 400 ? `status ${this.status}: ${said}` : ''
  }

  #jsonAt({ pointer, where, take }: Extract<Place, { kind: 'json' }>): unknown {
    const value = valueAt(this.#document(), pointer)
    if (where === null) return take === '' ? value : valueAt(value, take)
    if (!Array.isArray(value)) return undefined
    const entry = (value as unknown[]).find((item) => hasAll(item, where))
    return entry === undefined ? undefined : valueAt(entry, take)
  }

  /** That a list has entries, but none that is looked for; null where that is not so. */
  #othersThan(where: Readonly<Record<string, Scalar>>, pointer: string): string | null {
    const list = valueAt(this.#document(), pointer)
    if (!Array.isArray(list) || list.some((item) => hasAll(item, where))) return null
    const [name, value] = Object.entries(where)[0]!
    const there = (list as unknown[]).map((item) => JSON.stringify(fieldOf(item, name)) ?? 'none')
    const told = there.length === 0 ? '' : `, only ${there.join(', ')}`
    return `no entry has ${name} ${JSON.stringify(value)}${told}`
  }

  #document(): unknown {
    this.#json ??= { value: parsedJson(this.body) }
    return this.#json.value
  }

  #streamAt(part: StreamPart): unknown {
    if (!(this.#headers['content-type'] ?? '').startsWith('text/event-stream')) return undefined
    this.#events ??= eventsIn(this.body)
    switch (part) {
      case 'text':
        return this.#events.map(textOf).join('')
      case 'events':
        return this.#events.length
      case 'badEvents':
        return this.#events.filter((data) => data !== '[DONE]' && parsedJson(data) === undefined)
          .length
      case 'last':
        return this.#events.at(-1)
      case 'end':
        return this.body.slice(-32)
      case 'errors':
        return this.#errors
      case 'firstToken':
        return this.#firstTokenUs ?? undefined
    }
  }
}

function hasAll(item: unknown, where: Readonly<Record<string, Scalar>>): boolean {
  return Object.entries(where).every(([name, value]) => fieldOf(item, name) === value)
}

/** A field by its name, or a place by its pointer. */
function fieldOf(item: unknown, name: string): unknown {
  return valueAt(item, name.startsWith('/') ? name : `/${name}`)
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

function eventsIn(body: string): string[] {
  const events: string[] = []
  const parser = new SseParser((data) => events.push(data), Buffer.byteLength(body) + 1)
  parser.push(Buffer.from(body))
  parser.end()
  return events
}

/** Content of a chat or text chunk; of an event that is no JSON, its data. */
function textOf(data: string): string {
  if (data === '[DONE]') return ''
  const json = parsedJson(data)
  if (typeof json !== 'object' || json === null) return data
  const found = ['/choices/0/delta/content', '/choices/0/text', '/delta/text', '/output']
    .map((pointer) => valueAt(json, pointer))
    .find((value) => typeof value === 'string')
  return (found as string | undefined) ?? ''
}
