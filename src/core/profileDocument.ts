// The document a profile ends in (schema `limitscope.profile/1`), as plain data.

import type { ChargeTime, LimitUnit, WindowAnchor } from './limits.ts'

export const profileSchema = 'limitscope.profile/1'

/** What a limiter was identified as; `unknown` when the evidence fits none or too many. */
export type ProfiledAlgorithm =
  | 'fixed-window'
  | 'sliding-log'
  | 'sliding-counter'
  | 'token-bucket'
  | 'leaky-queue'
  | 'concurrency'
  | 'budget'
  | 'unknown'

/** Lowest and highest value that agrees with everything observed. */
export type Interval = readonly [number, number]

/** How true a limiter's Retry-After is: positive errors say that it asks for too long a wait. */
export interface RetryAfterReading {
  readonly present: boolean
  readonly medianErrorMs: number | null
}

/** Requests of a shape that passed until one was denied, and what each so cost at least and at most. */
export interface ShapeCost {
  readonly shape: string
  readonly passed: number
  /** In the limiter's unit. */
  readonly units: Interval
}

/** One identified limiter; null is "not known" or "does not apply", never 0. */
export interface ProfiledLimiter {
  readonly id: string
  readonly algorithm: ProfiledAlgorithm
  /** Other algorithms that no probe sent could tell apart from it. */
  readonly equivalents: readonly string[]
  readonly unit: LimitUnit
  readonly limit: number | null
  readonly windowMs: number | null
  readonly burst: number | null
  readonly refillPerS: number | null
  readonly anchor: WindowAnchor | null
  readonly charge: ChargeTime | null
  readonly chargesRejected: boolean | null
  readonly scope: readonly string[] | null
  readonly retryAfter: RetryAfterReading
  readonly overAdmission: number | null
  readonly status: number | null
  /** Posterior of the named class together with its equivalents. */
  readonly confidence: number
  readonly intervals: Readonly<Record<string, Interval>>
  readonly evidence: readonly string[]
  /** Refill that comes in lumps: units and how often; null where it is continuous or none. */
  readonly refillStep: { readonly units: number; readonly everyMs: number } | null
  /** What requests of several shapes cost it; left out where that was not measured. */
  readonly costs?: readonly ShapeCost[]
  /** Requests that may wait for a slot, for concurrency limiters with a queue. */
  readonly queue: number | null
}

export const warningCodes = [
  'boundary-burst',
  'over-admission',
  'reject-lockout',
  'retry-after-wrong',
  'retry-after-missing',
  'lossy-refill',
  'late-token-limit',
  'replicas',
  'advertised-differs',
  'background-errors',
  'penalty',
  'limit-changed',
] as const
export type WarningCode = (typeof warningCodes)[number]

/** A pathology that was found, with the figures that show it. */
export interface ProfileWarning {
  readonly code: WarningCode
  /** The `id` of the limiter it is about; null: of the endpoint as a whole. */
  readonly limiter: string | null
  readonly message: string
  readonly figures: Readonly<Record<string, number>>
}

/** `none`: no limiter was met within the budget. `undetermined`: `reasons` say why. */
export type Conclusion = 'identified' | 'none' | 'undetermined'

export interface ProfileDocument {
  readonly schema: typeof profileSchema
  readonly target: string
  readonly requests: number
  readonly durationMs: number
  readonly seed: number
  readonly conclusion: Conclusion
  /** Why something could not be determined; [] when all is identified. */
  readonly reasons: readonly string[]
  readonly limiters: readonly ProfiledLimiter[]
  readonly warnings: readonly ProfileWarning[]
}
