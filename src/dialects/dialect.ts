// What a dialect is: how one gateway family writes limits and rejections. One entry both reads
// (the classifier) and writes (the embedded gateway). Must not know the network.

import type { Decision, LimitUnit, NamedLimiter } from '../core/limits.ts'
import type { UsageSource } from '../core/record.ts'
import type { Micros } from '../core/units.ts'

export const dialectNames = [
  'openai',
  'azure-openai',
  'anthropic',
  'gemini',
  'litellm',
  'bifrost',
  'api-router',
  'llm-server',
  'inference-service',
  'llm-gateway',
  'kong',
  'kong-ai',
  'apisix',
  'limitador',
  'kuadrant',
  'envoy',
  'nginx',
  'haproxy',
  'express-legacy',
  'express-draft-6',
  'express-draft-7',
  'express-draft-8',
  'fastify',
  'ietf',
  'plain',
] as const
export type DialectName = (typeof dialectNames)[number]

/** A response as dialects see it. Header names are lower case, repeated fields joined by ', '. */
export interface ResponseView {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** The first 64 KiB of the body, decoded; '' when it was not kept. */
  readonly body: string
  /** Unix time of receipt, in ms: absolute reset values count from here. */
  readonly receivedUnixMs: number
}

/** What a response says about one limit; null is "not said". Spans are from the receipt. */
export interface LimitSignal {
  /** The limiter's name in the response, else null. */
  readonly name: string | null
  readonly unit: LimitUnit | null
  readonly limit: number | null
  readonly remaining: number | null
  readonly windowUs: Micros | null
  readonly resetUs: Micros | null
  /** The field it was read from, and how a reset value was understood: 'x-ratelimit-reset: epoch seconds'. */
  readonly evidence: string
}

/** How sure a dialect is that a response is its own: by a unique mark, by its shape, or by default. */
export type MatchStrength = 'signature' | 'shape' | 'default'

/** A rejection as read from a response. */
export interface Rejection {
  readonly strength: MatchStrength
  /** The limiter the response names (or betrays), else null. */
  readonly limiter: string | null
  readonly unit: LimitUnit | null
  /** The target's advice on when to come back, from the receipt; null when there is none. */
  readonly retryAfterUs: Micros | null
  readonly evidence: readonly string[]
}

/** Tokens a response says it used. */
export interface Usage {
  readonly promptTokens: number
  readonly completionTokens: number
  readonly source: UsageSource
}

/** A limiter and where it stands, as a gateway would advertise it. */
export interface LimitReport {
  readonly limiter: NamedLimiter
  readonly remaining: number
  readonly resetUs: Micros
}

/** What a writer is given for every response. */
export interface WriteContext {
  /** The limiters of the chain, in its order, with what is left for this caller. */
  readonly reports: readonly LimitReport[]
  readonly nowUnixMs: number
  /** Who was asked for and by whom: texts that some dialects put into messages. */
  readonly subject: { readonly key: string; readonly model: string }
}

/** A denial to be written. */
export interface Denial extends WriteContext {
  readonly limiter: NamedLimiter
  readonly decision: Extract<Decision, { kind: 'denied' }>
  /** Units the request asked for. */
  readonly requested: number
}

/** A response head and body as a gateway sends it; lower-case header names, arrays repeat a field. */
export interface WrittenResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body: string
}

/**
 * What a family's wire format can say about who rejected: the limiter by its own name, only what it
 * counts (then the limiter goes by its `LimitUnit`), or nothing at all.
 */
export type NameReach = 'limiter' | 'dimension' | 'nothing'

/** One gateway family. */
export interface Dialect {
  readonly name: DialectName
  /** For people: 'OpenAI', 'Kuadrant (Limitador)'. */
  readonly title: string
  /** The most that its rejections can name. */
  readonly names: NameReach
  /** Limits that any of its responses advertises, admitted or not. */
  signals(view: ResponseView): readonly LimitSignal[]
  /** Reads a rejection, or null when the response is none of this dialect's. */
  rejection(view: ResponseView): Rejection | null
  /** Headers of an admitted response. */
  admitted(context: WriteContext): WrittenResponse['headers']
  /** A whole rejecting response. */
  rejected(denial: Denial): WrittenResponse
}
