// What an embedded gateway is made of, as plain data. Must not know the client side.

import type { NamedLimiter } from '../core/limits.ts'
import type { Micros } from '../core/units.ts'
import type { DialectName } from '../dialects/dialect.ts'
import type { BreakName } from './breaks.ts'
import type { Mode } from './knobs.ts'
import type { ApiRouterKnobs } from './systems/api-router/knobs.ts'
import type { BifrostKnobs } from './systems/bifrost/knobs.ts'
import type { InferenceServiceKnobs } from './systems/inference-service/knobs.ts'
import type { LlmGatewayKnobs } from './systems/llm-gateway/knobs.ts'
import type { LlmServerKnobs } from './systems/llm-server/knobs.ts'
import type { MaasKnobs } from './systems/maas/knobs.ts'

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
  /** So many requests are served at once, the others wait in line; left out: all are. */
  readonly servers?: number
  /** How the time to first token is spread; default log-normal. Exponential and `servers`: M/M/c. */
  readonly distribution?: 'log-normal' | 'exponential'
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

/** What the gateway plays, with the knobs of that system. */
export type SystemSpec =
  | { readonly name: 'openai' }
  | ({ readonly name: 'maas' } & MaasKnobs)
  | ({ readonly name: 'api-router' } & ApiRouterKnobs)
  | ({ readonly name: 'llm-server' } & LlmServerKnobs)
  | ({ readonly name: 'bifrost' } & BifrostKnobs)
  | ({ readonly name: 'inference-service' } & InferenceServiceKnobs)
  | ({ readonly name: 'llm-gateway' } & LlmGatewayKnobs)

/** An embedded gateway. */
export interface GatewaySpec {
  readonly preset: string
  readonly system: SystemSpec
  /** How the real system behaves, bugs included, or what its documents say. */
  readonly mode: Mode
  /** What is broken on purpose. */
  readonly breaks: readonly BreakName[]
  readonly seed: number
  readonly dialect: DialectName
  readonly models: readonly string[]
  /** Limiters of each tier, in the order they are asked. */
  readonly tiers: Readonly<Record<string, readonly NamedLimiter[]>>
  readonly defaultTier: string
  /** Limiters that read a counter and write it back later, losing what others wrote meanwhile. */
  readonly racyLimiters: readonly string[]
  /** How long after its answer a request is settled with the limiters. */
  readonly settleAfterUs: Micros
  /** API keys and their tiers; other keys get the tier whose name they contain, or the default. */
  readonly keys: Readonly<Record<string, string>>
  /** The key of an embedded lane: '{lane}' and '{tier}' stand for its name and tier. */
  readonly laneKey: string
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

/** A small model on a good day: 30 ms to the first token, 1 ms per token. */
const smallModel: LatencyModel = {
  ttftUs: 30_000,
  ttftSpread: 0.25,
  itlUs: 1_000,
  itlSpread: 0.1,
  slowdownPerInFlight: 0.05,
}

/** A gateway without limits; presets change what they have to. */
export const baseSpec: GatewaySpec = {
  preset: 'plain',
  system: { name: 'openai' },
  mode: 'faithful',
  breaks: [],
  seed: 1,
  dialect: 'plain',
  models: ['limitscope-small', 'limitscope-large'],
  tiers: { free: [] },
  defaultTier: 'free',
  racyLimiters: [],
  settleAfterUs: 0,
  keys: {},
  laneKey: 'embedded-{lane}-{tier}-key',
  knownKeysOnly: false,
  latency: smallModel,
  templateTokens: 0,
  reasoningShare: 0,
  price: { promptUsd: 0.15e-6, completionUsd: 0.6e-6 },
  faults: [],
  decisionIds: true,
  decisionsMax: 200_000,
}
