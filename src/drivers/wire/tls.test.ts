// The wire driver over TLS, with a certificate made here. Real time, bounded by deadlines.

import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { UserError } from '../../core/errors.ts'
import { realClock } from '../../core/realClock.ts'
import { rawServer } from '../../testing/servers.ts'
import type { Driver } from '../driver.ts'
import { undiciDriver } from '../undici.ts'
import { fetchFrom } from './fixtures.ts'
import { type WireOptions, wireDriver } from './wire.ts'

/** One element of DER (X.690): a tag, the length of its contents, and these. */
function der(tag: number, ...contents: readonly (Buffer | string)[]): Buffer {
  const body = Buffer.concat(contents.map((part) => Buffer.from(part as string, 'latin1')))
  const { length } = body
  const head =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...head]), body])
}

const sequence = (...parts: readonly Buffer[]) => der(0x30, ...parts)
const objectId = (hex: string) => der(0x06, Buffer.from(hex, 'hex'))

/** A certificate for 127.0.0.1 that signs itself (RFC 5280, section 4.1), and its key, as PEM. */
function selfSigned(): { readonly cert: string; readonly key: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const ecdsaWithSha256 = sequence(objectId('2a8648ce3d040302'))
  const name = sequence(der(0x31, sequence(objectId('550403'), der(0x0c, 'limitscope test'))))
  const validity = sequence(der(0x17, '200101000000Z'), der(0x17, '491231235959Z'))
  const addresses = sequence(der(0x87, Buffer.from([127, 0, 0, 1])))
  const isAuthority = sequence(der(0x01, Buffer.from([0xff])))
  const extensions = sequence(
    sequence(objectId('551d11'), der(0x04, addresses)),
    sequence(objectId('551d13'), der(0x04, isAuthority)),
  )
  const content = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ecdsaWithSha256,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions),
  )
  const signature = der(0x03, Buffer.from([0]), sign('sha256', content, privateKey))
  const base64 = sequence(content, ecdsaWithSha256, signature).toString('base64')
  const lines = base64.match(/.{1,64}/g)!.join('\n')
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  }
}

/** A server in a thread of its own that answers with the number of connections it has had. */
async function countingServer(): Promise<{ readonly worker: Worker; readonly port: number }> {
  const code = `
    const { parentPort, workerData } = require('node:worker_threads')
    let count = 0
    const server = require('node:https').createServer(workerData, (_, response) => response.end(String(count)))
    server.on('secureConnection', () => count++)
    server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))`
  const worker = new Worker(code, { eval: true, workerData: selfSigned() })
  const [port] = (await once(worker, 'message')) as [number]
  return { worker, port }
}

