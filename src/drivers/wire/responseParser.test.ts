import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ResponseParser } from './responseParser.ts'

interface Parsed {
  status: number
  body: string
  head: string
  isComplete: boolean
  problem: string | null
  /** Bytes after the response. */
  rest: number
  isKeptAlive: boolean
  hasLimitFields: boolean
  hasUsageFields: boolean
  isEventStream: boolean
}

function parse(
  chunks: readonly Buffer[],
  options: { head?: boolean; closed?: boolean } = {},
): Parsed {
  const body: Buffer[] = []
  let head = ''
  let rest = 0
  const parser = new ResponseParser({
    onHead: () => {
      head = parser.head.text()
    },
    onBody: (chunk, start, end) => body.push(Buffer.from(chunk.subarray(start, end))),
  })
  parser.reset(options.head)
  for (const chunk of chunks) {
    // A receive buffer is larger than what was read into it, and has old bytes behind.
    const reused = Buffer.alloc(chunk.length + 64, '\r\n\r\nHTTP/1.1 500 X\r\n')
    chunk.copy(reused, 7)
    const at = parser.push(reused, 7, 7 + chunk.length)
    rest += 7 + chunk.length - at
  }
  if (options.closed === true) parser.close()
  return {
    status: parser.head.status,
    body: Buffer.concat(body).toString('latin1'),
    head,
    isComplete: parser.isComplete,
    problem: parser.problem,
    rest,
    isKeptAlive: parser.head.isKeptAlive,
    hasLimitFields: parser.head.hasLimitFields,
    hasUsageFields: parser.head.hasUsageFields,
    isEventStream: parser.head.isEventStream,
  }
}

const whole = (text: string, options = {}) => parse([Buffer.from(text, 'latin1')], options)

const ok = 'HTTP/1.1 200 OK\r\n'

/** Responses that are complete, by name. */
const good: Record<string, string> = {
  'a fixed body': `${ok}Content-Length: 5\r\nX-A: b\r\n\r\nhello`,
  'an empty body': `${ok}Content-Length: 0\r\n\r\n`,
  'no reason': 'HTTP/1.1 404 \r\ncontent-length: 2\r\n\r\nno',
  'no reason and no space': 'HTTP/1.1 404\r\ncontent-length: 2\r\n\r\nno',
  chunks: `${ok}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n`,
  'chunks with extensions and trailers': `${ok}transfer-encoding: Chunked\r\n\r\n5;a=b;c="d"\r\nhello\r\n0\r\nX-Trailer: 1\r\nY: 2\r\n\r\n`,
  'informational responses before': `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok}Content-Length: 2\r\n\r\nok`,
  'no content': 'HTTP/1.1 204 No Content\r\nX: y\r\n\r\n',
  'not modified, with a length': 'HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n',
  'odd white space around values': `${ok}Content-Length: \t 3\r\nX-A: b\t \r\nEmpty:\r\n\r\nabc`,
}

