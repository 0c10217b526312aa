// Arrival processes: when each request is meant to start. Open processes are pure functions of
// (seed, i); closed ones say how many users there are and what they wait for.

import { exponentialAt, gammaAt, type RandomStream, randomStream } from '../core/random.ts'
import type { Micros } from '../core/units.ts'

/** Arrivals that do not wait for answers. Spans and instants in µs, rates per second. */
export type OpenArrivals =
  | { readonly kind: 'constant'; readonly perS: number }
  | { readonly kind: 'poisson'; readonly perS: number }
  /** `burstiness` is the squared coefficient of variation of the gaps: 1 is Poisson, 4 is bursty. */
  | { readonly kind: 'gamma'; readonly perS: number; readonly burstiness: number }
  | {
      readonly kind: 'ramp'
      readonly fromPerS: number
      readonly toPerS: number
      readonly overUs: Micros
    }
  | { readonly kind: 'steps'; readonly steps: readonly { perS: number; forUs: Micros }[] }
  /** `size` requests at the same instant, every `everyUs`; `count` bursts, or without end. */
  | {
      readonly kind: 'burst'
      readonly size: number
      readonly everyUs: Micros
      readonly count: number | null
    }
  | { readonly kind: 'replay'; readonly atUs: readonly Micros[] }

/** Arrivals that wait for answers: at most `count` requests in flight. */
export type ClosedArrivals =
  /** One after the other (or `count` such chains), with a gap after each answer. */
  | { readonly kind: 'spaced'; readonly gapUs: Micros; readonly count: number }
  | { readonly kind: 'users'; readonly count: number; readonly thinkUs: Micros }
  /** As fast as `connections` connections can, driven by autocannon. */
  | { readonly kind: 'saturate'; readonly connections: number }

export type ArrivalProcess = OpenArrivals | ClosedArrivals

export function isOpen(arrivals: ArrivalProcess): arrivals is OpenArrivals {
  return !['spaced', 'users', 'saturate'].includes(arrivals.kind)
}

/** Intended starts of an open process, relative to the start of its phase. */
export interface Schedule {
  /** Integer µs of request i (from 0), or null when the process has ended before it. */
  intendedUs(i: number): Micros | null
}

/** The schedule of an open process under a seed: the same (process, seed, i) gives the same µs. */
export function schedule(arrivals: OpenArrivals, seed: number): Schedule {
  switch (arrivals.kind) {
    case 'constant':
      return closedForm((i) => (i / arrivals.perS) * 1e6)
    case 'poisson': {
      const stream = randomStream(seed, 'arrivals')
      return renewal((i) => (exponentialAt(stream, i) / arrivals.perS) * 1e6)
    }
    case 'gamma': {
      const stream = randomStream(seed, 'arrivals')
      return renewal((i) => gammaGapUs(stream, i, arrivals.perS, arrivals.burstiness))
    }
    case 'ramp':
      return closedForm((i) => rampUs(i, arrivals.fromPerS, arrivals.toPerS, arrivals.overUs))
    case 'steps':
      return closedForm((i) => stepsUs(i, arrivals.steps))
    case 'burst':
      return closedForm((i) => {
        const n = Math.floor(i / arrivals.size)
        return arrivals.count !== null && n >= arrivals.count ? null : n * arrivals.everyUs
      })
    case 'replay':
      return closedForm((i) => arrivals.atUs[i] ?? null)
  }
}

/** Mean offered load of an open process at `us` after its start; null where it has none. */
export function offeredPerS(arrivals: ArrivalProcess, us: Micros): number | null {
  switch (arrivals.kind) {
    case 'constant':
    case 'poisson':
    case 'gamma':
      return arrivals.perS
    case 'ramp': {
      const share = Math.min(1, us / arrivals.overUs)
      return arrivals.fromPerS + (arrivals.toPerS - arrivals.fromPerS) * share
    }
    case 'steps':
      return stepAt(us, arrivals.steps)?.perS ?? 0
    case 'burst':
      return arrivals.everyUs > 0 ? (arrivals.size / arrivals.everyUs) * 1e6 : null
    default:
      return null
  }
}

function closedForm(atUs: (i: number) => Micros | null): Schedule {
  return {
    intendedUs(i) {
      const us = atUs(i)
      return us === null ? null : Math.round(us)
    },
  }
}

// A renewal process is a sum of gaps; asked in order, each answer costs one gap.
function renewal(gapUs: (i: number) => number): Schedule {
  let next = 0
  let sumUs = 0
  return {
    intendedUs(i) {
      if (i + 1 < next) {
        next = 0
        sumUs = 0
      }
      while (next <= i) sumUs += gapUs(next++)
      return Math.round(sumUs)
    },
  }
}

function gammaGapUs(stream: RandomStream, i: number, perS: number, burstiness: number): number {
  return (gammaAt(stream, i, 1 / burstiness) / perS) * 1e6
}

// Arrival i is where the integral of the rate reaches i: a·t + (b − a)·t² / 2T = i.
function rampUs(i: number, fromPerS: number, toPerS: number, overUs: Micros): Micros | null {
  const overS = overUs / 1e6
  const during = ((fromPerS + toPerS) / 2) * overS
  if (i >= during) return toPerS > 0 ? overUs + ((i - during) / toPerS) * 1e6 : null
  const slope = (toPerS - fromPerS) / overS
  // The form 2i / (a + √…) stays exact where the slope is near 0.
  return ((2 * i) / (fromPerS + Math.sqrt(fromPerS ** 2 + 2 * slope * i))) * 1e6 || 0
}

function stepAt<S extends { forUs: Micros }>(us: Micros, steps: readonly S[]): S | undefined {
  let endUs = 0
  for (const step of steps) {
    endUs += step.forUs
    if (us < endUs) return step
  }
  return undefined
}

function stepsUs(i: number, steps: readonly { perS: number; forUs: Micros }[]): Micros | null {
  let before = 0
  let startUs = 0
  for (const { perS, forUs } of steps) {
    const during = perS * (forUs / 1e6)
    // Arrivals sit at multiples of the gap from the step's start, so a step never borrows from the
    // one before; the tolerance keeps 10/s × 0.3 s at three arrivals.
    if (i - before < during - 1e-9) return startUs + ((i - before) / perS) * 1e6
    before += Math.ceil(during - 1e-9)
    startUs += forUs
  }
  return null
}

/** The highest rate that an open process comes to, in requests per second. */
export function peakPerS(arrivals: OpenArrivals): number {
  switch (arrivals.kind) {
    case 'ramp':
      return Math.max(arrivals.fromPerS, arrivals.toPerS)
    case 'steps':
      return Math.max(...arrivals.steps.map(({ perS }) => perS))
    default:
      return offeredPerS(arrivals, 0) ?? 0
  }
}
