// Everything that a run's records are folded into where they are made: slices, and what was found
// out about each limiter. Records go no further, unless somebody wants them as rows.

import type { RunEvent } from '../core/event.ts'
import type { RequestRecord } from '../core/record.ts'
import type { Micros } from '../core/units.ts'
import type { Plan } from '../load/plan.ts'
import { type FindingEvents, FindingsFold } from './findings.ts'
import { type SeriesNames, type Slice, SliceFold } from './slice.ts'

export interface FoldSinks {
  slice(slice: Slice): void
  event(event: RunEvent): void
}

/** Folds the records of one run, in the order of their ends. */
export class RunFolds {
  readonly findings: FindingsFold
  readonly #slices: SliceFold
  readonly #sinks: FoldSinks

  constructor(plan: Plan, sinks: FoldSinks) {
    this.#sinks = sinks
    this.#slices = new SliceFold((slice) => sinks.slice(slice))
    this.findings = new FindingsFold(
      plan,
      findingEvents((event) => sinks.event(event)),
    )
  }

  record(record: RequestRecord): void {
    this.#slices.add(record)
    this.findings.add(record)
  }

  gaps(names: Omit<SeriesNames, 'outcome'>, gapsUs: Iterable<Micros>): void {
    this.#slices.addGaps(names, gapsUs)
  }

  /** An event of the engine: what came before it is handed on before it. */
  event(event: RunEvent): void {
    this.#slices.cut()
    this.#sinks.event(event)
  }

  /** Hands on what there is of the slice under way, so that nothing that ended is left behind. */
  cut(): void {
    this.#slices.cut()
  }

  /** The run has reached `nowUs`. */
  advance(nowUs: Micros): void {
    this.#slices.advance(nowUs)
  }

  /** Hands on what is left. */
  close(): void {
    this.#slices.cut()
  }
}

/** What is found out about limiters, as events of the run. */
export function findingEvents(sink: (event: RunEvent) => void): FindingEvents {
  const tell = (
    kind: RunEvent['kind'],
    { scenario, phase, lane, endUs }: RequestRecord,
    text: string,
    data: Readonly<Record<string, unknown>>,
  ) => sink({ us: endUs!, kind, scenario, phase, text, data: { lane, ...data } })
  return {
    firstRejection(record, admitted) {
      const { seq, limiter, confidence } = record
      const text = `first rejection by ${limiter} (${confidence}): request ${seq}, after ${admitted.requestsMin} requests and ${admitted.tokensMin} tokens`
      tell('first-rejection', record, text, { seq, limiter, confidence, ...admitted })
    },
    recovered(record, limiter, afterUs) {
      const text = `${limiter} admits again ${(afterUs / 1e6).toFixed(3)} s after its first rejection`
      tell('recovered', record, text, { limiter, afterUs })
    },
  }
}
