// Limiters as users declare them. Most of a declaration follows from the limiter's name and kind.

import { z } from 'zod'
import type {
  LimiterAlgorithm,
  LimiterModel,
  LimitUnit,
  RefillStyle,
  ScopeField,
} from '../core/limits.ts'
import { parseDurationUs, parseRate } from '../core/units.ts'
import { limiter } from '../limiters/models.ts'
import {
  amount,
  count,
  countOrZero,
  type DeepReadonly,
  flag,
  name,
  object,
  rate,
  span,
} from './fields.ts'

export const units = [
  'requests',
  'tokens',
  'prompt-tokens',
  'completion-tokens',
  'concurrent-requests',
  'usd',
] as const satisfies readonly LimitUnit[]

const kinds = [
  'fixed-window',
  'sliding-log',
  'sliding-counter',
  'token-bucket',
  'leaky-queue',
  'concurrency',
  'budget',
] as const satisfies readonly LimiterAlgorithm['kind'][]

const refillStyles = [
  'continuous',
  'steps',
  'lossy',
  'lossy-admitted',
] as const satisfies readonly RefillStyle[]

const partition = z.enum(['lane', 'tier', 'model', 'address'])

const limiterSchema = object('a limiter', {
  limit: amount.optional().describe('Units per window, in flight, or in a bucket without burst.'),
  window: span.optional().describe("Span of the limit: '1m'."),
  kind: z
    .enum(kinds)
    .optional()
    .describe('Default fixed-window; concurrency for requests in flight, budget for dollars.'),
  unit: z.enum(units).optional().describe("What it counts; default: by the limiter's name."),
  per: z
    .union([z.enum(['lane', 'tier', 'model', 'address', 'all']), z.array(partition)], {
      error: "expected 'lane', 'tier', 'model', 'address', 'all', or a list of them",
    })
    .optional()
    .describe('Who shares a counter; default lane.'),
  charge: z
    .enum(['pre', 'post', 'reserve'])
    .optional()
    .describe('Charged before or after the response, or reserved and settled; default pre.'),
  burst: count.optional().describe('Capacity of a bucket or queue; default: limit.'),
  refill: rate
    .optional()
    .describe("Refill of a bucket or queue: '10/s'; default: limit per window."),
  refillStyle: z
    .enum(refillStyles)
    .optional()
    .describe(
      'How units return to a bucket: continuous, in steps, lossy (steps that count from the last request) or lossy-admitted (from the last that passed); default continuous.',
    ),
  anchor: z
    .enum(['first-request', 'wall-clock'])
    .optional()
    .describe('Where windows begin; default first-request, wall-clock for sliding-counter.'),
  chargesRejected: flag.optional().describe('Whether rejected requests cost, too; default false.'),
  queue: countOrZero.optional().describe('Requests that may wait for a slot; default 0.'),
  queueTimeout: span.optional().describe('How long they may wait; default: without end.'),
  tier: name.optional().describe('Only for lanes of this tier; default: for all lanes.'),
})

export type LimiterInput = DeepReadonly<z.input<typeof limiterSchema>>

/** Limiters by name, in the order in which they are asked. */
export const limitersSchema = z
  .record(name, limiterSchema, { error: 'expected limiters by name' })
  .superRefine(
    (limiters, context) => {
      for (const [key, value] of Object.entries(limiters ?? {})) {
        const parsed = limiterSchema.safeParse(value)
        if (!parsed.success) continue
        for (const { field, message } of kindProblems(key, parsed.data)) {
          context.addIssue({ code: 'custom', path: [key, field], message })
        }
      }
    },
    // One wrong limiter must not hide what is wrong with the others.
    { when: () => true },
  )
  .describe('Limiters in front of the target by name, in the order in which they are asked.')

type Field = keyof LimiterInput
type Kind = LimiterAlgorithm['kind']

/** Fields that only some kinds have. */
const fieldsOf: Readonly<Record<Kind, readonly Field[]>> = {
  'fixed-window': ['limit', 'window', 'anchor'],
  'sliding-log': ['limit', 'window'],
  'sliding-counter': ['limit', 'window', 'anchor'],
  'token-bucket': ['limit', 'window', 'burst', 'refill', 'refillStyle'],
  'leaky-queue': ['limit', 'window', 'burst', 'refill'],
  concurrency: ['limit', 'queue', 'queueTimeout'],
  budget: ['limit', 'window', 'anchor'],
}

const someKinds = [...new Set(Object.values(fieldsOf).flat())]

interface FieldProblem {
  readonly field: Field
  readonly message: string
}

/** What a limiter of this kind lacks, or has too much. */
function kindProblems(key: string, input: LimiterInput): readonly FieldProblem[] {
  const unit = unitOf(key, input)
  const kind = kindOf(unit, input)
  const isBucket = kind === 'token-bucket' || kind === 'leaky-queue'
  return [
    ...foreignFields(kind, input),
    ...(isBucket ? bucketProblems(input) : missingFields(kind, input)),
    ...unitProblems(unit, kind, input),
  ]
}

