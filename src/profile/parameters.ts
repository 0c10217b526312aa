// What there is to find out about a limiter, as numbers.

import type { Micros } from '../core/units.ts'

/** Parameters of a hypothesis; a class uses some of them. */
export interface Parameters {
  /** Units at most: the limit, or the capacity of a bucket. */
  readonly limit: number
  /** The window; of a bucket, the time that one unit takes to come back. */
  readonly spanUs: Micros
  /** An instant at which a window begins, or units are refilled. */
  readonly phaseUs: Micros
  /** Units that come back at once. */
  readonly step: number
}
