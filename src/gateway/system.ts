// What a system that the gateway plays consists of: routes with handlers, which may keep state of
// their own and send requests through limiters to the model. Must not know any one system.

import type { Clock } from '../core/clock.ts'
import type { NamedLimiter } from '../core/limits.ts'
import type { ChainOptions, LimiterChain } from '../limiters/chain.ts'
import type { Errand } from './errand.ts'
import type { GatewayRequest, Reply } from './exchange.ts'
import type { Manner } from './manner.ts'
import type { GatewayMetrics } from './metrics.ts'
import type { GatewaySpec } from './spec.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** One request to one route. */
export interface Call {
  readonly request: GatewayRequest
  readonly reply: Reply
  /** Without the query. */
  readonly path: string
  /** The parts of the path that the route calls ':name', decoded. */
  readonly params: Readonly<Record<string, string>>
}

export interface Route {
  readonly method: Method
  /** '/v1/models/:id/load': parts that begin with a colon match any text without a slash. */
  readonly path: string
  handle(call: Call): void
}

export interface System {
  readonly routes: readonly Route[]
  /** Answers a path that nobody serves; `allowed`: methods that it is served by. */
  unknown(call: Call, allowed: readonly Method[]): void
  /** Told of every request before its route is; calls `goOn` now or later. Default: at once. */
  enter?(call: Call, goOn: () => void): void
}

/** What systems build on: the gateway that plays them. */
export interface House {
  readonly spec: GatewaySpec
  readonly clock: Clock
  readonly metrics: GatewayMetrics
  /** OpenAI's formats and the rejections of the spec's dialect. */
  readonly manner: Manner
  /** A chain of limiters as this gateway runs them, broken ones included. */
  chain(limiters: readonly NamedLimiter[], options?: ChainOptions): LimiterChain
  /** The chain of a tier of the spec, always the same one. */
  chainOf(tier: string): LimiterChain
  /** Sends a request through limiters to the model. */
  send(call: Call, errand: Errand): void
}

/** Makes the system that a spec asks for. */
export type SystemFactory = (house: House) => System
