// Whether the generator can be believed: every run ends VALID, SUSPECT or INVALID, with reasons.

import { formatShare, formatSpan } from '../core/format.ts'
import { sampleFloor } from '../core/statistics.ts'
import type { Micros } from '../core/units.ts'

export type HealthVerdict = 'VALID' | 'SUSPECT' | 'INVALID'

/** What the generator measured about itself. */
export interface GeneratorReadings {
  readonly planned: number
  readonly sent: number
  readonly ended: number
  readonly records: number
  /** How late requests were handed to the driver. */
  readonly lag: {
    readonly count: number
    readonly p50Us: Micros | null
    readonly p90Us: Micros | null
    readonly p99Us: Micros | null
    readonly maxUs: Micros | null
  }
  /** Median response time of OK answers, to weigh the lag against; null without any. */
  readonly responseP50Us: Micros | null
  readonly loopDelayP99Us: Micros | null
  /** Share of the run that the hypervisor gave to others; null where unknown. */
  readonly stealShare: number | null
  /** Requests that should be in `requests.csv` and are not: the disk was too slow. */
  readonly lostRows: number
  readonly isOver: boolean
}

export interface GeneratorHealth {
  readonly verdict: HealthVerdict
  readonly reasons: readonly string[]
  /** What the verdict rests on. */
  readonly readings: GeneratorReadings
}

/** One test of the generator: the worst of them is the verdict. */
interface Finding {
  readonly verdict: HealthVerdict
  readonly reason: string
}

/** Thresholds: measurement science 1.9 (Nighthawk's send rate, k6's idle CPU, our lags). */
const limits = {
  sentShareSuspect: 0.99,
  sentShareInvalid: 0.9,
  lagUsLeast: 1_000,
  lagShareSuspect: 0.01,
  lagUsInvalid: 50_000,
  lagShareInvalid: 0.5,
  loopDelayUsSuspect: 5_000,
  loopDelayUsInvalid: 100_000,
  stealShareSuspect: 0.05,
}

export function judgeGenerator(readings: GeneratorReadings): GeneratorHealth {
  const findings = [
    countFinding(readings),
    sentFinding(readings),
    lagFinding(readings),
    loopFinding(readings),
    stealFinding(readings),
    rowsFinding(readings),
  ].filter((finding) => finding !== null)
  const has = (verdict: HealthVerdict) => findings.some((finding) => finding.verdict === verdict)
  const verdict = has('INVALID') ? 'INVALID' : has('SUSPECT') ? 'SUSPECT' : 'VALID'
  return { verdict, reasons: findings.map(({ reason }) => reason), readings }
}

function countFinding({
  planned,
  sent,
  ended,
  records,
  isOver,
}: GeneratorReadings): Finding | null {
  if (!isOver || (ended === sent && records === planned)) return null
  const reason = `counts do not add up: ${planned} planned, ${sent} sent, ${ended} ended, ${records} recorded`
  return { verdict: 'INVALID', reason }
}

function sentFinding({ planned, sent }: GeneratorReadings): Finding | null {
  if (planned === 0) return null
  const share = sent / planned
  if (share >= limits.sentShareSuspect) return null
  const reason = `only ${formatShare(share)} of the planned requests were sent: the cap on requests in flight was reached`
  return { verdict: share < limits.sentShareInvalid ? 'INVALID' : 'SUSPECT', reason }
}

// The highest quantile that the number of requests supports: the p99 of forty is their maximum.
function lagFinding({ lag, responseP50Us }: GeneratorReadings): Finding | null {
  const quantiles = [
    [0.99, lag.p99Us],
    [0.9, lag.p90Us],
    [0.5, lag.p50Us],
  ] as const
  const [q, lagUs] = quantiles.find(([q]) => lag.count >= sampleFloor(q)) ?? [0, null]
  if (lagUs === null) return null
  const shareOf = (share: number) => share * (responseP50Us ?? 0)
  const suspectUs = Math.max(limits.lagUsLeast, shareOf(limits.lagShareSuspect))
  if (lagUs <= suspectUs) return null
  const invalidUs = Math.max(limits.lagUsInvalid, shareOf(limits.lagShareInvalid))
  const reason = `send lag p${q * 100} is ${formatSpan(lagUs)}, above ${formatSpan(suspectUs)}`
  return { verdict: lagUs > invalidUs ? 'INVALID' : 'SUSPECT', reason }
}

function loopFinding({ loopDelayP99Us }: GeneratorReadings): Finding | null {
  if (loopDelayP99Us === null || loopDelayP99Us <= limits.loopDelayUsSuspect) return null
  const reason = `the engine's event loop was ${formatSpan(loopDelayP99Us)} late at p99, above ${formatSpan(limits.loopDelayUsSuspect)}`
  const isHopeless = loopDelayP99Us > limits.loopDelayUsInvalid
  return { verdict: isHopeless ? 'INVALID' : 'SUSPECT', reason }
}

function stealFinding({ stealShare }: GeneratorReadings): Finding | null {
  if (stealShare === null || stealShare <= limits.stealShareSuspect) return null
  const reason = `other machines on this host took ${formatShare(stealShare)} of the CPU`
  return { verdict: 'SUSPECT', reason }
}

// Counts and histograms are whole all the same: only the table is not.
function rowsFinding({ lostRows }: GeneratorReadings): Finding | null {
  if (lostRows === 0) return null
  const reason = `${lostRows} requests are missing in requests.csv: the disk was too slow; use --requests sample:N`
  return { verdict: 'SUSPECT', reason }
}
