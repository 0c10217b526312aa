// A source: what offers the requests of a phase, and what it needs for that.

import type { Clock } from '../core/clock.ts'
import type { Micros } from '../core/units.ts'
import type { NextRequest, Saturation } from '../drivers/autocannon.ts'
import type { ArrivalShape } from './arrivalShape.ts'
import type { PhaseRun } from './phaseRun.ts'

/** Offers requests from `start` until the phase stops. */
export interface Source {
  start(): void
  /** No more offers; what is in flight goes on. */
  stop(): void
  /** Drops what is in flight, for sources that send by themselves. */
  abort(): void
}

export interface SourceParts {
  readonly run: PhaseRun
  readonly clock: Clock
  /** Seed of the arrivals. */
  readonly seed: number
  /** Least gap between two sends, by the run's rate cap; 0 for none. */
  readonly gapUsMin: Micros
  /** Whether request or user i is this engine's. */
  readonly owns: (i: number) => boolean
  /** Takes the gaps between sends of random arrivals. */
  readonly shape: ArrivalShape
  /** Starts autocannon; null where it cannot be used, and users stand in for it. */
  readonly saturate: StartSaturation | null
}

/** Starts autocannon; `onUnfit` is called for every connection that it has to give up. */
export type StartSaturation = (
  options: { readonly connections: number; readonly onUnfit: () => void },
  next: NextRequest,
) => Saturation
