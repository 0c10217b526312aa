// What a profile is asked for and what it reports while it runs. Must not know how it concludes.

import type { NamedLimiter } from '../core/limits.ts'
import type { Interval, ProfileDocument, ProfiledAlgorithm } from '../core/profileDocument.ts'
import type { Micros } from '../core/units.ts'
import type { Observation, Prober } from './observation.ts'

/** What a profile may spend; it ends, with what it knows, before it would spend more. */
export interface ProfileBudget {
  readonly requestsMax: number
  /** Prompt and completion tokens together; null: no cap. */
  readonly tokensMax: number | null
  readonly durationUsMax: Micros
}

/** Slower limiters are looked for by so many times the limit of the first. */
export const furtherDefault = 12

/** Most requests in flight at once. */
export const inFlightDefault = 32

export interface ProfileOptions {
  /** Written into the document. */
  readonly target: string
  readonly seed: number
  readonly budget: ProfileBudget
  /**
   * Once a limiter is identified, slower ones are looked for behind it, by so many times its limit; default
   * 12; 0: no others are looked for.
   */
  readonly furtherTimes?: number
  /** Most requests in flight at once; default `inFlightDefault`. */
  readonly inFlightMax?: number
  /** The longest Retry-After that is waited for; default the duration that is left. */
  readonly retryAfterUsMax?: Micros
  readonly signal?: AbortSignal
  readonly onEvent?: (event: ProfileEvent) => void
}

/** What has been spent so far. */
export interface Spent {
  readonly requests: number
  readonly tokens: number
  readonly elapsedUs: Micros
}

/** One class that is still in question. */
export interface HypothesisView {
  /** 'fixed window from the first request', 'token bucket' ... */
  readonly title: string
  readonly algorithm: ProfiledAlgorithm
  /** Posterior probability among the classes in question. */
  readonly odds: number
  /** Parameters by name (`limit`, `windowMs`, `refillPerS` ...), as far as they are closed in. */
  readonly intervals: Readonly<Record<string, Interval>>
}

/** What is asked next. */
export interface NextProbe {
  /** 'two clumps, 0.4 windows apart' */
  readonly what: string
  /** 'fixed window and sliding log disagree about it' */
  readonly why: string
  readonly requestsExpected: number
  readonly waitUs: Micros
}

/** Where a profile stands, for the live view. */
export interface ProfileSnapshot {
  readonly stage: 'look' | 'exhaust' | 'tell apart' | 'verify' | 'sustain' | 'scope' | 'done'
  /** The limiter in question, by its name or unit; null before one is met. */
  readonly limiter: string | null
  /** Most probable first. */
  readonly hypotheses: readonly HypothesisView[]
  readonly spent: Spent
  readonly next: NextProbe | null
  /** Limiters that are identified already, in one line each. */
  readonly found: readonly string[]
}

export type ProfileEvent =
  | { readonly kind: 'snapshot'; readonly snapshot: ProfileSnapshot }
  | { readonly kind: 'observation'; readonly observation: Observation }
  /** Something worth a line: a held-out prediction came true, a limit is advertised ... */
  | { readonly kind: 'note'; readonly atUs: Micros; readonly text: string }

export interface ProfileResult {
  readonly document: ProfileDocument
  /** The identified limiters as models, for a later run to declare. */
  readonly limiters: readonly NamedLimiter[]
  readonly observations: readonly Observation[]
  /** What ended it: it had concluded, or the named bound was reached. */
  readonly endedBy: 'concluded' | 'requests' | 'tokens' | 'duration' | 'aborted' | 'target'
}

/** Identifies the limiters behind a prober; never throws for what the target does. */
export type Profile = (prober: Prober, options: ProfileOptions) => Promise<ProfileResult>
