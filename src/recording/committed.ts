// What the journal of a run tells beside its rows; the types only.

import type { RunEvent } from '../core/event.ts'
import type { Progress } from '../core/progress.ts'
import type { LimiterFinding } from './findings.ts'
import type { Slice } from './slice.ts'

/** One thing that was recorded, in the order in which it was. */
export type Told =
  | { readonly slice: Slice }
  | { readonly event: RunEvent }
  /** Where the run was. */
  | { readonly progress: Progress }

/** What everything recorded so far has come to; absent: the same as before. */
export interface CommittedState {
  readonly findings?: readonly LimiterFinding[]
  /** What a summary needs beside; who sums up knows what it is. */
  readonly facts?: unknown
}

/** One block. */
export interface Committed extends CommittedState {
  readonly told: readonly Told[]
}
