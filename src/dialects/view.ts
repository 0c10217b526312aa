// A response as dialects look at it: fields that are really there, a body that is parsed at most
// once. Must not know any dialect. Every text is bounded, so that hostile ones cost linear time.

import { safeLine } from '../core/text.ts'
import type { ResponseView, WrittenResponse } from './dialect.ts'
import { valueAt } from './pointer.ts'
import { httpDateMs } from './reset.ts'

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
  if (!parsedBodies.has(view)) parsedBodies.set(view, parsed(view.body))
  return parsedBodies.get(view)
}

const parsedBodies = new WeakMap<ResponseView, unknown>()

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

/** The clock that absolute times count from: the server's, where its Date differs from ours. */
export function clockOf(view: ResponseView): { readonly unixMs: number; readonly note: string } {
  const date = field(view, 'date')
  const serverMs = date === null ? null : httpDateMs(date)
  if (serverMs === null) return { unixMs: view.receivedUnixMs, note: '' }
  const aheadS = Math.round((serverMs - view.receivedUnixMs) / 1000)
  // Date has whole seconds and the response needed time to arrive.
  if (Math.abs(aheadS) < clockToleranceS) return { unixMs: view.receivedUnixMs, note: '' }
  return { unixMs: serverMs, note: `, by the server's clock (${aheadS} s from ours)` }
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
