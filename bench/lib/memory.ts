// What samples of resident memory say: the most, and whether it grows.

/** `at`: share of the run that was over. */
export interface MemorySample {
  readonly at: number
  readonly residentBytes: number
}

/** The first fifth is warm-up: code is compiled, tables and heaps find their size. */
const warmupShare = 0.2

/** The most that was resident; growth is the mean of the last third after warm-up less the first's. */
export function memoryFigures(samples: readonly MemorySample[]) {
  const warm = samples.filter(({ at }) => at >= warmupShare)
  const third = Math.floor(warm.length / 3)
  return {
    residentBytes: Math.max(...samples.map(({ residentBytes }) => residentBytes)),
    growthBytes: Math.round(mean(warm.slice(-third)) - mean(warm.slice(0, third))),
  }
}

function mean(samples: readonly MemorySample[]): number {
  return samples.reduce((sum, { residentBytes }) => sum + residentBytes, 0) / samples.length
}
