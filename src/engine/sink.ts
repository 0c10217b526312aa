// Where the engine's output goes. Must not know files or screens.

import type { RunEvent } from '../core/event.ts'
import type { Progress } from '../core/progress.ts'
import type { RequestRecord } from '../core/record.ts'
import type { Micros } from '../core/units.ts'

/** The names that the figures of an answer go by. */
export type AnswerNames = Pick<RequestRecord, 'scenario' | 'phase' | 'lane' | 'shape'>

/** Receives everything a run produces, in order. */
export interface EngineSink {
  /** A record is valid only during the call. */
  record(record: RequestRecord): void
  /** Gaps between the tokens of one answer; only valid during the call. */
  gaps(names: AnswerNames, gapsUs: Iterable<Micros>): void
  event(event: RunEvent): void
  progress(progress: Progress): void
}
