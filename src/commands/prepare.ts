// From flags and a config to a plan that is ready to run: target, limits, secrets, warnings.

import { separationWarnings } from '../analysis/separation.ts'
import { parseStatement, StatementError } from '../analysis/statement.ts'
import { checkNames } from '../analysis/statementNames.ts'
import { freezePlan, type PlanOverrides } from '../config/freeze.ts'
import type { LoadedConfig } from '../config/load.ts'
import { resolveSecrets } from '../config/secrets.ts'
import { systemPart } from '../config/system.ts'
import type { SystemInput } from '../config/systemInput.ts'
import { targetOf } from '../config/target.ts'
import { messageOf, UserError } from '../core/errors.ts'
import { UnitError } from '../core/units.ts'
import { gatewaySpec } from '../gateway/overrides.ts'
import { presets } from '../gateway/presets.ts'
import { type GatewaySpec, tierOf } from '../gateway/spec.ts'
import type { Lane, LaneSecrets } from '../load/lanes.ts'
import type { DeclaredLimiter, Plan, Scenario } from '../load/plan.ts'
import { readLimits } from './limitsFile.ts'

/** Everything a session needs but its screen. */
export interface Prepared {
  readonly plan: Plan
  readonly secrets: LaneSecrets
  readonly warnings: readonly string[]
  /** The embedded gateway, where the target is one. */
  readonly gateway: GatewaySpec | null
  /** The files that scenarios were written in, by name; default: they were made by code. */
  readonly files?: ReadonlyMap<string, string> | undefined
  /** The system that the scenarios are made for; default: for none. */
  readonly system?: SystemInput | null
}

export interface PrepareOptions {
  readonly runId: string
  readonly scenarios: readonly string[]
  readonly overrides: PlanOverrides
  /** The target profile of the scenarios' system that is asked for. */
  readonly profile?: string | undefined
  /** The limits of a profile's file, instead of what is declared; undefined: no file. */
  readonly limits?: string | undefined
}

/** Throws `UserError` for everything that can be known before the first request. */
export async function prepare(
  whole: LoadedConfig,
  options: PrepareOptions,
  where: { cwd: string; env: Readonly<Record<string, string | undefined>> },
): Promise<Prepared> {
  const { scenarios: words, profile } = options
  const part = systemPart(whole, { words, profile })
  const { loaded, variables, system } = part
  const target = targetOf(options.overrides.target ?? loaded.config.target)
  const gateway =
    target.kind === 'gateway'
      ? gatewaySpec(target.preset, loaded.config.gateway ?? {}, where.env)
      : null
  const limits = options.limits === undefined ? null : readLimits(options.limits, where.cwd)
  const declared = limits?.limiters ?? (gateway === null ? [] : limitersOfGateway(gateway))
  const frozen = freezePlan(loaded, {
    ...options,
    declared,
    variables,
    profile: part.profile,
    env: where.env,
  })
  const warnings = [...frozen.warnings, ...(limits?.warnings ?? [])]
  const plan = gateway === null ? frozen.plan : onGateway(frozen.plan, gateway)
  checkStatements(plan)
  const secrets = await secretsOf(plan, where)
  const files = new Map(loaded.scenarios.map(({ input, source }) => [input.name, source.name]))
  return {
    plan,
    secrets,
    gateway,
    system,
    files,
    warnings: [...warnings, ...separationWarnings(plan)],
  }
}

/** The credentials of a plan's lanes; throws `UserError` for one that is not to be had. */
export async function secretsOf(
  { target, lanes }: Plan,
  where: { cwd: string; env: Readonly<Record<string, string | undefined>> },
): Promise<LaneSecrets> {
  return target.kind === 'gateway'
    ? embeddedSecrets(lanes, presets[target.preset]!)
    : resolveSecrets(lanes, where)
}

/** The embedded gateway tells its own limits. */
function limitersOfGateway(spec: GatewaySpec): DeclaredLimiter[] {
  return Object.entries(spec.tiers).flatMap(([tier, limiters]) =>
    limiters.map((limiter) => ({ tier, ...limiter })),
  )
}

/** Lanes of a tier that the gateway does not have are served as its default tier. */
function onGateway(plan: Plan, spec: GatewaySpec): Plan {
  const lanes = plan.lanes.map((lane) => ({ ...lane, tier: tierOf(spec, embeddedKey(lane, spec)) }))
  return { ...plan, lanes }
}

/** The embedded gateway takes any key and knows the tier by its name: real ones stay at home. */
function embeddedSecrets(lanes: readonly Lane[], spec: GatewaySpec): LaneSecrets {
  // What a step captures is the gateway's own.
  const known = lanes.filter(({ credential }) => credential.from !== 'capture')
  return new Map(
    known.map((lane) => [lane.name, { [lane.header]: lane.prefix + embeddedKey(lane, spec) }]),
  )
}

function embeddedKey({ name, tier, embeddedKey: own }: Lane, { laneKey }: GatewaySpec): string {
  return own ?? laneKey.replace('{lane}', name).replace('{tier}', tier)
}

function actualOf({ differences }: Scenario): string[] {
  return differences.map(({ actual }) => actual)
}

function checkStatements(plan: Plan): void {
  const problems = plan.scenarios.flatMap((scenario) =>
    [...scenario.expectations, ...actualOf(scenario)].flatMap((statement) => {
      try {
        checkNames(parseStatement(statement), plan, scenario)
        return []
      } catch (error) {
        if (!(error instanceof StatementError || error instanceof UnitError)) throw error
        return [`scenarios.${scenario.name}.expect '${statement}': ${messageOf(error)}`]
      }
    }),
  )
  if (problems.length > 0) throw new UserError('config', problems.join('\n'))
}
