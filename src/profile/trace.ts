// What was observed, as one limiter may have seen it: groups of like requests, each passed, denied or
// unclear, with the stretch in which they arrived. Must not know algorithms.

import { costIn, type LimitUnit } from '../core/limits.ts'
import type { Micros } from '../core/units.ts'
import type { Observation } from './observation.ts'

/**
 * `lost`: sent, and not answered in time: most likely charged, if there was room. `unclear`: failed
 * behind the limiter or before it, or denied by another: may be charged.
 */
export type Verdict = 'passed' | 'denied' | 'lost' | 'unclear'

/** Requests that were under way together, with the same cost in the limiter's unit. */
export interface TraceGroup {
  /** None of them arrived before this. */
  readonly fromUs: Micros
  /** All of them had arrived by then. */
  readonly toUs: Micros
  /** When the last of the denied was sent: it was denied then or later. */
  readonly deniedFromUs: Micros
  readonly cost: number
  readonly passed: number
  readonly denied: number
  readonly lost: number
  readonly unclear: number
}

/** The cost of an observation in the limiter's unit. */
export type CostOf = (observation: Observation) => number

/** Costs by what answers report, or else by what the shapes promise. */
export function costsIn(
  unit: LimitUnit,
  estimates: ReadonlyMap<string, Parameters<typeof costIn>[1]>,
): CostOf {
  return ({ shape, cost }) => costIn(unit, cost ?? estimates.get(shape)!)
}

/** A request without an answer has arrived, if it has, in so many times the usual latency. */
const travelFactor = 4
const travelUsLeast = 1_000

/**
 * Groups observations, which must be in the order of sending. A request that was answered arrived
 * between its sending and its answer, and no more is known: one that took long may have been served for
 * long, or have waited in a process, ours or another, that stood still.
 */
export function traceOf(
  observations: readonly Observation[],
  verdicts: readonly Verdict[],
  costOf: CostOf,
): readonly TraceGroup[] {
  const travelUs = travelUsMost(observations)
  const groups: Building[] = []
  let openUntilUs = Number.NEGATIVE_INFINITY
  for (const [i, observation] of observations.entries()) {
    const verdict = verdicts[i]!
    const cost = costOf(observation)
    const toUs = arrivedByUs(observation, travelUs)
    const last = groups.at(-1)
    const joins = last !== undefined && observation.sentUs < openUntilUs && last.cost === cost
    const group = joins ? last : started(observation.sentUs, cost)
    if (!joins) groups.push(group)
    openUntilUs = joins ? Math.max(openUntilUs, toUs) : toUs
    group.toUs = Math.max(group.toUs, toUs)
    group[verdict]++
    if (verdict === 'denied') group.deniedFromUs = observation.sentUs
  }
  return groups
}

function arrivedByUs({ sentUs, receivedUs, status }: Observation, travelUs: Micros): Micros {
  return status === null ? Math.min(receivedUs, sentUs + travelUs) : receivedUs
}

/**
 * So many groups at most, if that can be had: those in which nothing was denied are joined within ever
 * longer spans. A group that spans the end of a window tells less than its parts.
 */
export function shortened(trace: readonly TraceGroup[], most: number): readonly TraceGroup[] {
  let groups = trace
  for (let spanUs = shortestSpanUs; groups.length > most && spanUs <= longestSpanUs; spanUs *= 2) {
    groups = lumped(trace, spanUs)
  }
  return groups
}

const shortestSpanUs: Micros = 10_000
const longestSpanUs: Micros = 10_000_000

/** Groups in which nothing was denied, joined where they follow each other within a span. */
function lumped(trace: readonly TraceGroup[], spanUs: Micros): readonly TraceGroup[] {
  const lumps: Building[] = []
  for (const group of trace) {
    const last = lumps.at(-1)
    const joins =
      last !== undefined &&
      last.cost === group.cost &&
      last.denied + group.denied === 0 &&
      group.toUs - last.fromUs <= spanUs
    if (!joins) {
      lumps.push({ ...group })
      continue
    }
    last.toUs = Math.max(last.toUs, group.toUs)
    last.passed += group.passed
    last.lost += group.lost
    last.unclear += group.unclear
  }
  return lumps
}

type Building = { -readonly [K in keyof TraceGroup]: TraceGroup[K] }

function started(us: Micros, cost: number): Building {
  return { fromUs: us, toUs: us, deniedFromUs: us, cost, passed: 0, denied: 0, lost: 0, unclear: 0 }
}

/** The longest that a request may plausibly be on its way, by the quicker half of the answers. */
function travelUsMost(observations: readonly Observation[]): Micros {
  const latencies = Float64Array.from(
    observations.filter(({ status }) => status !== null),
    ({ sentUs, receivedUs }) => receivedUs - sentUs,
  ).sort()
  const usual = latencies[latencies.length >> 1] ?? Number.POSITIVE_INFINITY
  return Math.max(travelUsLeast, travelFactor * usual)
}

/** Answers that were let through or rejected. */
export function answersIn(trace: readonly TraceGroup[]): number {
  return trace.reduce((sum, { passed, denied }) => sum + passed + denied, 0)
}
