// The bytes of requests: made once per template, then only what differs is written into them.

import { UserError } from '../../core/errors.ts'
import { type BodyTemplate, bodyText } from '../../load/shapes.ts'
import { type RequestTemplate, renderRequest } from '../driver.ts'

const zero = 48
const idName = 'x-request-id'

/** The bytes of a request, and where in them is what differs between the requests of a template. */
interface Layout {
  readonly bytes: Buffer
  /** Where the number of the request ends, and how many digits it has; 0: there is none. */
  readonly numberEnd: number
  readonly numberDigits: number
  /** The least number of as many digits. */
  readonly numberLeast: number
  /** Where the variable part of the body is; −1 when it has to be made anew for each. */
  readonly variableAt: number
  readonly variableLength: number
}

/** Memory of a reader that is slow: it keeps the bytes of one request, of whatever template. */
export class OwnBytes {
  bytes: Buffer = Buffer.alloc(0)
  /** What `bytes` is laid out like. */
  layout: Layout | null = null
}

/** The bytes of one template's requests, one request at a time. */
export class RequestBytes {
  readonly isHead: boolean
  readonly #template: RequestTemplate
  /** Request line and fields up to the value of the request id. */
  readonly #before: string
  #layout: Layout | null = null

  constructor(template: RequestTemplate, host: string) {
    this.isHead = template.method === 'HEAD'
    this.#template = template
    this.#before = headOf(template, host)
  }

  /** The bytes of request `seq`; valid until the next call, unless `abandon` is called. */
  render(seq: number): Buffer {
    const layout = this.#layout
    if (layout !== null && this.#patch(layout.bytes, layout, seq)) return layout.bytes
    this.#layout = this.#build(seq)
    return this.#layout.bytes
  }

  /** The bytes of request `seq`; valid until the next call with the same memory. */
  renderInto(own: OwnBytes, seq: number): Buffer {
    // Memory that was used for the same template before holds all but what differs.
    if (own.layout !== null && own.layout === this.#layout) {
      if (this.#patch(own.bytes, own.layout, seq)) return own.bytes
    }
    const rendered = this.render(seq)
    if (own.bytes.length !== rendered.length) own.bytes = Buffer.allocUnsafe(rendered.length)
    rendered.copy(own.bytes)
    own.layout = this.#layout
    return own.bytes
  }

  /** Somebody else still reads the bytes of the last call: the next request gets its own. */
  abandon(): void {
    this.#layout = null
  }

  #patch(bytes: Buffer, layout: Layout, seq: number): boolean {
    const { idPrefix, body } = this.#template
    const { variable } = body
    if (variable !== null) {
      if (layout.variableAt < 0) return false
      const text = variable(seq)
      if (text.length !== layout.variableLength || !isAscii(text)) return false
      bytes.write(text, layout.variableAt, 'latin1')
    }
    return idPrefix === null || patchNumber(bytes, layout, seq)
  }

  #build(seq: number): Layout {
    const { idPrefix, body } = this.#template
    const text = Buffer.from(bodyText(body, seq), 'utf8')
    const number = idPrefix === null ? '' : String(seq)
    const head = Buffer.from(
      `${this.#before}${number}${number === '' ? '' : '\r\n'}${lengthField(this.#template, text)}\r\n`,
      'latin1',
    )
    return {
      bytes: Buffer.concat([head, text]),
      numberEnd: this.#before.length + number.length,
      numberDigits: number.length,
      numberLeast: 10 ** (number.length - 1),
      ...variableIn(body, head.length, seq),
    }
  }
}

function patchNumber(bytes: Buffer, layout: Layout, seq: number): boolean {
  let left = seq
  for (let i = 1; i <= layout.numberDigits; i++) {
    const next = Math.floor(left / 10)
    bytes[layout.numberEnd - i] = zero + left - next * 10
    left = next
  }
  return left === 0 && seq >= layout.numberLeast
}

// Only ASCII of one length can be written over in place.
function variableIn(
  { head, variable }: BodyTemplate,
  bodyAt: number,
  seq: number,
): Pick<Layout, 'variableAt' | 'variableLength'> {
  const text = variable === null || head === '' ? null : variable(seq)
  if (text === null || !isAscii(text)) return { variableAt: -1, variableLength: 0 }
  return { variableAt: bodyAt + Buffer.byteLength(head), variableLength: text.length }
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
