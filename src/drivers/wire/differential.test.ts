// The wire driver against undici: the same bytes must give the same status, headers, body and
// outcome. Real time: every exchange ends by itself or at a deadline.

import type { Socket } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { realClock } from '../../core/realClock.ts'
import { rawServer, type TestServer } from '../../testing/servers.ts'
import type { Driver } from '../driver.ts'
import { EventStream } from '../eventStream.ts'
import { undiciDriver } from '../undici.ts'
import {
  type Answer,
  broken,
  complete,
  cutAt,
  everySplit,
  fetchFrom,
  type Seen,
  streams,
} from './fixtures.ts'
import { HeadMemory } from './headMemory.ts'
import { ResponseParser } from './responseParser.ts'
import { wireDriver } from './wire.ts'

/** Where we are stricter than undici, and why. All of these end as broken. */
const stricter: readonly {
  readonly what: string
  readonly bytes: string
  readonly message: RegExp
  readonly why: string
}[] = [
  {
    what: 'another version',
    bytes: 'HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok',
    message: /expected HTTP\/1\.x/,
    why: 'we speak 1.0 and 1.1 only; undici also takes 0.9 and 2.0 for it',
  },
  {
    what: 'line ends before the status line',
    bytes: '\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    message: /expected HTTP\/1\.x/,
    why: 'they are left over from another response, which was then not understood',
  },
  {
    what: 'control characters in the reason',
    bytes: 'HTTP/1.1 200 O\x01K\r\nContent-Length: 2\r\n\r\nok',
    message: /bad status line/,
    why: 'RFC 9112, section 4: text only; a NUL has no business in a head',
  },
  {
    what: 'eleven informational responses',
    bytes: `${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(11)}HTTP/1.1 200 OK\r\n\r\n`,
    message: /too many informational responses/,
    why: 'undici takes them without end',
  },
  {
    what: 'a head of 16 KiB with its line ends',
    bytes: `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(2800)}\r\n`,
    message: /header block too long/,
    why: 'the bound is the same, but undici counts names and values only',
  },
  ...[
    ['another coding', 'gzip', 'ok'],
    ['a coding before chunked', 'gzip, chunked', '2\r\nok\r\n0\r\n\r\n'],
    ['chunked twice', 'chunked, chunked', '2\r\nok\r\n0\r\n\r\n'],
    ['white space after chunked', 'chunked\t', '2\r\nok\r\n0\r\n\r\n'],
    ['no coding at all', '', 'ok'],
    ['identity', 'identity', 'ok'],
  ].map(([what, coding, body]) => ({
    what: what!,
    bytes: `HTTP/1.1 200 OK\r\nTransfer-Encoding: ${coding}\r\n\r\n${body}`,
    message: /unknown Transfer-Encoding/,
    why: 'no request of ours allows any other coding than chunked; where bodies end then differs between readers',
  })),
  {
    what: 'another coding where there is no body',
    bytes: 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: gzip\r\n\r\n',
    message: /unknown Transfer-Encoding/,
    why: 'the same',
  },
  ...['a=', '=a', 'a=b"c"'].map((extension) => ({
    what: `chunk extension '${extension}'`,
    bytes: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;${extension}\r\nok\r\n0\r\n\r\n`,
    message: /bad chunk size/,
    why: 'RFC 9112, section 7.1.1: a name, and if there is a "=", a token or quoted string',
  })),
  {
    what: 'a chunk size of 17 digits',
    bytes: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'0'.repeat(16)}2\r\nok\r\n0\r\n\r\n`,
    message: /bad chunk size/,
    why: 'undici reads zeros without end',
  },
  {
    what: 'Transfer-Encoding as a trailer',
    bytes:
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n',
    message: /bad trailer/,
    why: 'how a body was framed cannot be said after it (RFC 9110, section 6.5.1)',
  },
]

/**
 * Where undici is stricter. One thing only: it takes a 100 (Continue) that it did not ask for as
 * broken; a client must read any number of 1xx before the response (RFC 9110, section 15.2).
 */
const asksToContinue = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** What a connection answers to one request. */
interface Script {
  readonly pieces: readonly Buffer[]
  readonly staysOpen: boolean
}

const clock = realClock()
const scripts = new Map<string, Script>()
let server: TestServer
let wire: Driver
let undici: Driver
/** Connections that have asked, by the path that they asked for. */
const asked = new Map<string, Socket>()
let paths = 0

beforeAll(async () => {
  server = await rawServer((socket) => {
    socket.setNoDelay(true)
    socket.on('data', (data) => {
      const path = /^\S+ (\S+)/.exec(data.toString('latin1'))![1]!
      asked.set(path, socket)
      void play(socket, scripts.get(path)!)
    })
  })
  wire = wireDriver(server.origin, clock, {})
  undici = undiciDriver(server.origin, clock, { connectionsMax: 64 })
})

afterAll(async () => {
  await Promise.all([wire.close(), undici.close()])
  await server.close()
})

async function play(socket: Socket, { pieces, staysOpen }: Script): Promise<void> {
  for (const [i, piece] of pieces.entries()) {
    // Long enough for the piece to arrive alone; where it does not, there is one piece less.
    if (i > 0) await new Promise((resolve) => setTimeout(resolve, 1))
    socket.write(piece)
  }
  if (!staysOpen) socket.end()
}

async function ask(driver: Driver, script: Script, method: string): Promise<Seen> {
  const path = `/${paths++}`
  scripts.set(path, script)
  const exchange = await fetchFrom(driver, { method, path })
  // A connection whose end has not been noticed could be taken for the next request.
  const socket = asked.get(path)
  if (!script.staysOpen && socket?.closed === false) {
    await new Promise((resolve) => socket.once('close', resolve))
  }
  scripts.delete(path)
  asked.delete(path)
  return exchange
}

/** The same answer by way of both drivers. */
async function both(script: Script, method = 'GET'): Promise<{ wire: Seen; undici: Seen }> {
  const [byWire, byUndici] = await Promise.all([
    ask(wire, script, method),
    ask(undici, script, method),
  ])
  return { wire: byWire, undici: byUndici }
}

/**
 * What must be alike. undici keeps white space after values, which is not part of them (RFC 9110,
 * section 5.5), and says other things about what is wrong.
 */
function comparable({ message, tookUs, ...exchange }: Seen): object {
  const headers = Object.entries(exchange.headers).map(([name, value]) => [
    name,
    value.replace(/[ \t]+(?=,|$)/g, ''),
  ])
  return { ...exchange, headers: Object.fromEntries(headers) }
}

/** How the tests cut: whole, and at some places. */
function cuts(bytes: Buffer): Buffer[][] {
  const places = fc.sample(fc.array(fc.nat(), { minLength: 1, maxLength: 4 }), {
    numRuns: 3,
    seed: bytes.length,
  })
  return [[bytes], ...places.map((at) => cutAt(bytes, at))]
}

/** Of a response that nobody understood, only that nobody did. */
function expectAlike(result: { wire: Seen; undici: Seen }): void {
  if (result.wire.outcome === 'broken' && result.wire.status === null) {
    expect(result.undici.outcome).toBe('broken')
  } else {
    expect(comparable(result.wire)).toEqual(comparable(result.undici))
  }
}

async function compareAll({ bytes, method, staysOpen = false }: Answer): Promise<Seen> {
  const splits = cuts(Buffer.from(bytes, 'latin1'))
  const results = await Promise.all(splits.map((pieces) => both({ pieces, staysOpen }, method)))
  for (const result of results) expectAlike(result)
  return results[0]!.wire
}

describe('a response written by hand', () => {
  test.each(Object.entries(complete))('is complete, as for undici: %s', async (_name, answer) => {
    expect(await compareAll(answer)).toMatchObject({ outcome: 'complete' })
  })

  test.each(Object.entries(broken))('is broken, as for undici: %s', async (_name, answer) => {
    expect(await compareAll(answer)).toMatchObject({ outcome: 'broken' })
  })

  test.each(Object.entries(streams))('is read alike as a stream: %s', async (_name, text) => {
    const body = Buffer.from(text).toString('latin1')
    const type = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n'
    const framed = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
    await compareAll({ bytes: `${type}\r\n${body}` })
    await compareAll({ bytes: `${type}Content-Length: ${body.length}\r\n\r\n${body}` })
    if (body !== '') {
      await compareAll({ bytes: `${type}Transfer-Encoding: chunked\r\n\r\n${framed}` })
    }
  })

  test.each(stricter)('is broken, though not for undici: $what', async ({ bytes, message }) => {
    for (const pieces of cuts(Buffer.from(bytes, 'latin1'))) {
      const result = await both({ pieces, staysOpen: false })
      expect(result.undici.outcome).toBe('complete')
      expect(result.wire.outcome).toBe('broken')
      expect(result.wire.message).toMatch(message)
    }
  })

  test('is complete, though not for undici: 100 (Continue) before', async () => {
    const result = await both({ pieces: [Buffer.from(asksToContinue)], staysOpen: false })
    expect(result.undici.outcome).toBe('broken')
    expect(result.wire).toMatchObject({ outcome: 'complete', status: 200, body: 'ok' })
  })
})

describe('split at every byte', () => {
  /** Reads a response the way a connection does: from one buffer that is written over each time. */
  function parse(pieces: Iterable<Buffer>, isHead: boolean, heads = new HeadMemory()) {
    const buffer = Buffer.allocUnsafeSlow(64 * 1024)
    const body: Buffer[] = []
    const parser = new ResponseParser(
      {
        onHead: () => {},
        onBody: (chunk, start, end) => body.push(Buffer.from(chunk.subarray(start, end))),
      },
      undefined,
      heads,
    )
    parser.reset(isHead)
    for (const piece of pieces) {
      piece.copy(buffer)
      parser.push(buffer, 0, piece.length)
      parser.head.own()
      buffer.fill('\r\n')
    }
    const { problem, head, isComplete } = parser
    const { status, isKeptAlive, isEventStream, hasLimitFields, hasUsageFields } = head
    const says = { hasLimitFields, hasUsageFields, fields: head.fields() }
    const read = { status, isKeptAlive, isEventStream, ...says }
    const isClosed = parser.close()
    return {
      problem,
      isComplete: isComplete || isClosed,
      body: Buffer.concat(body).toString('latin1'),
      ...(isComplete || isClosed ? read : {}),
    }
  }

  const answers = Object.entries({ ...complete, ...broken })

  test.each(answers)('a response is read the same: %s', (_name, { bytes, method }) => {
    const whole = Buffer.from(bytes, 'latin1')
    const isHead = method === 'HEAD'
    const expected = parse([whole], isHead)
    // Very long heads are only cut at some of their places.
    const step = Math.ceil(whole.length / 1000)
    let i = 0
    for (const pieces of everySplit(whole)) {
      if (i++ % step === 0 || i === whole.length) expect(parse(pieces, isHead)).toEqual(expected)
    }
  })

  test.each(answers)('a response like one before is read the same: %s', (_name, answer) => {
    const whole = Buffer.from(answer.bytes, 'latin1')
    const isHead = answer.method === 'HEAD'
    const heads = new HeadMemory()
    const expected = parse([whole], isHead, heads)
    for (let i = 0; i < 3; i++) expect(parse([whole], isHead, heads)).toEqual(expected)
  })

  test.each(Object.entries(streams))('a stream is read the same: %s', (_name, text) => {
    const read = (pieces: Iterable<Buffer>) => {
      const stream = new EventStream(1e6)
      for (const piece of pieces) stream.push(piece, 0, piece.length, 0)
      return stream.end()
    }
    const whole = Buffer.from(text)
    const expected = read([whole])
    for (const pieces of everySplit(whole)) expect(read(pieces)).toEqual(expected)
  })
})
describe('a connection', () => {
  const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n'
  const old = 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n'
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n'
  const cases: readonly (readonly [isReused: boolean, bytes: string])[] = [
    [true, `${ok}\r\nok`],
    [true, `${ok}Connection: keep-alive\r\n\r\nok`],
    [true, `${ok}Connection: closed, xclose\r\n\r\nok`],
    [true, `${ok}Keep-Alive: timeout=5, max=100\r\n\r\nok`],
    [true, `${ok}Keep-Alive: timeout=600\r\n\r\nok`],
    [true, `${chunked}\r\n0\r\n\r\n`],
    [true, `${old}Connection: keep-alive\r\n\r\nok`],
    [true, `${old}Connection: foo,Keep-Alive \r\n\r\nok`],
    [true, 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n'],
    [true, 'HTTP/1.1 304 Not Modified\r\n\r\n'],
    [false, `${ok}Connection: close\r\n\r\nok`],
    [false, `${ok}connection: CLOSE\r\n\r\nok`],
    [false, `${ok}Connection: foo , close\r\n\r\nok`],
    [false, `${ok}Connection: close, keep-alive\r\n\r\nok`],
    [false, `${ok}Connection: close\r\nConnection: keep-alive\r\n\r\nok`],
    [false, `${ok}Keep-Alive: timeout=1\r\n\r\nok`],
    [false, `${ok}Keep-Alive: timeout=0\r\n\r\nok`],
    [false, `${chunked}Connection: close\r\n\r\n0\r\n\r\n`],
    [false, `${old}\r\nok`],
    [false, `${old}Connection: close\r\n\r\nok`],
    [false, 'HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n'],
    [false, 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n'],
    [false, 'HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n'],
    [false, `${ok}\r\nok!`],
    [false, `${ok}\r\nok${ok}\r\nok`],
  ]

  /** Where undici uses it again: white space that is not part of the option; both; stray line ends. */
  const moreStrictly = [
    `${ok}Connection:close\t\r\n\r\nok`,
    `${old}Connection: keep-alive, close\r\n\r\nok`,
    `${chunked}\r\n0\r\n\r\n\r\n`,
  ]

  /** Connections that a driver makes for two such responses, one after the other. */
  async function connectionsFor(driver: Driver, bytes: string): Promise<number> {
    const sockets = new Set<Socket>()
    for (let i = 0; i < 2; i++) {
      const path = `/${paths++}`
      scripts.set(path, { pieces: [Buffer.from(bytes)], staysOpen: true })
      expect(await fetchFrom(driver, { path })).toMatchObject({ outcome: 'complete' })
      sockets.add(asked.get(path)!)
      // undici looks at what comes after a response before it uses a connection again.
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    await driver.close()
    return sockets.size
  }
  const newWire = () => wireDriver(server.origin, clock, {})
  const newUndici = () => undiciDriver(server.origin, clock, { connectionsMax: 1 })

  test.each(cases)('is used again, as by undici: %s after %j', async (isReused, bytes) => {
    const expected = isReused ? 1 : 2
    expect(await connectionsFor(newWire(), bytes)).toBe(expected)
    expect(await connectionsFor(newUndici(), bytes)).toBe(expected)
  })

  test.each(moreStrictly)('is not used again, though by undici: after %j', async (bytes) => {
    expect(await connectionsFor(newWire(), bytes)).toBe(2)
    expect(await connectionsFor(newUndici(), bytes)).toBe(1)
  })
})

describe('any response', () => {
  const tokens = "!#$%&'*+-.^_`|~0123456789ABCXYZabcxyz"
  const latin1 = (codes: readonly number[]) => String.fromCharCode(...codes)
  const text = fc
    .array(
      fc.oneof(
        fc.integer({ min: 32, max: 126 }),
        fc.constant(9),
        fc.integer({ min: 128, max: 255 }),
      ),
      { maxLength: 20 },
    )
    .map(latin1)
  const field = fc
    .tuple(
      fc.oneof(
        fc.constantFrom(
          'Date',
          'X-A',
          'x-a',
          'Retry-After',
          'X-RateLimit-Limit',
          'Set-Cookie',
          'q-usage',
        ),
        fc.string({ unit: fc.constantFrom(...tokens), maxLength: 12 }).map((name) => `q${name}`),
      ),
      fc.constantFrom('', ' ', '\t', '  '),
      text,
    )
    .map(([name, space, value]) => `${name}:${space}${value}\r\n`)
  const fields = fc.array(field, { maxLength: 6 }).map((lines) => lines.join(''))
  const connection = fc.constantFrom(
    '',
    '',
    '',
    'Connection: close\r\n',
    'connection: Keep-Alive\r\n',
  )
  const statusLine = fc
    .tuple(
      fc.constantFrom('1.1', '1.1', '1.0'),
      fc.oneof(
        fc.constantFrom(200, 201, 204, 304, 400, 404, 429, 500, 503),
        fc.integer({ min: 200, max: 999 }),
      ),
      fc.oneof(
        fc.constantFrom('', ' ', ' OK'),
        text.map((reason) => ` ${reason}`),
      ),
    )
    .map(([version, status, reason]) => `HTTP/${version} ${status}${reason}\r\n`)
  const informational = fc
    .tuple(fc.integer({ min: 102, max: 199 }), fields)
    .map(([status, lines]) => `HTTP/1.1 ${status} So\r\n${lines}\r\n`)
  const bytes = fc.uint8Array({ maxLength: 300 }).map((codes) => latin1([...codes]))
  const stream = fc
    .constantFrom(...Object.values(streams))
    .map((body) => Buffer.from(body).toString('latin1'))
  const content = fc.oneof(
    fc.tuple(fc.constantFrom('', 'Content-Type: application/json\r\n'), bytes),
    fc.tuple(fc.constantFrom('content-type: Text/Event-Stream; charset=utf-8\r\n'), stream),
  )

  interface Chunking {
    readonly sizes: readonly number[]
    readonly hex: (size: number) => string
    readonly extension: string
    readonly trailers: string
  }
  const chunking: fc.Arbitrary<Chunking> = fc.record({
    sizes: fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 20 }),
    hex: fc.constantFrom(
      (size: number) => size.toString(16),
      (size: number) => size.toString(16).toUpperCase(),
      (size: number) => `00${size.toString(16)}`,
    ),
    extension: fc.constantFrom('', '', ';a', ';a=b;c', ';a="b;\\"\xe9"'),
    trailers: fc.oneof(fc.constant(''), fields),
  })

  function inChunks(body: string, { sizes, hex, extension, trailers }: Chunking): string {
    const parts: string[] = []
    let at = 0
    for (const size of [...sizes, body.length]) {
      const part = body.slice(at, at + size)
      if (part !== '') parts.push(`${hex(part.length)}${extension}\r\n${part}\r\n`)
      at += part.length
    }
    return `${parts.join('')}0${extension}\r\n${trailers}\r\n`
  }

  const answer: fc.Arbitrary<Answer> = fc
    .record({
      before: fc.array(informational, { maxLength: 2 }),
      statusLine,
      lines: fields,
      connection,
      content,
      framing: fc.constantFrom('length', 'chunks', 'end'),
      chunking,
      isHead: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    })
    .map(
      ({
        before,
        statusLine: first,
        lines,
        connection: close,
        content: [type, body],
        framing,
        ...rest
      }) => {
        const framed = {
          length: `Content-Length: ${body.length}\r\n\r\n${body}`,
          chunks: `Transfer-Encoding: chunked\r\n\r\n${inChunks(body, rest.chunking)}`,
          end: `\r\n${body}`,
        }[framing as 'length' | 'chunks' | 'end']
        const method = rest.isHead ? { method: 'HEAD' as const } : {}
        return { bytes: `${before.join('')}${first}${type}${lines}${close}${framed}`, ...method }
      },
    )
  const places = fc.array(fc.nat(), { maxLength: 4 })

  test('that is well-formed is read alike', async () => {
    const several = fc.array(fc.tuple(answer, places), { minLength: 1, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(several, async (answers) => {
        const results = await Promise.all(
          answers.map(([{ bytes: response, method }, at]) => {
            const pieces = cutAt(Buffer.from(response, 'latin1'), at)
            return both({ pieces, staysOpen: false }, method)
          }),
        )
        for (const result of results) expectAlike(result)
      }),
    )
  })

  const mutation = fc.oneof(
    fc.record({
      kind: fc.constant('replace'),
      at: fc.nat(),
      cut: fc.constant(1),
      put: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    }),
    fc.record({
      kind: fc.constant('delete'),
      at: fc.nat(),
      cut: fc.integer({ min: 1, max: 20 }),
      put: fc.constant(''),
    }),
    fc.record({
      kind: fc.constant('truncate'),
      at: fc.nat(),
      cut: fc.constant(Number.MAX_SAFE_INTEGER),
      put: fc.constant(''),
    }),
    fc.record({
      kind: fc.constant('insert'),
      at: fc.nat(),
      cut: fc.constant(0),
      put: fc.constantFrom(
        '\r\n',
        '\n',
        '\r',
        '\0',
        ' ',
        '\t',
        '\xa0',
        ':',
        ';',
        ',',
        '=',
        '"',
        '0',
        'f',
        '-',
        'chunked',
        '\r\n\r\n',
        'Content-Length: 3\r\n',
        'Transfer-Encoding: chunked\r\n',
        'Connection: close\r\n',
        'HTTP/1.1 200 OK\r\n',
      ),
    }),
  )

  test('that is spoilt never passes for one, and harms nobody', async () => {
    const spoilt = fc.tuple(answer, fc.array(mutation, { minLength: 1, maxLength: 3 }), places)
    const several = fc.array(spoilt, { minLength: 1, maxLength: 8 })
    const known = stricter.map(({ message }) => message)
    await fc.assert(
      fc.asyncProperty(several, async (answers) => {
        const results = await Promise.all(
          answers.map(async ([{ bytes: response, method }, mutations, at]) => {
            let said = response
            for (const { at: from, cut, put } of mutations) {
              const start = from % (said.length + 1)
              said = said.slice(0, start) + put + said.slice(start + cut)
            }
            const pieces = cutAt(Buffer.from(said, 'latin1'), at)
            return { said, ...(await both({ pieces, staysOpen: false }, method)) }
          }),
        )
        for (const { said, wire: byWire, undici: byUndici } of results) {
          expect(['complete', 'broken']).toContain(byWire.outcome)
          if (byWire.outcome === 'complete' && byUndici.outcome === 'complete') {
            expect(comparable(byWire)).toEqual(comparable(byUndici))
          } else if (byWire.outcome === 'complete') {
            expect(said).toMatch(/HTTP\/1\.[01] 100/)
          } else if (byUndici.outcome === 'complete') {
            expect(
              known.some((message) => message.test(byWire.message)),
              byWire.message,
            ).toBe(true)
          }
        }
        const after = { pieces: [Buffer.from(complete['a length']!.bytes)], staysOpen: true }
        expect(await ask(wire, after, 'GET')).toMatchObject({ outcome: 'complete', body: 'ok' })
      }),
    )
  })
})
