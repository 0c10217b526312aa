// Servers that do what no server should. Real time: every exchange is bounded by its deadline, and
// is over long before the test is.

import type { Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { realClock } from '../../core/realClock.ts'
import { rawServer, type TestServer } from '../../testing/servers.ts'
import { type Driver, type RequestTemplate, type ResponseCaps, responseCaps } from '../driver.ts'
import { fetchFrom, get, type Seen } from './fixtures.ts'
import { wireDriver } from './wire.ts'

type Talk = (socket: Socket) => void

const clock = realClock()
const ok = 'HTTP/1.1 200 OK\r\n'
const okay = `${ok}Content-Length: 2\r\n\r\nok`
const chunked = `${ok}Transfer-Encoding: chunked\r\n\r\n`
const sse = `${ok}Content-Type: text/event-stream\r\n\r\n`
const longUs = 10_000_000
/** How late an end may be noticed on a machine that is busy. */
const slackUs = 3_000_000

let server: TestServer
let driver: Driver
let hostileTalk: Talk = () => {}
/** The connections on which the hostile server was asked. */
const hostileSockets = new Set<Socket>()

beforeAll(async () => {
  server = await rawServer((socket) => {
    socket.setNoDelay(true)
    socket.on('data', (data) => {
      const path = /^[A-Z]+ (\S+) HTTP/.exec(data.toString('latin1'))?.[1]
      if (path === '/hostile') {
        hostileSockets.add(socket)
        hostileTalk(socket)
      } else if (path === '/ok') {
        expect(hostileSockets.has(socket)).toBe(false)
        setTimeout(() => socket.write(okay), 1)
      }
    })
  })
})

afterEach(async () => {
  hostileSockets.clear()
  await driver?.close()
})

afterAll(() => server.close())

const isGone = (socket: Socket) =>
  socket.destroyed || new Promise((resolve) => socket.once('close', resolve))

/** One request after the other, until told to stop; each must be answered. */
async function askOn(isOver: () => boolean): Promise<number> {
  let count = 0
  while (!isOver()) {
    expect(await fetchFrom(driver, { path: '/ok' })).toMatchObject({
      outcome: 'complete',
      body: 'ok',
    })
    count++
  }
  return count
}

interface Meeting {
  readonly caps?: Partial<ResponseCaps>
  readonly timeoutUs?: number
  readonly request?: Partial<RequestTemplate>
}

/**
 * Asks a server that talks like this, while others ask the same driver for something ordinary: they
 * are not disturbed, the connection is dropped, and whoever asks next is answered.
 */
async function meet(
  talk: Talk,
  { caps, timeoutUs = longUs, request }: Meeting = {},
): Promise<Seen> {
  hostileTalk = talk
  driver = wireDriver(server.origin, clock, { caps: { ...responseCaps, ...caps } })
  let isOver = false
  const others = Array.from({ length: 4 }, () => askOn(() => isOver))
  await fetchFrom(driver, { path: '/ok' })
  const exchange = await fetchFrom(driver, { ...request, path: '/hostile' }, timeoutUs)
  isOver = true
  for (const count of await Promise.all(others)) expect(count).toBeGreaterThan(0)
  for (const socket of hostileSockets) {
    // Who does not read is not told that the other side has gone.
    socket.resume()
    await isGone(socket)
  }
  expect(await fetchFrom(driver, { path: '/ok' })).toMatchObject({ outcome: 'complete' })
  expect(exchange.tookUs).toBeLessThan(timeoutUs + slackUs)
  return exchange
}

const says =
  (...pieces: readonly string[]): Talk =>
  (socket) => {
    for (const [i, piece] of pieces.entries())
      setTimeout(() => socket.write(piece, 'latin1'), i * 5)
  }

/** After `start`, the same again and again, as fast as it is read; tells how much it was. */
function floods(start: string, again: string) {
  const block = Buffer.from(again.repeat(Math.max(1, Math.floor(65_536 / again.length))), 'latin1')
  const flood = { bytes: 0 }
  const talk: Talk = (socket) => {
    const pump = () => {
      while (!socket.destroyed && socket.write(block)) flood.bytes += block.length
      flood.bytes += block.length
    }
    socket.on('drain', pump)
    socket.write(start)
    pump()
  }
  return { talk, flood }
}

/** After `start`, the same again and again, byte by byte. */
const drips =
  (start: string, again: string): Talk =>
  (socket) => {
    let i = 0
    socket.write(start)
    const timer = setInterval(() => {
      if (!socket.destroyed) socket.write(again[i++ % again.length]!, 'latin1')
    }, 1)
    socket.once('close', () => clearInterval(timer))
  }

describe('a server that drips', () => {
  const cases: readonly (readonly [string, Talk])[] = [
    ['a status line', drips('HTTP/1.1 200 ', 'OK')],
    ['fields', drips(ok, 'X: y\r\n')],
    ['one value', drips(`${ok}X: `, 'y')],
    ['a body with a length', drips(`${ok}Content-Length: 1000000\r\n\r\n`, 'x')],
    ['chunks', drips(chunked, '1\r\nx\r\n')],
    ['a chunk size', drips(`${chunked}`, '0')],
    ['trailers', drips(`${chunked}0\r\n`, 'X: y\r\n')],
    ['a body without a length', drips(`${ok}\r\n`, 'x')],
    ['comments', drips(sse, ': ping\n\n')],
    ['one event', drips(sse, 'data: x\n')],
    ['tokens', drips(sse, 'data: {"choices":[{"delta":{"content":"a"}}]}\n\n')],
  ]

  test.each(cases)('is given up at the deadline: %s', async (_what, talk) => {
    const exchange = await meet(talk, { timeoutUs: 60_000 })
    expect(['timeout', 'broken']).toContain(exchange.outcome)
    if (exchange.outcome === 'timeout') expect(exchange.message).toMatch(/within 60 ms/)
    else expect(exchange.message).toMatch(/bad chunk size/)
  })
})

describe('a server that says nothing', () => {
  test('is given up at the deadline', async () => {
    const exchange = await meet(() => {}, { timeoutUs: 60_000 })
    expect(exchange).toMatchObject({ outcome: 'timeout', status: null, bytesIn: 0 })
    expect(exchange.tookUs).toBeGreaterThanOrEqual(60_000)
  })

  test('nor reads what it is sent, is given up at the deadline', async () => {
    const body = { head: 'x'.repeat(8_000_000), variable: null, tail: '' }
    const talk: Talk = (socket) => socket.pause()
    const exchange = await meet(talk, { timeoutUs: 100_000, request: { method: 'POST', body } })
    expect(exchange.outcome).toBe('timeout')
  })
})

describe('a server that does not stop', () => {
  const caps = { bodyBytesMax: 2_000_000, keptBytesMax: 10_000, eventBytesMax: 100_000 }
  const cases: readonly (readonly [string, string, string, RegExp])[] = [
    ['reasons', 'HTTP/1.1 200 ', 'OK', /header block too long/],
    ['one field', `${ok}X: `, 'y', /header block too long/],
    ['fields', ok, 'X-Flood: yyyyyyyyyyyyyyyyyyyyyyyy\r\n', /header block too long/],
    ['names', ok, 'y', /header block too long/],
    ['informational responses', '', 'HTTP/1.1 102 Processing\r\n\r\n', /too many informational/],
    ['heads of informational responses', 'HTTP/1.1 103 X\r\n', 'X: y\r\n', /header block too long/],
    ['one chunk extension', `${chunked}5;`, 'x', /header block too long/],
    ['chunk extensions', chunked, '1;x=yyyyyyyyyyyyy\r\nx\r\n', /header block too long/],
    ['digits of a chunk size', chunked, '0', /bad chunk size/],
    ['trailers', `${chunked}0\r\n`, 'X-Flood: yyyyyyyyyyyyyyyy\r\n', /header block too long/],
    ['one trailer', `${chunked}0\r\nX: `, 'y', /header block too long/],
    ['a body with a length', `${ok}Content-Length: 999999999\r\n\r\n`, 'x', /body longer than/],
    ['a body without a length', `${ok}\r\n`, 'x', /body longer than/],
    ['one chunk', `${chunked}7FFFFFFF\r\n`, 'x', /body longer than/],
    ['chunks', chunked, `FFFF\r\n${'x'.repeat(65_535)}\r\n`, /body longer than/],
    ['chunks of a byte', chunked, '1\r\nx\r\n', /body longer than/],
    ['one line of an event', `${sse}data: `, 'x', /SSE event longer than/],
    ['lines of one event', sse, 'data: x\n', /SSE event longer than/],
    ['comments', sse, ': ping\n\n', /body longer than/],
    ['empty lines', sse, '\n', /body longer than/],
    ['events', sse, 'data: {"choices":[{"delta":{"content":"a"}}]}\n\n', /body longer than/],
  ]

  test.each(cases)('is given up when it is too much: %s', async (_what, start, again, message) => {
    const { talk, flood } = floods(start, again)
    const exchange = await meet(talk, { caps })
    expect(exchange.outcome).toBe('broken')
    expect(exchange.message).toMatch(message)
    expect(exchange.body.length).toBeLessThanOrEqual(caps.keptBytesMax)
    // What the kernel holds for both sides comes on top of what we read.
    expect(flood.bytes).toBeLessThan(40_000_000)
  })
})

describe('the memory that a server can make us hold', () => {
  const megabyte = 1024 * 1024

  /** The most memory in use while `work` is going on, beyond what was before. */
  async function growthDuring(work: () => Promise<unknown>): Promise<number> {
    const used = () => {
      const { heapUsed, external, arrayBuffers } = process.memoryUsage()
      return heapUsed + external + arrayBuffers
    }
    const before = used()
    let most = before
    const timer = setInterval(() => {
      most = Math.max(most, used())
    }, 5)
    await work()
    clearInterval(timer)
    return Math.max(most, used()) - before
  }

  test('is bounded when a body of 100 MB comes', async () => {
    const { talk, flood } = floods(`${ok}\r\n`, 'x'.repeat(1000))
    const growth = await growthDuring(async () => {
      const exchange = await meet(talk, { caps: { bodyBytesMax: 100 * megabyte } })
      expect(exchange).toMatchObject({ outcome: 'broken' })
      expect(exchange.body).toHaveLength(responseCaps.keptBytesMax)
    })
    expect(flood.bytes).toBeGreaterThan(100 * megabyte)
    expect(growth).toBeLessThan(60 * megabyte)
  })

  test('is bounded when a line of 100 MB comes', async () => {
    const { talk, flood } = floods(`${sse}data: `, 'x'.repeat(1000))
    const growth = await growthDuring(async () => {
      const exchange = await meet(talk)
      expect(exchange).toMatchObject({ outcome: 'broken', message: /SSE event longer than/ })
    })
    expect(flood.bytes).toBeLessThan(50 * megabyte)
    expect(growth).toBeLessThan(60 * megabyte)
  })

  test('is bounded when 20 MB of tokens come', async () => {
    const { talk } = floods(sse, 'data: {"choices":[{"delta":{"content":"a"}}]}\n\n')
    const growth = await growthDuring(async () => {
      const exchange = await meet(talk, { caps: { bodyBytesMax: 20 * megabyte } })
      expect(exchange).toMatchObject({ outcome: 'broken' })
    })
    expect(growth).toBeLessThan(60 * megabyte)
  })

  test('does not grow by a bomb, which is bytes like any others', async () => {
    const bomb = gzipSync(Buffer.alloc(50 * megabyte))
    const fields = `Connection: close\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length}`
    const talk: Talk = (socket) =>
      socket.write(Buffer.concat([Buffer.from(`${ok}${fields}\r\n\r\n`), bomb]))
    const growth = await growthDuring(async () => {
      const exchange = await meet(talk)
      expect(exchange).toMatchObject({ outcome: 'complete', status: 200, bytesIn: bomb.length })
    })
    expect(growth).toBeLessThan(60 * megabyte)
  })
})

describe('a response that is nonsense', () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['HTTP/0.9', '<html>hello</html>', /expected HTTP\/1\.x, got '<html>hello<\/html>'/],
    ['SSH', 'SSH-2.0-OpenSSH_9.2\r\n', /expected HTTP\/1\.x, got 'SSH-2\.0/],
    ['a TLS alert', '\x15\x03\x01\x00\x02\x02\x46', /expected HTTP\/1\.x/],
    ['terminal escapes', '\x1b[2J\x1b]0;x\x07', /got ' \[2J \]0;x '/],
    ['a bad chunk size', `${chunked}zz\r\n`, /bad chunk size/],
    ['a bad chunk end', `${chunked}2\r\nokay\r\n`, /bad chunk end/],
    ['two lengths', `${ok}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`, /bad Content-Length/],
    ['a length and chunks', `${ok}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`, /both/],
    ['a folded line', `${ok}X: y\r\n z\r\n\r\n`, /bad header line/],
    ['an upgrade', 'HTTP/1.1 101 Go\r\nUpgrade: x\r\n\r\n', /unexpected upgrade/],
  ]

  test.each(cases)('is broken at once: %s', async (_what, bytes, message) => {
    const whole = await meet(says(bytes))
    expect(whole.outcome).toBe('broken')
    expect(whole.message).toMatch(message)
  })

  test.each(cases)('is broken at once, in pieces: %s', async (_what, bytes, message) => {
    const exchange = await meet(says(bytes.slice(0, 3), bytes.slice(3, -1), bytes.slice(-1)))
    expect(exchange.outcome).toBe('broken')
    if (!message.source.startsWith('got')) expect(exchange.message).toMatch(/bad response/)
  })

  test('is bounded in depth: an event of 100 000 brackets', async () => {
    const deep = `${sse}data: ${'['.repeat(100_000)}\n\ndata: [DONE]\n\n`
    const exchange = await meet((socket) => socket.end(deep))
    expect(exchange).toMatchObject({ outcome: 'complete', stream: { isFinished: true } })
  })
})

