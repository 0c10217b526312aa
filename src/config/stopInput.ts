// Stop rules as users write them: until when a phase sends.

import { z } from 'zod'
import { parseDurationUs } from '../core/units.ts'
import type { StopRule } from '../load/stop.ts'
import { count, countOrZero, type DeepReadonly, object, span, text } from './fields.ts'

export const stopRuleExpected =
  "expected a stop rule like forDuration('60s'), or as data { kind: duration, for: 60s }"

export const stopRuleSchema = z.discriminatedUnion(
  'kind',
  [
    object('a stop rule', { kind: z.literal('requests'), count }),
    object('a stop rule', { kind: z.literal('duration'), for: span }),
    object('a stop rule', {
      kind: z.literal('rejected'),
      limiter: text("the name of a limiter, or '*'").describe("'*': the first that rejects."),
      plus: countOrZero.optional().describe('Requests after the first rejection; default 0.'),
    }),
    object('a stop rule', {
      kind: z.literal('admitted'),
      count: count.optional().describe('OK answers; default 1.'),
    }),
    object('a stop rule', {
      kind: z.literal('spent'),
      unit: z.enum(['tokens', 'prompt-tokens', 'completion-tokens']),
      amount: count,
    }),
  ],
  { error: stopRuleExpected },
)

export type StopRuleInput = DeepReadonly<z.input<typeof stopRuleSchema>>

/** The stop rule of a plan. */
export function stopRuleOf(input: StopRuleInput): StopRule {
  switch (input.kind) {
    case 'duration':
      return { kind: 'duration', us: parseDurationUs(input.for) }
    case 'rejected':
      return { kind: 'rejected', limiter: input.limiter, plus: input.plus ?? 0 }
    case 'admitted':
      return { kind: 'admitted', count: input.count ?? 1 }
    default:
      return input
  }
}