/** Passes bytes on to a port, and tells how long the client's records were: its hello, its requests. */
async function recordProxy(to: number) {
  const sent: Buffer[] = []
  const proxy = createTcpServer((client) => {
    const upstream = connect(to, '127.0.0.1')
    client.on('data', (bytes: Buffer) => sent.push(bytes))
    client.pipe(upstream).pipe(client)
    for (const socket of [client, upstream]) socket.on('error', () => {})
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return {
    port: (proxy.address() as AddressInfo).port,
    // RFC 8446, section 5.1: type, two bytes of version, two bytes of length. The first record that
    // is encrypted ends the handshake.
    records(): number[] {
      const bytes = Buffer.concat(sent)
      const records: { type: number; length: number }[] = []
      for (let at = 0; at < bytes.length; at += 5 + records.at(-1)!.length) {
        records.push({ type: bytes[at]!, length: bytes.readUInt16BE(at + 3) })
      }
      const encrypted = records.filter(({ type }) => type === 23).slice(1)
      return [records[0]!, ...encrypted].map(({ length }) => length)
    },
    async close() {
      await driver.close()
      proxy.close()
      await once(proxy, 'close')
    },
  }
}

const clock = realClock()
const folder = mkdtempSync(join(tmpdir(), 'limitscope-tls-'))
const caPath = join(folder, 'ca.pem')
const sockets = new Set<Socket>()
const large = Buffer.alloc(3_000_000, 'limitscope 0123456789 ')
const digest = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex')
let server: Server
let origin: string
let driver: Driver

beforeAll(async () => {
  const { cert, key } = selfSigned()
  writeFileSync(caPath, cert)
  server = createServer({ cert, key }, (request, response) => {
    sockets.add(request.socket)
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      if (request.url === '/large') response.end(large)
      else if (request.url === '/digest') response.end(digest(Buffer.concat(parts)))
      else if (request.url === '/close') response.setHeader('connection', 'close').end('bye')
      else if (request.url === '/cut') response.write('some', () => request.socket.destroy())
      else response.end('ok')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterEach(async () => {
  sockets.clear()
  await driver.close()
})

afterAll(() => {
  server.closeAllConnections()
  server.close()
  rmSync(folder, { recursive: true })
})

function open(options: WireOptions = { caPath }): void {
  driver = wireDriver(origin, clock, options)
}

describe('over TLS', () => {
  test('a certificate that nobody vouches for is refused, as by undici', async () => {
    open({})
    const exchange = await fetchFrom(driver)
    expect(exchange).toMatchObject({ outcome: 'broken', status: null })
    expect(exchange.message).toMatch(/DEPTH_ZERO_SELF_SIGNED_CERT|self-signed certificate/)
    expect(exchange.message).toMatch(/--cacert.*--insecure/)
    expect(exchange.message).not.toContain('Node.js')
    const undici = undiciDriver(origin, clock, { connectionsMax: 1 })
    expect((await fetchFrom(undici)).message).toBe(exchange.message)
    await undici.close()
    expect(sockets.size).toBe(0)
  })

  test('a certificate for somebody else is refused', async () => {
    driver = wireDriver(origin.replace('127.0.0.1', 'localhost'), clock, { caPath })
    const exchange = await fetchFrom(driver)
    expect(exchange.outcome).toBe('broken')
    expect(exchange.message).toMatch(/ERR_TLS_CERT_ALTNAME_INVALID/)
  })

  test('it is accepted with its authority, and when nothing is verified', async () => {
    for (const options of [{ caPath }, { verify: false }]) {
      open(options)
      expect(await fetchFrom(driver)).toMatchObject({
        outcome: 'complete',
        status: 200,
        body: 'ok',
      })
      await driver.close()
    }
  })

  test('an authority that cannot be read is a mistake of the user', () => {
    expect(() => open({ caPath: join(folder, 'none.pem') })).toThrow(UserError)
  })

  test('requests one after the other share a connection', async () => {
    open()
    for (let i = 0; i < 20; i++) {
      expect(await fetchFrom(driver)).toMatchObject({ outcome: 'complete', body: 'ok' })
    }
    expect(sockets.size).toBe(1)
    expect(await fetchFrom(driver, { path: '/close' })).toMatchObject({ body: 'bye' })
    expect(await fetchFrom(driver)).toMatchObject({ outcome: 'complete', body: 'ok' })
    expect(sockets.size).toBe(2)
  })

  // Node tells of a write behind TLS a turn after it: here the answer is there before that.
  test('a connection is used again whose answer came before its request counted as written', async () => {
    const { worker, port } = await countingServer()
    driver = wireDriver(`https://127.0.0.1:${port}`, clock, { verify: false })
    const bodies: string[] = []
    for (let i = 0; i < 5; i++) {
      await new Promise(setImmediate)
      const answer = fetchFrom(driver)
      const untilUs = clock.nowUs() + 20_000
      while (clock.nowUs() < untilUs);
      bodies.push((await answer).body)
    }
    await worker.terminate()
    expect(bodies).toEqual(Array(5).fill('1'))
  })

  test('large bodies come whole, on several connections into one buffer', async () => {
    driver = wireDriver(origin, clock, {
      caPath,
      caps: { bodyBytesMax: large.length, keptBytesMax: large.length, eventBytesMax: 1000 },
    })
    const request = { path: '/large' }
    const exchanges = await Promise.all(Array.from({ length: 4 }, () => fetchFrom(driver, request)))
    for (const { outcome, bytesIn, body } of exchanges) {
      expect({ outcome, bytesIn }).toEqual({ outcome: 'complete', bytesIn: large.length })
      expect(digest(body)).toBe(digest(large))
    }
  })

  test('large requests arrive whole', async () => {
    open()
    const body = { head: large.toString(), variable: null, tail: '' }
    const request = { method: 'POST', path: '/digest', body }
    const exchanges = await Promise.all(Array.from({ length: 4 }, () => fetchFrom(driver, request)))
    for (const exchange of exchanges) expect(exchange.body).toBe(digest(large))
    expect((await fetchFrom(driver, request)).body).toBe(digest(large))
    expect(sockets.size).toBe(4)
  })

  // How long a record may be decides how much memory OpenSSL asks for at each write.
  test.each([
    { requestBytesMax: undefined, isSplit: false },
    { requestBytesMax: 5500, isSplit: false },
    { requestBytesMax: 700, isSplit: true },
  ])('requests of up to $requestBytesMax bytes are one TLS record each', async (expected) => {
    const proxy = await recordProxy(Number(new URL(origin).port))
    const { requestBytesMax, isSplit } = expected
    const known = requestBytesMax === undefined ? {} : { requestBytesMax }
    driver = wireDriver(`https://127.0.0.1:${proxy.port}`, clock, { caPath, ...known })
    const body = { head: 'x'.repeat(5000), variable: null, tail: '' }
    await fetchFrom(driver)
    const long = await fetchFrom(driver, { method: 'POST', path: '/digest', body })
    await proxy.close()
    expect(long.body).toBe(digest(body.head))
    const [hello, short, ...rest] = proxy.records()
    // The hello is longer than short records are, and one record all the same.
    expect(hello).toBeGreaterThan(768)
    expect(short).toBeLessThan(300)
    if (isSplit) expect(rest.every((bytes) => bytes < 800)).toBe(true)
    else expect(rest).toEqual([expect.toSatisfy((bytes: number) => bytes > 5000)])
  })

  test('an end in the body is told from its end', async () => {
    open()
    const exchange = await fetchFrom(driver, { path: '/cut' })
    expect(exchange).toMatchObject({ outcome: 'broken', status: 200, bytesIn: 4 })
    expect(await fetchFrom(driver)).toMatchObject({ outcome: 'complete', body: 'ok' })
  })
})

describe('a TLS handshake', () => {
  test('that does not end is given up at the deadline', async () => {
    const silent = await rawServer((socket) => socket.resume())
    driver = wireDriver(silent.origin.replace('http:', 'https:'), clock, {})
    const exchange = await fetchFrom(driver, {}, 80_000)
    expect(exchange).toMatchObject({ outcome: 'timeout', status: null })
    expect(exchange.tookUs).toBeGreaterThanOrEqual(80_000)
    await silent.close()
  })

  test('that is answered in plain HTTP says what is wrong', async () => {
    const plain = await rawServer((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    })
    driver = wireDriver(plain.origin.replace('http:', 'https:'), clock, {})
    const exchange = await fetchFrom(driver)
    expect(exchange.outcome).toBe('broken')
    expect(exchange.message).toMatch(/SSL|EPROTO/)
    await plain.close()
  })

  test('that is hung up on is broken', async () => {
    const curt = await rawServer((socket) => {
      socket.once('data', () => socket.end())
    })
    driver = wireDriver(curt.origin.replace('http:', 'https:'), clock, {})
    const exchange = await fetchFrom(driver)
    expect(exchange.outcome).toBe('broken')
    expect(exchange.message).toMatch(/ECONNRESET|closed by the server/)
    await curt.close()
  })
})
