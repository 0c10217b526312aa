// What became of the probes of a map: which limiter said no first, beside the one that was expected.

import type { Confidence } from '../../core/record.ts'
import type { LimiterFinding } from '../../recording/findings.ts'
import { probeName } from './probePlan.ts'
import type { Probe } from './probes.ts'

/** One probe, judged. */
export interface ProbeVerdict {
  readonly probe: Probe
  readonly verdict: 'as expected' | 'mismatch' | 'not decided'
  /** The limiter that said no first; null: none did. */
  readonly found: string | null
  /** How sure that limiter's name is; null where nothing was rejected. */
  readonly confidence: Confidence | null
  /** Requests admitted before the first rejection, at least. */
  readonly admitted: number | null
  readonly reason: string
}

/** Judges probes by the findings of their run; `unfinished`: phases that did not come to their end. */
export function judgeProbes(
  probes: readonly Probe[],
  findings: readonly LimiterFinding[],
  unfinished: ReadonlySet<string>,
): ProbeVerdict[] {
  return probes.map((probe, i) => {
    const phase = probeName(i)
    const first = firstOf(findings.filter((finding) => finding.phase === phase))
    const found = first?.limiter ?? null
    const rest = {
      probe,
      found,
      confidence: first?.first?.confidence ?? null,
      admitted: first?.first?.admitted.requestsMin ?? null,
    }
    if (first === null && unfinished.has(phase)) {
      return { ...rest, verdict: 'not decided', reason: 'the run ended before it' }
    }
    if (rest.confidence === 'unknown') {
      return { ...rest, verdict: 'not decided', reason: 'the rejection names no limiter' }
    }
    if (found === probe.expected) return { ...rest, verdict: 'as expected', reason: '' }
    const doubt = rest.confidence === 'ambiguous' ? ', going by the models alone' : ''
    const reason = `${nameOf(found)} instead of ${nameOf(probe.expected)}${doubt}`
    return { ...rest, verdict: 'mismatch', reason }
  })
}

function firstOf(findings: readonly LimiterFinding[]): LimiterFinding | null {
  const fired = findings.filter(({ first }) => first !== null)
  return fired.reduce<LimiterFinding | null>((best, finding) => {
    return best === null || finding.first!.seq < best.first!.seq ? finding : best
  }, null)
}

function nameOf(limiter: string | null): string {
  return limiter ?? 'no limiter'
}
