// Whether the generator can be believed: every run ends VALID, SUSPECT or INVALID, with reasons.

import { formatShare, formatSpan } from '../core/format.ts'
import { sampleFloor } from '../core/statistics.ts'
import type { Micros } from '../core/units.ts'
import type { LagSummary } from '../engine/engine.ts'
import type { ThreadHealth } from '../engine/health.ts'
import type { SentinelReading } from '../engine/sentinel.ts'
import type { StallBaseline } from '../engine/stalls.ts'

export type HealthVerdict = 'VALID' | 'SUSPECT' | 'INVALID'

/** What the generator measured about itself. Null is "not known", or "says nothing in this run". */
export interface GeneratorReadings {
  readonly planned: number
  readonly sent: number
  readonly ended: number
  readonly records: number
  /** How it waited for instants. */
  readonly pacing: 'spin' | 'eco'
  /** How late requests were handed to the driver. */
  readonly lag: LagSummary
  /** Median response time of OK answers, to weigh the lag against. */
  readonly responseP50Us: Micros | null
  /** How late anybody would have been on this machine, by its own stalls just before the run. */
  readonly stalls: StallBaseline | null
  readonly thread: ThreadHealth | null
  /** Kolmogorov-Smirnov distance of the gaps between sends to those planned; for random arrivals. */
  readonly arrivalDistance: number | null
  /**
   * Most requests of this shape per second: what was reached against a server that does nothing, or
   * what the run sent per second of work where that is more.
   */
  readonly ceilingPerS: number | null
  /** The highest rate that was asked of it. */
  readonly peakPerS: number | null
  readonly host: HostReadings
  /** Round trips of a thread beside the run that asks a server of its own. */
  readonly sentinel: SentinelReading | null
  /** Requests that should be in `requests.csv` and are not: the disk was too slow. */
  readonly lostRows: number
  readonly isOver: boolean
}

/** What the system says. Shares of 0 to 1. */
export interface HostReadings {
  /** CPU time that the hypervisor gave to others. */
  readonly stealShare: number | null
  /** CPU time of all cores that was not idle. */
  readonly busyShare: number | null
  /** File descriptors of this process that are open, of those it may have. */
  readonly descriptorsShare: number | null
  /** Ephemeral ports in use or waiting, of those there are; of many only those that lead to one peer. */
  readonly portsShare: number | null
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
  standstillUsSuspect: 1_000_000,
  standstillUsInvalid: 5_000_000,
  loopBusyShareSuspect: 0.95,
  gcUsSuspect: 50_000,
  arrivalDistanceSuspect: { spin: 0.02, eco: 0.1 },
  arrivalDistanceInvalid: 0.2,
  ceilingShareSuspect: 0.6,
  ceilingShareInvalid: 1,
  sentinelUsLeast: 5_000,
  stealShareSuspect: 0.05,
  descriptorsShareSuspect: 0.9,
  portsShareSuspect: 0.8,
}

