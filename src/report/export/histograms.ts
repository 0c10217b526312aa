// Response times for the tools of HdrHistogram.

import { createReadStream } from 'node:fs'
import type { StoredRun } from '../../analysis/storedRun.ts'
import { LatencyHistogram } from '../../core/histogram.ts'
import { addCounts } from '../../recording/series.ts'

/** The log that every run has. */
export async function* hlogText({ folder }: StoredRun): AsyncGenerator<string, void> {
  yield* createReadStream(folder.file('latency.hlog'), 'utf8')
}

/** Percentiles of all OK answers in ms, warm-up included, as the log has it. */
export async function* hgrmText({ folder }: StoredRun): AsyncGenerator<string, void> {
  const histogram = new LatencyHistogram()
  for await (const { tag, counts } of folder.latencies()) {
    if (tag.endsWith('/ok')) addCounts(histogram, counts)
  }
  yield histogram.percentilesText()
  histogram.destroy()
}
