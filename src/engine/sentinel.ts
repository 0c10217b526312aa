// The side of the sentinel that others see.

import { startThread } from '../core/thread.ts'
import type { Micros } from '../core/units.ts'
import { smallYoungGeneration } from '../core/v8.ts'

/** What the sentinel has seen: round trips during the run, and right after it. */
export interface SentinelReading {
  readonly count: number
  readonly p90Us: Micros
  readonly p99Us: Micros
  readonly p90UsIdle: Micros
}

export interface Sentinel {
  /** Ends it; null when it has come to nothing. */
  finish(): Promise<SentinelReading | null>
}

export function startSentinel(): Sentinel {
  const worker = startThread('engine/sentinelMain', { resourceLimits: smallYoungGeneration })
  // It must not keep anybody from leaving, nor take a run down with it.
  worker.unref()
  const reading = new Promise<SentinelReading | null>((resolve) => {
    worker.once('message', resolve)
    worker.once('error', () => resolve(null))
    worker.once('exit', () => resolve(null))
  })
  return {
    finish() {
      worker.ref()
      worker.postMessage('over')
      return reading
    },
  }
}
