// What `limitscope profile` is going to do, from its flags: endpoint, budget, who else to send as.

import { type ExitCode, exitCodes, UserError } from '../core/errors.ts'
import { formatInteger, formatSpan } from '../core/format.ts'
import type { ProfileDocument } from '../core/profileDocument.ts'
import { nearest, redactor } from '../core/text.ts'
import { parseDurationUs } from '../core/units.ts'
import { type DialectName, dialectNames } from '../dialects/dialect.ts'
import { gatewaySpec } from '../gateway/overrides.ts'
import type { GatewaySpec } from '../gateway/spec.ts'
import { type ShapeKind, shapeCost } from '../load/shapes.ts'
import { furtherDefault, type ProfileBudget } from '../profile/contract.ts'
import { type Endpoint, type EndpointVariant, shapesOf } from '../profile/endpoint.ts'
import { bodyOf, splitHeaders, splitUrl } from './endpointFlags.ts'
import { version } from './version.ts'

/** What a profile can be told; everything has a default. */
export interface ProfileSettings {
  /** 'auto': chat, completion or embedding where the path says so, else raw. Default auto. */
  readonly shape?: ShapeKind | 'auto'
  /** Of raw requests: default GET, or POST with a body. */
  readonly method?: string
  /** 'Name: value'; those that look like credentials are written nowhere. */
  readonly header?: readonly string[]
  /** Of raw requests; '@file' reads it from a file. */
  readonly body?: string
  readonly model?: string
  /** Prompt of the long-prompt shape; default 200 tokens. */
  readonly promptTokens?: number
  /** Output of the long-output shape; default 200 tokens. */
  readonly outputTokens?: number
  /** Another value of a header: does it have a limit of its own? */
  readonly secondHeader?: readonly string[]
  /** Another path on the same host. */
  readonly secondPath?: readonly string[]
  readonly secondModel?: readonly string[]
  /** Default 2,000; public hosts need one. */
  readonly maxRequests?: number
  /** Default: none. */
  readonly maxTokens?: number
  /** Default '10m'. */
  readonly maxDuration?: string
  /** Slower limiters are looked for by so many times the first limit; default 12; 0: only the first. */
  readonly further?: number
  /** Most requests in flight; default 32. */
  readonly concurrency?: number
  /** Deadline of a request; default '10s'. */
  readonly timeout?: string
  /** How limits and rejections are written; default auto. */
  readonly dialect?: string
  readonly seed?: number
  readonly insecure?: boolean
  readonly cacert?: string
}

export interface ProfileJob {
  readonly target: string
  readonly endpoint: Endpoint
  /** The embedded gateway, where the target is one: the endpoint is on it once it listens. */
  readonly gateway: GatewaySpec | null
  readonly budget: ProfileBudget
  /** Whether the user said how many requests there may be: without that, no public host is probed. */
  readonly isCapped: boolean
  readonly inFlightMax: number
  readonly furtherTimes: number
  readonly seed: number
  /** Takes secrets out of what is written. */
  readonly redact: (text: string) => string
}

/** Throws `UserError` for what cannot be. */
export function profileJob(target: string, settings: ProfileSettings): ProfileJob {
  const { plain, secret } = splitHeaders(settings.header ?? [])
  const gateway = target.startsWith('gateway:') ? gatewaySpec(target.slice(8), {}) : null
  const url = gateway === null ? urlOf(target) : 'http://127.0.0.1/v1/chat/completions'
  const variants = variantsOf(settings)
  const body = settings.body === undefined ? null : bodyOf(settings.body)
  const endpoint: Endpoint = {
    url,
    shape: settings.shape ?? (body === null && settings.method === undefined ? 'auto' : 'raw'),
    method: (settings.method ?? (body === null ? 'GET' : 'POST')).toUpperCase(),
    body,
    model: settings.model ?? 'limitscope-small',
    promptTokens: settings.promptTokens ?? 200,
    outputTokensMax: settings.outputTokens ?? 200,
    headers: plain,
    secrets: secret,
    variants,
    dialect: dialectOf(settings.dialect),
    rules: [],
    timeoutUs: parseDurationUs(settings.timeout ?? '10s'),
    tls: { caPath: settings.cacert ?? null, verify: settings.insecure !== true },
    userAgent: `limitscope/${version} (profile; finds rate limits)`,
  }
  const { maxRequests, maxTokens, maxDuration, concurrency, further, seed } = settings
  const redact = redactor(secretsIn(endpoint))
  return {
    target: gateway === null ? redact(url) : target,
    endpoint,
    gateway,
    budget: {
      requestsMax: maxRequests ?? 2_000,
      tokensMax: maxTokens ?? null,
      durationUsMax: parseDurationUs(maxDuration ?? '10m'),
    },
    isCapped: maxRequests !== undefined,
    inFlightMax: concurrency ?? 32,
    furtherTimes: further ?? furtherDefault,
    seed: seed ?? 1,
    redact,
  }
}

