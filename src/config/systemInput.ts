// The system that scenarios are made for, as users write it: where it is, how it writes rejections,
// which limits it declares. Must not know any scenario.

import { z } from 'zod'
import { dialectNames } from '../dialects/dialect.ts'
import { type DeepReadonly, list, name, object, text } from './fields.ts'
import { limitersSchema } from './limiterInput.ts'
import { ruleSchema } from './ruleInput.ts'
import { targetSchema } from './target.ts'

const scalarExpected = 'expected text, a number, true or false'

export const tierSchema = object('a tier', { limiters: limitersSchema })

const profileSchema = object('a target profile', {
  target: targetSchema,
  gateway: z
    .looseObject({}, { error: 'expected changes to the embedded gateway' })
    .optional()
    .describe('Changes to the preset of the embedded gateway.'),
  variables: z
    .record(name, z.union([z.string(), z.number(), z.boolean()], { error: scalarExpected }), {
      error: 'expected values by name',
    })
    .optional()
    .describe('For {{name}} in steps, shapes and statements.'),
})

const interpretationSchema = object('an interpretation', {
  when: z
    .record(name, z.enum(['passed', 'failed', 'skipped']), {
      error: 'expected verdicts by profile',
    })
    .describe('Verdicts by profile.'),
  says: text('a sentence').describe('What these verdicts mean together.'),
})

export const systemSchema = object('a system', {
  name: name.describe('What the system goes by.'),
  profiles: z
    .record(name, profileSchema, { error: 'expected target profiles by name' })
    .describe("Where it is to be had: 'real', 'embedded' …"),
  profile: name
    .optional()
    .describe("The profile that is used unless another is asked for; default 'embedded'."),
  dialect: z.enum(['auto', ...dialectNames]).optional(),
  model: text('the name of a model').optional(),
  rules: list('at least one rule', ruleSchema).optional(),
  limiters: limitersSchema.optional(),
  tiers: z.record(name, tierSchema, { error: 'expected tiers by name' }).optional(),
  interpretations: list('at least one interpretation', interpretationSchema)
    .optional()
    .describe('What verdicts on several profiles mean together.'),
})

export type SystemInput = DeepReadonly<z.input<typeof systemSchema>>

/** The profile that is used unless another is asked for. */
export const defaultProfile = 'embedded'
