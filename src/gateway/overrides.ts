// What users may change about a preset, in a config or by flags, checked and merged.

import { z } from 'zod'
import { UserError } from '../core/errors.ts'
import type { LimiterModel, NamedLimiter, RefillStyle } from '../core/limits.ts'
import { nearest } from '../core/text.ts'
import { parseRate, UnitError } from '../core/units.ts'
import { dialectNames } from '../dialects/dialect.ts'
import { concurrency, fixedWindow, limiter, tokenBucket } from '../limiters/models.ts'
import { breakNames, tiersBelowDefault } from './breaks.ts'
import { duration, knobsIn } from './knobs.ts'
import { presetTable } from './presets.ts'
import type { GatewaySpec } from './spec.ts'

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

const breakName = z.enum(breakNames, {
  error: ({ input }) => {
    const guess = nearest(String(input), breakNames)
    const hint = guess === undefined ? '' : `; did you mean '${guess}'?`
    return `expected one of ${breakNames.join(', ')}, got '${String(input)}'${hint}`
  },
})

const overridesSchema = z.strictObject({
  /** How a system behaves: as its code or as its documents; default faithful. */
  mode: z.enum(['faithful', 'documented']).optional(),
  /** Knobs of the system, by its own names. */
  knobs: z.record(z.string(), z.unknown()).optional(),
  /** What is broken on purpose. */
  breaks: z.array(breakName).optional(),
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
  servers: z.int().positive().optional(),
  distribution: z.enum(['log-normal', 'exponential']).optional(),
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

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The preset called `name` with what the user changed; knobs that are variables of the system may be
 * in the environment. Throws `UserError`.
 */
export function gatewaySpec(
  name: string,
  overrides: Readonly<Record<string, unknown>>,
  env: Environment = {},
): GatewaySpec {
  const preset = Object.hasOwn(presetTable, name) ? presetTable[name] : undefined
  if (preset === undefined) {
    const known = Object.keys(presetTable)
    const guess = nearest(name, known)
    const hint = guess === undefined ? '' : `; did you mean '${guess}'?`
    const message = `gateway: expected one of the presets ${known.join(', ')}, got '${name}'${hint}`
    throw new UserError('usage', message)
  }
  const parsed = overridesSchema.safeParse(overrides)
  if (!parsed.success) {
    throw new UserError('config', problemsText(parsed.error, 'gateway', overridesSchema))
  }
  const { mode = 'faithful', knobs = {} } = parsed.data
  const schema = preset.knobs(mode)
  const values = schema.safeParse({ ...knobsIn(env, schema), ...knobs })
  if (!values.success) {
    throw new UserError('config', problemsText(values.error, 'gateway.knobs', schema))
  }
  return broken(merge(preset.spec(values.data, mode), parsed.data))
}

/** What breaks about the spec itself; the rest breaks where it runs. */
function broken(spec: GatewaySpec): GatewaySpec {
  if (!spec.breaks.includes('premium-below-free')) return spec
  return { ...spec, tiers: tiersBelowDefault(spec.tiers, spec.defaultTier) }
}

function merge(preset: GatewaySpec, changes: z.output<typeof overridesSchema>): GatewaySpec {
  const { latency } = preset
  const limiters = limitersOf(changes)
  const kept = ['dialect', 'seed', 'models', 'templateTokens', 'reasoningShare'] as const
  const more = ['keys', 'knownKeysOnly', 'decisionIds', 'faults', 'breaks'] as const
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
      ...(changes.servers && { servers: changes.servers }),
      ...(changes.distribution && { distribution: changes.distribution }),
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

function problemsText(error: z.ZodError, where: string, schema: z.ZodObject): string {
  const keys = Object.keys(schema.shape)
  return error.issues
    .map((issue) => {
      if (issue.code === 'unrecognized_keys') {
        const [key] = issue.keys
        const guess = nearest(key!, keys)
        const known = keys.length === 0 ? 'this preset has none' : `known keys: ${keys.join(', ')}`
        const hint = guess === undefined ? known : `did you mean '${guess}'?`
        return `${where}.${key}: unknown key; ${hint}`
      }
      return `${where}.${issue.path.join('.')}: ${issue.message}`
    })
    .join('\n')
}
