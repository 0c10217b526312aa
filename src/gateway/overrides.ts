// What users may change about a preset, in a config or by flags, checked and merged.

import { z } from 'zod'
import { UserError } from '../core/errors.ts'
import type { LimiterModel, NamedLimiter, RefillStyle } from '../core/limits.ts'
import { nearest } from '../core/text.ts'
import { parseDurationUs, parseRate, UnitError } from '../core/units.ts'
import { dialectNames } from '../dialects/dialect.ts'
import { concurrency, fixedWindow, limiter, tokenBucket } from '../limiters/models.ts'
import { presets } from './presets.ts'
import type { GatewaySpec } from './spec.ts'

const duration = z.string().transform((text, context) => {
  try {
    return parseDurationUs(text)
  } catch (error) {
    if (!(error instanceof UnitError)) throw error
    context.addIssue({ code: 'custom', message: error.message })
    return z.NEVER
  }
})

const share = z.number().min(0).max(1)

const faultKinds = [
  'status',
  'hang',
  'reset',
  'truncate',
  'error-event',
  'no-done',
  'garbage',
  'drip',
] as const

/** '60/1m': a limit and its window. */
const windowLimit = z.string().transform((text, context) => {
  const match = /^(\d+)\s*\/\s*(.+)$/.exec(text.trim())
  const parsed = match === null ? null : duration.safeParse(match[2])
  if (match === null || parsed?.success !== true) {
    context.addIssue({
      code: 'custom',
      message: `expected a limit per window, like '60/1m', got '${text}'`,
    })
    return z.NEVER
  }
  return { limit: Number(match[1]), windowUs: parsed.data }
})

/** '1/10ms burst 200 lossy': a token bucket; without a burst it holds one refill. */
const bucket = z.string().transform((text, context) => {
  const [, rate, burst, style] =
    /^(\S+)(?:\s+burst\s+(\d+))?(?:\s+(steps|lossy|lossy-admitted))?$/.exec(text) ?? []
  try {
    const { count, everyUs } = parseRate(rate ?? '')
    const refillStyle = (style ?? 'continuous') as RefillStyle
    return { ...tokenBucket(Number(burst ?? count), count, everyUs), refillStyle }
  } catch (error) {
    if (!(error instanceof UnitError)) throw error
    const expected = "expected a token bucket, like '100/s', '100/s burst 200' or '1/10ms lossy'"
    context.addIssue({ code: 'custom', message: `${expected}, got '${text}'` })
    return z.NEVER
  }
})

const overridesSchema = z.strictObject({
  dialect: z.enum(dialectNames).optional(),
  seed: z.int().optional(),
  models: z.array(z.string()).optional(),
  /** Replace the limiters of every tier. */
  requests: windowLimit.optional(),
  tokens: windowLimit.optional(),
  bucket: bucket.optional(),
  concurrency: z.int().positive().optional(),
  charge: z.enum(['pre', 'post', 'reserve']).optional(),
  ttft: duration.optional(),
  itl: duration.optional(),
  spread: z.number().min(0).max(3).optional(),
  slowdown: z.number().min(0).optional(),
  templateTokens: z.int().min(0).optional(),
  reasoningShare: share.optional(),
  keys: z.record(z.string(), z.string()).optional(),
  knownKeysOnly: z.boolean().optional(),
  decisionIds: z.boolean().optional(),
  faults: z
    .array(z.strictObject({ kind: z.enum(faultKinds), share, status: z.int().default(500) }))
    .optional(),
})

export type GatewayOverrides = z.input<typeof overridesSchema>

/** The preset called `name` with what the user changed; throws `UserError`. */
export function gatewaySpec(
  name: string,
  overrides: Readonly<Record<string, unknown>>,
): GatewaySpec {
  const preset = Object.hasOwn(presets, name) ? presets[name] : undefined
  if (preset === undefined) {
    const known = Object.keys(presets)
    const guess = nearest(name, known)
    const hint = guess === undefined ? '' : `; did you mean '${guess}'?`
    const message = `gateway: expected one of the presets ${known.join(', ')}, got '${name}'${hint}`
    throw new UserError('usage', message)
  }
  const parsed = overridesSchema.safeParse(overrides)
  if (!parsed.success) throw new UserError('config', problemsText(parsed.error))
  return merge(preset, parsed.data)
}

function merge(preset: GatewaySpec, changes: z.output<typeof overridesSchema>): GatewaySpec {
  const { latency } = preset
  const limiters = limitersOf(changes)
  const kept = ['dialect', 'seed', 'models', 'templateTokens', 'reasoningShare'] as const
  const more = ['keys', 'knownKeysOnly', 'decisionIds', 'faults'] as const
  const same = Object.fromEntries(
    [...kept, ...more].flatMap((key) => (changes[key] === undefined ? [] : [[key, changes[key]]])),
  )
  return {
    ...preset,
    ...same,
    ...(limiters.length > 0 ? { tiers: { [preset.defaultTier]: limiters } } : {}),
    latency: {
      ttftUs: changes.ttft ?? latency.ttftUs,
      ttftSpread: changes.spread ?? latency.ttftSpread,
      itlUs: changes.itl ?? latency.itlUs,
      itlSpread: changes.spread ?? latency.itlSpread,
      slowdownPerInFlight: changes.slowdown ?? latency.slowdownPerInFlight,
    },
  }
}

function limitersOf(changes: z.output<typeof overridesSchema>): NamedLimiter[] {
  const window = (
    name: string,
    options: Partial<LimiterModel>,
    limit = changes[name as 'requests'],
  ) =>
    limit === undefined
      ? []
      : [{ name, model: limiter(fixedWindow(limit.limit, limit.windowUs), options) }]
  const slots =
    changes.concurrency === undefined
      ? []
      : [{ name: 'concurrency', model: limiter(concurrency(changes.concurrency)) }]
  const tokens = { unit: 'tokens', charge: changes.charge ?? 'post' } as const
  const buckets =
    changes.bucket === undefined ? [] : [{ name: 'bucket', model: limiter(changes.bucket) }]
  return [...slots, ...buckets, ...window('requests', {}), ...window('tokens', tokens)]
}

function problemsText(error: z.ZodError): string {
  const keys = Object.keys(overridesSchema.shape)
  return error.issues
    .map((issue) => {
      if (issue.code === 'unrecognized_keys') {
        const [key] = issue.keys
        const guess = nearest(key!, keys)
        const hint =
          guess === undefined ? `known keys: ${keys.join(', ')}` : `did you mean '${guess}'?`
        return `gateway.${key}: unknown key; ${hint}`
      }
      return `gateway.${issue.path.join('.')}: ${issue.message}`
    })
    .join('\n')
}
