// How the engine waits for an intended instant: by timers alone, or spinning over the last stretch.

import { availableParallelism } from 'node:os'
import type { Micros } from '../core/units.ts'
import { isOpen, offeredPerS } from '../load/arrivals.ts'
import type { Plan } from '../load/plan.ts'

/** Timers come up to this late; spinning over as much hits the instant. */
const spinUs: Micros = 1_500

/** Share of a core that may go into spinning where the target may need the same cores. */
const spinShareMax = 0.2
const coresAmple = 4

/** The stretch to spin over, and how to say it. */
export function chooseSpin(plan: Plan): { readonly spinUs: Micros; readonly text: string } {
  const rates = plan.scenarios
    .flatMap(({ phases }) => phases)
    .map(({ arrivals }) => (isOpen(arrivals) ? peakPerS(arrivals) : 0))
  const share = (Math.max(0, ...rates) * spinUs) / 1e6
  if (share > spinShareMax && availableParallelism() < coresAmple) {
    return { spinUs: 0, text: 'timers (some 0.7 ms late at the median): too few cores to spin' }
  }
  return { spinUs, text: `hybrid: timers until ${spinUs} µs before, then spinning` }
}

function peakPerS(arrivals: Parameters<typeof offeredPerS>[0]): number {
  switch (arrivals.kind) {
    case 'ramp':
      return Math.max(arrivals.fromPerS, arrivals.toPerS)
    case 'steps':
      return Math.max(...arrivals.steps.map(({ perS }) => perS))
    default:
      return offeredPerS(arrivals, 0) ?? 0
  }
}