function foreignFields(kind: Kind, input: LimiterInput): readonly FieldProblem[] {
  return someKinds
    .filter((field) => input[field] !== undefined && !fieldsOf[kind].includes(field))
    .map((field) => {
      const others = kinds.filter((other) => fieldsOf[other].includes(field)).join(', ')
      const message = `expected no ${field} for kind ${kind}; it is for ${others}`
      return { field, message }
    })
}

const limitField = { field: 'limit', message: 'expected a number above 0' } as const
const windowField = { field: 'window', message: "expected a duration like '1m'" } as const

function missingFields(kind: Kind, input: LimiterInput): readonly FieldProblem[] {
  const needsWindow = kind !== 'concurrency' && kind !== 'budget'
  const required = needsWindow ? [limitField, windowField] : [limitField]
  return required.filter(({ field }) => input[field] === undefined)
}

/** A bucket has a capacity and a refill: its own, or the limit and its window. */
function bucketProblems({ limit, window, burst, refill }: LimiterInput): readonly FieldProblem[] {
  if (refill === undefined && window === undefined) {
    return [{ field: 'refill', message: "expected a rate like '10/s'; or give limit and window" }]
  }
  if (refill !== undefined && window !== undefined) {
    return [{ field: 'window', message: 'expected no window beside refill; remove one of them' }]
  }
  if (limit !== undefined || (refill !== undefined && burst !== undefined)) return []
  return refill === undefined
    ? [limitField]
    : [{ field: 'burst', message: 'expected a whole number above 0' }]
}

function unitProblems(
  unit: LimitUnit,
  kind: Kind,
  { limit }: LimiterInput,
): readonly FieldProblem[] {
  const problems: FieldProblem[] = []
  if (kind === 'concurrency' && unit !== 'concurrent-requests') {
    problems.push({ field: 'unit', message: "expected 'concurrent-requests' for kind concurrency" })
  }
  if (kind !== 'concurrency' && unit === 'concurrent-requests') {
    const message = `expected 'concurrency' for what counts concurrent-requests`
    problems.push({ field: 'kind', message })
  }
  if (unit !== 'usd' && limit !== undefined && !Number.isInteger(limit)) {
    problems.push({ field: 'limit', message: `expected a whole number of ${unit}` })
  }
  return problems
}

/** The model of a declared limiter that has no problems. */
export function limiterModelOf(key: string, input: LimiterInput): LimiterModel {
  const unit = unitOf(key, input)
  return limiter(algorithmOf(kindOf(unit, input), input), {
    unit,
    charge: input.charge ?? 'pre',
    chargesRejected: input.chargesRejected ?? false,
    scope: scopeOf(input.per ?? 'lane'),
  })
}

function unitOf(key: string, { unit, kind }: LimiterInput): LimitUnit {
  if (unit !== undefined) return unit
  if (kind === 'concurrency') return 'concurrent-requests'
  const word = key.toLowerCase()
  const named = units.find((candidate) => candidate === word)
  if (named !== undefined) return named
  if (word.includes('token')) return 'tokens'
  if (word.includes('concurren')) return 'concurrent-requests'
  return word.includes('budget') || word.includes('usd') ? 'usd' : 'requests'
}

function kindOf(unit: LimitUnit, { kind }: LimiterInput): Kind {
  if (kind !== undefined) return kind
  if (unit === 'concurrent-requests') return 'concurrency'
  return unit === 'usd' ? 'budget' : 'fixed-window'
}

function algorithmOf(kind: Kind, input: LimiterInput): LimiterAlgorithm {
  const limit = input.limit!
  const windowUs = input.window === undefined ? null : parseDurationUs(input.window)
  const anchor = input.anchor ?? (kind === 'sliding-counter' ? 'wall-clock' : 'first-request')
  switch (kind) {
    case 'fixed-window':
      return { kind, limit, windowUs: windowUs!, anchor, extendedByRejected: false }
    case 'sliding-log':
      return { kind, limit, windowUs: windowUs! }
    case 'sliding-counter':
      return { kind, limit, windowUs: windowUs!, anchor }
    case 'token-bucket':
      return { kind, ...bucketOf(input, windowUs), refillStyle: input.refillStyle ?? 'continuous' }
    case 'leaky-queue':
      return { kind, ...bucketOf(input, windowUs) }
    case 'concurrency': {
      const { queue = 0, queueTimeout } = input
      const queueTimeoutUs = queueTimeout === undefined ? null : parseDurationUs(queueTimeout)
      return { kind, limit, queue, queueTimeoutUs }
    }
    case 'budget':
      return { kind, limit, windowUs, anchor }
  }
}

function bucketOf({ limit, burst, refill }: LimiterInput, windowUs: number | null) {
  const { count: refillUnits, everyUs } =
    refill === undefined ? { count: limit!, everyUs: windowUs! } : parseRate(refill)
  return { capacity: burst ?? limit!, refillUnits, refillUs: Math.max(1, Math.round(everyUs)) }
}

function scopeOf(per: NonNullable<LimiterInput['per']>): readonly ScopeField[] {
  if (per === 'all') return []
  return [per].flat().map((field) => (field === 'lane' ? 'key' : (field as ScopeField)))
}
