// What is known already of the hypotheses of one class: a search comes to the same places again and
// again, and what refuted them the last time does so still. Must not change what a search finds.

import type { Hypothesis } from './playing.ts'
import type { TraceGroup } from './trace.ts'
import { type Played, played } from './worlds.ts'

export class Tried {
  #trace: readonly TraceGroup[] = []
  readonly #played = new Map<string, Played>()

  /** From now on it is this trace; what the former has in common with it is not played again. */
  turnTo(trace: readonly TraceGroup[]): void {
    const common = commonGroups(this.#trace, trace)
    for (const [key, { groups }] of this.#played) {
      if (groups > common) this.#played.delete(key)
    }
    this.#trace = trace
  }

  /** Mismatches of a hypothesis with the trace; more than `most` may be too few. */
  mismatches(hypothesis: Hypothesis, most: number): number {
    const key = keyOf(hypothesis)
    const known = this.#played.get(key)
    if (known !== undefined && (known.count > most || known.groups === this.#trace.length)) {
      return known.count
    }
    const found = played(hypothesis, this.#trace, most)
    this.#played.set(key, found)
    return found.count
  }
}

/** Within a class that is all in which hypotheses differ. */
function keyOf({ algorithm, phaseUs }: Hypothesis): string {
  if (algorithm.kind === 'token-bucket' || algorithm.kind === 'leaky-queue') {
    return `${algorithm.capacity} ${algorithm.refillUnits} ${algorithm.refillUs} ${phaseUs}`
  }
  return `${algorithm.limit} ${algorithm.windowUs} ${phaseUs}`
}

/** So many groups at the beginning are the same. */
function commonGroups(one: readonly TraceGroup[], other: readonly TraceGroup[]): number {
  if (one === other) return one.length
  const different = one.findIndex((group, i) => !isSame(group, other[i]))
  return different < 0 ? one.length : different
}

function isSame(one: TraceGroup, other: TraceGroup | undefined): boolean {
  return (
    other !== undefined &&
    one.fromUs === other.fromUs &&
    one.toUs === other.toUs &&
    one.deniedFromUs === other.deniedFromUs &&
    one.cost === other.cost &&
    one.passed === other.passed &&
    one.denied === other.denied &&
    one.lost === other.lost &&
    one.unclear === other.unclear
  )
}
