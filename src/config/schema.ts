// The config as users write it, checked and not changed: every field, with what editors say of it.

import { z } from 'zod'
import { dialectNames } from '../dialects/dialect.ts'
import { count, type DeepReadonly, list, name, object, rate, span, text } from './fields.ts'
import { laneSchema } from './laneInput.ts'
import { limitersSchema } from './limiterInput.ts'
import { ruleSchema } from './ruleInput.ts'
import { scenarioSchema } from './scenarioInput.ts'
import { shapeSchema } from './shapeInput.ts'
import { tierSchema } from './systemInput.ts'
import { targetSchema } from './target.ts'

const seedExpected = 'expected a whole number from 0'

const capsSchema = object('caps', {
  requests: count.optional().describe('Most requests of a run.'),
  rate: rate.optional().describe("Highest rate of a phase: '100/s'."),
  duration: span.optional().describe("Longest run: '5m'."),
  tokens: count.optional().describe('Most tokens that a run may spend.'),
})

export const configSchema = object('a config', {
  $schema: z.string().optional().describe('For editors.'),
  target: targetSchema.optional(),
  seed: z
    .int({ error: seedExpected })
    .min(0, { error: seedExpected })
    .optional()
    .describe('Seed of everything random; the same seed gives the same run. Default 1.'),
  model: text('the name of a model').optional().describe('Model of shapes that name none.'),
  dialect: z
    .enum(['auto', ...dialectNames])
    .optional()
    .describe('How the target writes limits and rejections; default auto.'),
  lanes: list('at least one lane', laneSchema)
    .optional()
    .describe('Identities that scenarios refer to by name, and use when they name none.'),
  shapes: list('at least one shape', shapeSchema)
    .optional()
    .describe('Shapes that scenarios refer to by name.'),
  limiters: limitersSchema.optional(),
  tiers: z
    .record(name, tierSchema, { error: 'expected tiers by name' })
    .optional()
    .describe('Limiters that only lanes of a tier meet.'),
  rules: z
    .array(ruleSchema, { error: 'expected a list of rules' })
    .optional()
    .describe("What the target's own rejections look like; tried before any dialect."),
  scenarios: z
    .array(scenarioSchema, { error: 'expected a list of scenarios' })
    .optional()
    .describe('Traffic patterns, with what is expected of them.'),
  scenarioFiles: z
    .array(text('a pattern of file names'), { error: 'expected a list of file patterns' })
    .optional()
    .describe("Files with more scenarios; default ['scenarios/**/*'], next to the config."),
  caps: capsSchema.optional().describe('Hard limits of a run, whatever its scenarios say.'),
  results: text('the path of a folder').optional().describe("Folder of run folders: 'results'."),
  gateway: z
    .looseObject({}, { error: 'expected changes to the embedded gateway' })
    .optional()
    .describe('Changes to the preset of the embedded gateway.'),
})

export type ConfigInput = DeepReadonly<z.input<typeof configSchema>>
export type { ArrivalsInput } from './arrivalsInput.ts'
export type { CredentialInput, LaneInput } from './laneInput.ts'
export type { LimiterInput } from './limiterInput.ts'
export type { RuleInput } from './ruleInput.ts'
export type { ExpectationInput, PhaseInput, ScenarioInput } from './scenarioInput.ts'
export type { ShapeInput } from './shapeInput.ts'
export type { CaptureInput, CheckInput, NeedInput, ProbeInput, StepInput } from './stepInput.ts'
export type { StopRuleInput } from './stopInput.ts'
export type { SystemInput } from './systemInput.ts'
export type { TargetInput } from './target.ts'
