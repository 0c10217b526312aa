// What a server's log of arrivals says about the client's pacing.

import { exponentialDistance, quantile } from './statistics.ts'
import type { Values } from './types.ts'

/** The first second is the clients' start: JIT, connections. */
const warmUpUs = 1_000_000

/** Arrivals at a constant rate: the rate over the whole run, regularity after the first second. */
export function constantArrivals(arrivalsUs: Float64Array, ratePerS: number): Values {
  const settledUs = settled(arrivalsUs)
  const periodUs = 1e6 / ratePerS
  const gapErrorsUs = gaps(settledUs).map((gapUs) => Math.abs(gapUs - periodUs))
  const gridErrorsUs = gridErrors(settledUs, periodUs)
  return {
    serverRatePerS: rateOf(arrivalsUs),
    rateErrorShare: rateErrorShare(arrivalsUs, ratePerS),
    gapErrorP50Us: quantile(gapErrorsUs, 0.5),
    gapErrorP99Us: quantile(gapErrorsUs, 0.99),
    gridErrorP99Us: quantile(gridErrorsUs, 0.99),
  }
}

/** Poisson arrivals: how far their gaps are from exponential ones (Kolmogorov-Smirnov). */
export function poissonArrivals(arrivalsUs: Float64Array, ratePerS: number): Values {
  return {
    serverRatePerS: rateOf(arrivalsUs),
    rateErrorShare: rateErrorShare(arrivalsUs, ratePerS),
    distance: exponentialDistance([...gaps(settled(arrivalsUs))]),
  }
}

function settled(arrivalsUs: Float64Array): Float64Array {
  const firstUs = arrivalsUs[0] ?? 0
  return arrivalsUs.filter((us) => us - firstUs >= warmUpUs)
}

function rateOf(arrivalsUs: Float64Array): number | null {
  const n = arrivalsUs.length
  return n < 2 ? null : ((n - 1) / (arrivalsUs[n - 1]! - arrivalsUs[0]!)) * 1e6
}

function rateErrorShare(arrivalsUs: Float64Array, ratePerS: number): number | null {
  const perS = rateOf(arrivalsUs)
  return perS === null ? null : Math.abs(perS / ratePerS - 1)
}

function gaps(us: Float64Array): Float64Array {
  return us.subarray(1).map((at, i) => at - us[i]!)
}

// The grid is laid where half of the arrivals are before it and half after: nobody's constant delay
// counts, whoever drifts or lurches is seen.
function gridErrors(us: Float64Array, periodUs: number): Float64Array {
  const offsetsUs = us.map((at, i) => at - i * periodUs)
  const middleUs = quantile(offsetsUs, 0.5) ?? 0
  return offsetsUs.map((offsetUs) => Math.abs(offsetUs - middleUs))
}
