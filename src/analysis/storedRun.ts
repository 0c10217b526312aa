// A run that is over, read back from its folder: what comparisons and reports start from.

import { StoredFolder } from '../recording/runReader.ts'
import { type RunSummary, summarySchema } from './result.ts'

/** A run's folder with its summary; the seconds and histograms are read from it as needed. */
export interface StoredRun {
  readonly folder: StoredFolder
  readonly summary: RunSummary
}

/** Throws `UserError` when there is no run at `path`, or one that did not end. */
export function readRun(path: string): StoredRun {
  const folder = new StoredFolder(path)
  return { folder, summary: folder.summary(summarySchema) as RunSummary }
}
