// What catches the eye in a trace: the first exhaustion, and the stretches in which units came back.
// Only a start for searches; conclusions are drawn from replays.

import type { Micros } from '../core/units.ts'
import type { TraceGroup } from './trace.ts'

/** Something came back between the last denial and the first pass. */
export interface Release {
  readonly stretch: readonly [Micros, Micros]
  /** Units that passed from here to the next denial. */
  readonly units: number
  /** The same, with those of requests without an answer. */
  readonly unitsMost: number
  /** Units that had passed before. */
  readonly before: number
  /** From one denial before to that pass: how long nothing was asked. */
  readonly pauseUs: Micros
  /** How long all was denied before that, from the first denial to the last. */
  readonly deniedUs: Micros
}

export interface TraceFeatures {
  readonly firstUs: Micros
  /** Units that passed before the first denial that lasted, and those that most likely did. */
  readonly admitted: number
  /** How long these took. */
  readonly burstUs: Micros
  /** From the first request to the first release, at least and at most. */
  readonly firstWaitUs: readonly [Micros, Micros]
  /** From the last of the first burst to the first release. */
  readonly refillUs: readonly [Micros, Micros]
  readonly releases: readonly Release[]
  /** What the cheapest and the dearest request cost. */
  readonly leastCost: number
  readonly mostCost: number
  /** When requests began to pass, after a pause or a denial. */
  readonly starts: readonly Micros[]
  /** When requests were denied, the latest ones. */
  readonly denials: readonly Micros[]
}

const startsMost = 16
const denialsMost = 24

/** The features of a trace; null before a release was seen. */
export function featuresOf(trace: readonly TraceGroup[]): TraceFeatures | null {
  const firstDenied = trace.findIndex(({ denied, passed }) => denied > 0 && passed === 0)
  if (firstDenied < 0) return null
  const burst = trace.slice(0, firstDenied).filter(({ passed, lost }) => passed + lost > 0)
  const admitted = burst.reduce((sum, { cost, passed, lost }) => sum + cost * (passed + lost), 0)
  const releases = releasesIn(trace.slice(firstDenied), admitted)
  const firstRelease = releases[0]
  if (burst.length === 0 || firstRelease === undefined) return null
  const firstUs = burst[0]!.fromUs
  const finalUs = burst.at(-1)!.toUs
  const [low, high] = firstRelease.stretch
  return {
    firstUs,
    admitted,
    burstUs: finalUs - firstUs,
    firstWaitUs: [Math.max(1, low - firstUs), high - firstUs],
    refillUs: [Math.max(1, low - finalUs), high - burst.at(-1)!.fromUs],
    releases,
    leastCost: Math.min(...trace.map(({ cost }) => cost)),
    mostCost: Math.max(...trace.map(({ cost }) => cost)),
    starts: startsIn(trace).slice(-startsMost),
    denials: trace
      .filter(({ denied }) => denied > 0)
      .map(({ deniedFromUs }) => deniedFromUs)
      .slice(-denialsMost),
  }
}

function releasesIn(trace: readonly TraceGroup[], admitted: number): Release[] {
  const releases: Release[] = []
  let deniedUs: Micros | null = null
  let sinceUs: Micros = 0
  let before = admitted
  for (const [i, { denied, passed, lost, cost, deniedFromUs, fromUs, toUs }] of trace.entries()) {
    if (passed > 0 && deniedUs !== null) {
      const pauseUs = fromUs - deniedUs
      const span = deniedUs - sinceUs
      releases.push({
        stretch: [deniedUs, toUs],
        ...unitsUntilDenied(trace, i),
        before,
        pauseUs,
        deniedUs: span,
      })
      deniedUs = null
    }
    before += (passed + lost) * cost
    if (denied > 0 && deniedUs === null) sinceUs = toUs
    if (denied > 0) deniedUs = deniedFromUs
  }
  return releases
}

function unitsUntilDenied(trace: readonly TraceGroup[], from: number) {
  let [units, unitsMost] = [0, 0]
  for (let i = from; i < trace.length; i++) {
    const { passed, lost, denied, cost } = trace[i]!
    units += passed * cost
    unitsMost += (passed + lost) * cost
    if (denied > 0) break
  }
  return { units, unitsMost }
}

/** A pause is as long as many round trips. */
const pauseTrips = 8

function startsIn(trace: readonly TraceGroup[]): Micros[] {
  const starts: Micros[] = []
  let isOpen = false
  let endUs = Number.NEGATIVE_INFINITY
  for (const { passed, denied, fromUs, toUs } of trace) {
    const isPause = fromUs - endUs > pauseTrips * (toUs - fromUs)
    if (passed > 0 && (!isOpen || isPause)) starts.push(fromUs)
    isOpen = passed > 0 && denied === 0
    endUs = toUs
  }
  return starts
}
