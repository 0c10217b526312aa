// From a tiers file and its log to the spec of a forecast.

import { readFileSync } from 'node:fs'
import { contradictions } from '../capacity/contradictions.ts'
import { type AccessLog, readAccessLog } from '../capacity/forecast/accessLog.ts'
import type {
  ForecastSpec,
  Tier,
  TierArrivals,
  TimedCall,
  TokenSource,
} from '../capacity/forecast/spec.ts'
import { horizonOf, limitersOfTier, relativeOf, type TiersFile } from '../config/tiersFile.ts'
import type { TierInput, TiersInput } from '../config/tiersInput.ts'
import { messageOf, UserError } from '../core/errors.ts'
import { parseDurationUs, parseRatePerS } from '../core/units.ts'

export interface PlanSpec {
  readonly spec: ForecastSpec
  readonly warnings: readonly string[]
}

const futuresDefault = 200
/** Broken rows of a log that are told one by one. */
const brokenShown = 3

/** The spec of a tiers file; throws `UserError` for a log that cannot be read at all. */
export function planSpec({ input, logPath }: TiersFile): PlanSpec {
  const log = logPath === null ? null : readLog(logPath)
  const tiers = Object.entries(input.tiers).map(([name, tier]) => tierOf(name, tier, input, log))
  const { service = {}, price = {}, uncertainty = {} } = input
  const warnings = [
    ...(log === null ? [] : logWarnings(log)),
    ...tiers.flatMap(({ name, limiters }) =>
      contradictions(limiters).map((text) => `tier ${name}: ${text}`),
    ),
  ]
  const spec: ForecastSpec = {
    tiers,
    service: {
      ttftUs: parseDurationUs(service.ttft ?? '0ms'),
      itlUs: parseDurationUs(service.itl ?? '0ms'),
      ttftSpread: service.spread ?? 0,
      itlSpread: service.spread ?? 0,
      slowdownPerInFlight: service.slowdown ?? 0,
      ...(service.servers !== undefined && { servers: service.servers }),
    },
    price: {
      promptUsd: (price.promptPerMillion ?? 0) / 1e6,
      completionUsd: (price.completionPerMillion ?? 0) / 1e6,
    },
    ...horizonOf(input),
    uncertainty: {
      limit: relativeOf(uncertainty.limits),
      tokens: relativeOf(uncertainty.tokens),
      latency: relativeOf(uncertainty.latency),
      rate: relativeOf(uncertainty.rate),
    },
    futures: input.futures ?? futuresDefault,
    seed: input.seed ?? 1,
  }
  return { spec, warnings }
}

function readLog(path: string): AccessLog {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const message = `log.path: expected a readable file, got '${path}' (${messageOf(error)})`
    throw new UserError('config', message, { cause: error })
  }
  return readAccessLog(path, text)
}

function logWarnings({ broken, calls }: AccessLog): string[] {
  if (broken.length === 0) return []
  const told = broken.slice(0, brokenShown).map(({ line, reason }) => `line ${line}: ${reason}`)
  const more = broken.length > brokenShown ? `; and ${broken.length - brokenShown} more` : ''
  return [
    `log: ${broken.length} of ${broken.length + calls.length} rows are left out: ${told.join('; ')}${more}`,
  ]
}

function tierOf(name: string, tier: TierInput, input: TiersInput, log: AccessLog | null): Tier {
  const { rate = 1, keys: keyFactor = 1, prompt = 1, completion = 1 } = tier.scale ?? {}
  const scale = { prompt, completion }
  const own = log === null ? [] : callsOf(name, tier, log)
  const calls = own.map((call) => ({
    ...call,
    promptTokens: Math.max(1, Math.round(call.promptTokens * scale.prompt)),
    completionTokens: Math.max(1, Math.round(call.completionTokens * scale.completion)),
  }))
  const keysOfLog = new Set(calls.map(({ key }) => key)).size
  const keys = Math.max(1, Math.round((tier.keys ?? Math.max(1, keysOfLog)) * keyFactor))
  return {
    name,
    keys,
    arrivals: arrivalsOf(tier, { calls, keys: keysOfLog, rate, input, log }),
    tokens: tokensOf(tier, calls, scale),
    maxTokens: tier.maxTokens ?? null,
    limiters: limitersOfTier(tier),
  }
}

function callsOf(name: string, { match }: TierInput, { calls }: AccessLog): TimedCall[] {
  const own = calls.filter(({ key }) => key.includes(match ?? name))
  if (own.length > 0) return own
  const keys = [...new Set(calls.map(({ key }) => key))].slice(0, 5).join(', ')
  const message = `tiers.${name}: expected calls of keys that contain '${match ?? name}' in the log, got none; it has ${keys}; say which with match`
  throw new UserError('config', message)
}

interface ArrivalParts {
  readonly calls: readonly TimedCall[]
  readonly keys: number
  readonly rate: number
  readonly input: TiersInput
  readonly log: AccessLog | null
}

function arrivalsOf(
  tier: TierInput,
  { calls, keys, rate, input, log }: ArrivalParts,
): TierArrivals {
  if (input.log?.mode === 'replay' && tier.rate === undefined) {
    // Twice the rate is the same calls in half of the time.
    return {
      kind: 'replay',
      calls: calls.map((call) => ({ ...call, us: Math.round(call.us / rate) })),
    }
  }
  if (tier.rate !== undefined)
    return { kind: 'poisson', perKeyPerS: parseRatePerS(tier.rate) * rate }
  // The whole log's span: a tier that was quiet at its ends was quiet.
  const spanS = Math.max(1, (log!.calls.at(-1)!.us - log!.calls[0]!.us) / 1e6)
  return { kind: 'poisson', perKeyPerS: (rate * calls.length) / keys / spanS }
}

function tokensOf(
  { prompt, completion }: TierInput,
  calls: readonly TimedCall[],
  scale: { readonly prompt: number; readonly completion: number },
): TokenSource {
  if (prompt === undefined || completion === undefined) return { kind: 'sample', calls }
  const spread = (tokens: typeof prompt) =>
    typeof tokens === 'number' ? { mean: tokens, cv: 0 } : { mean: tokens.mean, cv: tokens.cv ?? 0 }
  const [p, c] = [spread(prompt), spread(completion)]
  return {
    kind: 'log-normal',
    promptMean: p.mean * scale.prompt,
    promptCv: p.cv,
    completionMean: c.mean * scale.completion,
    completionCv: c.cv,
  }
}
