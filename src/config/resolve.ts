// From what users wrote to what a plan holds: scenarios with all their defaults, declared limiters,
// and what is wrong between the parts of a config.

import { isDeepStrictEqual } from 'node:util'
import { parseDurationUs } from '../core/units.ts'
import { type ArrivalProcess, isOpen, peakPerS } from '../load/arrivals.ts'
import type { MixEntry } from '../load/mix.ts'
import type { DeclaredLimiter, Phase, ProfileAsk, Scenario } from '../load/plan.ts'
import type { StopRule } from '../load/stop.ts'
import { arrivalsOf } from './arrivalsInput.ts'
import { anonymousLane, catalogOf, isWeighted, shapeIn } from './catalog.ts'
import { type LimiterInput, limiterModelOf } from './limiterInput.ts'
import {
  type LoadedConfig,
  type LoadedScenario,
  type Place,
  placeLine,
  placeText,
} from './loaded.ts'
import { nameOf } from './names.ts'
import { type MixEntryInput, type PhaseInput, phasesOf } from './scenarioInput.ts'
import type { ConfigInput } from './schema.ts'
import { probeOf, stepOf } from './stepInput.ts'
import { stopRuleOf } from './stopInput.ts'
import { pathText } from './values.ts'
import { variableProblems } from './variables.ts'

/** How long a phase goes on that nothing else bounds. */
const durationUsDefault = 600_000_000

/** The scenario of a plan, with every default filled in. */
export function scenarioOf({ input }: LoadedScenario, config: ConfigInput): Scenario {
  return {
    name: input.name,
    title: input.title ?? input.name,
    skip: null,
    profile: profileOf(input.profile),
    needs: (input.needs ?? []).flatMap((need) => ('step' in need ? [stepOf(need.step)] : [])),
    setup: (input.setup ?? []).map(stepOf),
    phases: phasesOf(input).map((phase) => phaseOf(phase, config)),
    probes: (input.probes ?? []).map(probeOf),
    steps: (input.steps ?? []).map(stepOf),
    teardown: (input.teardown ?? []).map(stepOf),
    ...expectationsOf(input),
  }
}

function expectationsOf({ slo = [], expect = [] }: LoadedScenario['input']) {
  const all = [...slo, ...expect]
  return {
    expectations: all.map((one) => (typeof one === 'string' ? one : one.statement)),
    differences: all.filter((one) => typeof one !== 'string'),
  }
}

function profileOf(profile: LoadedScenario['input']['profile']): ProfileAsk | null {
  if (profile === undefined) return null
  const { maxRequests = 1_000, maxDuration = '5m' } = profile === true ? {} : profile
  return { requestsMax: maxRequests, durationUsMax: parseDurationUs(maxDuration) }
}

/** The limiters that a config declares, in the order in which they are asked. */
export function declaredLimitersOf(config: ConfigInput): readonly DeclaredLimiter[] {
  return declarations(config).map(({ name, input, tier }) => ({
    name,
    tier,
    model: limiterModelOf(name, input),
  }))
}

/** What is wrong between the parts of a config, each of which is right in itself. */
export function resolveProblems(loaded: LoadedConfig): readonly string[] {
  const { scenarios } = loaded
  // Each system has lanes and shapes of its own.
  const systems = [...new Set(scenarios.map(({ input }) => input.system?.name))]
  const parts = systems.length === 0 ? [loaded] : systems.map((name) => partOf(loaded, name))
  return [
    ...new Set(parts.flatMap((part) => catalogOf(part).problems)),
    ...scenarioProblems(loaded.scenarios),
    ...variableProblems(loaded.scenarios),
    ...limiterProblems(loaded),
  ]
}

function partOf(loaded: LoadedConfig, name: string | undefined): LoadedConfig {
  return {
    ...loaded,
    scenarios: loaded.scenarios.filter(({ input }) => input.system?.name === name),
  }
}

