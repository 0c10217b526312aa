// The plan of a run, frozen: the chosen scenarios of a config with what flags change about them.

import { UserError } from '../core/errors.ts'
import { nearest } from '../core/text.ts'
import {
  type DeclaredLimiter,
  type Phase,
  type Plan,
  planVersion,
  type Scenario,
  stepsOf,
  type Target,
} from '../load/plan.ts'
import { filledData, type Scalar, type Variables } from '../load/steps.ts'
import { type CapsOverrides, capsOf, peakPerS } from './caps.ts'
import { type Catalog, catalogOf } from './catalog.ts'
import { chooseScenarios } from './choose.ts'
import type { Environment } from './interpolate.ts'
import { type LoadedConfig, type LoadedScenario, placeLine } from './loaded.ts'
import { planWarnings } from './planWarnings.ts'
import { declaredLimitersOf, inFlightMaxOf, scenarioOf } from './resolve.ts'
import { ruleOf } from './ruleInput.ts'
import { targetOf } from './target.ts'

/** What flags change about a config. */
export interface PlanOverrides {
  readonly target?: string | undefined
  readonly seed?: number | undefined
  readonly caps?: CapsOverrides | undefined
  /** Requests in flight of closed arrivals, instead of their own. */
  readonly concurrency?: number | undefined
  /** Names of the lanes that every phase uses, instead of its own. */
  readonly lanes?: readonly string[] | undefined
}

export interface FreezeOptions {
  readonly runId: string
  /** Names of scenarios, or patterns with '*'; empty: all. */
  readonly scenarios: readonly string[]
  readonly overrides: PlanOverrides
  /** Limiters that the target itself is known to have; they stand in for those of the config. */
  readonly declared?: readonly DeclaredLimiter[] | undefined
  /** Where scenarios look for the variables that they need; default: there are none. */
  readonly env?: Environment | undefined
  /** The target profile that was chosen; default: there is none. */
  readonly profile?: string | null
  /** For `{{name}}` in steps, shapes and statements. */
  readonly variables?: Readonly<Record<string, Scalar>>
}

/** The plan of a run; throws `UserError`. */
export function freezePlan(
  loaded: LoadedConfig,
  options: FreezeOptions,
): { readonly plan: Plan; readonly warnings: readonly string[] } {
  const { runId, scenarios: words, overrides, declared = [] } = options
  const { env = {}, variables = {}, profile = null } = options
  const { config } = loaded
  const { catalog } = catalogOf(loaded)
  const chosen = chooseScenarios(loaded.scenarios, words)
  const caps = capsOf(config, overrides.caps)
  checkLanes(overrides.lanes ?? [], catalog)
  const target = targetOf(overrides.target ?? config.target)
  const resolved = chosen.map((scenario) => {
    const skip = missingVariable(scenario.input, { target, profile, env })
    return { ...overridden(scenarioOf(scenario, config), overrides), skip }
  })
  checkRates(chosen, resolved, caps.ratePerSMax)
  const own = declaredLimitersOf(config)
  const known = new Map(Object.entries(variables))
  const scenarios = resolved.map((scenario) => {
    return stated(withinRate(scenario, caps.ratePerSMax), known)
  })
  const plan: Plan = {
    version: planVersion,
    runId,
    seed: overrides.seed ?? config.seed ?? 1,
    target,
    dialect: config.dialect ?? 'auto',
    rules: (config.rules ?? []).map(ruleOf),
    ...used(scenarios, catalog),
    limiters: declared.length > 0 ? declared : own,
    scenarios,
    caps,
    variables,
  }
  const warnings = [...loaded.warnings, ...planWarnings(plan, { loaded, own, declared })]
  // A copy: nothing of the user's own objects is frozen.
  return { plan: deepFreeze(structuredClone(plan)), warnings }
}

/** Why a scenario is skipped before the run: a variable that it needs; null: it is not. */
function missingVariable(
  { needs = [] }: LoadedScenario['input'],
  { target, profile, env }: { target: Target; profile: string | null; env: Environment },
): string | null {
  for (const need of needs) {
    if (!('env' in need)) continue
    const isNeeded =
      need.on === undefined
        ? target.kind === 'url' || need.always === true
        : profile !== null && need.on.includes(profile)
    const value = Object.hasOwn(env, need.env) ? env[need.env] : undefined
    if (!isNeeded || (value ?? '').trim() !== '') continue
    return `${need.env} is not set; ${need.remedy ?? `export ${need.env}=…`}`
  }
  return null
}

