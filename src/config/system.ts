// The part of a config that a run is made of: the scenarios of one system with what that system says
// of its target, or those that are made for no system in particular.

import { isDeepStrictEqual } from 'node:util'
import { UserError } from '../core/errors.ts'
import { nearest } from '../core/text.ts'
import type { Scalar } from '../load/steps.ts'
import { chooseScenarios } from './choose.ts'
import type { LoadedConfig, LoadedScenario } from './loaded.ts'
import { defaultProfile, type SystemInput } from './systemInput.ts'

/** What a run is made of. */
export interface SystemPart {
  /** With the target, limits and rules of the system in the place of the config's own. */
  readonly loaded: LoadedConfig
  readonly system: SystemInput | null
  /** The profile that its target is from; null without a system. */
  readonly profile: string | null
  readonly variables: Readonly<Record<string, Scalar>>
}

export interface SystemChoice {
  /** Names of scenarios, or patterns; none: those that are made for no system. */
  readonly words: readonly string[]
  /** The target profile that is asked for. */
  readonly profile?: string | undefined
}

/** The part of a config that words and a profile ask for; throws `UserError`. */
export function systemPart(loaded: LoadedConfig, { words, profile }: SystemChoice): SystemPart {
  const chosen = chooseScenarios(loaded.scenarios, words)
  const system = systemOf(words.length === 0 ? unbound(chosen) : chosen)
  const scenarios = loaded.scenarios.filter((one) => isDeepStrictEqual(one.input.system, system))
  if (system === undefined) {
    if (profile !== undefined) throw noProfiles(profile)
    return { loaded: { ...loaded, scenarios }, system: null, profile: null, variables: {} }
  }
  const name = profile ?? system.profile ?? defaultProfile
  const { target, gateway, variables = {} } = profileOf(system, name)
  const { dialect, model, rules, limiters, tiers } = system
  const own = { dialect, model, rules, limiters, tiers, target }
  const config = {
    ...loaded.config,
    ...own,
    lanes: undefined,
    gateway: { ...gateway, ...loaded.config.gateway, knobs: knobsOf(gateway, loaded) },
  }
  return {
    loaded: { ...loaded, config: defined(config), scenarios },
    system,
    profile: name,
    variables,
  }
}

/** The config's own knobs of a gateway are added to those of the profile. */
function knobsOf(
  gateway: Readonly<Record<string, unknown>> | undefined,
  { config }: LoadedConfig,
): Readonly<Record<string, unknown>> | undefined {
  const all = { ...(gateway?.knobs ?? {}), ...(config.gateway?.knobs ?? {}) }
  return Object.keys(all).length === 0 ? undefined : all
}

/** Scenarios of no system, if there are any. */
function unbound(scenarios: readonly LoadedScenario[]): readonly LoadedScenario[] {
  const own = scenarios.filter(({ input }) => input.system === undefined)
  return own.length === 0 ? scenarios : own
}

/** The one system of some scenarios; undefined: they are made for none. */
function systemOf(scenarios: readonly LoadedScenario[]): SystemInput | undefined {
  const system = scenarios[0]?.input.system
  const other = scenarios.find(({ input }) => !isDeepStrictEqual(input.system, system))
  if (other === undefined) return system
  const of = ({ input }: LoadedScenario) =>
    `${input.name} (${input.system === undefined ? 'no system' : `system ${input.system.name}`})`
  throw new UserError(
    'usage',
    `scenarios: expected those of one system, got ${of(scenarios[0]!)} and ${of(other)}; run them one after the other`,
  )
}

function profileOf({ name, profiles }: SystemInput, profile: string) {
  const found = Object.hasOwn(profiles, profile) ? profiles[profile] : undefined
  if (found !== undefined) return found
  const known = Object.keys(profiles)
  const guess = nearest(profile, known)
  const hint = guess === undefined ? '' : `; did you mean '${guess}'?`
  const message = `--target-profile: expected one of ${known.join(', ')} of the system ${name}, got '${profile}'${hint}`
  throw new UserError('usage', message)
}

function noProfiles(profile: string): UserError {
  const message = `--target-profile: expected scenarios that are made for a system, got '${profile}' for others; use --target`
  return new UserError('usage', message)
}

function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as T
}
