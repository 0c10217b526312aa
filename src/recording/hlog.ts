// `latency.hlog`: the intervals as HdrHistogram logs (v1.3), for the tools that read those.

import { createWriteStream, type WriteStream } from 'node:fs'
import { type Interval, intervalUs } from './intervals.ts'
import type { SeriesNames } from './slice.ts'

/** Streams one line per interval and series: response times in µs, tag scenario/lane/shape/outcome. */
export class HlogFile {
  readonly #file: WriteStream

  constructor(path: string, startedMs: number, onError: (error: Error) => void) {
    this.#file = createWriteStream(path, { flags: 'ax', mode: 0o600 })
    this.#file.on('error', onError)
    const startS = (startedMs / 1000).toFixed(3)
    this.#file.write(
      `#[Histogram log format version 1.3]\n#[StartTime: ${startS} (seconds since epoch), ${new Date(startedMs).toISOString()}]\n` +
        '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"\n',
    )
  }

  write({ startUs, series }: Interval): void {
    const histogram = series.histogram('response')
    if (histogram === null) return
    const tag = hlogTag(series.names)
    const times = `${seconds(startUs)},${seconds(intervalUs)}`
    // The maximum is in ms, as the format has it for values in µs.
    const maxMs = ((histogram.maxUs ?? 0) / 1000).toFixed(3)
    this.#file.write(`Tag=${tag},${times},${maxMs},${histogram.encode()}\n`)
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#file.end(() => resolve())
    })
  }
}

/** The tag of a series; names that differ in spaces, commas or slashes only have the same. */
export function hlogTag({ scenario, lane, shape, outcome }: SeriesNames): string {
  return [scenario, lane, shape, outcome].map(tagPart).join('/')
}

function seconds(us: number): string {
  return (us / 1e6).toFixed(3)
}

/** Tags end at a comma and must not hold spaces. */
function tagPart(text: string): string {
  return text.replace(/[\s,/]+/g, '_')
}
