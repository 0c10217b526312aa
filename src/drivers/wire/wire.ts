// The wire driver: HTTP/1.1 over TCP and TLS by way of sockets that read into one shared buffer,
// requests made of ready bytes, and a parser that leaves headers unread until they are asked for.
// One request per connection at a time; there are as many connections as requests in flight.

import { connect as connectTcp, isIP, type TcpNetConnectOpts } from 'node:net'
import { type ConnectionOptions, connect as connectTls, createSecureContext } from 'node:tls'
import type { Clock } from '../../core/clock.ts'
import type { Micros } from '../../core/units.ts'
import {
  type Caller,
  type Driver,
  type RequestTemplate,
  type ResponseCaps,
  responseCaps,
  type Sending,
} from '../driver.ts'
import { readCa } from '../failures.ts'
import type { ConnectionParts } from './connection.ts'
import { Deadlines } from './deadlines.ts'
import { HeadMemory } from './headMemory.ts'
import { ConnectionPool } from './pool.ts'
import { RequestBytes } from './requestBytes.ts'

export interface WireOptions {
  /** PEM file of an additional authority; null for the system's. */
  readonly caPath?: string | null
  /** Default true: verify the server's certificate. */
  readonly verify?: boolean
  readonly caps?: ResponseCaps
  /**
   * How long requests are at most, as far as it is known. A longer one is sent all the same, perhaps
   * in more TLS records than it needs.
   */
  readonly requestBytesMax?: number
}

/** Size of the buffer that all sockets of a driver read into, one after the other. */
const readBytes = 64 * 1024

/**
 * OpenSSL asks for memory for each TLS record that it writes: as much as the longest may need, 16 KB
 * unless it is told otherwise. Up to this length malloc has it at hand (glibc's threads keep pieces of
 * up to 1,032 bytes; some 130 are around the request), which saves 4 % of a short request.
 */
const shortRecordBytes = 768

/** A driver that sends to one origin; throws `UserError` for an unreadable authority. */
export function wireDriver(origin: string, clock: Clock, options: WireOptions): Driver {
  return new WireDriver(origin, clock, options)
}

class WireDriver implements Driver {
  readonly #host: string
  readonly #clock: Clock
  readonly #deadlines: Deadlines
  readonly #pool: ConnectionPool
  readonly #templates = new Map<RequestTemplate, RequestBytes>()
  #lastTemplate: RequestTemplate | null = null
  #lastBytes: RequestBytes | null = null

  constructor(origin: string, clock: Clock, options: WireOptions) {
    const url = new URL(origin)
    this.#host = url.host
    this.#clock = clock
    this.#deadlines = new Deadlines(clock)
    this.#pool = new ConnectionPool({
      clock,
      caps: options.caps ?? responseCaps,
      deadlines: this.#deadlines,
      heads: new HeadMemory(),
      connect: connector(url, options),
      readyEvent: url.protocol === 'https:' ? 'secureConnect' : 'connect',
    })
  }

  send(template: RequestTemplate, seq: number, timeoutUs: Micros, caller: Caller): Sending {
    const bytes = this.#bytesOf(template)
    const nowUs = this.#clock.nowUs()
    const connection = this.#pool.take(nowUs)
    if (connection === null) return this.#pool.wait(bytes, seq, timeoutUs, caller, nowUs)
    connection.start(bytes, seq, timeoutUs, caller, nowUs)
    return connection
  }

  async close(): Promise<void> {
    this.#deadlines.close()
    this.#pool.close()
  }

  #bytesOf(template: RequestTemplate): RequestBytes {
    if (template === this.#lastTemplate && this.#lastBytes !== null) return this.#lastBytes
    let bytes = this.#templates.get(template)
    if (bytes === undefined) {
      bytes = new RequestBytes(template, this.#host)
      this.#templates.set(template, bytes)
    }
    this.#lastTemplate = template
    this.#lastBytes = bytes
    return bytes
  }
}

/** Opens sockets to an origin, all of which read into one buffer. */
function connector(url: URL, options: WireOptions): ConnectionParts['connect'] {
  const isTls = url.protocol === 'https:'
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const address = { host, port: Number(url.port) || (isTls ? 443 : 80) }
  const buffer = Buffer.allocUnsafeSlow(readBytes)
  const isShort = (options.requestBytesMax ?? Number.POSITIVE_INFINITY) <= shortRecordBytes
  const secureContext = isTls
    ? createSecureContext(options.caPath ? { ca: readCa(options.caPath) } : {})
    : undefined
  return (reader) => {
    const onread = {
      buffer,
      callback: (bytes: number) => {
        reader.onRead(bytes, buffer)
        return true
      },
    }
    if (secureContext === undefined) return connectTcp({ ...address, onread })
    // tls.connect hands `onread` on to the socket, as net.connect does; its types do not say so.
    const tls: ConnectionOptions & Pick<TcpNetConnectOpts, 'onread'> = {
      ...address,
      onread,
      secureContext,
      rejectUnauthorized: options.verify ?? true,
      ALPNProtocols: ['http/1.1'],
      ...(isIP(host) === 0 ? { servername: host } : {}),
    }
    const socket = connectTls(tls)
    // Not before: some servers do not like a ClientHello in several records. There is no way back.
    if (isShort) socket.once('secureConnect', () => socket.setMaxSendFragment(shortRecordBytes))
    return socket
  }
}
