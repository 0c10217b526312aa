// The embedded gateway on a socket: node:http in front of the service.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { UserError } from '../core/errors.ts'
import { realClock } from '../core/realClock.ts'
import type { GatewayRequest, Reply } from './exchange.ts'
import { GatewayService } from './service.ts'
import type { GatewaySpec } from './spec.ts'

/** Bodies above this are refused with 413. */
const bodyBytesMax = 8 * 1024 * 1024

export interface GatewayOptions {
  /** Default 0: any free port. */
  readonly port?: number
  /** Default 127.0.0.1. */
  readonly host?: string
}

/** A gateway that listens; `close` ends it and every connection. */
export interface RunningGateway {
  readonly url: string
  readonly service: GatewayService
  close(): Promise<void>
}

/** Serves a gateway; rejects with `UserError` when the port cannot be had. */
export async function startGateway(
  spec: GatewaySpec,
  options: GatewayOptions = {},
): Promise<RunningGateway> {
  const { port = 0, host = '127.0.0.1' } = options
  const clock = realClock({ epochMs: 0 })
  const service = new GatewayService(spec, clock)
  const server = createServer({ keepAliveTimeout: 75_000, noDelay: true }, (request, response) => {
    const arrivedUs = clock.nowUs()
    readBody(request, response, (body) =>
      service.handle({ ...gatewayRequest(request, body), arrivedUs }, replyTo(response)),
    )
  })
  // Clients under load must be able to hold many idle connections.
  server.maxConnections = 0x7fffffff
  await listen(server, port, host)
  const address = server.address() as AddressInfo
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    service,
    close: () => close(server),
  }
}

function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  run: (body: string) => void,
): void {
  const chunks: Buffer[] = []
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= bodyBytesMax) chunks.push(chunk)
  })
  request.on('end', () => {
    if (bytes > bodyBytesMax) return void response.writeHead(413).end()
    run(chunks.length === 1 ? chunks[0]!.toString() : Buffer.concat(chunks).toString())
  })
}

function gatewayRequest(request: IncomingMessage, body: string): GatewayRequest {
  return {
    method: request.method ?? 'GET',
    path: request.url ?? '/',
    headers: request.headers as Record<string, string | undefined>,
    body,
    address: request.socket.remoteAddress ?? '',
  }
}

function replyTo(response: ServerResponse): Reply {
  return {
    head: (status, headers) =>
      void response.writeHead(status, headers as Record<string, string | string[]>),
    write: (text) => void response.write(text),
    end: (text) => void response.end(text),
    destroy: () => response.socket?.destroySoon(),
    garbage: (bytes) => void response.socket?.end(bytes),
    onGone: (run) => void response.on('close', run),
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'something listens there already' : error.message
      const message = `gateway: cannot listen on ${host}:${port}: ${why}; choose another --port (0 takes any free one)`
      reject(new UserError('usage', message, { cause: error }))
    })
    server.listen(port, host, resolve)
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
