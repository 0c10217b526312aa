// What a search comes to: the capacity with its interval, what ends it, and what it took.

import type { Crossing } from './crossing.ts'
import type { Criterion, CriterionKind, StepObservation } from './observation.ts'
import type { Search, Step } from './search.ts'
import { fitUsl, type UslFit, type UslPoint, type UslUnknown } from './usl.ts'

export const capacitySchema = 'limitscope.capacity/1'

/**
 * `found`: certified and confirmed. `estimated`: known, but not confirmed twice. `all-passed`: the
 * highest load that was allowed keeps every promise. `broken-at-lowest`: no load does.
 */
export type CapacityVerdict =
  | 'found'
  | 'estimated'
  | 'all-passed'
  | 'broken-at-lowest'
  | 'generator'
  | 'target-died'
  | 'interrupted'

export interface CriterionResult extends Criterion {
  readonly crossing: Crossing
}

export interface CapacityResult {
  readonly schema: typeof capacitySchema
  readonly name: string
  readonly verdict: CapacityVerdict
  /** Every promise holds here: lower bound, confirmed twice; null: nothing is certain. */
  readonly certifiedPerS: number | null
  /** The likeliest load at which the first promise is broken; null: it was not reached. */
  readonly estimatedPerS: number | null
  /** Some promise is broken here: upper bound; null: it was not reached. */
  readonly refutedPerS: number | null
  readonly criteria: readonly CriterionResult[]
  /** Which criterion is the first to be broken; null: none was. */
  readonly first: CriterionResult | null
  /** The limiter that rejected most from where rejections begin; null: none did. */
  readonly limiter: string | null
  /** From this load on our generator was not fit; null: it was. */
  readonly generatorPerS: number | null
  readonly hasHysteresis: boolean | null
  readonly usl: UslFit | UslUnknown
  readonly steps: readonly Step[]
  readonly requests: number
}

/** Sums a search up, at its end or wherever it was stopped. */
export function capacityResult(name: string, search: Search): CapacityResult {
  const { criteria } = search.options
  const crossings = search.crossings()
  const results = criteria.map((criterion, c) => ({ ...criterion, crossing: crossings[c]! }))
  const { low, estimate, high } = search.crossing()
  const verdict = verdictOf(search, { low, estimate, high })
  const first = results.reduce((a, b) => (b.crossing.estimate < a.crossing.estimate ? b : a))
  const confirmed = search.steps.filter(({ move }) => move.kind === 'confirm').at(-1)
  return {
    schema: capacitySchema,
    name,
    verdict,
    // Later steps may have lowered the bound below what was confirmed.
    certifiedPerS:
      verdict === 'found'
        ? Math.min(confirmed!.move.loadPerS, low)
        : highestPassed(search, verdict),
    estimatedPerS: estimate > 0 && Number.isFinite(estimate) ? estimate : null,
    refutedPerS: Number.isFinite(high) ? high : null,
    criteria: results,
    first: Number.isFinite(first.crossing.estimate) ? first : null,
    limiter: mostRejecting(search.steps),
    generatorPerS: search.generatorPerS,
    hasHysteresis: search.hasHysteresis,
    usl: fitUsl(pointsOf(search.steps), search.options.seed),
    steps: search.steps,
    requests: search.steps.reduce((sum, { observation }) => sum + observation.attempted, 0),
  }
}

/** The load at which the first criterion of some kinds is broken; null: it was not reached. */
export function boundOf(
  { criteria }: Pick<CapacityResult, 'criteria'>,
  kinds: readonly CriterionKind[],
): Crossing | null {
  const own = criteria.filter(({ kind }) => kinds.includes(kind)).map(({ crossing }) => crossing)
  const first = own.sort((a, b) => a.estimate - b.estimate)[0]
  return first !== undefined && Number.isFinite(first.estimate) ? first : null
}

function verdictOf(search: Search, { estimate, high }: Crossing): CapacityVerdict {
  if (search.isConfirmed) return 'found'
  const last = search.steps.at(-1)
  if (last === undefined || last.observation.end === 'interrupted') return 'interrupted'
  if (last.observation.end === 'target-died') return 'target-died'
  const hasFailed = search.steps.some(({ verdict }) => verdict === 'fail')
  if (!hasFailed && search.generatorPerS !== null) return 'generator'
  if (!hasFailed && !Number.isFinite(high)) return 'all-passed'
  return estimate === 0 ? 'broken-at-lowest' : 'estimated'
}

/** Where nothing was confirmed, a load that passed is all that can be said, and only if none failed. */
function highestPassed({ steps }: Search, verdict: CapacityVerdict): number | null {
  if (verdict !== 'all-passed' && verdict !== 'generator') return null
  const passed = steps.filter((step) => step.verdict === 'pass')
  return passed.length === 0 ? null : Math.max(...passed.map(({ move }) => move.loadPerS))
}

function mostRejecting(steps: readonly Step[]): string | null {
  const sums = new Map<string, number>()
  for (const { observation } of steps) {
    for (const [limiter, count] of Object.entries(observation.limiters)) {
      sums.set(limiter, (sums.get(limiter) ?? 0) + count)
    }
  }
  return [...sums].sort(([, a], [, b]) => b - a)[0]?.[0] ?? null
}

/** Steps as the scalability law has them; those that a limiter shaped say nothing of the service. */
function pointsOf(steps: readonly Step[]): UslPoint[] {
  return steps
    .map(({ observation }) => observation)
    .filter(isServed)
    .map(({ inFlightMean, goodputPerS }) => ({ inFlight: inFlightMean, perS: goodputPerS }))
}

function isServed({ limiters, generator }: StepObservation): boolean {
  return generator !== 'INVALID' && Object.values(limiters).every((count) => count === 0)
}
