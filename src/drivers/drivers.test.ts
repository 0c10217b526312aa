import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { realClock } from '../core/realClock.ts'
import { httpServer, rawServer, type TestServer } from '../testing/servers.ts'
import { saturate } from './autocannon.ts'
import {
  type Driver,
  type Exchange,
  type RequestTemplate,
  type ResponseCaps,
  responseCaps,
} from './driver.ts'
import { undiciDriver } from './undici.ts'
import { wireDriver } from './wire/wire.ts'

const clock = realClock()
let server: TestServer | undefined
let driver: Driver | undefined

afterEach(async () => {
  await driver?.close()
  await server?.close()
  driver = undefined
  server = undefined
})

const get: RequestTemplate = {
  method: 'GET',
  path: '/',
  headers: {},
  idPrefix: null,
  body: { head: '', variable: null, tail: '' },
}

interface Changes {
  readonly method?: string
  readonly path?: string
  readonly body?: string
  readonly timeoutUs?: number
}

/** Exchanges are used again: this is what was to be seen at the end of one. */
type Seen = Omit<Exchange, 'bodyHas' | 'hasLimitFields' | 'hasUsageFields' | 'headKey'>

function seen(exchange: Exchange): Seen {
  const { handedUs, sentUs, firstByteUs, firstTokenUs, endUs, status, bytesIn } = exchange
  const { headers, body, stream, failure } = exchange
  const instants = { handedUs, sentUs, firstByteUs, firstTokenUs, endUs }
  return { ...instants, status, bytesIn, headers, body, stream, failure }
}

type Open = (origin: string, caps?: ResponseCaps) => Driver

const drivers: readonly (readonly [string, Open])[] = [
  [
    'undici',
    (origin, caps = responseCaps) => undiciDriver(origin, clock, { connectionsMax: 8, caps }),
  ],
  ['wire', (origin, caps = responseCaps) => wireDriver(origin, clock, { caps })],
]
let open: Open

function fetchOnce({ body = '', timeoutUs = 5e6, ...changes }: Changes = {}): Promise<Seen> {
  driver ??= open(server!.origin)
  const template = { ...get, ...changes, body: { ...get.body, head: body } }
  return new Promise((resolve) => {
    driver!.send(template, 1, timeoutUs, { ended: (exchange) => resolve(seen(exchange)) })
  })
}

