// The reports of a run, made from its folder: the same at its end and whenever they are asked for.

import { readRun } from '../analysis/storedRun.ts'
import { writeWhole } from '../recording/runFolder.ts'
import { junitText } from './junit.ts'
import { markdownText } from './markdown.ts'
import { runPage } from './runPage.ts'

export const reportNames = ['report.html', 'report.md', 'junit.xml'] as const

/** Writes them into the folder at `path`; throws `UserError`. */
export function writeReports(path: string, baselinePath: string | null = null): void {
  const { folder, summary } = readRun(path)
  const baseline = baselinePath === null ? null : readRun(baselinePath)
  const page = runPage({
    summary,
    manifest: folder.manifest,
    timeline: folder.timeline(),
    baseline:
      baseline === null
        ? null
        : {
            runId: baseline.summary.runId,
            curves: baseline.folder.timeline()?.curves ?? [],
          },
  })
  writeWhole(folder.file('report.html'), page)
  writeWhole(folder.file('report.md'), markdownText(summary))
  writeWhole(folder.file('junit.xml'), junitText(summary))
}
