// What is asked about one limiter, and what the answer may be. Must not know how it is found.

import type { Micros } from '../core/units.ts'
import { hasPassed } from './judging.ts'
import type { Observation, ProbeRequest } from './observation.ts'
import type { Other } from './others.ts'
import type { Weighed } from './posterior.ts'
import type { CostOf } from './trace.ts'

/** What is asked about a limiter. */
export interface Question {
  readonly request: ProbeRequest
  /** What an observation costs it. */
  readonly costOf: CostOf
  /** Observations from this number on are looked at; before them, the limiter must be fresh. */
  readonly from: number
  /** Limiters that are known already. */
  readonly others?: readonly Other[]
  /** Requests after which no limiter is expected any more; default half of what is left. */
  readonly exhaustMost?: number
  /** A cheaper request, for what is left. */
  readonly filler?: ProbeRequest
  /** Most requests at once; default the session's. */
  readonly widthMost?: number
  /** It may charge after the response. */
  readonly mayChargeAfter?: boolean
}

/** What a limiter was found to be; `rivals` could not be told apart from the first. */
export interface Identified {
  /** The leader has foretold the outcome of a probe, and nothing else is probable. */
  readonly isForetold: boolean
  readonly leader: Weighed
  readonly rivals: readonly Weighed[]
  readonly isSettled: boolean
  /** The leader explains what was observed; else it is only the nearest of those that do not. */
  readonly isExplained: boolean
  readonly denials: ReadonlySet<number>
  /** From this instant on it no longer explains what was observed; null: it always does. */
  readonly brokenUs: Micros | null
}

/** What came of looking for one limiter. */
export type Identification =
  | { readonly kind: 'identified'; readonly found: Identified }
  | { readonly kind: 'unlimited'; readonly requests: number }
  | { readonly kind: 'concurrent' }
  | { readonly kind: 'unreleased'; readonly admitted: number; readonly waitedUs: Micros }
  | { readonly kind: 'undetermined'; readonly reason: string; readonly found: Identified | null }

/** Answers that a model may leave unexplained: some, or this share; lost ones shift the rest. */
const unexplainedMost = 2
const unexplainedShareMost = 0.005

/** Whether a model that leaves so many answers open explains what was observed all the same. */
export function explains(mismatches: number, answers: number): boolean {
  return mismatches <= Math.max(unexplainedMost, unexplainedShareMost * answers)
}

type Unreleased = Extract<Identification, { kind: 'unreleased' }>

/** It was spent, and gave nothing back for as long as was waited. */
export function unreleased(observations: readonly Observation[], nowUs: Micros): Unreleased {
  const waitedUs = nowUs - observations[0]!.sentUs
  return { kind: 'unreleased', admitted: observations.filter(hasPassed).length, waitedUs }
}

/** What a search has come to: identified only where what was found is clear, and explains everything. */
export function concluded(found: Identified): Identification {
  const isClear = found.isSettled || found.rivals.length > 0 || found.isForetold
  if (isClear && found.isExplained) return { kind: 'identified', found }
  return { kind: 'undetermined', reason: reasonOf(found), found }
}

function reasonOf({ leader: { fit, odds }, isExplained }: Identified): string {
  const { of, mismatches } = fit
  if (!isExplained) {
    return `no limiter model explains what was observed; the nearest, ${of.title}, leaves ${mismatches} answers unexplained`
  }
  return `${of.title} is the most probable, at ${(100 * odds).toFixed(0)} %, but that is not enough`
}
