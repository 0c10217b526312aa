// Which limiter of one run is which of another. A limit that has moved away from what was declared is
// no longer recognised: its rejections go by their status, and its own name stays silent.

import { observedLimitOf, observedWindowUsOf, overshootOf } from '../recording/findings.ts'
import type { LimiterSummary, RunSummary } from './result.ts'

/** The limiters of a run, by the names that they have in `others` where that is without a doubt. */
export function limitersAsIn(
  others: readonly RunSummary[],
  run: RunSummary,
): readonly LimiterSummary[] {
  const firing = new Set(others.flatMap(limitersOf).filter(hasFired).map(limiterKey))
  return run.scenarios.flatMap(({ limiters }) => {
    const lanes = Map.groupBy(limiters, ({ lane }) => lane)
    return [...lanes.values()].flatMap((ofLane) => renamed(ofLane, firing))
  })
}

/** One text for one limiter, to find it in another run. */
export function limiterKey({ scenario, lane, limiter }: LimiterSummary): string {
  return `${scenario}\n${lane}\n${limiter}`
}

function limitersOf(run: RunSummary): readonly LimiterSummary[] {
  return run.scenarios.flatMap(({ limiters }) => limiters)
}

function hasFired({ first }: LimiterSummary): boolean {
  return first !== null
}

function renamed(
  limiters: readonly LimiterSummary[],
  firing: ReadonlySet<string>,
): readonly LimiterSummary[] {
  const [nameless, more] = limiters.filter(
    (limiter) => limiter.first?.confidence === 'unknown' && !firing.has(limiterKey(limiter)),
  )
  const [silent, another] = limiters.filter((limiter) => {
    return !hasFired(limiter) && firing.has(limiterKey(limiter))
  })
  const isClear = more === undefined && another === undefined
  if (nameless === undefined || silent === undefined || !isClear) return limiters
  const { limiter, declared } = silent
  const finding = { ...nameless, limiter, declared }
  const one: LimiterSummary = {
    ...finding,
    overshoot: overshootOf(finding),
    observedLimit: observedLimitOf(finding),
    observedWindowUs: observedWindowUsOf(finding),
  }
  return limiters.flatMap((other) => (other === nameless ? [] : other === silent ? one : other))
}
