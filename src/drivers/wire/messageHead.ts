// The head of a response, read in place: the status, the few fields that decide how the body is
// framed, and whether there is anything about limits. Everything else stays bytes until it is asked
// for.

import { isLimitName } from '../limitFields.ts'

const TAB = 9
const LF = 10
const CR = 13
const SPACE = 32
const COLON = 58

/** Why a response cannot be read. The connection must not be used again. */
export type ParseProblem =
  | 'not HTTP/1.x'
  | 'bad status line'
  | 'bad header line'
  | 'header block too long'
  | 'too many informational responses'
  | 'unexpected upgrade'
  | 'bad Content-Length'
  | 'both Content-Length and Transfer-Encoding'
  | 'unknown Transfer-Encoding'
  | 'bad chunk size'
  | 'bad chunk end'

/** Bounds on what a server may make us read besides a body. */
export interface ParserCaps {
  /** Status line and headers of one response; chunk extensions and trailers have the same again. */
  readonly headBytesMax: number
  /** Responses with a status of 1xx before the real one. */
  readonly informationalMax: number
}

export const parserCaps: ParserCaps = { headBytesMax: 64 * 1024, informationalMax: 10 }

/** The fields of a head that matter to whoever reads the response. */
export class MessageHead {
  status = 0
  /** −1 when there is none. */
  contentLength = -1
  isChunked = false
  /** The connection can be used again once the body is complete. */
  isKeptAlive = true
  /** What the server says it keeps an idle connection open, in s; −1 when it does not say. */
  keepAliveS = -1
  isEventStream = false
  /** Some field is about limits: its name has 'ratelimit', 'rate-limit', 'retry-after' or 'usage'. */
  hasLimitFields = false
  problem: ParseProblem | null = null
  /** Length of the head, blank line included. */
  bytes = 0
  #source: Buffer | null = null
  #isOwn = false
  #start = 0
  #end = 0

  /**
   * Reads a head from bytes [start, end). Returns where it ended, or −1 when it is not complete.
   * With `problem` set it returns `end`.
   */
  read(source: Buffer, start: number, end: number): number {
    this.problem = null
    this.contentLength = -1
    this.isChunked = false
    this.isEventStream = false
    this.hasLimitFields = false
    this.keepAliveS = -1
    let at = this.#readStatusLine(source, start, end)
    while (at >= 0) {
      if (this.problem !== null) return end
      if (at >= end) return -1
      if (source[at] === CR) {
        if (at + 1 >= end) return -1
        if (source[at + 1] !== LF) return this.#fail('bad header line', end)
        return this.#finish(source, start, at + 2)
      }
      at = this.#readLine(source, at, end)
    }
    return at
  }

