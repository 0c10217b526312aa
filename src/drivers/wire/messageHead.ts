// The head of a response, read in place: the status, the few fields that decide how the body is
// framed, and whether there is anything about limits. Everything else stays bytes until it is asked
// for.

import { KnownBytes } from '../knownBytes.ts'
import { isLimitName, isUsageName } from '../limitFields.ts'

const TAB = 9
const LF = 10
const CR = 13
const SPACE = 32
const COLON = 58
const DELETE = 127

/** Why a response cannot be read. The connection must not be used again. */
export type ParseProblem =
  | 'not HTTP/1.x'
  | 'bad status line'
  | 'bad header line'
  | 'header block too long'
  | 'too many informational responses'
  | 'an informational response that closes'
  | 'unexpected upgrade'
  | 'bad Content-Length'
  | 'both Content-Length and Transfer-Encoding'
  | 'unknown Transfer-Encoding'
  | 'bad chunk size'
  | 'bad chunk end'
  | 'bad trailer'

/** Bounds on what a server may make us read besides a body. */
export interface ParserCaps {
  /** Status line and headers of one response; chunk extensions have the same again, and trailers. */
  readonly headBytesMax: number
  /** Responses with a status of 1xx before the real one. */
  readonly informationalMax: number
}

/** Heads are as long as Node's own client and undici let them be. */
export const parserCaps: ParserCaps = { headBytesMax: 16 * 1024, informationalMax: 10 }

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
  /** Some field is about limits: its name has 'ratelimit', 'rate-limit' or 'retry-after'. */
  hasLimitFields = false
  /** Some field is about what a request used. */
  hasUsageFields = false
  problem: ParseProblem | null = null
  /** Length of the head, blank line included. */
  bytes = 0
  #source: Buffer | null = null
  /** The same bytes, where it keeps them for itself. */
  #own: KnownBytes | null = null
  #start = 0
  #end = 0
  /** Where the first line that has not been read begins, counted from the start. */
  #lineAt = 0
  #isStatusLineNext = true
  #isVersion11 = true
  #hasType = false
  #saysClose = false
  #saysKeepAlive = false

  /**
   * Reads a head from bytes [start, end). Returns where it ended, or −1 when it is not complete.
   * With `problem` set it returns `end`.
   */
  read(source: Buffer, start: number, end: number): number {
    this.#renew(true)
    return this.readOn(source, start, end)
  }

  /** The same for the trailers after a body: fields without a status line, until a blank line. */
  readTrailers(source: Buffer, start: number, end: number): number {
    this.#renew(false)
    return this.readOn(source, start, end)
  }

  /** Goes on with what was not complete, from the line that was not: its start has not changed. */
  readOn(source: Buffer, start: number, end: number): number {
    for (let at = start + this.#lineAt; at < end; ) {
      if (source[at] === CR && !this.#isStatusLineNext) {
        if (at + 1 >= end) return -1
        if (source[at + 1] !== LF) return this.#fail('bad header line', end)
        return this.#finish(source, start, at + 2)
      }
      const next = this.#isStatusLineNext
        ? this.#readStatusLine(source, at, end)
        : this.#readLine(source, at, end)
      if (this.problem !== null) return end
      if (next < 0) return -1
      this.#isStatusLineNext = false
      this.#lineAt = next - start
      at = next
    }
    return -1
  }

  /**
   * All fields: names in lower case, repeated ones joined by ', '. Only while the bytes that the
   * head was read from are unchanged, or after `own`.
   */
  fields(): Record<string, string> {
    const fields: Record<string, string> = {}
    const text = this.text()
    let start = afterLine(text, 0)
    for (let next = afterLine(text, start); next > start + 2; next = afterLine(text, start)) {
      const colon = text.indexOf(':', start)
      const name = text.slice(start, colon).toLowerCase()
      const value = textWithin(text, colon + 1, next - 2)
      fields[name] = Object.hasOwn(fields, name) ? `${fields[name]}, ${value}` : value
      start = next
    }
    return fields
  }

  /** The head as text, under the same condition. */
  text(): string {
    return this.#source === null ? '' : this.#source.toString('latin1', this.#start, this.#end)
  }

  /** Keeps the bytes for itself, so that `text` works and others can be compared with them. */
  own(): void {
    if (this.#source === null || this.#own !== null) return
    this.#own = new KnownBytes(this.#source, this.#start, this.#end)
    this.#source = this.#own.bytes
    this.#start = 0
    this.#end = this.bytes
  }

  /** Whether bytes [start, end) begin with this very head; `own` must have been called. */
  isAt(source: Buffer, start: number, end: number): boolean {
    const own = this.#own
    const { bytes } = this
    if (own === null || end - start < bytes) return false
    // A byte that often differs first: most heads that are not the same are told apart by it.
    const middle = bytes >> 1
    return source[start + middle] === own.bytes[middle] && own.isAt(source, start)
  }

  #renew(hasStatusLine: boolean): void {
    this.problem = null
    this.contentLength = -1
    this.isChunked = false
    this.isEventStream = false
    this.hasLimitFields = false
    this.hasUsageFields = false
    this.keepAliveS = -1
    this.#lineAt = 0
    this.#isStatusLineNext = hasStatusLine
    this.#hasType = false
    this.#saysClose = false
    this.#saysKeepAlive = false
  }

  #finish(source: Buffer, start: number, after: number): number {
    if (this.isChunked && this.contentLength >= 0) {
      return this.#fail('both Content-Length and Transfer-Encoding', after)
    }
    this.isKeptAlive = !this.#saysClose && (this.#isVersion11 || this.#saysKeepAlive)
    // Where there must be no body, one that is announced may come all the same.
    if (
      (this.status === 204 || this.status === 304) &&
      (this.isChunked || this.contentLength > 0)
    ) {
      this.isKeptAlive = false
    }
    this.#source = source
    this.#own = null
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
    this.#isVersion11 = minor === 49
    const status =
      digit(source[start + 9]!) * 100 + digit(source[start + 10]!) * 10 + digit(source[start + 11]!)
    const next = source[start + 12]!
    if (!(status >= 100 && status <= 999) || (next !== SPACE && next !== CR)) {
      return this.#fail('bad status line', end)
    }
    this.status = status
    const lineEnd = endOfText(source, start + 12, end)
    return this.#afterLine(source, lineEnd, end, 'bad status line')
  }

  /** 'Name: value' CR LF: returns where the next line begins. */
  #readLine(source: Buffer, start: number, end: number): number {
    let colon = start
    let letters = 0
    let mayBeLimit = false
    let mayBeUsage = false
    // White space before the colon is a folded line or a name that others would read in another way.
    for (; colon < end && isToken[source[colon]!] === 1; colon++) {
      letters = (letters << 8) | source[colon]! | 32
      if (letters === rate || letters === retr) mayBeLimit = true
      if (letters === usag) mayBeUsage = true
    }
    if (colon === end) return -1
    if (colon === start || source[colon] !== COLON) return this.#fail('bad header line', end)
    const lineEnd = endOfText(source, colon + 1, end)
    const next = this.#afterLine(source, lineEnd, end, 'bad header line')
    if (next < 0 || this.problem !== null) return next
    this.#readField(source, start, colon, lineEnd)
    if (mayBeLimit && !this.hasLimitFields) {
      this.hasLimitFields = isLimitName(nameText(source, start, colon))
    }
    if (mayBeUsage && !this.hasUsageFields) {
      this.hasUsageFields = isUsageName(nameText(source, start, colon))
    }
    return next
  }

  /** Past the CR LF at `at`; −1 when they have not come yet. */
  #afterLine(source: Buffer, at: number, end: number, problem: ParseProblem): number {
    if (at < end && source[at] !== CR) return this.#fail(problem, end)
    if (at + 1 >= end) return -1
    return source[at + 1] === LF ? at + 2 : this.#fail(problem, end)
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
        if (isName(source, start, 'content-type')) this.#contentType(source, colon + 1, end)
        break
    }
  }

  // One length, once: where two say the same, somebody in between may have read them otherwise.
  #contentLength(source: Buffer, start: number, end: number): void {
    const digitsAt = afterSpace(source, start, end)
    let length = 0
    for (let at = digitsAt; at < end; at++) length = length * 10 + digit(source[at]!)
    if (this.contentLength >= 0 || digitsAt === end || !Number.isSafeInteger(length)) {
      this.problem = 'bad Content-Length'
    }
    this.contentLength = length
  }

  #encoding(source: Buffer, start: number, end: number): void {
    // Only as the last coding, once, does "chunked" tell where the body ends; and what others make
    // of white space after it differs.
    const value = source.toString('latin1', afterSpace(source, start, end), end)
    if (this.isChunked || value.toLowerCase() !== 'chunked') {
      this.problem = 'unknown Transfer-Encoding'
    }
    this.isChunked = true
  }

  #connection(source: Buffer, start: number, end: number): void {
    const value = fieldValue(source, start, end)
    if (/(?:^|,)[ \t]*close[ \t]*(?:,|$)/.test(value)) this.#saysClose = true
    if (/(?:^|,)[ \t]*keep-alive[ \t]*(?:,|$)/.test(value)) this.#saysKeepAlive = true
  }

  #keepAlive(source: Buffer, start: number, end: number): void {
    const timeout = /\btimeout=(\d{1,6})\b/.exec(fieldValue(source, start, end))
    if (timeout !== null) this.keepAliveS = Number(timeout[1])
  }

  // Of several types the first one counts, as in their list.
  #contentType(source: Buffer, start: number, end: number): void {
    if (this.#hasType) return
    this.#hasType = true
    this.isEventStream = fieldValue(source, start, end).startsWith('text/event-stream')
  }

  #fail(problem: ParseProblem, end: number): number {
    this.problem = problem
    return end
  }
}

