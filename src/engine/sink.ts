// Where the engine's output goes. Must not know files or screens.

import type { RunEvent } from '../core/event.ts'
import type { Progress } from '../core/progress.ts'
import type { RequestRecord } from '../core/record.ts'
import type { Micros } from '../core/units.ts'

/** Gaps between the tokens of one answer, with the names its record has. */
export interface TokenGaps {
  readonly scenario: string
  readonly phase: string
  readonly lane: string
  readonly shape: string
  readonly gapsUs: readonly Micros[]
}

/** Receives everything a run produces, in order. */
export interface EngineSink {
  record(record: RequestRecord): void
  event(event: RunEvent): void
  gaps(gaps: TokenGaps): void
  progress(progress: Progress): void
}