  /**
   * All fields: names in lower case, repeated ones joined by ', '. Only while the bytes that the
   * head was read from are unchanged, or after `own`.
   */
  fields(): Record<string, string> {
    const fields: Record<string, string> = {}
    const lines = this.text().split('\r\n').slice(1, -2)
    for (const line of lines) {
      const colon = line.indexOf(':')
      const name = line.slice(0, colon).toLowerCase()
      const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '')
      fields[name] = Object.hasOwn(fields, name) ? `${fields[name]}, ${value}` : value
    }
    return fields
  }

  /** The head as text, under the same condition. */
  text(): string {
    return this.#source === null ? '' : this.#source.toString('latin1', this.#start, this.#end)
  }

  /** Keeps the bytes for itself, so that `text` works and others can be compared with them. */
  own(): void {
    if (this.#source === null || this.#isOwn) return
    this.#isOwn = true
    this.#source = Buffer.from(this.#source.subarray(this.#start, this.#end))
    this.#start = 0
    this.#end = this.#source.length
  }

  /** Whether bytes [start, end) begin with this very head; `own` must have been called. */
  isAt(source: Buffer, start: number, end: number): boolean {
    const own = this.#source
    if (own === null || end - start < this.bytes) return false
    // A byte that often differs first: most heads that are not the same are told apart by it.
    const middle = this.bytes >> 1
    if (source[start + middle] !== own[middle]) return false
    return own.compare(source, start, start + this.bytes) === 0
  }

  #finish(source: Buffer, start: number, after: number): number {
    if (this.isChunked && this.contentLength >= 0) {
      return this.#fail('both Content-Length and Transfer-Encoding', after)
    }
    this.#source = source
    this.#isOwn = false
    this.#start = start
    this.#end = after
    this.bytes = after - start
    return after
  }

  /** 'HTTP/1.1 200 OK' CR LF: returns where the next line begins. */
  #readStatusLine(source: Buffer, start: number, end: number): number {
    const compared = Math.min(end - start, prefix.length)
    for (let i = 0; i < compared; i++) {
      if (source[start + i] !== prefix[i]) return this.#fail('not HTTP/1.x', end)
    }
    if (end - start < 13) return -1
    const minor = source[start + 7]!
    if ((minor !== 48 && minor !== 49) || source[start + 8] !== SPACE) {
      return this.#fail('not HTTP/1.x', end)
    }
    this.isKeptAlive = minor === 49
    const status =
      digit(source[start + 9]!) * 100 + digit(source[start + 10]!) * 10 + digit(source[start + 11]!)
    const next = source[start + 12]!
    if (!(status >= 100 && status <= 999) || (next !== SPACE && next !== CR)) {
      return this.#fail('bad status line', end)
    }
    this.status = status
    return this.#skipLine(source, start + 12, end)
  }

  #skipLine(source: Buffer, from: number, end: number): number {
    for (let at = from; at < end; at++) {
      const byte = source[at]!
      if (byte > CR) continue
      if (byte === CR) {
        if (at + 1 >= end) return -1
        return source[at + 1] === LF ? at + 2 : this.#fail('bad status line', end)
      }
      if (byte !== TAB) return this.#fail('bad status line', end)
    }
    return -1
  }

  /** 'Name: value' CR LF: returns where the next line begins. */
  #readLine(source: Buffer, start: number, end: number): number {
    let colon = start
    while (colon < end && source[colon] !== COLON) {
      const byte = source[colon]!
      // White space here is a folded line or a name that others would read in another way.
      if (byte <= SPACE || byte >= 127) return this.#fail('bad header line', end)
      colon++
    }
    if (colon === start) return this.#fail('bad header line', end)
    let at = colon + 1
    for (; at < end; at++) {
      const byte = source[at]!
      if (byte > CR) continue
      if (byte === CR) break
      if (byte !== TAB) return this.#fail('bad header line', end)
    }
    if (at + 1 >= end) return -1
    if (source[at + 1] !== LF) return this.#fail('bad header line', end)
    this.#readField(source, start, colon, at)
    return this.problem === null ? at + 2 : end
  }

  /** Looks at the fields that matter, told by the length of their name first. */
  #readField(source: Buffer, start: number, colon: number, end: number): void {
    switch (colon - start) {
      case 14:
        if (isName(source, start, 'content-length')) this.#contentLength(source, colon + 1, end)
        break
      case 17:
        if (isName(source, start, 'transfer-encoding')) this.#encoding(source, colon + 1, end)
        break
      case 10:
        if (isName(source, start, 'connection')) this.#connection(source, colon + 1, end)
        else if (isName(source, start, 'keep-alive')) this.#keepAlive(source, colon + 1, end)
        break
      case 12:
        if (isName(source, start, 'content-type')) {
          this.isEventStream = fieldValue(source, colon + 1, end).startsWith('text/event-stream')
        }
        break
    }
    if (!this.hasLimitFields && mayBeLimit(source[start]!)) {
      this.hasLimitFields = isLimitName(source.toString('latin1', start, colon).toLowerCase())
    }
  }

  #contentLength(source: Buffer, start: number, end: number): void {
    const value = fieldValue(source, start, end)
    const length = /^\d{1,15}$/.test(value) ? Number(value) : -1
    const isContradicted = this.contentLength >= 0 && this.contentLength !== length
    if (length < 0 || isContradicted) this.problem = 'bad Content-Length'
    this.contentLength = length
  }

  #encoding(source: Buffer, start: number, end: number): void {
    // Only as the last coding, once, does "chunked" tell where the body ends.
    if (this.isChunked || fieldValue(source, start, end) !== 'chunked') {
      this.problem = 'unknown Transfer-Encoding'
    }
    this.isChunked = true
  }

  #connection(source: Buffer, start: number, end: number): void {
    const options = fieldValue(source, start, end)
      .split(',')
      .map((option) => option.trim())
    if (options.includes('close')) this.isKeptAlive = false
    else if (options.includes('keep-alive')) this.isKeptAlive = true
  }

  #keepAlive(source: Buffer, start: number, end: number): void {
    const timeout = /\btimeout=(\d{1,6})\b/.exec(fieldValue(source, start, end))
    if (timeout !== null) this.keepAliveS = Number(timeout[1])
  }

  #fail(problem: ParseProblem, end: number): number {
    this.problem = problem
    return end
  }
}

const prefix = Buffer.from('HTTP/1.')

function digit(byte: number): number {
  return byte >= 48 && byte <= 57 ? byte - 48 : Number.NaN
}

function isName(source: Buffer, start: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    if ((source[start + i]! | 32) !== name.charCodeAt(i)) return false
  }
  return true
}

function fieldValue(source: Buffer, start: number, end: number): string {
  return source.toString('latin1', start, end).trim().toLowerCase()
}

/** First letters of the names that can be about limits: A, B, R, X. */
function mayBeLimit(byte: number): boolean {
  const lower = byte | 32
  return lower === 120 || lower === 114 || lower === 97 || lower === 98
}
