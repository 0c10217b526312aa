// One request at the gateway and where its answer goes, whatever carries them. Must not know what is
// served.

import type { Micros } from '../core/units.ts'
import type { WrittenResponse } from '../dialects/dialect.ts'

/** A request as it reaches the gateway; header names in lower case. */
export interface GatewayRequest {
  /** When its head was there, on the gateway's clock; unknown where nothing has to arrive. */
  readonly arrivedUs?: Micros
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
  readonly address: string
}

/** Where the answer goes. */
export interface Reply {
  head(status: number, headers: WrittenResponse['headers']): void
  write(text: string): void
  end(text?: string): void
  /** Closes the connection after what was written, without ending the answer. */
  destroy(): void
  /** Sends bytes that are no HTTP and closes. */
  garbage(bytes: string): void
  /** Called when the client has gone before the end. */
  onGone(run: () => void): void
}

/** A whole answer of JSON. */
export function answerJson(
  reply: Reply,
  status: number,
  body: unknown,
  headers: WrittenResponse['headers'] = {},
): void {
  reply.head(status, { 'content-type': 'application/json', ...headers })
  reply.end(typeof body === 'string' ? body : JSON.stringify(body))
}

/** The JSON object in a body; undefined when there is none. */
export function jsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** The credential in `Authorization: Bearer …`; '' without one. */
export function bearerOf({ headers }: GatewayRequest): string {
  return (headers.authorization ?? '').replace(/^bearer\s+/i, '')
}
