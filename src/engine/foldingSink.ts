// What an engine produces, folded where it is made, and its records as rows of a ring. Must not know
// who reads them.

import type { RunEvent } from '../core/event.ts'
import type { Progress } from '../core/progress.ts'
import type { RequestRecord } from '../core/record.ts'
import type { RingWriter } from '../core/rowRing.ts'
import type { Micros } from '../core/units.ts'
import type { RunFolds } from '../recording/folds.ts'
import type { AnswerNames, EngineSink } from './sink.ts'

export interface FoldingParts {
  readonly folds: RunFolds
  /** Null: no rows are wanted. */
  readonly ring: RingWriter | null
  /** Every how many requests there is a row. */
  readonly rowEvery: number
  /** So many rows wait to be read, the last one of a request that ended at `us`. */
  readonly rowsMax: number
  readonly onRows: (us: Micros) => void
}

export class FoldingSink implements EngineSink {
  readonly #parts: FoldingParts
  #progress: Progress | null = null

  constructor(parts: FoldingParts) {
    this.#parts = parts
  }

  record(record: RequestRecord): void {
    const { folds, ring, rowEvery, rowsMax, onRows } = this.#parts
    folds.record(record)
    if (ring === null || record.seq % rowEvery !== 0) return
    ring.write(record)
    if (ring.pending >= rowsMax) onRows(record.endUs ?? record.intendedUs)
  }

  gaps(names: AnswerNames, gapsUs: Iterable<Micros>): void {
    this.#parts.folds.gaps(names, gapsUs)
  }

  event(event: RunEvent): void {
    this.#parts.folds.event(event)
  }

  progress(progress: Progress): void {
    this.#progress = progress
  }

  /** The last report of progress, once. */
  takeProgress(): Progress | null {
    const progress = this.#progress
    this.#progress = null
    return progress
  }
}
