// What is allowed in a plan and probably not meant.

import { nearest } from '../core/text.ts'
import { type DeclaredLimiter, limitersOfLane, type Phase, type Plan } from '../load/plan.ts'
import { catalogOf, defaultModel } from './catalog.ts'
import { units } from './limiterInput.ts'
import type { LoadedConfig } from './loaded.ts'

interface WarningContext {
  readonly loaded: LoadedConfig
  /** Limiters of the config, and those that the target itself is known to have. */
  readonly own: readonly DeclaredLimiter[]
  readonly declared: readonly DeclaredLimiter[]
}

/** One line each, for people. */
export function planWarnings(plan: Plan, context: WarningContext): readonly string[] {
  return [
    ...isolationWarnings(plan),
    ...limiterNameWarnings(plan),
    ...declarationWarnings(context),
    ...tierWarnings(context),
    ...driverWarnings(plan),
    ...modelWarnings(plan, context),
    ...pathWarnings(plan),
  ]
}

function isolationWarnings(plan: Plan): string[] {
  const lanes = plan.lanes.filter((lane) => limitersOfLane(plan, lane).length === 0)
  const bare = new Set(lanes.map(({ name }) => name))
  const places = phasesOf(plan).filter(
    ({ phase }) => phase.isolate === 'window' && phase.lanes.every((lane) => bare.has(lane)),
  )
  if (places.length === 0) return []
  const names = [...new Set(places.flatMap(({ phase }) => phase.lanes))].join(', ')
  const where = places.map(({ place }) => place).join(', ')
  return [
    `isolate: 'window' waits for nothing in ${where}: no limiters are declared for ${names}; declare them under limiters or tiers`,
  ]
}

function limiterNameWarnings(plan: Plan): string[] {
  if (plan.limiters.length === 0) return []
  const known = new Set<string>([...plan.limiters.map(({ name }) => name), ...units])
  return phasesOf(plan).flatMap(({ place, phase }) =>
    phase.until.flatMap((rule) => {
      if (rule.kind !== 'rejected' || rule.limiter === '*' || known.has(rule.limiter)) return []
      const guess = nearest(rule.limiter, known)
      const hint = guess === undefined ? '' : `; did you mean '${guess}'?`
      return [`${place} waits for a rejection by '${rule.limiter}', which is not declared${hint}`]
    }),
  )
}

function declarationWarnings({ own, declared }: WarningContext): string[] {
  if (own.length === 0 || declared.length === 0) return []
  return [
    'limiters and tiers of the config are not used: those of --limits, or of the embedded gateway (changed under gateway), stand in for them',
  ]
}

function tierWarnings({ loaded, own, declared }: WarningContext): string[] {
  if (declared.length > 0) return []
  const lanes = [...catalogOf(loaded).catalog.lanes.values()]
  const tiers = new Set(own.flatMap(({ tier }) => tier ?? []))
  return [...tiers]
    .filter((tier) => !lanes.some((lane) => lane.tier === tier))
    .map((tier) => `tiers.${tier}: no lane is of this tier; give one tier: '${tier}'`)
}

function driverWarnings(plan: Plan): string[] {
  if (plan.caps.ratePerSMax === null) return []
  return phasesOf(plan)
    .filter(({ phase }) => phase.arrivals.kind === 'saturate')
    .map(
      ({ place }) => `${place} cannot saturate under a cap on the rate: its connections take turns`,
    )
}

function modelWarnings({ target, shapes }: Plan, { loaded }: WarningContext): string[] {
  if (target.kind !== 'url' || loaded.config.model !== undefined) return []
  const nameless = shapes.filter(({ kind, model }) => kind !== 'raw' && model === defaultModel)
  if (nameless.length === 0) return []
  const names = nameless.map(({ name }) => name).join(', ')
  return [`model: '${defaultModel}' is asked for by ${names}; set model to one that the target has`]
}

/** 'https://host/v1' with '/v1/chat/completions' asks for /v1/v1/…: the usual slip. */
function pathWarnings({ target, shapes }: Plan): string[] {
  if (target.kind !== 'url') return []
  const [, last] = /\/([^/]+)$/.exec(new URL(target.url).pathname) ?? []
  if (last === undefined) return []
  const double = shapes.find(({ path }) => path.startsWith(`/${last}/`))
  if (double === undefined) return []
  return [
    `target: '${target.url}' and the path of ${double.name} give …/${last}${double.path}; leave '/${last}' out of the target`,
  ]
}

function phasesOf(plan: Plan): { readonly place: string; readonly phase: Phase }[] {
  return plan.scenarios.flatMap(({ name, phases }) =>
    phases.map((phase) => ({ place: `${name}/${phase.name}`, phase })),
  )
}
