import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { VirtualClock } from '../../core/clock.ts'
import { type Exchange, type RequestTemplate, responseCaps } from '../driver.ts'
import type { Reader } from './connection.ts'
import { Deadlines } from './deadlines.ts'
import { HeadMemory } from './headMemory.ts'
import { ConnectionPool } from './pool.ts'
import { RequestBytes } from './requestBytes.ts'

const template: RequestTemplate = {
  method: 'GET',
  path: '/',
  headers: {},
  idPrefix: 'r-',
  body: { head: '', variable: null, tail: '' },
}
const bytes = new RequestBytes(template, 'localhost')
const answer = Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')

/** A socket whose other end is the test. */
class FakeSocket extends EventEmitter {
  /** Writes are told of at once unless they are to be told of later. */
  isSlow = false
  #written: ((error?: Error) => void) | null = null
  written: number[] = []
  isDestroyed = false
  readonly #reader: Reader

  constructor(reader: Reader) {
    super()
    this.#reader = reader
  }

  setNoDelay(): void {}

  _write(request: Buffer, _: string, written: (error?: Error) => void): void {
    this.written.push(Number(/r-(\d+)/.exec(request.toString())?.[1]))
    if (this.isSlow) this.#written = written
    else written()
  }

  tellWritten(error?: Error): void {
    this.#written!(error)
  }

  destroy(error?: Error): void {
    this.isDestroyed = true
    if (error) this.emit('error', error)
  }

  answer(): void {
    this.#reader.onRead(answer.length, Buffer.from(answer))
  }
}

function setUp(clock = new VirtualClock()) {
  const sockets: FakeSocket[] = []
  const ended: { seq: number; exchange: Exchange; outcome: string; sentUs: number | null }[] = []
  const pool = new ConnectionPool({
    clock,
    caps: responseCaps,
    deadlines: new Deadlines(clock),
    heads: new HeadMemory(),
    readyEvent: 'connect',
    connect(reader) {
      const socket = new FakeSocket(reader)
      sockets.push(socket)
      return socket as unknown as Socket
    },
  })
  const send = (seq: number, timeoutUs = 1000) => {
    const handedUs = clock.nowUs()
    const caller = {
      ended: (exchange: Exchange) => {
        const { failure, status, sentUs } = exchange
        ended.push({ seq, exchange, outcome: failure?.kind ?? String(status), sentUs })
      },
    }
    const connection = pool.take(handedUs)
    if (connection === null) return pool.wait(bytes, seq, timeoutUs, caller, handedUs)
    connection.start(bytes, seq, timeoutUs, caller, handedUs)
    return connection
  }
  const outcomes = () => ended.map(({ seq, outcome }) => [seq, outcome])
  return { clock, sockets, pool, send, ended, outcomes }
}

/** Time goes on within one turn of the event loop. */
class BusyClock extends VirtualClock {
  us = 0

  override nowUs(): number {
    return this.us
  }

  override at(): () => void {
    return () => {}
  }
}

/** The answer to request 1 is there, and its socket has not said yet that it wrote it. */
function answeredBeforeWritten() {
  const parts = setUp()
  parts.send(1)
  const [socket] = parts.sockets
  socket!.isSlow = true
  socket!.emit('connect')
  socket!.answer()
  return parts
}

