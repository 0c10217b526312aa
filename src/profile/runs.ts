// Runs of like groups in a trace: one after the other, all of which passed, or all of which were denied.
// What happens to a limiter in a run can often be told at once.

import type { TraceGroup } from './trace.ts'

export interface Runs {
  readonly trace: readonly TraceGroup[]
  /** Where the run of a group ends: the first group that is no part of it. */
  readonly ends: Int32Array
  /** Requests before a group. */
  readonly before: Int32Array
}

/** A trace is replayed by the thousand. */
const known = new WeakMap<readonly TraceGroup[], Runs>()

export function runsOf(trace: readonly TraceGroup[]): Runs {
  const runs = known.get(trace) ?? runsIn(trace)
  known.set(trace, runs)
  return runs
}

function runsIn(trace: readonly TraceGroup[]): Runs {
  const ends = new Int32Array(trace.length)
  const before = new Int32Array(trace.length + 1)
  for (const [i, { passed, denied }] of trace.entries())
    before[i + 1] = before[i]! + passed + denied
  for (let i = trace.length - 1; i >= 0; i--) {
    const isOne = i + 1 < trace.length && areAlike(trace[i]!, trace[i + 1]!)
    ends[i] = isOne ? ends[i + 1]! : i + 1
  }
  return { trace, ends, before }
}

function areAlike(one: TraceGroup, next: TraceGroup): boolean {
  const outcome = outcomeOf(one)
  const isSame = outcome !== 'mixed' && outcome === outcomeOf(next)
  return isSame && one.cost === next.cost && one.toUs <= next.toUs
}

function outcomeOf({ passed, denied, lost, unclear }: TraceGroup): 'passed' | 'denied' | 'mixed' {
  if (lost + unclear > 0 || passed > 0 === denied > 0) return 'mixed'
  return passed > 0 ? 'passed' : 'denied'
}