export function judgeGenerator(readings: GeneratorReadings): GeneratorHealth {
  // Where there is no load, a thread that has only just begun says nothing of one.
  const ofLoad = readings.planned === 0 ? [] : [loopFinding, busyFinding, gcFinding]
  const findings = [
    countFinding(readings),
    sentFinding(readings),
    lagFinding(readings),
    shapeFinding(readings),
    standstillFinding(readings),
    ...ofLoad.map((finding) => finding(readings)),
    ceilingFinding(readings),
    sentinelFinding(readings),
    stealFinding(readings),
    descriptorsFinding(readings),
    portsFinding(readings),
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
function lagFinding({ lag, responseP50Us, stalls }: GeneratorReadings): Finding | null {
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
  const stall = stalls === null ? '' : ` (the machine's own stalls: ${formatSpan(stalls.p99Us)})`
  const reason = `send lag p${q * 100} is ${formatSpan(lagUs)}, above ${formatSpan(suspectUs)}${stall}`
  return { verdict: lagUs > invalidUs ? 'INVALID' : 'SUSPECT', reason }
}

// Lancet's threshold for believing an open loop's arrivals.
function shapeFinding({ arrivalDistance, pacing }: GeneratorReadings): Finding | null {
  const most = limits.arrivalDistanceSuspect[pacing]
  if (arrivalDistance === null || arrivalDistance <= most) return null
  const hint = pacing === 'eco' ? '; --pacing spin is more punctual' : ''
  const reason = `gaps between sends are ${arrivalDistance.toFixed(3)} from those planned (KS distance), above ${most}${hint}`
  const isHopeless = arrivalDistance > limits.arrivalDistanceInvalid && pacing !== 'eco'
  return { verdict: isHopeless ? 'INVALID' : 'SUSPECT', reason }
}

function loopFinding({ thread }: GeneratorReadings): Finding | null {
  const lateUs = thread?.loopDelayP99Us ?? 0
  if (lateUs <= limits.loopDelayUsSuspect) return null
  const reason = `the engine's event loop was ${formatSpan(lateUs)} late at p99, above ${formatSpan(limits.loopDelayUsSuspect)}`
  return { verdict: lateUs > limits.loopDelayUsInvalid ? 'INVALID' : 'SUSPECT', reason }
}

// A process that is stopped, or a machine that sleeps, is one delay among thousands: no quantile has it.
function standstillFinding({ thread }: GeneratorReadings): Finding | null {
  const stillUs = thread?.loopDelayMaxUs ?? 0
  if (stillUs <= limits.standstillUsSuspect) return null
  // Of over 1,024 sockets that are ready at once the event loop reads up to 48 times as many before timers.
  const reason = `the engine stood still for ${formatSpan(stillUs)}, above ${formatSpan(limits.standstillUsSuspect)}: it was stopped, the machine slept, or more connections had answers ready than one thread can serve; windows and times of answers are off by as much`
  return { verdict: stillUs > limits.standstillUsInvalid ? 'INVALID' : 'SUSPECT', reason }
}

function busyFinding({ thread }: GeneratorReadings): Finding | null {
  const share = thread?.loopBusyShare ?? 0
  if (share <= limits.loopBusyShareSuspect) return null
  const reason = `the engine was busy ${formatShare(share)} of the time: the rate is its own limit, perhaps not the target's`
  return { verdict: 'SUSPECT', reason }
}

function gcFinding({ thread }: GeneratorReadings): Finding | null {
  const pauseUs = thread?.gcMaxUs ?? 0
  if (pauseUs <= limits.gcUsSuspect) return null
  const reason = `garbage collection stopped the engine for ${formatSpan(pauseUs)}, above ${formatSpan(limits.gcUsSuspect)}`
  return { verdict: 'SUSPECT', reason }
}

function ceilingFinding({ ceilingPerS, peakPerS }: GeneratorReadings): Finding | null {
  if (ceilingPerS === null || peakPerS === null) return null
  const share = peakPerS / ceilingPerS
  if (share <= limits.ceilingShareSuspect) return null
  const reason = `${Math.round(peakPerS)}/s is ${formatShare(share)} of what this generator reaches for such requests here (${Math.round(ceilingPerS)}/s)`
  return { verdict: share > limits.ceilingShareInvalid ? 'INVALID' : 'SUSPECT', reason }
}

// A busy machine makes everybody wait, and the run's own figures with it.
function sentinelFinding({ sentinel }: GeneratorReadings): Finding | null {
  if (sentinel === null || sentinel.count < sampleFloor(0.9)) return null
  const most = Math.max(limits.sentinelUsLeast, 2 * sentinel.p90UsIdle)
  if (sentinel.p90Us <= most) return null
  const reason = `a probe beside the run waited ${formatSpan(sentinel.p90Us)} at p90, ${formatSpan(sentinel.p90UsIdle)} after it: the machine is too busy`
  return { verdict: 'SUSPECT', reason }
}

function stealFinding({ host: { stealShare } }: GeneratorReadings): Finding | null {
  if (stealShare === null || stealShare <= limits.stealShareSuspect) return null
  const reason = `other machines on this host took ${formatShare(stealShare)} of the CPU`
  return { verdict: 'SUSPECT', reason }
}

function descriptorsFinding({ host: { descriptorsShare } }: GeneratorReadings): Finding | null {
  if (descriptorsShare === null || descriptorsShare <= limits.descriptorsShareSuspect) return null
  const reason = `${formatShare(descriptorsShare)} of the file descriptors are in use; raise the limit (ulimit -n)`
  return { verdict: 'SUSPECT', reason }
}

function portsFinding({ host: { portsShare } }: GeneratorReadings): Finding | null {
  if (portsShare === null || portsShare <= limits.portsShareSuspect) return null
  const reason = `${formatShare(portsShare)} of the ephemeral ports are in use towards one peer; new connections may fail`
  return { verdict: 'SUSPECT', reason }
}

// Counts and histograms are whole all the same: only the table is not.
function rowsFinding({ lostRows }: GeneratorReadings): Finding | null {
  if (lostRows === 0) return null
  const reason = `${lostRows} requests are missing in requests.csv: the disk was too slow; use --requests sample:N`
  return { verdict: 'SUSPECT', reason }
}