describe('the connections of a driver', () => {
  test('are as many as requests in flight, opened a few per turn', () => {
    const { clock, sockets, send } = setUp()
    for (let seq = 1; seq <= 30; seq++) send(seq)
    expect(sockets.length).toBe(8)
    clock.advanceTo(0)
    expect(sockets.length).toBe(30)
  })

  // While there are answers to be read, Node does not come to the end of a turn.
  test('are opened though a turn of the event loop takes long', () => {
    const clock = new BusyClock()
    const { sockets, send } = setUp(clock)
    for (let seq = 1; seq <= 30; seq++) send(seq)
    const [first] = sockets
    first!.emit('connect')
    const opened: number[] = []
    for (; opened.length < 7; clock.us += 500) {
      first!.answer()
      opened.push(sockets.length)
    }
    // 22 wait in the end, for as many connections that are being opened.
    expect(opened).toEqual([8, 8, 16, 16, 24, 24, 24])
  })

  test('serve whoever has waited longest, whichever connection is free first', () => {
    const { clock, sockets, send, outcomes } = setUp()
    for (const seq of [1, 2, 3]) send(seq)
    sockets[2]!.emit('connect')
    expect(sockets[2]!.written).toEqual([1])
    sockets[2]!.answer()
    expect(sockets[2]!.written).toEqual([1, 2])
    sockets[0]!.emit('connect')
    expect(sockets[0]!.written).toEqual([3])
    sockets[0]!.answer()
    sockets[2]!.answer()
    expect(outcomes()).toEqual([
      [1, '200'],
      [3, '200'],
      [2, '200'],
    ])
    clock.advanceTo(10)
    expect(sockets.length).toBe(3)
  })

  test('serve requests whose memory had others wait before', () => {
    const { sockets, send, outcomes } = setUp()
    const sendings = [1, 2, 3].map((seq) => send(seq))
    const [one, other] = sockets
    one!.emit('connect')
    one!.answer()
    one!.answer()
    // 1 and 2 have ended, 3 is under way; 4 has the memory of one of those, and waits.
    const fourth = send(4)
    expect(sendings).toContain(fourth)
    sendings[2]!.abort()
    other!.emit('connect')
    expect(one!.isDestroyed).toBe(true)
    expect(other!.written).toEqual([4])
    fourth.abort()
    expect(other!.isDestroyed).toBe(true)
    expect(outcomes()).toEqual([
      [1, '200'],
      [2, '200'],
      [3, 'aborted'],
      [4, 'aborted'],
    ])
  })

  test('that cannot be opened fail one request each', () => {
    const { sockets, send, outcomes } = setUp()
    for (const seq of [1, 2]) send(seq)
    sockets[1]!.emit('error', new Error('refused'))
    expect(outcomes()).toEqual([[1, 'broken']])
    sockets[0]!.emit('error', new Error('refused'))
    expect(outcomes()).toEqual([
      [1, 'broken'],
      [2, 'broken'],
    ])
  })

  test('that never open are given up with the request they were opened for', () => {
    const { clock, sockets, send, outcomes } = setUp()
    send(1)
    clock.advanceTo(1000)
    expect(outcomes()).toEqual([[1, 'timeout']])
    expect(sockets[0]!.isDestroyed).toBe(true)
    send(2)
    expect(sockets.length).toBe(2)
    sockets[0]!.emit('close')
    expect(outcomes()).toEqual([[1, 'timeout']])
  })

  test('do not lengthen the deadline of a request that waited for them', () => {
    const { clock, sockets, send, ended } = setUp()
    send(1)
    clock.advanceTo(600)
    sockets[0]!.emit('connect')
    clock.advanceTo(999)
    expect(ended).toEqual([])
    clock.advanceTo(1000)
    expect(ended[0]).toMatchObject({ outcome: 'timeout', sentUs: 600 })
    expect(ended[0]!.exchange).toMatchObject({ handedUs: 0, endUs: 1000 })
  })

  test('are not touched by the end of a request that still waits', () => {
    const { clock, sockets, send, outcomes } = setUp()
    send(1)
    const second = send(2)
    sockets[0]!.emit('connect')
    second.abort()
    expect(sockets.map(({ isDestroyed }) => isDestroyed)).toEqual([false, true])
    clock.advanceTo(10)
    sockets[0]!.answer()
    expect(outcomes()).toEqual([
      [2, 'aborted'],
      [1, '200'],
    ])
    send(3)
    expect(sockets[0]!.written).toEqual([1, 3])
  })

  test('whose request is about to count as written are waited for: none is opened instead', () => {
    const { clock, sockets, send, outcomes } = answeredBeforeWritten()
    send(2)
    expect(sockets.length).toBe(1)
    expect(sockets[0]!.written).toEqual([1])
    sockets[0]!.tellWritten()
    clock.advanceTo(0)
    expect(sockets[0]!.written).toEqual([1, 2])
    sockets[0]!.answer()
    expect(outcomes()).toEqual([
      [1, '200'],
      [2, '200'],
    ])
  })

  test('behind TLS are used as soon as their request counts as written', () => {
    const { clock, sockets, send } = answeredBeforeWritten()
    sockets[0]!.tellWritten()
    send(2)
    expect(sockets[0]!.written).toEqual([1, 2])
    clock.advanceTo(10)
    expect(sockets[0]!.isDestroyed).toBe(false)
    expect(sockets.length).toBe(1)
  })

  test('whose request is answered and never written are replaced', () => {
    const { clock, sockets, send } = answeredBeforeWritten()
    send(2)
    clock.advanceTo(0)
    expect(sockets[0]!.isDestroyed).toBe(true)
    sockets[0]!.emit('close')
    sockets[1]!.emit('connect')
    expect(sockets[1]!.written).toEqual([2])
  })

  test('that cannot be written to fail their request, with what the socket says', () => {
    const { sockets, send, ended } = setUp()
    send(1)
    sockets[0]!.isSlow = true
    sockets[0]!.emit('connect')
    sockets[0]!.tellWritten(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
    expect(sockets[0]!.isDestroyed).toBe(true)
    expect(ended[0]!.exchange.failure).toEqual({ kind: 'broken', message: 'EPIPE: write EPIPE' })
  })

  test('are not opened any more once it is closed', () => {
    const { clock, sockets, send, pool, outcomes } = setUp()
    for (let seq = 1; seq <= 20; seq++) send(seq)
    pool.close()
    for (const socket of sockets) socket.emit('close')
    clock.advanceTo(10)
    expect(sockets.length).toBe(8)
    expect(outcomes().length).toBe(20)
  })
})
