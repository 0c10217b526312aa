// What an embedded gateway is made of, as plain data. Must not know the client side.

import type { NamedLimiter } from '../core/limits.ts'
import type { Micros } from '../core/units.ts'
import type { DialectName } from '../dialects/dialect.ts'

/** How long the model behind the gateway takes. Spreads are sigmas of a log-normal factor. */
export interface LatencyModel {
  /** Time to first token at an idle service. */
  readonly ttftUs: Micros
  readonly ttftSpread: number
  /** Gap between tokens. */
  readonly itlUs: Micros
  readonly itlSpread: number
  /** Each other request in flight makes everything slower by this share. */
  readonly slowdownPerInFlight: number
}

/** What can go wrong on purpose; `share` of requests, or those that ask by header. */
export type FaultKind =
  | 'status'
  | 'hang'
  | 'reset'
  | 'truncate'
  | 'error-event'
  | 'no-done'
  | 'garbage'
  | 'drip'

export interface Fault {
  readonly kind: FaultKind
  readonly share: number
  /** The status of a 'status' fault. */
  readonly status: number
}

/** Dollars per token of a model. */
export interface Price {
  readonly promptUsd: number
  readonly completionUsd: number
}

/** An embedded gateway. */
export interface GatewaySpec {
  readonly preset: string
  readonly seed: number
  readonly dialect: DialectName
  readonly models: readonly string[]
  /** Limiters of each tier, in the order they are asked. */
  readonly tiers: Readonly<Record<string, readonly NamedLimiter[]>>
  readonly defaultTier: string
  /** API keys and their tiers; other keys get the tier whose name they contain, or the default. */
  readonly keys: Readonly<Record<string, string>>
  /** Answer 401 to keys that are not in `keys`. */
  readonly knownKeysOnly: boolean
  readonly latency: LatencyModel
  /** Tokens that the chat template adds to every prompt. */
  readonly templateTokens: number
  /** Share of the output that is reasoning, streamed before the content. */
  readonly reasoningShare: number
  readonly price: Price
  readonly faults: readonly Fault[]
  /** Carry the decision's id in every response, as `x-limitscope-decision`. */
  readonly decisionIds: boolean
  /** Entries of the decision log kept in memory; the oldest go first. */
  readonly decisionsMax: number
}

/** The limiters a key of this tier meets. */
export function limitersOf(spec: GatewaySpec, tier: string): readonly NamedLimiter[] {
  return spec.tiers[tier] ?? spec.tiers[spec.defaultTier] ?? []
}

/** The tier of an API key. */
export function tierOf(spec: GatewaySpec, key: string): string {
  const named = Object.keys(spec.tiers).find((tier) => key.includes(tier))
  return (Object.hasOwn(spec.keys, key) ? spec.keys[key] : named) ?? spec.defaultTier
}
