// Runs in the formats of other tools; each is text that comes a piece at a time.

import type { StoredRun } from '../../analysis/storedRun.ts'
import { benchmarkText, bmfText } from './benchmarks.ts'
import { hgrmText, hlogText } from './histograms.ts'
import { jtlText } from './jtl.ts'
import type { ExportFormatName } from './names.ts'
import { openMetricsText } from './openMetrics.ts'

/** How each format is written. */
export const exportFormats: Readonly<
  Record<ExportFormatName, (run: StoredRun) => AsyncIterable<string>>
> = {
  jtl: jtlText,
  hlog: hlogText,
  hgrm: hgrmText,
  bmf: (run) => once(bmfText(run)),
  'github-benchmark': (run) => once(benchmarkText(run, 'smaller')),
  'github-benchmark-bigger': (run) => once(benchmarkText(run, 'bigger')),
  openmetrics: openMetricsText,
}

async function* once(text: string): AsyncGenerator<string, void> {
  yield text
}
