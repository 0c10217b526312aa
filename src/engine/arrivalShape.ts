// Whether requests went out in the rhythm that was planned: the gaps between sends beside the gaps
// between intended starts (Lancet's check of the arrival process, ATC 2019).

import { type CountsCut, LatencyCounts } from '../core/latencyCounts.ts'
import { countsDistance } from '../core/statistics.ts'
import type { Micros } from '../core/units.ts'

/** Fewer gaps than this say little about a distribution. */
const gapsLeast = 1_000

/** Gaps of one run's random arrivals. */
export class ArrivalShape {
  readonly #intended = new LatencyCounts()
  readonly #sent = new LatencyCounts()

  add(intendedGapUs: Micros, sentGapUs: Micros): void {
    this.#intended.record(intendedGapUs)
    this.#sent.record(sentGapUs)
  }

  /** Kolmogorov-Smirnov distance of the two distributions; null with too few gaps. */
  distance(): number | null {
    if (this.#intended.count < gapsLeast) return null
    return countsDistance(columnsOf(this.#intended.peek()), columnsOf(this.#sent.peek()))
  }
}

function columnsOf(cut: CountsCut | null) {
  return { values: cut?.indices ?? [], counts: cut?.counts ?? [] }
}
