// The plan of a run: frozen, seeded, hashed. Everything a run does follows from it; it holds no
// secret.

import { createHash } from 'node:crypto'
import type { NamedLimiter } from '../core/limits.ts'
import type { Micros } from '../core/units.ts'
import type { DialectName } from '../dialects/dialect.ts'
import type { ResponseRule } from '../dialects/rules.ts'
import type { ArrivalProcess } from './arrivals.ts'
import type { Lane } from './lanes.ts'
import type { MixEntry } from './mix.ts'
import type { RequestShape } from './shapes.ts'
import type { Probe, Scalar, Step } from './steps.ts'
import type { StopRule } from './stop.ts'

/** Raised when the meaning of a field changes. */
export const planVersion = 1

/**
 * How requests are put on the wire: 'auto' is 'wire', our own HTTP/1.1; 'undici' is the second opinion;
 * 'autocannon' drives `saturate` phases, the others of its scenario go by 'wire'.
 */
export const driverNames = ['auto', 'wire', 'undici', 'autocannon'] as const
export type DriverName = (typeof driverNames)[number]

/** A limiter that is declared to stand in front of the target; `tier` null: for every lane. */
export interface DeclaredLimiter extends NamedLimiter {
  readonly tier: string | null
}

/** Hard limits of a run, whatever its scenarios say; null is none. */
export interface Caps {
  readonly requestsMax: number | null
  readonly ratePerSMax: number | null
  readonly durationUsMax: Micros | null
  readonly tokensMax: number | null
}

/** A stretch of a scenario with one arrival process. */
export interface Phase {
  readonly name: string
  readonly arrivals: ArrivalProcess
  readonly mix: readonly MixEntry[]
  readonly lanes: readonly string[]
  readonly driver: DriverName
  /** 'window': first wait until every declared limiter of its lanes is as new. */
  readonly isolate: 'none' | 'window'
  readonly warmupUs: Micros
  /** The first rule that is met ends the phase; counted from the end of the warm-up. */
  readonly until: readonly StopRule[]
  /** How long requests in flight may take to end after the last was sent. */
  readonly drainUs: Micros
  /** Total deadline of one request, from its sending. */
  readonly timeoutUs: Micros
  /** Requests in flight above which an open arrival is not sent. */
  readonly inFlightMax: number
  /** Steps before its first request; when one fails, the rest of the scenario is not run. */
  readonly before: readonly Step[]
}

/** A named traffic pattern with what is expected of it. */
export interface Scenario {
  readonly name: string
  readonly title: string
  /** Why it is not run, when that is known beforehand; null: it is. */
  readonly skip: string | null
  /** First it is found out which limiters the target has; null: they are as declared. */
  readonly profile: ProfileAsk | null
  /** What it needs of the target: when one fails, the scenario is skipped. */
  readonly needs: readonly Step[]
  /** Before the phases: when one fails, nothing more is run but the teardown. */
  readonly setup: readonly Step[]
  /** May be none, where steps say it all. */
  readonly phases: readonly Phase[]
  /** While phases run. */
  readonly probes: readonly Probe[]
  /** After the phases, all of them. */
  readonly steps: readonly Step[]
  /** At the end, whatever happened, interruptions included. */
  readonly teardown: readonly Step[]
  /** Statements that must hold at the end: 'first(many-cheap).limiter == requests'. */
  readonly expectations: readonly string[]
  /** Which of them the system is known not to meet, and what it does instead. */
  readonly differences: readonly KnownDifference[]
}

/** A statement of a document that its system does not keep. */
export interface KnownDifference {
  readonly statement: string
  /** What holds instead. */
  readonly actual: string
  readonly note: string
}

/** A profile before the load: as the first lane of the scenario, with its first shape. */
export interface ProfileAsk {
  readonly requestsMax: number
  readonly durationUsMax: Micros
}

/** A scenario without anything around its phases. */
export const bareScenario: Omit<Scenario, 'name' | 'title' | 'phases'> = {
  skip: null,
  profile: null,
  needs: [],
  setup: [],
  probes: [],
  steps: [],
  teardown: [],
  expectations: [],
  differences: [],
}

/** Where the load goes. `gateway`: the embedded one, with its preset. */
export type Target =
  | { readonly kind: 'url'; readonly url: string; readonly tls: TlsOptions }
  | { readonly kind: 'gateway'; readonly preset: string }

export interface TlsOptions {
  /** PEM file of an additional authority. */
  readonly caPath: string | null
  readonly verify: boolean
}

/** Everything a run will do. */
export interface Plan {
  readonly version: typeof planVersion
  readonly runId: string
  readonly seed: number
  readonly target: Target
  readonly dialect: DialectName | 'auto'
  readonly rules: readonly ResponseRule[]
  readonly lanes: readonly Lane[]
  /** Limiters that are declared to stand in front of the target, in the order they are asked. */
  readonly limiters: readonly DeclaredLimiter[]
  readonly shapes: readonly RequestShape[]
  readonly scenarios: readonly Scenario[]
  readonly caps: Caps
  /** For `{{name}}` in steps and shapes. */
  readonly variables: Readonly<Record<string, Scalar>>
}

/** The declared limiters that a lane meets. */
export function limitersOfLane(plan: Plan, lane: Lane): readonly DeclaredLimiter[] {
  return plan.limiters.filter(({ tier }) => tier === null || tier === lane.tier)
}

/** SHA-256 over everything that makes two runs comparable: all but the run's id. */
export function planHash(plan: Plan): string {
  const { runId: _, ...comparable } = plan
  return createHash('sha256').update(canonicalJson(comparable)).digest('hex')
}

/** JSON with sorted keys. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, entry: unknown) =>
    typeof entry === 'object' && entry !== null && !Array.isArray(entry)
      ? Object.fromEntries(Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : 1)))
      : entry,
  )
}

/** Every step of a scenario, in the order in which they come. */
export function stepsOf(scenario: Scenario): readonly Step[] {
  const { needs, setup, phases, probes, steps, teardown } = scenario
  const between = phases.flatMap(({ before }) => before)
  return [...needs, ...setup, ...between, ...probes.map(({ step }) => step), ...steps, ...teardown]
}

/** Other origins than the target's that the texts of a plan lead to: its user knows them. */
export function originsIn(plan: Plan): readonly string[] {
  const steps = plan.scenarios.filter(({ skip }) => skip === null).flatMap(stepsOf)
  const paths = [...steps, ...plan.shapes].map(({ path }) => path)
  const used = paths.join(' ')
  const given = Object.entries(plan.variables).flatMap(([name, value]) =>
    used.includes(`{{${name}}}`) && typeof value === 'string' ? [value] : [],
  )
  const own = plan.target.kind === 'url' ? new URL(plan.target.url).origin : null
  const origins = [...paths, ...given]
    .filter((text) => /^https?:\/\//i.test(text))
    .flatMap((text) => URL.parse(text)?.origin ?? [])
  return [...new Set(origins)].filter((origin) => origin !== own)
}
