// A map as a result: the plane, where its limiters come from, and what became of its probes.

import type { Plane } from './plane.ts'
import type { ProbeVerdict } from './verdicts.ts'

export const mapSchema = 'limitscope.map/1'

export interface MapResult {
  readonly plane: Plane
  /** Where the limiters come from, for people: 'gateway:kuadrant (its own limits)'. */
  readonly source: string
  readonly warnings: readonly string[]
  /** Null: the map was not tried on a target. */
  readonly verdicts: readonly ProbeVerdict[] | null
  /** Requests that the probes sent. */
  readonly requests: number
  /** Units the probes were expected to take of each limiter, in units of its limit. */
  readonly shares: readonly number[]
}

/** The map as a JSON document. */
export function mapDocument({ plane, source, warnings, verdicts, requests }: MapResult) {
  const { spec, tokens, perMin, winners } = plane
  return {
    schema: mapSchema,
    source,
    limiters: spec.limiters,
    service: spec.service,
    promptShare: spec.promptShare,
    horizonUs: spec.horizonUs,
    tokens,
    callsPerMin: perMin,
    /** Rows by calls per minute, columns by tokens: indices of limiters, -1 is none. */
    winners,
    probes:
      verdicts?.map(({ probe, ...verdict }) => ({
        tokens: probe.point.tokens,
        callsPerMin: probe.point.perMin,
        expected: probe.expected,
        ...verdict,
      })) ?? null,
    requests,
    warnings,
  }
}
