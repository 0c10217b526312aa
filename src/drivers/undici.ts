// The undici driver: HTTP/1.1, HTTP/2, TLS; one request per connection at a time.

import { type Dispatcher, Pool } from 'undici'
import type { Clock } from '../core/clock.ts'
import type { Micros } from '../core/units.ts'
import {
  type Caller,
  type Driver,
  type RenderedRequest,
  type ResponseCaps,
  renderRequest,
  responseCaps,
  type Sending,
} from './driver.ts'
import { connectionMessage, readCa, timeoutMessage } from './failures.ts'
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
    send: (template, seq, timeoutUs, caller) =>
      send({ pool, clock, caps }, renderRequest(template, seq), timeoutUs, caller),
    close: () => pool.destroy(),
  }
}

interface Parts {
  readonly pool: Pool
  readonly clock: Clock
  readonly caps: ResponseCaps
}

function send(
  { pool, clock, caps }: Parts,
  request: RenderedRequest,
  timeoutUs: Micros,
  caller: Caller,
): Sending {
  let controller: Dispatcher.DispatchController | undefined
  let givenUp: Error | undefined
  const recorder = new ExchangeRecorder(clock, caps, {
    ended(exchange) {
      cancelDeadline()
      caller.ended(exchange)
    },
  })
  const giveUp = (kind: 'timeout' | 'broken' | 'aborted', message: string) => {
    if (recorder.isOver) return
    givenUp = new Error(message)
    recorder.fail(kind, message)
    controller?.abort(givenUp)
  }
  const cancelDeadline = clock.at(clock.nowUs() + timeoutUs, () => {
    giveUp('timeout', timeoutMessage(timeoutUs))
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
  return { abort: () => giveUp('aborted', 'aborted') }
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
