// The names of the formats that runs are exported to; apart from what writes them, so that help costs
// nothing.

export const exportFormatNames = [
  'jtl',
  'hlog',
  'hgrm',
  'bmf',
  'github-benchmark',
  'github-benchmark-bigger',
  'openmetrics',
] as const
export type ExportFormatName = (typeof exportFormatNames)[number]
