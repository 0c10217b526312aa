// What a system asks of the gateway for one request: limiters to pass, an answer to be made. Must not
// know how that is done.

import type { Cancel } from '../core/clock.ts'
import type { RequestCost } from '../core/limits.ts'
import type { WrittenResponse } from '../dialects/dialect.ts'
import type { LimiterChain } from '../limiters/chain.ts'
import type { ServiceTimes } from './latency.ts'
import type { Manner } from './manner.ts'
import type { Ask } from './openai.ts'
import type { Price } from './spec.ts'

/** Who asks for what, and how this system deals with it. */
export interface Errand {
  readonly key: string
  readonly tier: string
  readonly ask: Ask
  readonly chain: LimiterChain
  readonly manner: Manner
  /** Default: the price of the spec. */
  readonly price?: Price
  /** What limiters are asked to let in; default: what the answer will cost. */
  readonly estimate?: RequestCost
  /** How long the model takes; default: as the spec says. */
  readonly times?: (spec: ServiceTimes) => ServiceTimes
  /** Answered instead of the model's answer, once the limiters have let the request in. */
  readonly instead?: () => WrittenResponse
  /** A model elsewhere that answers instead of the one in this gateway. */
  readonly upstream?: Upstream
  /** What limiters are charged of what the answer cost; default: all of it. */
  readonly charged?: (cost: RequestCost) => RequestCost
  /** Called when a whole answer is about to leave. */
  readonly served?: (cost: RequestCost) => void
}

/** Calls `done` with the answer of a model elsewhere. */
export type Upstream = (done: (answer: UpstreamAnswer) => void) => Cancel

export interface UpstreamAnswer {
  readonly status: number
  readonly body: string
  readonly promptTokens: number
  readonly completionTokens: number
}
