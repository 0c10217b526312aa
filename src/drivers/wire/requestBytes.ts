// The bytes of requests: made once per template, then only what differs is written into them.

import { UserError } from '../../core/errors.ts'
import { bodyText } from '../../load/shapes.ts'
import { type RequestTemplate, renderRequest } from '../driver.ts'

const zero = 48
const idName = 'x-request-id'

/** The bytes of one template's requests, one request at a time. */
export class RequestBytes {
  readonly isHead: boolean
  readonly #template: RequestTemplate
  /** Request line and fields up to the value of the request id. */
  readonly #before: string
  #bytes: Buffer = Buffer.alloc(0)
  /** Where the number of the request ends, and how many digits it has; 0: there is none. */
  #numberEnd = 0
  #numberDigits = 0
  /** The least number of as many digits. */
  #numberLeast = 0
  /** Where the variable part of the body is; −1 when it has to be made anew for each. */
  #variableAt = -1
  #variableLength = 0

  constructor(template: RequestTemplate, host: string) {
    this.isHead = template.method === 'HEAD'
    this.#template = template
    this.#before = headOf(template, host)
  }

  /** The bytes of request `seq`; valid until the next call, unless `abandon` is called. */
  render(seq: number): Buffer {
    return this.#patch(seq) ? this.#bytes : this.#build(seq)
  }

  /** Somebody else still reads the bytes of the last call: the next request gets its own. */
  abandon(): void {
    this.#bytes = Buffer.alloc(0)
    this.#numberDigits = 0
    this.#variableAt = -1
  }

  #patch(seq: number): boolean {
    const { idPrefix, body } = this.#template
    if (this.#bytes.length === 0) return false
    const { variable } = body
    if (variable !== null) {
      if (this.#variableAt < 0) return false
      const text = variable(seq)
      if (text.length !== this.#variableLength || !isAscii(text)) return false
      this.#bytes.write(text, this.#variableAt, 'latin1')
    }
    return idPrefix === null || this.#patchNumber(seq)
  }

  #patchNumber(seq: number): boolean {
    let left = seq
    for (let i = 1; i <= this.#numberDigits; i++) {
      const next = Math.floor(left / 10)
      this.#bytes[this.#numberEnd - i] = zero + left - next * 10
      left = next
    }
    return left === 0 && seq >= this.#numberLeast
  }

  #build(seq: number): Buffer {
    const { idPrefix, body } = this.#template
    const text = Buffer.from(bodyText(body, seq), 'utf8')
    const number = idPrefix === null ? '' : String(seq)
    const head = Buffer.from(
      `${this.#before}${number}${number === '' ? '' : '\r\n'}${lengthField(this.#template, text)}\r\n`,
      'latin1',
    )
    this.#numberDigits = number.length
    this.#numberLeast = 10 ** (number.length - 1)
    this.#numberEnd = this.#before.length + number.length
    this.#bytes = Buffer.concat([head, text])
    this.#findVariable(head.length, seq)
    return this.#bytes
  }

  // Only ASCII of one length can be written over in place.
  #findVariable(bodyAt: number, seq: number): void {
    const { head, variable } = this.#template.body
    this.#variableAt = -1
    if (variable === null || this.#template.body.head === '') return
    const text = variable(seq)
    if (!isAscii(text)) return
    this.#variableAt = bodyAt + Buffer.byteLength(head)
    this.#variableLength = text.length
  }
}

/** Throws `UserError` for what cannot be written into a request. */
function headOf(template: RequestTemplate, host: string): string {
  const { method, path, headers } = renderRequest({ ...template, idPrefix: null }, 0)
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(method)) throw unsendable('method', method)
  if (!/^[!-~]+$/.test(path)) throw unsendable('path', path)
  const { idPrefix } = template
  const fields = Object.entries({ host, connection: 'keep-alive', ...headers })
  const sent = idPrefix === null ? fields : fields.filter(([name]) => name !== idName)
  const lines = sent.map(([name, value]) => `${field(name, value)}\r\n`)
  const id = idPrefix === null ? '' : field(idName, idPrefix)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}${id}`
}

function field(name: string, value: string): string {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) throw unsendable('header name', name)
  // The value may be a secret: it is not repeated.
  if (/[^\t -~\u0080-\u00ff]/.test(value)) throw unsendable(`value of header '${name}'`, null)
  return `${name}: ${value}`
}

function lengthField({ method, headers }: RequestTemplate, body: Buffer): string {
  if ('content-length' in headers) return ''
  const isBodyless = body.length === 0 && !['POST', 'PUT', 'PATCH'].includes(method)
  return isBodyless ? '' : `content-length: ${body.length}\r\n`
}

function isAscii(text: string): boolean {
  return !/[^ -~]/.test(text)
}

function unsendable(what: string, got: string | null): UserError {
  const shown = got === null ? '' : `, got '${got}'`
  const message = `request: expected a ${what} without control characters${shown}; it cannot be sent over HTTP/1.1`
  return new UserError('config', message)
}