/** Everything that the profile may cost, as lines for people. */
export function budgetLines(job: ProfileJob): string[] {
  const { target, endpoint, budget, inFlightMax, furtherTimes } = job
  const shapes = shapesOf(endpoint)
  const costs = shapes.map(shapeCost).map((cost) => cost.promptTokens + cost.completionTokens)
  const dearest = budget.requestsMax * Math.max(...costs)
  const tokens = Math.min(dearest, budget.tokensMax ?? dearest)
  const others = endpoint.variants.map((variant) =>
    variant.kind === 'header' ? `another ${variant.name}` : `another ${variant.kind}`,
  )
  const most = [
    `${formatInteger(budget.requestsMax)} requests`,
    ...(dearest === 0 ? [] : [`${formatInteger(tokens)} tokens`]),
    formatSpan(budget.durationUsMax),
    `${inFlightMax} in flight`,
  ]
  return [
    `profile of ${target}`,
    `  at most ${most.join(', ')}`,
    `  requests ${shapes.map(({ name }, i) => (costs[i] === 0 ? name : `${name} (up to ${formatInteger(costs[i]!)} tokens)`)).join(', ')}`,
    furtherTimes === 0
      ? '  only the first limiter that it meets'
      : `  slower limiters behind the first: by up to ${furtherTimes} × its limit (--further)`,
    ...(others.length === 0 ? [] : [`  also as ${others.join(', ')}`]),
    `  as '${endpoint.userAgent}'; waits for Retry-After, stops where waits grow`,
  ]
}

/** 0: identified, or none met; 3: undetermined. */
export function exitCodeOf({ conclusion }: ProfileDocument): ExitCode {
  return conclusion === 'undetermined' ? exitCodes.inconclusive : exitCodes.passed
}

function urlOf(target: string): string {
  const { base, path } = splitUrl(target)
  if (new URL(base).username === '') return base + path
  const message = 'URL: expected no user and password in it; give -H "Authorization: …" instead'
  throw new UserError('usage', message)
}

function variantsOf(settings: ProfileSettings): readonly EndpointVariant[] {
  const { plain, secret } = splitHeaders(settings.secondHeader ?? [])
  const headers = Object.entries({ ...plain, ...secret })
  return [
    ...headers.map(([name, value]) => ({ kind: 'header', name, value }) as const),
    ...(settings.secondPath ?? []).map((path) => ({ kind: 'path', path }) as const),
    ...(settings.secondModel ?? []).map((model) => ({ kind: 'model', model }) as const),
  ]
}

function dialectOf(name = 'auto'): DialectName | 'auto' {
  const known = ['auto', ...dialectNames] as const
  const found = known.find((candidate) => candidate === name)
  if (found !== undefined) return found
  const guess = nearest(name, known)
  const hint = guess === undefined ? '' : `; did you mean '${guess}'?`
  throw new UserError(
    'usage',
    `--dialect: expected one of ${known.join(', ')}, got '${name}'${hint}`,
  )
}

/** Values of headers, of other headers, and of what looks like a key in the query. */
function secretsIn({ url, secrets, variants }: Endpoint): string[] {
  const others = variants.flatMap((variant) => (variant.kind === 'header' ? [variant.value] : []))
  const asked = [...new URL(url).searchParams].filter(([name]) =>
    /key|token|secret|sig/i.test(name),
  )
  const values = [...Object.values(secrets), ...others]
  return [
    ...values.flatMap((value) => [value, value.replace(/^\S+\s+/, '')]),
    ...asked.map(([, value]) => value),
  ]
}
