// Arrival processes as users write them, and what they are in a plan.

import { z } from 'zod'
import { parseDurationUs, parseRatePerS } from '../core/units.ts'
import type { ArrivalProcess } from '../load/arrivals.ts'
import {
  amount,
  count,
  type DeepReadonly,
  duration,
  list,
  object,
  rate,
  rateOrZero,
  span,
} from './fields.ts'

const instantExpected = "expected an instant like '5ms', or a number of µs"
const instant = z.union(
  [duration, z.int({ error: instantExpected }).min(0, { error: instantExpected })],
  {
    error: instantExpected,
  },
)

const stepExpected = "expected a step like ['10/s', '30s']"

export const arrivalsExpected =
  "expected arrivals like poisson('50/s'), or as data { kind: poisson, rate: 50/s }"

/** Arrivals that go on for ever at no rate at all. */
const restExpected = 'expected arrivals with a rate above 0/s somewhere'

export const arrivalsSchema = z
  .discriminatedUnion(
    'kind',
    [
      object('arrivals', { kind: z.literal('constant'), rate }),
      object('arrivals', { kind: z.literal('poisson'), rate }),
      object('arrivals', {
        kind: z.literal('gamma'),
        rate,
        burstiness: amount.describe('Squared coefficient of variation of the gaps: 1 is Poisson.'),
      }),
      object('arrivals', {
        kind: z.literal('ramp'),
        from: rateOrZero,
        to: rateOrZero,
        over: span,
      }).refine(({ from, to }) => parseRatePerS(from) + parseRatePerS(to) > 0, {
        error: restExpected,
      }),
      object('arrivals', {
        kind: z.literal('steps'),
        steps: list(
          'at least one step',
          z.tuple([rateOrZero, span], { error: stepExpected }),
        ).refine((steps) => steps.some(([perS]) => parseRatePerS(perS) > 0), {
          error: restExpected,
        }),
      }),
      object('arrivals', {
        kind: z.literal('burst'),
        size: count.describe('Requests at the same instant.'),
        every: span.optional().describe('From one burst to the next.'),
        count: count.optional().describe('How many bursts; default: without end.'),
      }).refine(({ every, count: bursts }) => every !== undefined || (bursts ?? 1) === 1, {
        path: ['every'],
        error: "expected a duration between bursts, like '10s'",
      }),
      object('arrivals', {
        kind: z.literal('spaced'),
        gap: duration.describe('Pause after each answer.'),
        concurrency: count.optional().describe('Chains of requests side by side; default 1.'),
      }),
      object('arrivals', {
        kind: z.literal('replay'),
        at: list('at least one instant', instant)
          .refine((at) => isAscending(at.map(instantUs)), { error: 'expected instants in order' })
          .describe('Instants since the start of the phase: durations, or numbers of µs.'),
      }),
      object('arrivals', {
        kind: z.literal('users'),
        count,
        think: duration.optional().describe('Pause of a user after each answer; default 0s.'),
      }),
      object('arrivals', { kind: z.literal('saturate'), connections: count }),
    ],
    { error: arrivalsExpected },
  )
  .describe('When requests start.')

export type ArrivalsInput = DeepReadonly<z.input<typeof arrivalsSchema>>

/** The arrivals of a plan. */
export function arrivalsOf(input: ArrivalsInput): ArrivalProcess {
  switch (input.kind) {
    case 'constant':
    case 'poisson':
      return { kind: input.kind, perS: parseRatePerS(input.rate) }
    case 'gamma':
      return { kind: 'gamma', perS: parseRatePerS(input.rate), burstiness: input.burstiness }
    case 'ramp':
      return {
        kind: 'ramp',
        fromPerS: parseRatePerS(input.from),
        toPerS: parseRatePerS(input.to),
        overUs: parseDurationUs(input.over),
      }
    case 'steps':
      return { kind: 'steps', steps: input.steps.map(stepOf) }
    case 'burst':
      return {
        kind: 'burst',
        size: input.size,
        everyUs: input.every === undefined ? 0 : parseDurationUs(input.every),
        count: input.count ?? (input.every === undefined ? 1 : null),
      }
    case 'spaced':
      return { kind: 'spaced', gapUs: parseDurationUs(input.gap), count: input.concurrency ?? 1 }
    case 'replay':
      return { kind: 'replay', atUs: input.at.map(instantUs) }
    case 'users':
      return { kind: 'users', count: input.count, thinkUs: parseDurationUs(input.think ?? '0s') }
    case 'saturate':
      return input
  }
}

function stepOf([rate, span]: readonly [string, string]) {
  return { perS: parseRatePerS(rate), forUs: parseDurationUs(span) }
}

function instantUs(at: string | number): number {
  return typeof at === 'number' ? at : parseDurationUs(at)
}

function isAscending(values: readonly number[]): boolean {
  return values.every((value, i) => i === 0 || value >= values[i - 1]!)
}
