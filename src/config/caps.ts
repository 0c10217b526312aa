// Hard limits of a run: those of the config, changed by flags, held against the arrivals.

import { parseDurationUs, parseRatePerS } from '../core/units.ts'
import { type ArrivalProcess, isOpen } from '../load/arrivals.ts'
import type { Caps } from '../load/plan.ts'
import type { ConfigInput } from './schema.ts'

/** Caps as flags give them; what is undefined stays as it is in the config. */
export type CapsOverrides = { readonly [K in keyof Caps]?: Caps[K] | undefined }

/** The caps of a plan. */
export function capsOf({ caps = {} }: ConfigInput, overrides: CapsOverrides = {}): Caps {
  const { requests = null, tokens = null, rate, duration } = caps
  const ratePerS = rate === undefined ? null : parseRatePerS(rate)
  const durationUs = duration === undefined ? null : parseDurationUs(duration)
  const { requestsMax, ratePerSMax, durationUsMax, tokensMax } = overrides
  return {
    requestsMax: requestsMax === undefined ? requests : requestsMax,
    ratePerSMax: ratePerSMax === undefined ? ratePerS : ratePerSMax,
    durationUsMax: durationUsMax === undefined ? durationUs : durationUsMax,
    tokensMax: tokensMax === undefined ? tokens : tokensMax,
  }
}

/** Most requests that open arrivals start within a second; null for those that wait for answers. */
export function peakPerS(arrivals: ArrivalProcess): number | null {
  if (!isOpen(arrivals)) return null
  switch (arrivals.kind) {
    case 'constant':
    case 'poisson':
    case 'gamma':
      return arrivals.perS
    case 'ramp':
      return Math.max(arrivals.fromPerS, arrivals.toPerS)
    case 'steps':
      return Math.max(...arrivals.steps.map(({ perS }) => perS))
    case 'burst': {
      const { size, everyUs, count } = arrivals
      const bursts = everyUs > 0 ? Math.ceil(1e6 / everyUs) : 1
      return size * Math.min(bursts, count ?? bursts)
    }
    case 'replay':
      return replayPeak(arrivals.atUs)
  }
}

function replayPeak(atUs: readonly number[]): number {
  let first = 0
  let peak = 0
  for (let i = 0; i < atUs.length; i++) {
    while (atUs[first]! <= atUs[i]! - 1e6) first++
    peak = Math.max(peak, i - first + 1)
  }
  return peak
}
