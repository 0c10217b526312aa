// What passes between the main thread and an engine thread.

import type { RunEvent } from '../core/event.ts'
import type { Progress } from '../core/progress.ts'
import type { WallAnchor } from '../core/realClock.ts'
import type { RingCut, RingMemory } from '../core/rowRing.ts'
import type { Micros } from '../core/units.ts'
import type { Plan } from '../load/plan.ts'
import type { Share } from '../load/share.ts'
import type { ScenarioOutcome } from '../load/stepResults.ts'
import type { LimiterFinding } from '../recording/findings.ts'
import type { Slice } from '../recording/slice.ts'
import type { EngineResult, LagSummary } from './engine.ts'
import type { ThreadHealth } from './health.ts'
import type { StallBaseline } from './stalls.ts'

/** What an engine thread starts with. */
export interface EngineThreadInput {
  readonly plan: Plan
  /** Resolved, also for the embedded gateway. */
  readonly targetUrl: string
  readonly secrets: readonly (readonly [string, Readonly<Record<string, string>>])[]
  readonly epochMs: number
  readonly wallAnchor: WallAnchor
  /** Spin over the last stretch before an intended instant; 0: timers only. */
  readonly spinUs: Micros
  readonly userAgent: string
  /** Where rows go; null: none are wanted. */
  readonly ring: RingMemory | null
  /** Every how many requests there is a row. */
  readonly rowEvery: number
  readonly share: Share
}

/** Main thread → engine. `startUs`: when the phase starts that all engines have come to. */
export type EngineCommand = 'stop' | 'abort' | { readonly startUs: Micros }

/** Health of the generator, once a second. */
export interface EngineHealth {
  readonly thread: ThreadHealth
  readonly lag: LagSummary
  /** The machine's own stalls, before the run; null: not measured, nothing follows a schedule. */
  readonly stalls: StallBaseline | null
  readonly arrivalDistance: number | null
  /** Requests per second that the generator reaches for such requests; null: not in question. */
  readonly ceilingPerS: number | null
}

/** What a run has come to so far, beside its counts. */
export interface Standing {
  readonly findings: readonly LimiterFinding[]
  readonly scenarios: readonly ScenarioOutcome[]
}

/** What an engine tells twice a second; slices and events are in their order. */
export interface EngineBatch {
  readonly kind: 'batch'
  /** Everything that ended up to this instant has been told. */
  readonly us: Micros
  readonly told: readonly Told[]
  readonly rows: RingCut | null
  readonly progress: Progress | null
  readonly health: EngineHealth | null
  /** What all that was told has come to; null: the same as before. */
  readonly standing: Standing | null
}

/** Engine → main thread. */
export type EngineMessage =
  | EngineBatch
  | {
      readonly kind: 'done'
      readonly result: EngineResult
      readonly findings: readonly LimiterFinding[]
    }
  /** Ready for the next phase; answered by `startUs`. */
  | { readonly kind: 'ready'; readonly us: Micros }
  /** A user's mistake that shows only here, like an unreadable certificate. */
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }

export type Told = { readonly slice: Slice } | { readonly event: RunEvent }
