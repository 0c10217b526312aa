// The side of the sentinel that others see.

import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Micros } from '../core/units.ts'

/** What the sentinel has seen: round trips before the run, and since. */
export interface SentinelReading {
  readonly count: number
  readonly p90UsBefore: Micros
  readonly p90Us: Micros
  readonly p99Us: Micros
}

export interface Sentinel {
  /** Null in the first seconds. */
  read(): SentinelReading | null
  close(): Promise<void>
}

export function startSentinel(): Sentinel {
  const entry = new URL(`./sentinelMain${extname(import.meta.filename)}`, import.meta.url)
  const worker = new Worker(entry)
  // It must not keep anybody from leaving, nor take a run down with it.
  worker.unref()
  worker.on('error', () => {})
  let last: SentinelReading | null = null
  worker.on('message', (reading: SentinelReading) => {
    last = reading
  })
  return {
    read: () => last,
    close: async () => {
      await worker.terminate()
    },
  }
}
