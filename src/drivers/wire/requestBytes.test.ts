import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { UserError } from '../../core/errors.ts'
import { type RequestShape, shapeTemplate } from '../../load/shapes.ts'
import { type RequestTemplate, renderRequest } from '../driver.ts'
import { OwnBytes, RequestBytes } from './requestBytes.ts'

const host = 'api.example:8080'

/** A request as RFC 9112 has it, written without any regard for speed. */
function serialized(template: RequestTemplate, seq: number): Buffer {
  const { method, path, headers, body } = renderRequest(template, seq)
  const { 'x-request-id': id, ...others } = headers
  const bytes = Buffer.from(body, 'utf8')
  const isLong = bytes.length > 0 || method === 'POST'
  const fields = {
    host,
    connection: 'keep-alive',
    ...others,
    ...(id === undefined ? {} : { 'x-request-id': id }),
    ...(isLong ? { 'content-length': bytes.length } : {}),
  }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
  return Buffer.concat([Buffer.from(head, 'latin1'), bytes])
}

const shape: RequestShape = {
  name: 'cheap',
  kind: 'chat',
  method: 'POST',
  path: '/v1/chat/completions?a=b',
  headers: { authorization: 'Bearer é' },
  model: 'm',
  promptTokens: 20,
  outputTokensMax: 8,
  stream: true,
  extra: {},
  body: null,
}

const shapes = fc.oneof(
  fc
    .record({
      kind: fc.constantFrom('chat', 'completion', 'embedding'),
      promptTokens: fc.integer({ min: 1, max: 50 }),
      stream: fc.boolean(),
      extra: fc.constantFrom({}, { user: 'é ☃' }, { é: '{{seq}}' }),
    })
    .map((changes) => ({ ...shape, ...changes })),
  fc
    .constantFrom(
      '',
      '{}',
      'é ☃',
      '{{seq}}',
      '{"n":{{seq}},"m":"{{model}} é"}',
      '{{prompt}} ☃ {{seq}}',
    )
    .chain((body) =>
      fc
        .constantFrom('POST', 'GET')
        .map((method) => ({ ...shape, kind: 'raw' as const, method, body })),
    ),
)
/** Bodies of any kind, such as no shape has today. */
const oddBodies = fc.constantFrom(
  (seq: number) => String(seq),
  (seq: number) => (seq % 2 === 0 ? 'ab' : 'aé'),
  (seq: number) => (seq % 3 === 0 ? '' : 'x'.repeat(seq % 3)),
)
const templates: fc.Arbitrary<RequestTemplate> = fc
  .tuple(
    shapes,
    fc.constantFrom(null, '', 'run-1-'),
    fc.option(oddBodies),
    fc.string({ maxLength: 3 }),
  )
  .map(([used, idPrefix, variable, nonce]) => {
    const template = { ...shapeTemplate(used, nonce), idPrefix }
    return variable === null
      ? template
      : { ...template, body: { head: 'é ', variable, tail: ' ☃' } }
  })

const seqs = fc.array(
  fc.oneof(
    fc.constantFrom(
      0,
      1,
      8,
      9,
      10,
      11,
      98,
      99,
      100,
      101,
      999,
      1000,
      99_999,
      100_000,
      2 ** 31,
      2 ** 40,
    ),
    fc.nat(1_000_000),
  ),
  { minLength: 1, maxLength: 20 },
)

describe('the bytes of a request', () => {
  test('are those of its plain serialisation, in any order of numbers', () => {
    fc.assert(
      fc.property(templates, seqs, fc.array(fc.boolean()), (template, order, abandons) => {
        const bytes = new RequestBytes(template, host)
        for (const [i, seq] of order.entries()) {
          const rendered = bytes.render(seq)
          expect(rendered.toString('latin1')).toBe(serialized(template, seq).toString('latin1'))
          if (!abandons[i]) continue
          // Whoever still reads them must not see the next ones.
          bytes.abandon()
          bytes.render(seq + 1)
          expect(rendered.toString('latin1')).toBe(serialized(template, seq).toString('latin1'))
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('are the same in memory of whoever still reads them, whatever others are made meanwhile', () => {
    const steps = fc.array(
      fc.record({ first: fc.boolean(), own: fc.nat(2), seq: fc.nat(1200), abandons: fc.boolean() }),
      { minLength: 1, maxLength: 30 },
    )
    fc.assert(
      fc.property(templates, templates, steps, (one, other, order) => {
        const kinds = [one, other].map((template) => new RequestBytes(template, host))
        const owns = [new OwnBytes(), new OwnBytes(), new OwnBytes()]
        const wanted = owns.map(() => '')
        for (const { first, own, seq, abandons } of order) {
          const [bytes, template] = first ? [kinds[0]!, one] : [kinds[1]!, other]
          if (abandons) bytes.abandon()
          wanted[own] = serialized(template, seq).toString('latin1')
          expect(bytes.renderInto(owns[own]!, seq)).toBe(owns[own]!.bytes)
          expect(owns.map((each) => each.bytes.toString('latin1'))).toEqual(wanted)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('are right for every number in turn', () => {
    const template = { ...shapeTemplate(shape, 'n'), idPrefix: 'r-' }
    const bytes = new RequestBytes(template, host)
    for (let seq = 0; seq < 2000; seq++) {
      expect(bytes.render(seq).equals(serialized(template, seq))).toBe(true)
    }
  })

  const plain: RequestTemplate = { ...shapeTemplate(shape, 'n'), idPrefix: null }

  test('have one request id, though the shape has another', () => {
    const template = { ...plain, headers: { 'x-request-id': 'mine' }, idPrefix: 'run-' }
    const text = new RequestBytes(template, host).render(7).toString('latin1')
    expect(text.match(/x-request-id: .*/g)).toEqual(['x-request-id: run-7'])
  })

  test('may have another host and another length than ours', () => {
    const headers = { host: 'other', 'content-length': '3' }
    const text = new RequestBytes({ ...plain, headers }, host).render(7).toString('latin1')
    expect(text).toContain('\r\nhost: other\r\n')
    expect(text.match(/content-length/g)).toHaveLength(1)
  })

  const spoilt: readonly (readonly [string, Partial<RequestTemplate>])[] = [
    ['method', { method: 'GET / HTTP/1.1\r\nX: y' }],
    ['method', { method: '' }],
    ['path', { path: '/ HTTP/1.1\r\nX: y' }],
    ['path', { path: '/a b' }],
    ['path', { path: '' }],
    ['header name', { headers: { 'x: y\r\nz': '' } }],
    ['header name', { headers: { '': 'y' } }],
    ["value of header 'x'", { headers: { x: 'y\r\nz: a' } }],
    ["value of header 'x'", { headers: { x: 'y\nz: a' } }],
    ["value of header 'x'", { headers: { x: 'y\0' } }],
    ["value of header 'x'", { headers: { x: '☃' } }],
    ["value of header 'x-request-id'", { idPrefix: 'a\r\nx: ' }],
  ]

  test.each(spoilt)('cannot have more in them than is meant: %s', (what, changes) => {
    const make = () => new RequestBytes({ ...plain, ...changes }, host)
    expect(make).toThrow(UserError)
    expect(make).toThrow(`expected a ${what} without control characters`)
  })

  test('do not tell a secret that cannot be sent', () => {
    const make = () => new RequestBytes({ ...plain, headers: { x: 'secret\n' } }, host)
    expect(make).not.toThrow(/secret/)
  })
})