function phaseOf(phase: PhaseInput, config: ConfigInput): Phase {
  const arrivals = arrivalsOf(phase.arrivals)
  const lanes = phase.lanes ?? config.lanes ?? [anonymousLane]
  return {
    name: phase.name,
    arrivals,
    mix: phase.mix.map(mixEntryOf),
    lanes: lanes.map(nameOf),
    driver: phase.driver ?? 'auto',
    isolate: phase.isolate ?? 'none',
    warmupUs: parseDurationUs(phase.warmup ?? '0s'),
    until: untilOf(phase, arrivals),
    drainUs: parseDurationUs(phase.drain ?? '30s'),
    timeoutUs: parseDurationUs(phase.timeout ?? '60s'),
    inFlightMax: phase.inFlightMax ?? inFlightMaxOf(arrivals),
    before: (phase.before ?? []).map(stepOf),
  }
}

function mixEntryOf(entry: MixEntryInput): MixEntry {
  return { shape: nameOf(shapeIn(entry)), weight: isWeighted(entry) ? entry[1] : 1 }
}

function untilOf({ measure, until = [] }: PhaseInput, arrivals: ArrivalProcess): StopRule[] {
  const rules = [until].flat().map(stopRuleOf)
  const all: StopRule[] =
    measure === undefined ? rules : [{ kind: 'duration', us: parseDurationUs(measure) }, ...rules]
  const isBounded = all.some(({ kind }) => kind === 'requests' || kind === 'duration')
  return isBounded || endsByItself(arrivals)
    ? all
    : [...all, { kind: 'duration', us: durationUsDefault, isCap: true }]
}

function endsByItself(arrivals: ArrivalProcess): boolean {
  switch (arrivals.kind) {
    case 'steps':
    case 'replay':
      return true
    case 'burst':
      return arrivals.count !== null
    case 'ramp':
      return arrivals.toPerS === 0
    default:
      return false
  }
}

/** Requests in flight that arrivals may have when nothing is said of it. */
export function inFlightMaxOf(arrivals: ArrivalProcess): number {
  // A target that stands still for two seconds must not make a schedule drop requests.
  if (isOpen(arrivals)) return Math.min(10_000, Math.max(1000, Math.ceil(2 * peakPerS(arrivals))))
  return arrivals.kind === 'saturate' ? arrivals.connections : arrivals.count
}

// The same scenario may come from the config and from its own file.
function scenarioProblems(scenarios: readonly LoadedScenario[]): readonly string[] {
  return scenarios.flatMap((scenario, i) => {
    const first = scenarios.slice(0, i).find(({ input }) => input.name === scenario.input.name)
    if (first === undefined) return []
    const message = `expected a scenario name of its own; ${placeText(first)} has it already, rename one of them`
    const place = { source: scenario.source, path: [...scenario.path, 'name'] }
    return [placeLine(place, { message })]
  })
}

/** Scenarios without those that are the same as one before them. */
export function withoutRepeated(scenarios: readonly LoadedScenario[]): readonly LoadedScenario[] {
  return scenarios.filter(
    ({ input }, i) => !scenarios.slice(0, i).some((other) => isDeepStrictEqual(other.input, input)),
  )
}

interface Declaration {
  readonly name: string
  readonly tier: string | null
  readonly input: LimiterInput
  readonly path: Place['path']
}

function declarations({ limiters = {}, tiers = {} }: ConfigInput): readonly Declaration[] {
  const common = Object.entries(limiters).map(([name, input]) => {
    return { name, input, tier: input.tier ?? null, path: ['limiters', name] }
  })
  const tiered = Object.entries(tiers).flatMap(([tier, { limiters: own }]) =>
    Object.entries(own).map(([name, input]) => {
      return { name, input, tier, path: ['tiers', tier, 'limiters', name] }
    }),
  )
  return [...common, ...tiered]
}

function limiterProblems({ config, source }: LoadedConfig): readonly string[] {
  const all = declarations(config)
  const doubles = all.flatMap(({ name, tier, path }, i) => {
    const first = all
      .slice(0, i)
      .find((other) => other.name === name && (other.tier === null || other.tier === tier))
    if (first === undefined) return []
    const message = `expected each limiter once per tier; ${pathText(first.path)} holds for this tier, too, remove or rename one of them`
    return [placeLine({ source, path }, { message, got: 'it twice' })]
  })
  const strays = all.flatMap(({ tier, input, path }) =>
    path[0] === 'tiers' && input.tier !== undefined && input.tier !== tier
      ? [
          placeLine(
            { source, path: [...path, 'tier'] },
            { message: `expected no other tier in tiers.${tier}; remove it` },
          ),
        ]
      : [],
  )
  return [...doubles, ...strays]
}