describe('a complete response', () => {
  test.each(Object.entries(good))('is read the same however it is split: %s', (_name, text) => {
    const bytes = Buffer.from(text, 'latin1')
    const expected = parse([bytes])
    expect(expected).toMatchObject({ isComplete: true, problem: null, rest: 0 })
    for (let cut = 1; cut < bytes.length; cut++) {
      expect(parse([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(expected)
    }
    expect(parse(Array.from(bytes, (byte) => Buffer.from([byte])))).toEqual(expected)
  })

  test('has its status, body and head', () => {
    expect(whole(good['a fixed body']!)).toMatchObject({ status: 200, body: 'hello' })
    expect(whole(good['a fixed body']!).head).toContain('X-A: b')
    expect(whole(good.chunks!).body).toBe('hello world')
    expect(whole(good['informational responses before']!)).toMatchObject({
      status: 200,
      body: 'ok',
    })
  })

  test('tells what comes after it', () => {
    expect(whole(`${good['a fixed body']!}HTTP/1.1 200`).rest).toBe(12)
    expect(whole(`${good.chunks!}x`).rest).toBe(1)
  })

  test('to HEAD has no body, whatever its length says', () => {
    expect(whole(`${ok}Content-Length: 99\r\n\r\n`, { head: true })).toMatchObject({
      isComplete: true,
      body: '',
    })
  })

  test('may come with a large body behind a head in pieces', () => {
    const text = `${ok}Content-Length: 60000\r\n\r\n${'x'.repeat(60_000)}`
    for (const cut of [1, 10, 20, 40]) {
      const bytes = Buffer.from(text)
      const parsed = parse([bytes.subarray(0, cut), bytes.subarray(cut)])
      expect(parsed).toMatchObject({ isComplete: true, problem: null, rest: 0 })
    }
  })

  test('may have any number of chunks', () => {
    const chunks = '1\r\nx\r\n'.repeat(100_000)
    const parsed = whole(`${ok}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`)
    expect(parsed).toMatchObject({ isComplete: true, problem: null })
    expect(parsed.body.length).toBe(100_000)
  })

  test('without a length ends with the connection', () => {
    const text = `${ok}X: y\r\n\r\nall of this`
    expect(whole(text)).toMatchObject({ isComplete: false, body: 'all of this' })
    expect(whole(text, { closed: true })).toMatchObject({ isComplete: true, problem: null })
  })

  test('says whether its connection can be used again', () => {
    const kept = (head: string) => whole(`${head}content-length: 0\r\n\r\n`).isKeptAlive
    expect(kept(ok)).toBe(true)
    expect(kept(`${ok}Connection: close\r\n`)).toBe(false)
    expect(kept(`${ok}Connection: Foo, CLOSE\r\n`)).toBe(false)
    expect(kept('HTTP/1.0 200 OK\r\n')).toBe(false)
    expect(kept('HTTP/1.0 200 OK\r\nconnection: keep-alive\r\n')).toBe(true)
  })

  test('shows whether there is anything about limits, without reading it', () => {
    const has = (line: string) => whole(`${ok}${line}\r\ncontent-length: 0\r\n\r\n`).hasLimitFields
    for (const line of [
      'X-RateLimit-Limit: 5',
      'ratelimit: "a";r=5',
      'Retry-After: 1',
      'retry-after-ms: 20',
      'anthropic-ratelimit-tokens-remaining: 1',
      'Beta-RateLimit-Policy: x',
    ]) {
      expect(has(line)).toBe(true)
    }
    for (const line of ['X-Request-Id: ratelimit', 'Date: now', 'Accept-Ranges: x']) {
      expect(has(line)).toBe(false)
    }
  })

  test('shows whether there is anything about usage', () => {
    const has = (line: string) => whole(`${ok}${line}\r\ncontent-length: 0\r\n\r\n`).hasUsageFields
    expect(has('X-Odhu-Usage-Total-Tokens: 5')).toBe(true)
    expect(has('X-RateLimit-Limit: 5')).toBe(false)
    expect(has('X-Request-Id: usage')).toBe(false)
  })

  test('is known as an event stream by its type', () => {
    const type = (value: string) => whole(`${ok}Content-Type: ${value}\r\n\r\n`).isEventStream
    expect(type('text/event-stream; charset=utf-8')).toBe(true)
    expect(type('TEXT/EVENT-STREAM')).toBe(true)
    expect(type('application/json')).toBe(false)
  })
})

describe('a response that is not to be trusted', () => {
  const bad: [string, string, string][] = [
    ['something else than HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', 'not HTTP/1.x'],
    ['HTTP/0.9', '<html></html>', 'not HTTP/1.x'],
    ['HTTP/2', 'HTTP/2.0 200 OK\r\n\r\n', 'not HTTP/1.x'],
    ['a status of two digits', 'HTTP/1.1 99 OK\r\n\r\n', 'bad status line'],
    ['a status of 000', 'HTTP/1.1 000 OK\r\n\r\n', 'bad status line'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n', 'bad status line'],
    ['a bare line feed in the status line', 'HTTP/1.1 200 OK\nX: y\r\n\r\n', 'bad status line'],
    ['a bare line feed in a field', `${ok}X: y\nZ: a\r\n\r\n`, 'bad header line'],
    ['a NUL', `${ok}X: a\0b\r\n\r\n`, 'bad header line'],
    ['a space before the colon', `${ok}Content-Length : 5\r\n\r\n`, 'bad header line'],
    ['a folded line', `${ok}X: a\r\n b\r\n\r\n`, 'bad header line'],
    ['a line without a colon', `${ok}nonsense\r\n\r\n`, 'bad header line'],
    ['a negative length', `${ok}Content-Length: -1\r\n\r\n`, 'bad Content-Length'],
    ['a length that is no number', `${ok}Content-Length: 5x\r\n\r\n`, 'bad Content-Length'],
    ['a list of lengths', `${ok}Content-Length: 5, 5\r\n\r\n`, 'bad Content-Length'],
    [
      'the same length twice',
      `${ok}Content-Length: 3\r\nContent-Length: 3\r\n\r\n`,
      'bad Content-Length',
    ],
    ['white space after a length', `${ok}Content-Length: 3 \r\n\r\n`, 'bad Content-Length'],
    [
      'a length beyond all numbers',
      `${ok}Content-Length: ${'9'.repeat(30)}\r\n\r\n`,
      'bad Content-Length',
    ],
    ['a name that is none', `${ok}X(a): b\r\n\r\n`, 'bad header line'],
    ['a control character', `${ok}X: a\u001fb\r\n\r\n`, 'bad header line'],
    [
      'two different lengths',
      `${ok}Content-Length: 5\r\nContent-Length: 6\r\n\r\n`,
      'bad Content-Length',
    ],
    [
      'a length and chunks',
      `${ok}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`,
      'both Content-Length and Transfer-Encoding',
    ],
    [
      'a coding that hides the length',
      `${ok}Transfer-Encoding: gzip\r\n\r\n`,
      'unknown Transfer-Encoding',
    ],
    [
      'codings before chunked',
      `${ok}Transfer-Encoding: gzip, chunked\r\n\r\n`,
      'unknown Transfer-Encoding',
    ],
    [
      'a chunk size that is none',
      `${ok}Transfer-Encoding: chunked\r\n\r\nxyz\r\n`,
      'bad chunk size',
    ],
    ['an empty chunk size', `${ok}Transfer-Encoding: chunked\r\n\r\n\r\n`, 'bad chunk size'],
    ['a negative chunk size', `${ok}Transfer-Encoding: chunked\r\n\r\n-5\r\n`, 'bad chunk size'],
    [
      'a chunk size beyond reason',
      `${ok}Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFF\r\n`,
      'bad chunk size',
    ],
    [
      'white space after a chunk size',
      `${ok}Transfer-Encoding: chunked\r\n\r\n0 \r\n\r\n`,
      'bad chunk size',
    ],
    [
      'a chunk extension without a name',
      `${ok}Transfer-Encoding: chunked\r\n\r\n0;\r\n\r\n`,
      'bad chunk size',
    ],
    [
      'a length after the body',
      `${ok}Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 0\r\n\r\n`,
      'bad trailer',
    ],
    [
      'a trailer that is no field',
      `${ok}Transfer-Encoding: chunked\r\n\r\n0\r\nnonsense\r\n\r\n`,
      'bad trailer',
    ],
    [
      'a chunk longer than its size',
      `${ok}Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n`,
      'bad chunk end',
    ],
    [
      'a chunk size ended by a line feed',
      `${ok}Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n`,
      'bad chunk size',
    ],
    ['an upgrade', 'HTTP/1.1 101 Switching Protocols\r\n\r\n', 'unexpected upgrade'],
  ]

  test.each(bad)('has a problem, however it is split: %s', (_name, text, problem) => {
    const bytes = Buffer.from(text, 'latin1')
    const splits = [[bytes], Array.from(bytes, (byte) => Buffer.from([byte]))]
    for (let cut = 1; cut < bytes.length; cut++) {
      splits.push([bytes.subarray(0, cut), bytes.subarray(cut)])
    }
    for (const pieces of splits) {
      expect(parse(pieces)).toMatchObject({ isComplete: false, problem })
    }
  })

  test('cannot make the head grow without bound, in one piece or drop by drop', () => {
    const flood = Buffer.from(ok + 'X-Flood: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(4000))
    expect(parse([flood]).problem).toBe('header block too long')
    const drops = Array.from(flood.subarray(0, 70_000), (byte) => Buffer.from([byte]))
    expect(parse(drops).problem).toBe('header block too long')
  })

  test('cannot hide behind endless informational responses, extensions or trailers', () => {
    expect(whole('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(11)).problem).toBe(
      'too many informational responses',
    )
    const chunked = `${ok}Transfer-Encoding: chunked\r\n\r\n`
    expect(whole(`${chunked}5;${'x'.repeat(70_000)}`).problem).toBe('header block too long')
    expect(whole(`${chunked}0\r\n${'X: y\r\n'.repeat(12_000)}`).problem).toBe(
      'header block too long',
    )
  })
})

test('any bytes at all are read without a crash, the same however they are split', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      ok,
      'Content-Length: 3\r\n',
      'Transfer-Encoding: chunked\r\n',
      '\r\n',
      'abc',
      '3\r\n',
    ),
    fc.string({ maxLength: 12 }),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.array(fc.nat(200)), (pieces, cuts) => {
      const bytes = Buffer.from(pieces.join(''), 'latin1')
      const points = [
        0,
        ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b),
        bytes.length,
      ]
      const chunks = points.slice(1).map((end, i) => bytes.subarray(points[i]!, end))
      const { body, isComplete, status } = parse([bytes])
      const split = parse(chunks)
      // A broken head is noticed at once when it comes whole, at its end when it comes in pieces.
      expect(split.isComplete).toBe(isComplete)
      if (isComplete) expect({ status: split.status, body: split.body }).toEqual({ status, body })
    }),
    { numRuns: 500 },
  )
})
