// Rules for the target's own rejections, as users write them.

import { z } from 'zod'
import { messageOf, UserError } from '../core/errors.ts'
import { compileRule, type ResponseRule } from '../dialects/rules.ts'
import { type DeepReadonly, flag, name, object, text } from './fields.ts'
import { units } from './limiterInput.ts'

const patternExpected = 'expected a regular expression'
const pattern = z.string({ error: patternExpected })

const conditionSchema = object('conditions', {
  status: z
    .union([z.int(), z.array(z.int())], { error: 'expected a status, or a list of them' })
    .optional(),
  header: z
    .record(z.string(), pattern, { error: 'expected regular expressions by header name' })
    .optional()
    .describe('Header name to regular expression.'),
  json: z
    .record(
      z.string(),
      z.union([z.string(), z.number(), z.boolean()], {
        error: 'expected text, a number or a flag',
      }),
      { error: 'expected values by JSON pointer' },
    )
    .optional()
    .describe("JSON pointer ('/error/code') to the value there, or to a '/regular expression/'."),
  body: pattern.optional().describe('Regular expression over the body.'),
})

export const ruleSchema = object('a rule', {
  limiter: name.optional().describe('The limiter whose rejections these are.'),
  unit: z.enum(units).optional().describe('What that limiter counts.'),
  never: flag.optional().describe('true: these are no rejections, whatever they look like.'),
  when: conditionSchema.describe('Everything that must hold for a response.'),
  retryAfter: z
    .array(text("a JSON pointer or 'header:NAME'"), { error: 'expected a list of places' })
    .optional()
    .describe("Where the advice is: JSON pointers or 'header:NAME'; default Retry-After."),
}).superRefine((rule, context) => {
  if (rule.never !== true && rule.limiter === undefined) {
    const message = 'expected the name of a limiter; or never: true for what is no rejection'
    context.addIssue({ code: 'custom', path: ['limiter'], message })
    return
  }
  const issue = compileIssue(ruleOf(rule))
  if (issue !== null) context.addIssue({ code: 'custom', ...issue })
})

export type RuleInput = DeepReadonly<z.input<typeof ruleSchema>>

/** The rule of a plan. */
export function ruleOf(input: RuleInput): ResponseRule {
  const { limiter, unit, never, when, retryAfter } = input
  if (never === true) return { never, when }
  return { limiter: limiter!, unit, when, retryAfter }
}

/** Why a rule cannot be used, or null. */
function compileIssue(rule: ResponseRule) {
  try {
    compileRule(rule)
    return null
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const [, place = '', what = '', got = '', hint] =
      /^rules\[0\]\.?(.*?): (expected .*?), got (.*?)(; .*)?$/s.exec(messageOf(error)) ?? []
    const path = pathOf(place)
    // What the engine says of a pattern repeats the pattern; the reason is at the end.
    return what === patternExpected
      ? { path, message: `${what} that parses; ${got.replace(/^.*: /s, '')}` }
      : { path, message: what + (hint ?? ''), params: { got } }
  }
}

function pathOf(place: string): string[] {
  const [, group, key] = /^when\.(header\.|json\[")(.*?)"?\]?$/s.exec(place) ?? []
  if (group === undefined) return place.split('.')
  return ['when', group.startsWith('header') ? 'header' : 'json', key!]
}
