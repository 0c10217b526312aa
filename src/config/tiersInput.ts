// The tiers file as users write it: who calls, how often, with how many tokens, behind which limits.
// What `limitscope plan` forecasts.

import { z } from 'zod'
import { amount, count, duration, name, object, rate, span, text } from './fields.ts'
import { limitersSchema } from './limiterInput.ts'

const factor = z
  .number({ error: 'expected a number above 0' })
  .positive({ error: 'expected a number above 0' })

const relative = z
  .string({ error: "expected a share like '5%'" })
  .regex(/^\d+(\.\d+)?\s*%$/, { error: "expected a share like '5%'" })

const tokensSchema = z.union(
  [amount, object('tokens', { mean: amount, cv: z.number().min(0).max(10).optional() })],
  { error: 'expected a number of tokens, or { mean: 200, cv: 1 }' },
)

const scaleSchema = object('factors', {
  rate: factor.optional(),
  keys: factor.optional(),
  prompt: factor.optional(),
  completion: factor.optional(),
})

const tierSchema = object('a tier', {
  keys: count.optional().describe('Keys of this tier; default 1, or as many as the log has.'),
  rate: rate.optional().describe("Calls per key: '6/min', independent of each other."),
  prompt: tokensSchema
    .optional()
    .describe('Prompt tokens of a call; cv is sd over mean, default 0.'),
  completion: tokensSchema.optional().describe('Completion tokens of a call.'),
  maxTokens: count.optional().describe('Completion tokens asked for: what limiters reserve.'),
  match: text('text that keys of the log contain')
    .optional()
    .describe("Calls of the log that are this tier's; default: keys that contain its name."),
  scale: scaleSchema.optional().describe("What if: { prompt: 2 } doubles this tier's prompts."),
  limiters: limitersSchema.optional().describe('In the order in which they are asked.'),
})

export const tiersSchema = object('a tiers file', {
  $schema: z.string().optional(),
  horizon: span
    .optional()
    .describe("Time that is forecast; default: three of the longest windows, at least '5m'."),
  seed: z.int().min(0).optional(),
  futures: count.optional().describe('Futures that are played; default 200.'),
  log: object('a log', {
    path: text('the path of a CSV or JSONL file'),
    mode: z.enum(['resample', 'replay']).optional().describe('Default resample.'),
  })
    .optional()
    .describe('Traffic from an access log: time, key, prompt_tokens, completion_tokens.'),
  service: object('a service', {
    ttft: duration.optional().describe("Time to first token; default '0ms'."),
    itl: duration.optional().describe("Time between tokens; default '0ms'."),
    spread: z.number().min(0).max(3).optional().describe('Sigma of a log-normal factor.'),
    slowdown: z.number().min(0).optional().describe('Share that each other call in flight costs.'),
    servers: count.optional().describe('Calls that are served at once; others wait in line.'),
  }).optional(),
  price: object('a price', {
    promptPerMillion: amount.optional(),
    completionPerMillion: amount.optional(),
  })
    .optional()
    .describe('Dollars per million tokens.'),
  uncertainty: object('uncertainties', {
    limits: relative.optional(),
    tokens: relative.optional(),
    latency: relative.optional(),
    rate: relative.optional(),
  })
    .optional()
    .describe("How well things are known, as one standard deviation: { tokens: '5%' }."),
  tiers: z
    .record(name, tierSchema, { error: 'expected tiers by name' })
    .refine((tiers) => Object.keys(tiers ?? {}).length > 0, {
      error: 'expected at least one tier',
    }),
})

export type TiersInput = z.output<typeof tiersSchema>
export type TierInput = TiersInput['tiers'][string]
