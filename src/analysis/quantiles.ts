// Quantiles of a histogram, where it has samples enough for them.

import type { LatencyHistogram } from '../core/histogram.ts'
import { sampleFloor } from '../core/statistics.ts'
import type { Quantiles } from './result.ts'

export function quantilesOf(histogram: LatencyHistogram | null): Quantiles {
  const count = histogram?.count ?? 0
  const at = (q: number) => (count >= sampleFloor(q) ? histogram!.quantile(q) : null)
  return {
    count,
    p50Us: at(0.5),
    p90Us: at(0.9),
    p95Us: at(0.95),
    p99Us: at(0.99),
    p999Us: at(0.999),
    minUs: histogram?.minUs ?? null,
    meanUs: histogram?.meanUs ?? null,
    maxUs: histogram?.maxUs ?? null,
  }
}
