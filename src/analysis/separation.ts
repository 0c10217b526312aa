// Before a run: which limiter each shape will meet first, by playing the declared limiters through
// in virtual time; and warnings where a shape cannot tell two of them apart.

import { formatCount, formatInteger } from '../core/format.ts'
import { costIn, limitOf, type NamedLimiter, type RequestCost } from '../core/limits.ts'
import type { Micros } from '../core/units.ts'
import { firstDenial } from '../limiters/firstDenial.ts'
import { limitersOfLane, type Phase, type Plan } from '../load/plan.ts'
import { type RequestShape, shapeCost } from '../load/shapes.ts'

/** Requests that are played through before "none" is the answer. */
const requestsMax = 20_000

/** How far a shape's tokens may be off before the prediction has to change to count as safe. */
const tolerance = 0.2

export interface Prediction {
  /** The limiter that rejects first; null: none does. */
  readonly limiter: string | null
  /** Requests admitted before it does. */
  readonly admitted: number
}

/** Plays one shape through a chain, one request after the other, `gapUs` apart. */
export function predictFirst(
  limiters: readonly NamedLimiter[],
  cost: RequestCost,
  gapUs: Micros,
): Prediction {
  const stream = { estimate: cost, actual: cost, gapUs, serviceUs: () => 0 }
  const bounds = { requestsMax, untilUs: Number.POSITIVE_INFINITY }
  const { limiter, admitted } = firstDenial(limiters, stream, bounds)
  return { limiter, admitted }
}

/** Warnings about phases whose shapes will meet another limiter than they wait for, or nearly so. */
export function separationWarnings(plan: Plan): string[] {
  return plan.scenarios.flatMap((scenario) =>
    scenario.phases.flatMap((phase) =>
      phaseWarnings(plan, `${scenario.name}/${phase.name}`, phase),
    ),
  )
}

function phaseWarnings(plan: Plan, place: string, phase: Phase): string[] {
  const wanted = phase.until.flatMap((rule) => (rule.kind === 'rejected' ? [rule.limiter] : []))[0]
  const lanes = plan.lanes.filter(({ name }) => phase.lanes.includes(name))
  return lanes.flatMap((lane) => {
    const limiters = limitersOfLane(plan, lane)
    if (limiters.length < 2) return []
    return phase.mix.flatMap(({ shape: name }) => {
      const shape = plan.shapes.find((candidate) => candidate.name === name)!
      const warning = shapeWarning(shape, limiters, wanted)
      return warning === null ? [] : [`${place}, lane ${lane.name}: ${warning}`]
    })
  })
}

function shapeWarning(
  shape: RequestShape,
  limiters: readonly NamedLimiter[],
  wanted: string | undefined,
): string | null {
  const cost = shapeCost(shape)
  const { limiter } = predictFirst(limiters, cost, 0)
  const crossover = crossoverText(limiters)
  const tokens = formatInteger(costIn('tokens', cost))
  if (wanted !== undefined && wanted !== '*' && limiter !== null && limiter !== wanted) {
    return `shape ${shape.name} (${tokens} tokens) is expected to meet ${limiter} before ${wanted}${crossover}`
  }
  const isUnsafe = [1 - tolerance, 1 + tolerance].some(
    (factor) => predictFirst(limiters, scaled(cost, factor), 0).limiter !== limiter,
  )
  if (!isUnsafe) return null
  return `shape ${shape.name} (${tokens} tokens) does not separate the limiters: 20 % more or fewer tokens meet another one first${crossover}`
}

function scaled(cost: RequestCost, factor: number): RequestCost {
  const promptTokens = Math.round(cost.promptTokens * factor)
  return { ...cost, promptTokens, completionTokens: Math.round(cost.completionTokens * factor) }
}

/** Tokens per request at which a token and a request limiter are exhausted together. */
function crossoverText(limiters: readonly NamedLimiter[]): string {
  const find = (unit: string) => limiters.find(({ model }) => model.unit === unit)
  const requests = find('requests')
  const tokens = find('tokens')
  if (requests === undefined || tokens === undefined) return ''
  const perRequest = limitOf(tokens.model.algorithm) / limitOf(requests.model.algorithm)
  return ` (crossover: ${formatCount(perRequest)} tokens per request)`
}
