// Where a run is: what the engine reports several times a second and a dashboard draws.

import type { LimitUnit } from './limits.ts'
import type { Micros } from './units.ts'

/** How much of a limiter a lane has used, going by its ledger. */
export interface LimiterGauge {
  readonly lane: string
  readonly limiter: string
  readonly unit: LimitUnit
  readonly used: number
  readonly limit: number
  /** Span until nothing is used, if nothing more is sent. */
  readonly resetUs: Micros
}

/** Where the run is. */
export interface Progress {
  readonly us: Micros
  readonly scenario: string
  readonly phase: string
  readonly state: 'waiting' | 'warmup' | 'measure' | 'drain'
  /** Share of the phase that is done, by its stop rules; null when they cannot tell. */
  readonly share: number | null
  /** When the phase or the wait ends at the latest, as far as is known. */
  readonly endsUs: Micros | null
  readonly inFlight: number
  readonly planned: number
  readonly sent: number
  readonly unsent: number
  readonly ended: number
  /** What the phase offers now; null for closed loops. */
  readonly offeredPerS: number | null
  readonly gauges: readonly LimiterGauge[]
}
