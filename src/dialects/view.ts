// A response as dialects look at it: fields that are really there, a body that is parsed at most
// once. Must not know any dialect. Every text is bounded, so that hostile ones cost linear time.

import { safeLine } from '../core/text.ts'
import type { ResponseView, WrittenResponse } from './dialect.ts'
import { valueAt } from './pointer.ts'
import { httpDateMs, type UnixClock } from './reset.ts'

const fieldCharactersMax = 4096
const textCharactersMax = 2000
const nameCharactersMax = 100

/** A field's value; null when absent, or too long to be about limits. */
export function field(view: ResponseView, name: string): string | null {
  if (!Object.hasOwn(view.headers, name)) return null
  const value = view.headers[name]!
  return value.length > fieldCharactersMax ? null : value.trim()
}

/** A plain number in a field; null when it is none, or negative (some send -1 for "unknown"). */
export function numberIn(value: string | null): number | null {
  return value !== null && /^\d{1,15}(?:\.\d{1,15})?$/.test(value) ? Number(value) : null
}

/** The body as JSON; undefined when it is none. */
export function jsonOf(view: ResponseView): unknown {
  if (view !== lastView) {
    lastJson = parsed(view.body)
    lastView = view
  }
  return lastJson
}

// Responses are read one after the other: to remember more than the last costs more than to parse.
let lastView: ResponseView | null = null
let lastJson: unknown

function parsed(body: string): unknown {
  if (!/^\s*[[{]/.test(body)) return undefined
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** A text in the JSON body, cut to a bounded length; '' when there is none. */
export function textAt(view: ResponseView, pointer: string): string {
  const value = valueAt(jsonOf(view), pointer)
  return typeof value === 'string' ? value.slice(0, textCharactersMax) : ''
}

/** A limiter's name as the response has it, made printable; null when there is nothing to print. */
export function cleanName(name: string | null | undefined): string | null {
  return safeLine(name ?? '', nameCharactersMax).trim() || null
}

/**
 * The clock that absolute times count from: the server's, where its Date differs from ours. Neither
 * is looked at before somebody asks for the time: most responses have none that is absolute.
 */
export function clockOf(view: ResponseView): ResponseClock {
  return new ResponseClock(view)
}

class ResponseClock implements UnixClock {
  readonly #view: ResponseView
  #serverMs: number | null | undefined

  constructor(view: ResponseView) {
    this.#view = view
  }

  get unixMs(): number {
    return this.#serverClockMs() ?? this.#view.receivedUnixMs
  }

  get note(): string {
    const serverMs = this.#serverClockMs()
    if (serverMs === null) return ''
    const aheadS = Math.round((serverMs - this.#view.receivedUnixMs) / 1000)
    return `, by the server's clock (${aheadS} s from ours)`
  }

  /** Null where the clocks agree, or there is no Date. */
  #serverClockMs(): number | null {
    if (this.#serverMs === undefined) {
      const date = field(this.#view, 'date')
      const serverMs = date === null ? null : httpDateMs(date)
      const aheadS = Math.round(((serverMs ?? 0) - this.#view.receivedUnixMs) / 1000)
      // Date has whole seconds and the response needed time to arrive.
      this.#serverMs = Math.abs(aheadS) < clockToleranceS ? null : serverMs
    }
    return this.#serverMs
  }
}

const clockToleranceS = 5

/** What a client would see of a written response. */
export function viewOf(written: WrittenResponse, receivedUnixMs: number): ResponseView {
  const headers = Object.entries(written.headers).map(
    ([name, value]) => [name, typeof value === 'string' ? value : value.join(', ')] as const,
  )
  const { status, body } = written
  return { status, headers: Object.fromEntries(headers), body, receivedUnixMs }
}
