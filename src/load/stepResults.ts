// What the steps of one scenario came to: plain data that crosses threads.

import type { CheckResult } from '../core/check.ts'
import type { Scalar } from './steps.ts'

export interface ScenarioOutcome {
  readonly scenario: string
  /** Why it was not run; null: it was. */
  readonly skipped: string | null
  /** Why it was not run to its end: the setup step that failed; null: it was. */
  readonly broken: string | null
  /** Checks of all steps, in their order. */
  readonly checks: readonly CheckResult[]
  /** What steps captured, but for secrets. */
  readonly values: Readonly<Record<string, Scalar>>
}
