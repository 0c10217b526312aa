// Scenarios and phases as users write them.

import { z } from 'zod'
import { driverNames } from '../load/plan.ts'
import { arrivalsExpected, arrivalsSchema } from './arrivalsInput.ts'
import {
  amount,
  count,
  type DeepReadonly,
  duration,
  list,
  name,
  object,
  scenarioName,
  span,
  text,
} from './fields.ts'
import { laneSchema } from './laneInput.ts'
import { shapeSchema } from './shapeInput.ts'
import { needSchema, probeSchema, stepSchema } from './stepInput.ts'
import { stopRuleExpected, stopRuleSchema } from './stopInput.ts'
import { systemSchema } from './systemInput.ts'

const laneRef = z.union([name, laneSchema], { error: 'expected a lane, or the name of one' })
const shapeRef = z.union([name, shapeSchema], { error: 'expected a shape, or the name of one' })

const mixExpected = 'expected a shape, or [shape, weight]'
const mixEntry = z.union(
  [
    name,
    shapeSchema,
    z.tuple([shapeRef, amount.describe('Weight in the mix.')], { error: mixExpected }),
  ],
  { error: mixExpected },
)

const lanesField = list('at least one lane', laneRef)

/** What a phase takes from its scenario when it does not say it itself. */
const shared = {
  lanes: lanesField
    .optional()
    .describe('Who sends, in turns: lanes or their names; default all lanes of the config.'),
  driver: z.enum(driverNames).optional().describe('Default auto.'),
  drain: duration
    .optional()
    .describe("How long requests in flight may take to end; default '30s'."),
  timeout: span.optional().describe("Deadline of a request; default '60s'."),
  inFlightMax: count
    .optional()
    .describe('Requests in flight above which open arrivals are not sent; default 1000.'),
}

/** What only a phase has; a scenario of one phase says it in the phase's place. */
const own = {
  arrivals: arrivalsSchema.optional(),
  mix: list('at least one shape', mixEntry)
    .optional()
    .describe('Shapes or their names, each alone or as [shape, weight].'),
  isolate: z
    .enum(['none', 'window'])
    .optional()
    .describe("'window': first wait until every declared limiter of its lanes is as new."),
  warmup: duration.optional().describe('Recorded, but not reported; default 0s.'),
  measure: span.optional().describe('A stop rule: the duration after the warm-up.'),
  until: z
    .union([stopRuleSchema, list('at least one stop rule', stopRuleSchema)], {
      error: `${stopRuleExpected}, or a list of them`,
    })
    .optional()
    .describe('Stop rules: the first that is met ends the phase.'),
  before: list('at least one step', stepSchema)
    .optional()
    .describe('Steps before the first request; when one fails, the scenario is not gone on with.'),
}

const profileSchema = z.union(
  [
    z.literal(true),
    object('a profile', {
      maxRequests: count.optional().describe('Most requests of the profile; default 1000.'),
      maxDuration: span.optional().describe("Longest profile; default '5m'."),
    }),
  ],
  { error: 'expected true, or { maxRequests, maxDuration }' },
)

/** What surrounds the phases. */
const around = {
  profile: profileSchema
    .optional()
    .describe('First find out which limiters the target has, and declare those for the run.'),
  needs: list('at least one need', needSchema)
    .optional()
    .describe('Where one of them is not met, the scenario is skipped.'),
  setup: list('at least one step', stepSchema)
    .optional()
    .describe('Before the phases; when one fails, only the teardown is still run.'),
  probes: list('at least one probe', probeSchema)
    .optional()
    .describe('Steps that are done over and over while phases run.'),
  steps: list('at least one step', stepSchema)
    .optional()
    .describe('After the phases; a scenario may have steps and no phases.'),
  teardown: list('at least one step', stepSchema)
    .optional()
    .describe('At the end, whatever happened, Ctrl-C included.'),
}

const phaseSchema = object('a phase', {
  name: name.describe('What the phase goes by in files and on screen.'),
  ...own,
  arrivals: arrivalsSchema,
  mix: own.mix.unwrap(),
  ...shared,
})

const statement = text("a statement like 'first(burst).limiter == requests'")
const expectationSchema = z.union(
  [
    statement,
    object('a documented statement', {
      statement: statement.describe('What the document of the system says.'),
      actual: statement.describe('What the system is known to do instead.'),
      note: text('a sentence').describe('Where the two part.'),
    }),
  ],
  { error: "expected a statement like 'first(burst).limiter == requests'" },
)
const statements = z.array(expectationSchema, { error: 'expected a list of statements' })