describe('a server that hangs up', () => {
  const stages: readonly (readonly [string, string])[] = [
    ['before it answers', ''],
    ['in the status line', 'HTTP/1.1 20'],
    ['in the fields', `${ok}Content-Le`],
    ['before the body', `${ok}Content-Length: 10\r\n\r\n`],
    ['in the body', `${ok}Content-Length: 10\r\n\r\nok`],
    ['before the chunks', chunked],
    ['in a chunk', `${chunked}5\r\nok`],
    ['before the last chunk', `${chunked}2\r\nok\r\n`],
    ['in the trailers', `${chunked}0\r\nX: y\r\n`],
    [
      'in a stream',
      `${ok}Content-Type: text/event-stream\r\nContent-Length: 99\r\n\r\ndata: [DONE]\n\n`,
    ],
  ]

  test.each(stages)('has not answered: %s', async (_stage, bytes) => {
    const exchange = await meet((socket) => socket.end(bytes))
    expect(exchange).toMatchObject({
      outcome: 'broken',
      message: 'connection closed by the server',
    })
  })

  test.each(stages)('by a reset has not answered: %s', async (_stage, bytes) => {
    const talk: Talk = (socket) => {
      socket.write(bytes)
      setTimeout(() => socket.resetAndDestroy(), 10)
    }
    const exchange = await meet(talk)
    expect(exchange.outcome).toBe('broken')
    expect(exchange.message).toMatch(/ECONNRESET/)
  })

  // undici takes this for complete: it was reset after a head that says close.
  test('by a reset in a body without a length has not answered', async () => {
    const talk: Talk = (socket) => {
      socket.write(`${ok}Connection: close\r\n\r\nsome of it`)
      setTimeout(() => socket.resetAndDestroy(), 10)
    }
    const exchange = await meet(talk)
    expect(exchange).toMatchObject({ outcome: 'broken', status: 200, body: 'some of it' })
  })

  test('while it is sent a long request is noticed at once', async () => {
    const body = { head: 'x'.repeat(8_000_000), variable: null, tail: '' }
    const talk: Talk = (socket) => {
      socket.pause()
      socket.end()
    }
    const exchange = await meet(talk, { request: { method: 'POST', body }, timeoutUs: 8_000_000 })
    expect(exchange).toMatchObject({
      outcome: 'broken',
      message: 'connection closed by the server',
    })
  })

  test('on connections that do nothing is not noticed by requests', async () => {
    driver = wireDriver(server.origin, clock, {})
    hostileTalk = (socket) => {
      socket.write(okay)
      setTimeout(() => socket.end(), 5)
    }
    for (let i = 0; i < 5; i++) {
      expect(await fetchFrom(driver, { path: '/hostile' })).toMatchObject({ outcome: 'complete' })
      await Promise.all([...hostileSockets].map(isGone))
    }
    expect(hostileSockets.size).toBe(5)
  })
})