const prefix = Buffer.from('HTTP/1.')

/** The characters that names are made of (RFC 9110, section 5.6.2). */
export const isToken = new Uint8Array(256)
for (const byte of Buffer.from(
  "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
)) {
  isToken[byte] = 1
}

// Four letters that all names of fields about limits, or about usage, have.
const rate = Buffer.from('rate').readInt32BE()
const retr = Buffer.from('retr').readInt32BE()
const usag = Buffer.from('usag').readInt32BE()

function nameText(source: Buffer, start: number, colon: number): string {
  return source.toString('latin1', start, colon).toLowerCase()
}

/** Where the line after the one that begins at `start` begins; `start` where there is none. */
function afterLine(text: string, start: number): number {
  const end = text.indexOf('\r\n', start)
  return end < 0 ? start : end + 2
}

/** Text [start, end) without the spaces and tabs around it. */
function textWithin(text: string, start: number, end: number): string {
  let from = start
  let to = end
  while (from < to && isBlank(text.charCodeAt(from))) from++
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB
}

function digit(byte: number): number {
  return byte >= 48 && byte <= 57 ? byte - 48 : Number.NaN
}

function isName(source: Buffer, start: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    if ((source[start + i]! | 32) !== name.charCodeAt(i)) return false
  }
  return true
}

/** Where the text from `from` on ends: at a control character, or at `end`. */
function endOfText(source: Buffer, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    if (!isText(source[at]!)) return at
  }
  return end
}

/** Everything but control characters. */
export function isText(byte: number): boolean {
  return byte >= SPACE ? byte !== DELETE : byte === TAB
}

function afterSpace(source: Buffer, from: number, end: number): number {
  let at = from
  while (at < end && (source[at] === SPACE || source[at] === TAB)) at++
  return at
}

/** Without the white space around it, which is spaces and tabs only. */
function fieldValue(source: Buffer, start: number, end: number): string {
  let last = end
  while (last > start && (source[last - 1] === SPACE || source[last - 1] === TAB)) last--
  return source.toString('latin1', afterSpace(source, start, last), last).toLowerCase()
}
