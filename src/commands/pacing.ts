// How the engine waits for an intended instant: by timers alone, or spinning over the last stretch.

import { availableParallelism } from 'node:os'
import type { Micros } from '../core/units.ts'
import { isOpen, peakPerS } from '../load/arrivals.ts'
import type { Plan } from '../load/plan.ts'

export const pacingNames = ['auto', 'spin', 'eco'] as const
/** 'spin' hits instants within some µs and may take a core; 'eco' comes up to 1 ms late. */
export type PacingName = (typeof pacingNames)[number]

/** What was chosen: the stretch to spin over (0: none), and how to say it. */
export interface Pacing {
  readonly name: Exclude<PacingName, 'auto'>
  readonly spinUs: Micros
  readonly text: string
}

/** Timers come up to this late; spinning over as much hits the instant. */
const spinUs: Micros = 2_000

/** Share of a core that may go into spinning where the target may need the same cores. */
const spinShareMax = 0.2
const coresAmple = 4

const spin: Pacing = {
  name: 'spin',
  spinUs,
  text: `spin: timers until ${spinUs / 1000} ms before an instant, then spinning`,
}
const eco: Pacing = { name: 'eco', spinUs: 0, text: 'eco: timers alone, up to 1 ms late' }

/** 'auto' spins where there are cores to spare, or instants are too rare for it to matter. */
export function choosePacing(plan: Plan, asked: PacingName): Pacing {
  if (asked !== 'auto') return asked === 'spin' ? spin : eco
  const share = (peakRatePerS(plan) * spinUs) / 1e6
  return share > spinShareMax && availableParallelism() < coresAmple ? eco : spin
}

/** The highest rate that any phase offers, as far as it offers one; 0 without. */
export function peakRatePerS(plan: Plan): number {
  const rates = plan.scenarios
    .flatMap(({ phases }) => phases)
    .map(({ arrivals }) => (isOpen(arrivals) ? peakPerS(arrivals) : 0))
  return Math.max(0, ...rates)
}