function overridden(scenario: Scenario, { concurrency, lanes = [] }: PlanOverrides): Scenario {
  const phases = scenario.phases.map((phase) => {
    const changed = concurrency === undefined ? phase : withConcurrency(phase, concurrency)
    return lanes.length === 0 ? changed : { ...changed, lanes }
  })
  return { ...scenario, phases }
}

function withConcurrency(phase: Phase, count: number): Phase {
  const { arrivals } = phase
  switch (arrivals.kind) {
    case 'spaced':
    case 'users': {
      const changed = { ...arrivals, count }
      return { ...phase, arrivals: changed, inFlightMax: inFlightMaxOf(changed) }
    }
    case 'saturate': {
      const changed = { ...arrivals, connections: count }
      return { ...phase, arrivals: changed, inFlightMax: inFlightMaxOf(changed) }
    }
    default:
      return phase
  }
}

/** Statements with their variables filled in. */
function stated(scenario: Scenario, variables: Variables): Scenario {
  const { expectations, differences } = scenario
  return {
    ...scenario,
    expectations: filledData(expectations, variables),
    differences: filledData(differences, variables),
  }
}

/** Autocannon cannot be held to a rate; our own users can. */
function withinRate(scenario: Scenario, ratePerSMax: number | null): Scenario {
  if (ratePerSMax === null) return scenario
  const phases = scenario.phases.map((phase) =>
    phase.driver === 'autocannon' ? { ...phase, driver: 'wire' as const } : phase,
  )
  return { ...scenario, phases }
}

function checkLanes(lanes: readonly string[], { lanes: known }: Catalog): void {
  const problems = lanes
    .filter((lane) => !known.has(lane))
    .map((lane) => {
      const guess = nearest(lane, known.keys())
      const hint = guess === undefined ? '' : `; did you mean '${guess}'?`
      return `lanes: expected some of ${[...known.keys()].join(', ')}, got '${lane}'${hint}`
    })
  if (problems.length > 0) throw new UserError('usage', problems.join('\n'))
}

function checkRates(
  chosen: readonly LoadedScenario[],
  scenarios: readonly Scenario[],
  ratePerSMax: number | null,
): void {
  if (ratePerSMax === null) return
  const problems = scenarios.flatMap(({ phases }, i) => {
    const { input, source, path } = chosen[i]!
    return phases.flatMap(({ arrivals }, j) => {
      const perS = peakPerS(arrivals)
      if (perS === null || perS <= ratePerSMax) return []
      const at = input.phases === undefined ? path : [...path, 'phases', j]
      const message = `expected arrivals of at most ${rateText(ratePerSMax)}, the cap on the rate; lower the rate or raise the cap`
      const place = { source, path: [...at, 'arrivals'] }
      return [placeLine(place, { message, got: rateText(perS) })]
    })
  })
  if (problems.length > 0) throw new UserError('config', problems.join('\n'))
}

function rateText(perS: number): string {
  return `${Number(perS.toPrecision(6))}/s`
}

/** The lanes and shapes that scenarios use, in the order of the catalog. */
function used(scenarios: readonly Scenario[], { lanes, shapes }: Catalog) {
  const run = scenarios.filter(({ skip }) => skip === null)
  const phases = run.flatMap((scenario) => scenario.phases)
  const ofSteps = run.flatMap(stepsOf).flatMap(({ lane }) => lane ?? [])
  const laneNames = new Set([...phases.flatMap((phase) => phase.lanes), ...ofSteps])
  const shapeNames = new Set(phases.flatMap((phase) => phase.mix.map(({ shape }) => shape)))
  return {
    lanes: [...lanes.values()].filter(({ name }) => laneNames.has(name)),
    shapes: [...shapes.values()].filter(({ name }) => shapeNames.has(name)),
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const item of Object.values(value)) deepFreeze(item)
  return Object.freeze(value)
}