/** A server that answers every connection with these bytes, in pieces. */
async function answering(pieces: readonly string[], end = true): Promise<void> {
  server = await rawServer((socket) => {
    socket.once('data', () => {
      void (async () => {
        for (const piece of pieces) {
          socket.write(piece)
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
        if (end) socket.end()
      })()
    })
  })
}

const sse = (body: string) =>
  `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n${body}`

describe.each(drivers)('the %s driver', (_name, openDriver) => {
  beforeEach(() => {
    open = openDriver
  })

  test('stamps an exchange in order, with status, headers and body', async () => {
    server = await httpServer((request, response) => {
      request.resume().on('end', () => {
        response.setHeader('x-a', ['1', '2'])
        setTimeout(() => response.end(`${request.method} ${request.url}`), 20)
      })
    })
    const before = clock.nowUs()
    const exchange = await fetchOnce({ method: 'POST', path: '/p?q=1', body: '{}' })
    expect(exchange).toMatchObject({ status: 200, body: 'POST /p?q=1', failure: null, bytesIn: 11 })
    expect(exchange.headers['x-a']).toBe('1, 2')
    expect(exchange.sentUs).toBeGreaterThanOrEqual(before)
    expect(exchange.firstByteUs! - exchange.sentUs!).toBeGreaterThanOrEqual(19_000)
    expect(exchange.endUs).toBeGreaterThanOrEqual(exchange.firstByteUs!)
  })

  test('reads tokens, usage and end of a stream, with an instant per event', async () => {
    const chunk = (delta: object) => `data: ${JSON.stringify({ choices: [{ delta }] })}\n\n`
    const usage = 'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\n'
    await answering([
      sse(chunk({ role: 'assistant', content: '' })),
      chunk({ content: 'a' }),
      chunk({ reasoning_content: 'b' }),
      usage,
      'data: [DONE]\n\n',
    ])
    const { stream, firstTokenUs, firstByteUs, body } = await fetchOnce()
    expect(stream).toMatchObject({ tokenEvents: 2, isFinished: true, errorBody: null })
    expect(stream!.usage).toMatchObject({ usage: { prompt_tokens: 3 } })
    expect(stream!.gapsUs).toHaveLength(1)
    expect(firstTokenUs!).toBeGreaterThanOrEqual(firstByteUs!)
    expect(body).toBe('')
  })

  test('keeps an error event that comes inside a stream', async () => {
    await answering([sse('data: {"error":{"message":"boom","code":429}}\n\n')])
    expect((await fetchOnce()).stream!.errorBody).toContain('boom')
  })

  test('calls a stream without an end broken', async () => {
    await answering([sse('data: {"choices":[{"delta":{"content":"a"}}]}\n\n')])
    const { failure, stream } = await fetchOnce()
    expect(failure).toMatchObject({ kind: 'broken' })
    expect(stream!.tokenEvents).toBe(1)
  })

  test('ends a response that drips at the total deadline', async () => {
    await answering(
      ['HTTP/1.1 200 OK\r\n', ...Array.from({ length: 1000 }, () => 'x: y\r\n')],
      false,
    )
    const exchange = await fetchOnce({ timeoutUs: 150_000 })
    expect(exchange.failure).toMatchObject({ kind: 'timeout' })
    expect(exchange.endUs - exchange.sentUs!).toBeLessThan(1e6)
  })

  test('gives up on a body that does not end', async () => {
    server = await httpServer((_request, response) => {
      const pump = () => {
        while (response.write('x'.repeat(65_536)));
        response.once('drain', pump)
      }
      pump()
    })
    const caps = { bodyBytesMax: 1_000_000, keptBytesMax: 1000, eventBytesMax: 1000 }
    driver = open(server.origin, caps)
    const exchange = await fetchOnce()
    expect(exchange.failure).toMatchObject({ kind: 'broken', message: /longer than 1000000/ })
    expect(exchange.body.length).toBe(1000)
  })

  test('gives up on an event that does not end', async () => {
    server = await rawServer((socket) => {
      socket.once('data', () => socket.write(sse(`data: ${'x'.repeat(5000)}`)))
    })
    const caps = { bodyBytesMax: 1_000_000, keptBytesMax: 1000, eventBytesMax: 1000 }
    driver = open(server.origin, caps)
    expect((await fetchOnce()).failure).toMatchObject({ kind: 'broken', message: /SSE event/ })
  })

  test('says what is wrong with a connection that is refused', async () => {
    server = await httpServer(() => {})
    await server.close()
    const { failure, sentUs } = await fetchOnce()
    expect(failure!.kind).toBe('broken')
    expect(failure!.message).toMatch(/ECONNREFUSED/)
    expect(sentUs).toBe(null)
  })

  test('says what is wrong with an answer that is no HTTP', async () => {
    await answering(['SSH-2.0-OpenSSH_9.2\r\n'])
    expect((await fetchOnce()).failure!.message).toMatch(/HTTP/)
  })

  test('aborts on request, once', async () => {
    server = await httpServer(() => {})
    driver = open(server.origin)
    const ends: Seen[] = []
    const sending = driver.send(get, 1, 5e6, { ended: (exchange) => ends.push(seen(exchange)) })
    await new Promise((resolve) => setTimeout(resolve, 30))
    sending.abort()
    sending.abort()
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect(ends).toHaveLength(1)
    expect(ends[0]!.failure).toMatchObject({ kind: 'aborted' })
  })

  test('sends over as many connections as are in flight', async () => {
    const sockets = new Set<unknown>()
    server = await httpServer((request, response) => {
      sockets.add(request.socket)
      setTimeout(() => response.end('ok'), 30)
    })
    const exchanges = await Promise.all(Array.from({ length: 8 }, () => fetchOnce()))
    expect(sockets.size).toBe(8)
    expect(exchanges.every(({ status }) => status === 200)).toBe(true)
  })
})

describe('the autocannon source', () => {
  /** Runs a closed loop of `count` requests and returns their exchanges. */
  async function closedLoop(count: number, connections: number, onUnfit = () => {}) {
    const ends: Seen[] = []
    let left = count
    const options = { connections, timeoutUs: 1e6, onUnfit }
    const { ended } = saturate(server!.origin, clock, options, () => {
      if (left <= 0) return null
      const path = `/${left--}`
      const caller = { ended: (exchange: Exchange) => ends.push(seen(exchange)) }
      return { request: { method: 'GET', path, headers: {}, body: '' }, caller }
    })
    await ended
    return ends
  }

  test('sends exactly the requests it is given, each its own, and ends', async () => {
    const paths = new Set<string>()
    server = await httpServer((request, response) => {
      paths.add(request.url!)
      response.setHeader('x-limit', '5').end(request.url)
    })
    const ends = await closedLoop(200, 4)
    expect(ends).toHaveLength(200)
    expect(paths.size).toBe(200)
    for (const { status, sentUs, endUs, headers, failure } of ends) {
      expect({ status, limit: headers['x-limit'], failure }).toEqual({
        status: 200,
        limit: '5',
        failure: null,
      })
      expect(endUs).toBeGreaterThanOrEqual(sentUs!)
    }
  })

  test.each([
    'connection: close\r\n\r\nslow down',
    'connection: close\r\ncontent-length: 9\r\n\r\nslow down',
  ])('reports the answer of a target that closes connections, and gives up: %j', async (rest) => {
    let unfit = 0
    server = await rawServer((socket) => {
      socket.once('data', () => socket.end(`HTTP/1.1 429 Too Many Requests\r\n${rest}`))
    })
    const ends = await closedLoop(6, 2, () => unfit++)
    expect(ends.map(({ status, body }) => [status, body])).toEqual([
      [429, 'slow down'],
      [429, 'slow down'],
    ])
    expect(unfit).toBe(2)
  })

  test('gives up on a target that refuses connections', async () => {
    server = await httpServer(() => {})
    await server.close()
    const ends = await closedLoop(100, 2)
    expect(ends.length).toBeGreaterThan(0)
    expect(ends.length).toBeLessThan(20)
    expect(ends.every(({ failure }) => failure?.kind === 'broken')).toBe(true)
  })
})
