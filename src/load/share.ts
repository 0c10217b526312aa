// How several engines share one plan: by index, so that together they offer exactly what one would.
// Lanes are kept whole where there are enough of them: who sees all of a lane can tell its limits.

import { randomStream, uniformAt } from '../core/random.ts'
import { isOpen, type OpenArrivals, schedule } from './arrivals.ts'
import { type Caps, type Phase, type Plan, type Scenario, stepsOf } from './plan.ts'
import type { StopRule } from './stop.ts'

/** One of `of` engines. */
export interface Share {
  readonly index: number
  readonly of: number
}

export const wholeShare: Share = { index: 0, of: 1 }

/** Which engine sends request i of an open process, or is user i of a closed one. */
export function ownerOf(i: number, laneCount: number, of: number): number {
  return (laneCount >= of ? i % laneCount : i) % of
}

/** The seed of everything random in one phase. */
export function phaseSeed(plan: Plan, scenario: string, phase: string): number {
  return Math.floor(uniformAt(randomStream(plan.seed, `${scenario}/${phase}`), 0) * 2 ** 53)
}

/** What one engine may do of a plan: counts and caps are its part, and all parts are the whole. */
export function planShare(plan: Plan, share: Share): Plan {
  if (share.of === 1) return plan
  const scenarios = plan.scenarios.map((scenario) => ({
    ...scenario,
    phases: scenario.phases.map((phase) => phaseShare(plan, scenario, phase, share)),
  }))
  return { ...plan, scenarios, caps: capsShare(plan, share) }
}

/** Why a plan cannot be shared by `of` engines; null when it can. */
export function sharingProblem(plan: Plan, of: number): string | null {
  for (const scenario of plan.scenarios) {
    if (stepsOf(scenario).length > 0) return `${scenario.name} has steps, which one worker does`
    for (const { name, until, isolate, lanes } of scenario.phases) {
      const place = `${scenario.name}/${name}`
      if (until.some(({ kind }) => ['rejected', 'spent', 'admitted'].includes(kind))) {
        return `${place} ends by what all its requests come to, which only one worker can tell in time`
      }
      if (isolate === 'window' && lanes.length < of) {
        return `${place} waits for clean windows of ${lanes.length} lanes, which ${of} workers would share`
      }
    }
  }
  return null
}

function phaseShare(plan: Plan, scenario: Scenario, phase: Phase, share: Share): Phase {
  const { arrivals, inFlightMax } = phase
  const countShare = isOpen(arrivals)
    ? (count: number) =>
        openCount(arrivals, phaseSeed(plan, scenario.name, phase.name), phase, count, share)
    : (count: number) => closedCount(usersOf(phase), phase.lanes.length, count, share)
  const until = phase.until.map((rule): StopRule => {
    return rule.kind === 'requests' ? { ...rule, count: countShare(rule.count) } : rule
  })
  return { ...phase, until, inFlightMax: Math.ceil(inFlightMax / share.of) }
}

/** How many users of a closed process an engine has. */
function usersOf({ arrivals }: Phase): number {
  if (isOpen(arrivals)) return 0
  return arrivals.kind === 'saturate' ? arrivals.connections : arrivals.count
}

/** The first `count` requests after the warm-up are the same whoever sends them. */
function openCount(
  arrivals: OpenArrivals,
  seed: number,
  { warmupUs, lanes }: Phase,
  count: number,
  share: Share,
): number {
  const { intendedUs } = schedule(arrivals, seed)
  let first = 0
  for (let us = intendedUs(0); us !== null && us < warmupUs; us = intendedUs(++first));
  let own = 0
  for (let i = first; i < first + count; i++) {
    if (ownerOf(i, lanes.length, share.of) === share.index) own++
  }
  return own
}

/** Requests go to engines as their users do; rounded so that all parts are the whole. */
function closedCount(
  users: number,
  laneCount: number,
  count: number,
  { index, of }: Share,
): number {
  const usersBefore = (end: number) => {
    return Array.from({ length: users }, (_, u) => ownerOf(u, laneCount, of)).filter((o) => o < end)
      .length
  }
  const part = (end: number) => Math.floor((count * usersBefore(end)) / Math.max(1, users))
  return part(index + 1) - part(index)
}

function capsShare({ caps, scenarios }: Plan, { index, of }: Share): Caps {
  const part = (whole: number | null) => {
    if (whole === null) return null
    return Math.floor((whole * (index + 1)) / of) - Math.floor((whole * index) / of)
  }
  const { requestsMax, tokensMax, ratePerSMax, durationUsMax } = caps
  return {
    // A cap that the plan cannot reach must not cut the part of one engine.
    requestsMax:
      requestsMax !== null && requestsIn(scenarios) <= requestsMax ? null : part(requestsMax),
    tokensMax: part(tokensMax),
    ratePerSMax: ratePerSMax === null ? null : ratePerSMax / of,
    durationUsMax,
  }
}

/** Most requests that scenarios send; Infinity where their rules do not say. */
function requestsIn(scenarios: readonly Scenario[]): number {
  const phases = scenarios.flatMap((scenario) => scenario.phases)
  return phases.reduce((sum, { until, warmupUs }) => {
    const counts = until.flatMap((rule) => (rule.kind === 'requests' ? [rule.count] : []))
    return sum + (warmupUs > 0 ? Infinity : Math.min(...counts, Infinity))
  }, 0)
}