describe('a server that says too much', () => {
  const unasked: readonly (readonly [string, Talk])[] = [
    ['bytes after the body', says(`${okay}junk`)],
    ['a response after the response', says(okay + okay)],
    ['a line end after the response', says(`${okay}\r\n`)],
    ['bytes after the last chunk', says(`${chunked}0\r\n\r\njunk`)],
    ['a body where there is none', says(`HTTP/1.1 204 No Content\r\n\r\nok`)],
    ['a response on a connection that does nothing', says(okay, okay)],
    ['a byte on a connection that does nothing', says(okay, 'x')],
  ]

  test.each(unasked)('has answered, and loses its connection: %s', async (_what, talk) => {
    const exchange = await meet(talk)
    expect(exchange.outcome).toBe('complete')
  })

  test('is not believed when somebody else asks on the same connection', async () => {
    driver = wireDriver(server.origin, clock, {})
    hostileTalk = says(okay, okay.replaceAll('ok', 'no'))
    for (let i = 0; i < 20; i++) {
      expect(await fetchFrom(driver, { path: '/hostile' })).toMatchObject({ body: 'ok' })
      // The surplus comes 5 ms later: while nobody has asked, also where the machine is busy.
      await new Promise((resolve) => setTimeout(resolve, 60))
    }
  })
})