/** Keys that belong to phases. */
const ownKeys = Object.keys(own) as (keyof typeof own)[]

export const scenarioSchema = object('a scenario', {
  name: scenarioName.describe("What the scenario goes by; may have folders: 'maas/interplay'."),
  system: systemSchema
    .optional()
    .describe('The system that it is made for; stands in for the target of the config.'),
  title: text('a sentence').optional().describe('One line for people; default: the name.'),
  phases: list('at least one phase', phaseSchema)
    .optional()
    .describe('Phases, one after the other; a scenario of one phase may do without.'),
  ...own,
  ...around,
  ...shared,
  slo: statements.optional().describe('Statements that must hold at the end.'),
  expect: statements.optional().describe('Statements that must hold at the end.'),
}).superRefine(
  (scenario, context) => {
    if (typeof scenario !== 'object' || scenario === null) return
    for (const { path, message } of placeProblems(scenario)) {
      context.addIssue({ code: 'custom', path: [...path], message })
    }
  },
  // Whether things are in their places can be told whatever they are.
  { when: () => true },
)

export type ExpectationInput = DeepReadonly<z.input<typeof expectationSchema>>
export type ScenarioInput = DeepReadonly<z.input<typeof scenarioSchema>>
export type PhaseInput = DeepReadonly<z.input<typeof phaseSchema>>
export type MixEntryInput = PhaseInput['mix'][number]
export type LaneRefInput = NonNullable<PhaseInput['lanes']>[number]

/** Keys by which scenarios are told from other things that a module exports. */
const tellingKeys = [
  ...['phases', 'arrivals', 'mix', 'until', 'measure', 'expect', 'slo', 'isolate'],
  ...['setup', 'steps', 'needs', 'teardown', 'probes'],
]

/** Whether a value is meant as a scenario, right or wrong. */
export function looksLikeScenario(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    tellingKeys.some((key) => Object.hasOwn(value, key))
  )
}

/** The phases of a scenario; one without `phases` is its own only phase. */
export function phasesOf(scenario: ScenarioInput): readonly PhaseInput[] {
  const { phases, arrivals, mix, isolate, warmup, measure, until, before } = scenario
  const { lanes, driver, drain, timeout, inFlightMax } = scenario
  const defaults = { lanes, driver, drain, timeout, inFlightMax }
  if (phases === undefined) {
    if (arrivals === undefined || mix === undefined) return []
    const name = scenario.name.replace(/^.*\//, '')
    const only = { arrivals, mix, isolate, warmup, measure, until, before }
    return [{ ...defaults, ...only, name }]
  }
  return phases.map((phase) => ({ ...defaults, ...withoutUndefined(phase) }))
}

interface PlaceProblem {
  readonly path: readonly (string | number)[]
  readonly message: string
}

function placeProblems(scenario: Partial<ScenarioInput>): readonly PlaceProblem[] {
  const isOfSteps = ownKeys.every((key) => scenario[key] === undefined) && hasSteps(scenario)
  if (scenario.phases === undefined) {
    if (isOfSteps) return []
    const missing = (['arrivals', 'mix'] as const).filter((key) => scenario[key] === undefined)
    return missing.map((key) => ({
      path: [key],
      message: `${key === 'mix' ? 'expected at least one shape' : arrivalsExpected}; a scenario has arrivals and mix, or phases that have them, or steps`,
    }))
  }
  const misplaced = ownKeys
    .filter((key) => scenario[key] !== undefined)
    .map((key) => ({
      path: [key],
      message: `expected no ${key} beside phases; move it into the phases that it is for`,
    }))
  return [...misplaced, ...doublePhases(scenario.phases)]
}

function hasSteps({ setup, steps }: Partial<ScenarioInput>): boolean {
  return setup !== undefined || steps !== undefined
}

function doublePhases(phases: unknown): readonly PlaceProblem[] {
  if (!Array.isArray(phases)) return []
  const names = phases.map((phase: PhaseInput | null) => phase?.name)
  return names.flatMap((phase, i) =>
    phase === undefined || names.indexOf(phase) === i
      ? []
      : [{ path: ['phases', i, 'name'], message: 'expected a name of its own; rename the phase' }],
  )
}

function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as T
}
