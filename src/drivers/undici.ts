// The undici driver: HTTP/1.1, HTTP/2, TLS; one request per connection at a time.

import { readFileSync } from 'node:fs'
import { type Dispatcher, Pool } from 'undici'
import type { Cancel, Clock } from '../core/clock.ts'
import { messageOf, UserError } from '../core/errors.ts'
import {
  type Driver,
  type Exchange,
  type OutgoingRequest,
  type ResponseCaps,
  responseCaps,
} from './driver.ts'
import { ExchangeRecorder } from './recorder.ts'

export interface UndiciOptions {
  /** Most connections to the target; further requests wait inside undici, so keep it high enough. */
  readonly connectionsMax: number
  /** PEM file of an additional authority; null for the system's. */
  readonly caPath?: string | null
  /** Default true: verify the server's certificate. */
  readonly verify?: boolean
  readonly caps?: ResponseCaps
}

/** A driver that sends to one origin. */
export function undiciDriver(origin: string, clock: Clock, options: UndiciOptions): Driver {
  const pool = new Pool(origin, {
    connections: options.connectionsMax,
    pipelining: 1,
    // Deadlines are ours: undici's run from one piece of the body to the next.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: 60_000,
    connect: {
      timeout: 0,
      rejectUnauthorized: options.verify ?? true,
      ...(options.caPath ? { ca: readCa(options.caPath) } : {}),
    },
  })
  const caps = options.caps ?? responseCaps
  return {
    send: (request, done) => send({ pool, clock, caps }, request, done),
    close: () => pool.destroy(),
  }
}

interface Wire {
  readonly pool: Pool
  readonly clock: Clock
  readonly caps: ResponseCaps
}

function send(
  { pool, clock, caps }: Wire,
  request: OutgoingRequest,
  done: (exchange: Exchange) => void,
): Cancel {
  let controller: Dispatcher.DispatchController | undefined
  let givenUp: Error | undefined
  const recorder = new ExchangeRecorder(clock, caps, (exchange) => {
    cancelDeadline()
    done(exchange)
  })
  const giveUp = (kind: 'timeout' | 'broken' | 'aborted', message: string) => {
    if (recorder.isOver) return
    givenUp = new Error(message)
    recorder.fail(kind, message)
    controller?.abort(givenUp)
  }
  const cancelDeadline = clock.at(clock.nowUs() + request.timeoutUs, () => {
    giveUp('timeout', `no complete answer within ${request.timeoutUs / 1000} ms`)
  })
  const { method, path, headers, body } = request
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(started) {
      controller = started
      if (givenUp !== undefined) return started.abort(givenUp)
      recorder.sent()
    },
    onResponseStart(_controller, status, rawHeaders) {
      recorder.head(status, flatHeaders(rawHeaders))
    },
    onResponseData(_controller, chunk) {
      const problem = recorder.data(chunk)
      if (problem !== null) giveUp('broken', problem)
    },
    onResponseEnd: () => recorder.end(),
    onResponseError: (_controller, error) => recorder.fail('broken', connectionMessage(error)),
  }
  const isBodyless = body === '' && (method === 'GET' || method === 'HEAD')
  pool.dispatch({ method, path, headers, body: isBodyless ? null : body }, handler)
  return () => giveUp('aborted', 'aborted')
}

function flatHeaders(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    flat[name] = typeof value === 'string' ? value : (value ?? []).join(', ')
  }
  return flat
}

/** 'ECONNREFUSED: connect ECONNREFUSED 127.0.0.1:1' and the like, with the cause that undici hides. */
function connectionMessage(error: Error & { code?: string; cause?: unknown }): string {
  const first = 'errors' in error && Array.isArray(error.errors) ? error.errors[0] : undefined
  const text = messageOf(first ?? error)
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : ''
  return `${error.code ?? error.name}: ${text}${cause}`
}

function readCa(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const message = `target.caPath: expected a readable PEM file, got '${path}' (${messageOf(error)})`
    throw new UserError('config', message, { cause: error })
  }
}