describe('an answer that comes before the request is complete', () => {
  const body = { head: 'x'.repeat(1_000_000), variable: null, tail: '' }
  const tooLarge = 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n'

  test('counts, though the rest of the request is never read', async () => {
    // More than what the kernel takes for a connection on which nobody reads.
    const large = { ...body, head: 'x'.repeat(16_000_000) }
    const talk: Talk = (socket) => {
      socket.pause()
      socket.write(`${tooLarge}\r\nno`)
    }
    const exchange = await meet(talk, { request: { method: 'POST', body: large } })
    expect(exchange).toMatchObject({ outcome: 'complete', status: 413, body: 'no' })
  })

  test('counts, and the connection is closed as it says', async () => {
    const talk: Talk = (socket) => socket.end(`${tooLarge}Connection: close\r\n\r\nno`)
    const exchange = await meet(talk, { request: { method: 'POST', body } })
    expect(exchange).toMatchObject({ outcome: 'complete', status: 413, body: 'no' })
  })
})

test('large requests that are taken slowly arrive whole, each its own', async () => {
  driver = wireDriver(server.origin, clock, {})
  const arrived: string[] = []
  hostileTalk = (socket) => {
    // The first piece has been read by the time we are called.
    socket.removeAllListeners('data').pause()
    setTimeout(() => socket.resume(), 20)
    let text = ''
    socket.on('data', (data: Buffer) => {
      text += data.toString('latin1')
      if (!text.endsWith('!')) return
      arrived.push(text.slice(-12))
      expect(/[^x]/.test(text.slice(0, -12))).toBe(false)
      socket.write(okay)
    })
  }
  const variable = (seq: number) => String(1000 + seq)
  const body = { head: 'x'.repeat(3_000_000), variable, tail: 'is mine!' }
  const template = { ...get, method: 'POST', path: '/hostile', idPrefix: 'r-', body }
  await Promise.all(
    Array.from(
      { length: 8 },
      (_, seq) =>
        new Promise<void>((resolve) => {
          driver.send(template, seq, longUs, {
            ended({ status, failure }) {
              expect({ status, failure }).toEqual({ status: 200, failure: null })
              resolve()
            },
          })
        }),
    ),
  )
  const expected = Array.from({ length: 8 }, (_, seq) => `${1000 + seq}is mine!`)
  expect(arrived.sort()).toEqual(expected)
})

