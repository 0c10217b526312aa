// What happens in a run, as lines of `events.jsonl` and of the dashboard's log.

import type { Micros } from './units.ts'

export type RunEventKind =
  | 'run-started'
  | 'scenario-started'
  | 'scenario-skipped'
  | 'step'
  | 'check-failed'
  | 'waiting'
  | 'phase-started'
  | 'measure-started'
  | 'draining'
  | 'phase-ended'
  | 'first-rejection'
  | 'recovered'
  | 'warning'
  | 'target-died'
  | 'interrupted'
  | 'cap-reached'
  | 'run-ended'

/** `us` counts from the run's epoch; `text` is for people, `data` for programs. */
export interface RunEvent {
  readonly us: Micros
  readonly kind: RunEventKind
  readonly scenario: string | null
  readonly phase: string | null
  readonly text: string
  readonly data: Readonly<Record<string, unknown>>
}
