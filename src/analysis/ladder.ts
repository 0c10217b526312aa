// A ladder: phases with more and more requests in flight. Where the answers per second stay the same
// and nothing is rejected, the target queues, which no status code tells.

import { formatRate } from '../core/format.ts'
import { isOpen } from '../load/arrivals.ts'
import type { Phase, Scenario } from '../load/plan.ts'
import type { PhaseSummary } from './result.ts'

export interface Ladder {
  /** 'open': more requests in flight still give more answers. */
  readonly kind: 'rejects' | 'queues' | 'open'
  /** How many requests the target serves at a time, by Little's law against the lowest rung. */
  readonly slots: number
  /** '1: 9.8/s, 5: 9.9/s' */
  readonly text: string
}

/** Twice the users give less than this times the answers: they only wait longer. */
const growthLeast = 1.25

/** Null where the phases of a scenario are no ladder. */
export function ladderOf(scenario: Scenario, phases: readonly PhaseSummary[]): Ladder | null {
  const rungs = scenario.phases
    .flatMap((phase) => rungOf(phase, phases) ?? [])
    .sort((a, b) => a.users - b.users)
  const first = rungs[0]
  const last = rungs.at(-1)
  if (first === undefined || last === undefined || first.users === last.users) return null
  const isRejecting = rungs.some(({ limited }) => limited > 0)
  return {
    kind: isRejecting ? 'rejects' : isFlat(rungs) ? 'queues' : 'open',
    slots: (Math.max(...rungs.map(({ okPerS }) => okPerS)) / first.okPerS) * first.users,
    text: rungs.map(({ users, okPerS }) => `${users}: ${formatRate(okPerS)}`).join(', '),
  }
}

interface Rung {
  readonly users: number
  readonly okPerS: number
  readonly limited: number
}

function rungOf({ name, arrivals }: Phase, phases: readonly PhaseSummary[]): Rung | null {
  const phase = phases.find((one) => one.name === name)
  if (phase === undefined || phase.durationUs === 0) return null
  const users = usersOf(arrivals)
  if (users === null) return null
  const { ok, limited } = phase.counts
  return { users, okPerS: (ok / phase.durationUs) * 1e6, limited }
}

/** A burst of n is n users who each ask once. */
function usersOf(arrivals: Phase['arrivals']): number | null {
  if (arrivals.kind === 'burst') return arrivals.count === 1 ? arrivals.size : null
  if (isOpen(arrivals)) return null
  return arrivals.kind === 'saturate' ? arrivals.connections : arrivals.count
}

/** Whether the last rungs, of which the highest has at least twice the users, give the same rate. */
function isFlat(rungs: readonly Rung[]): boolean {
  const last = rungs.at(-1)!
  const before = rungs.findLast(({ users }) => users * 2 <= last.users)
  return before !== undefined && last.okPerS < before.okPerS * growthLeast
}