describe('many of them at once', () => {
  test('disturb nobody', async () => {
    driver = wireDriver(server.origin, clock, { caps: { ...responseCaps, bodyBytesMax: 100_000 } })
    const talks: readonly Talk[] = [
      () => {},
      says('nonsense'),
      drips(ok, 'X: y\r\n'),
      floods(`${ok}\r\n`, 'x').talk,
      floods(ok, 'X: y\r\n').talk,
      (socket) => socket.resetAndDestroy(),
      (socket) => socket.end(`${chunked}5\r\n`),
      says(okay, okay),
    ]
    let i = 0
    hostileTalk = (socket) => talks[i++ % talks.length]!(socket)
    let isOver = false
    const others = Array.from({ length: 10 }, () => askOn(() => isOver))
    const exchanges = await Promise.all(
      Array.from({ length: 80 }, () => fetchFrom(driver, { path: '/hostile' }, 300_000)),
    )
    isOver = true
    await Promise.all(others)
    const count = (outcome: string) => exchanges.filter((one) => one.outcome === outcome).length
    // Two of eight say nothing or drip; on a busy machine others may not get to their end either.
    expect(count('timeout')).toBeGreaterThanOrEqual(20)
    expect(count('complete')).toBeLessThanOrEqual(10)
    expect(count('timeout') + count('broken') + count('complete')).toBe(80)
  })
})

describe('a connection that cannot be made', () => {
  test('because nobody listens says so', async () => {
    const closed = await rawServer(() => {})
    await closed.close()
    driver = wireDriver(closed.origin, clock, {})
    const exchange = await fetchFrom(driver)
    expect(exchange.outcome).toBe('broken')
    expect(exchange.message).toMatch(/ECONNREFUSED/)
  })

  test('because the name is unknown says so', async () => {
    driver = wireDriver('http://no-such-host.invalid', clock, {})
    const exchange = await fetchFrom(driver)
    expect(exchange.outcome).toBe('broken')
    expect(exchange.message).toMatch(/no-such-host\.invalid/)
  })
})
