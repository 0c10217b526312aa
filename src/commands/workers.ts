// How many threads share a plan.

import { availableParallelism } from 'node:os'
import { UserError } from '../core/errors.ts'
import { isOpen } from '../load/arrivals.ts'
import type { Plan } from '../load/plan.ts'
import { sharingProblem } from '../load/share.ts'
import { peakRatePerS } from './pacing.ts'

/** What one thread does with ease; more of them see less of each limiter. */
const easyPerS = 40_000
const easyConnections = 512

/** Throws `UserError` where as many threads as were asked for cannot share the plan. */
export function chooseWorkers(plan: Plan, asked: number | 'auto'): number {
  if (asked === 'auto') return autoWorkers(plan)
  const problem = asked > 1 ? sharingProblem(plan, asked) : null
  if (problem === null) return asked
  throw new UserError('usage', `--workers: expected 1, got ${asked}: ${problem}`)
}

/**
 * One, unless the load is more than one thread can bear, half of the cores are free for others, and
 * nothing is declared that only the whole of the traffic explains.
 */
function autoWorkers(plan: Plan): number {
  const cores = Math.floor(availableParallelism() / 2)
  const connections = plan.scenarios
    .flatMap(({ phases }) => phases)
    .map(({ arrivals, inFlightMax }) => (isOpen(arrivals) ? 0 : inFlightMax))
  const wanted = Math.max(
    Math.ceil(peakRatePerS(plan) / easyPerS),
    Math.ceil(Math.max(0, ...connections) / easyConnections),
  )
  const workers = Math.max(1, Math.min(cores, wanted))
  if (plan.limiters.length > 0 || sharingProblem(plan, workers) !== null) return 1
  return workers
}
