// What this machine does to a thread that only reads the clock: the floor below which no generator
// on it can be punctual (the idea of jHiccup, Gil Tene).

import type { Clock } from '../core/clock.ts'
import type { Micros } from '../core/units.ts'

/** How late somebody would be who wakes at instants spread evenly over a stretch of time. */
export interface StallBaseline {
  readonly overUs: Micros
  readonly p99Us: Micros
  readonly maxUs: Micros
}

/** Spins for `overUs` and looks for gaps between two readings of the clock. */
export function measureStalls(clock: Clock, overUs: Micros): StallBaseline {
  const gapsUs = clockGaps(clock, overUs)
  return { overUs, p99Us: lagAt(0.99, gapsUs, overUs), maxUs: Math.max(0, ...gapsUs) }
}

/** Reads the clock for `overUs`, over and over: the gaps between two readings, in µs. */
export function clockGaps(clock: Clock, overUs: Micros): Micros[] {
  const gapsUs: Micros[] = []
  const startUs = clock.nowUs()
  for (let lastUs = startUs; lastUs - startUs < overUs; ) {
    const nowUs = clock.nowUs()
    // One or two µs are the clock itself.
    if (nowUs - lastUs > 2) gapsUs.push(nowUs - lastUs)
    lastUs = nowUs
  }
  return gapsUs
}

/**
 * The lag that a share `q` of evenly spread instants does not exceed: whoever falls x µs before the
 * end of a gap is x late, so all gaps together exceed a lag for the sum of what is longer in them.
 */
export function lagAt(q: number, gapsUs: readonly Micros[], overUs: Micros): Micros {
  const longerUs = (lagUs: Micros) => {
    return gapsUs.reduce((sum, gapUs) => sum + Math.max(0, gapUs - lagUs), 0)
  }
  let low = 0
  let high = Math.max(0, ...gapsUs)
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (longerUs(middle) > (1 - q) * overUs) low = middle
    else high = middle
  }
  return high
}
