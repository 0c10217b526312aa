// What a metric of a statement may come to: a value with its text and how sure it is, or why there is
// none.

import { formatSpan } from '../core/format.ts'
import type { Micros } from '../core/units.ts'
import type { Plan, Scenario } from '../load/plan.ts'
import type { GeneratorHealth } from './health.ts'
import type { RunSummary, ScenarioSummary } from './result.ts'
import type { TimesSource } from './times.ts'

/** What statements are about. */
export interface CheckSubject extends Omit<ScenarioSummary, 'title' | 'checks'> {
  readonly scenario: Scenario
  readonly plan: Plan
  readonly reason: RunSummary['reason']
  readonly health: GeneratorHealth
  readonly times: TimesSource
}

/** A value; or why there is none. */
export type Reading = Found | { readonly value: null; readonly text: string }

export interface Found {
  readonly value: number | string
  readonly text: string
  /** Where the true value lies, for estimates. */
  readonly bounds?: readonly [low: number, high: number]
  /** Where the bounds come from. */
  readonly sureness?: string
}

export function numeric(value: number, text: string): Found {
  return { value, text }
}

export function missing(text: string): Reading {
  return { value: null, text }
}

/** A span of time that was seen, or why it was not. */
export function spanOr(us: Micros | null | undefined, otherwise: string): Reading {
  return us === null || us === undefined ? missing(otherwise) : numeric(us, formatSpan(us))
}
