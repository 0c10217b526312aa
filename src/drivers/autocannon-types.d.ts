// The part of autocannon 9 that we use; the package has no types of its own.

declare module 'autocannon' {
  import type { EventEmitter } from 'node:events'

  // biome-ignore lint/style/noNamespace: a CommonJS function with types needs one
  namespace autocannon {
    interface Request {
      readonly method: string
      readonly path: string
      readonly headers: Record<string, string>
      readonly body: string
    }

    interface Client extends EventEmitter {
      /** Requests after which the client ends; read before each one. */
      responseMax: number | undefined
      setRequests(requests: readonly Request[]): void
      destroy(): void
    }

    interface Options {
      readonly url: string
      readonly connections: number
      readonly duration: number
      readonly timeout: number
      readonly pipelining: 1
      readonly sampleInt: number
      readonly skipAggregateResult: boolean
      readonly requests: readonly Request[]
      readonly setupClient: (client: Client) => void
    }

    interface Instance extends EventEmitter, PromiseLike<unknown> {
      stop(): void
    }
  }

  function autocannon(options: autocannon.Options): autocannon.Instance
  export = autocannon
}
