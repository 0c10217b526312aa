import { afterEach, expect, test } from 'vitest'
import { type Clock, VirtualClock } from '../core/clock.ts'
import { realClock, wallMs } from '../core/realClock.ts'
import { responseReader } from '../dialects/read.ts'
import type { Driver } from '../drivers/driver.ts'
import { inProcessDriver } from '../drivers/inProcess.ts'
import { wireDriver } from '../drivers/wire/wire.ts'
import { gatewaySpec } from '../gateway/overrides.ts'
import { GatewayService } from '../gateway/service.ts'
import type { RequestShape } from '../load/shapes.ts'
import { httpServer, rawServer, type TestServer } from '../testing/servers.ts'
import { cheap, laneNamed } from '../testing/simulate.ts'
import { type HttpProber, type HttpProberParts, httpProber } from './httpProber.ts'

const key = 'Bearer sk-free-0123456789'
const get: RequestShape = { ...cheap, name: 'get', kind: 'raw', method: 'GET', path: '/', body: '' }

const open: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

function proberOver(driver: Driver, clock: Clock, more: Partial<HttpProberParts> = {}): HttpProber {
  return httpProber({
    driver,
    clock,
    epochUnixMs: 0,
    shapes: [cheap],
    identities: [{ lane: laneNamed('free'), differsIn: null }],
    secrets: new Map([['free', { authorization: key }]]),
    read: responseReader({ dialect: 'auto', rules: [] }),
    userAgent: 'limitscope/test profile',
    pathPrefix: '',
    timeoutUs: 200_000,
    ...more,
  })
}

async function proberAt(starting: Promise<TestServer>, more: Partial<HttpProberParts> = {}) {
  const server = await starting
  const epochUnixMs = Math.floor(wallMs())
  const clock = realClock({ epochMs: epochUnixMs })
  const driver = wireDriver(server.origin, clock, {})
  open.push(
    () => driver.close(),
    () => server.close(),
  )
  return proberOver(driver, clock, { epochUnixMs, shapes: [get], ...more })
}

const asFree = { shape: 'get', lane: 'free' }

test('one request is one observation: instants, outcome, cost, what is advertised', async () => {
  const clock = new VirtualClock()
  const spec = gatewaySpec('free', { requests: '2/10s', dialect: 'ietf', ttft: '5ms', spread: 0 })
  const prober = proberOver(
    inProcessDriver(new GatewayService(spec, clock), clock, { travelUs: 3_000 }),
    clock,
  )
  const send = () => clock.run(prober.send({ shape: 'cheap', lane: 'free' }))
  const [first] = [await send(), await send()]
  expect(first).toMatchObject({ seq: 1, sentUs: 0, outcome: 'ok', status: 200, limiter: null })
  expect(first!.cost).toEqual({ promptTokens: 8, completionTokens: 16, usd: 0 })
  expect(first!.signals).toMatchObject([{ name: 'requests', limit: 2, remaining: 1 }])
  expect(first!.receivedUs).toBeGreaterThan(3_000)
  const third = await send()
  expect(third).toMatchObject({ seq: 3, outcome: 'limited', status: 429, limiter: 'requests' })
  expect(third.cost).toBeNull()
  expect(third.retryAfterUs! + third.receivedUs).toBeGreaterThan(9e6)
})

test('identities differ in what they are said to differ in, and name themselves', async () => {
  const seen: string[] = []
  const server = httpServer((request, response) => {
    const { authorization, 'user-agent': agent } = request.headers
    seen.push(`${request.url} ${authorization} ${agent}`)
    response.end()
  })
  const prober = await proberAt(server, {
    identities: [
      { lane: laneNamed('free'), differsIn: null },
      { lane: laneNamed('other'), differsIn: 'authorization' },
      { lane: laneNamed('elsewhere'), differsIn: 'path', path: '/b' },
    ],
    secrets: new Map([
      ['free', { authorization: 'one' }],
      ['other', { authorization: 'two' }],
      ['elsewhere', { authorization: 'one' }],
    ]),
  })
  for (const { name } of prober.lanes) await prober.send({ shape: 'get', lane: name })
  const agent = 'limitscope/test profile'
  expect(seen).toEqual([`/ one ${agent}`, `/ two ${agent}`, `/b one ${agent}`])
  expect(prober.lanes.map(({ differsIn }) => differsIn)).toEqual([null, 'authorization', 'path'])
})

test('requests sent in one tick are in flight together', async () => {
  let [inFlight, most] = [0, 0]
  const server = httpServer((_request, response) => {
    most = Math.max(most, ++inFlight)
    setTimeout(() => {
      inFlight--
      response.end()
    }, 50)
  })
  const prober = await proberAt(server)
  const all = await Promise.all(Array.from({ length: 8 }, () => prober.send(asFree)))
  expect(most).toBe(8)
  expect(new Set(all.map(({ seq }) => seq)).size).toBe(8)
})

test('no answer in time, no connection and no HTTP are observations, and are remembered', async () => {
  const mute = await proberAt(rawServer(() => {}))
  expect(await mute.send(asFree)).toMatchObject({ outcome: 'timeout', status: null, signals: [] })
  const rude = await proberAt(rawServer((socket) => socket.destroy()))
  expect(await rude.send(asFree)).toMatchObject({ outcome: 'broken' })
  const gone = await rawServer(() => {})
  await gone.close()
  const nobody = await proberAt(Promise.resolve({ origin: gone.origin, close: async () => {} }))
  expect(await nobody.send(asFree)).toMatchObject({ outcome: 'broken' })
  expect([...nobody.failures().keys()].join()).toMatch(/ECONNREFUSED/)
  const angry = await proberAt(httpServer((_request, response) => response.writeHead(401).end()))
  for (let i = 0; i < 3; i++) await angry.send(asFree)
  expect([...angry.failures()]).toEqual([['status 401', 3]])
})

test('an abort drops what is in flight and sends nothing more', async () => {
  let requests = 0
  const stop = new AbortController()
  const server = httpServer(() => {
    requests++
    stop.abort()
  })
  const prober = await proberAt(server, { signal: stop.signal, timeoutUs: 20e6 })
  expect(await prober.send(asFree)).toMatchObject({ outcome: 'aborted' })
  expect(await prober.send(asFree)).toMatchObject({ outcome: 'aborted', seq: 2 })
  expect(requests).toBe(1)
})

test('a target that answers with the credential does not get it into an observation', async () => {
  const server = httpServer((_request, response) => {
    const name = 'sk-free-0123456789'
    const headers = { 'content-type': 'application/json' }
    response.writeHead(429, { ...headers, ratelimit: `"${name}";r=0;t=5` })
    response.end(JSON.stringify({ error: { code: name, type: name } }))
  })
  const prober = await proberAt(server)
  const observation = await prober.send(asFree)
  expect(observation.outcome).toBe('limited')
  expect(JSON.stringify(observation)).not.toContain('0123456789')
  expect(observation.signals[0]?.name).toBe('***')
})
