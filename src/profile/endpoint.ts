// From an endpoint as users name it to a prober that sends to it: shapes, identities, connections.

import { realClock, wallMs } from '../core/realClock.ts'
import type { Micros } from '../core/units.ts'
import type { DialectName } from '../dialects/dialect.ts'
import { responseReader } from '../dialects/read.ts'
import type { ResponseRule } from '../dialects/rules.ts'
import { wireDriver } from '../drivers/wire/wire.ts'
import type { TlsOptions } from '../load/plan.ts'
import type { RequestShape, ShapeKind } from '../load/shapes.ts'
import {
  type HttpProber,
  type HttpProberParts,
  httpProber,
  type ProbeIdentity,
} from './httpProber.ts'

/** What one endpoint is asked, and as whom. */
export interface Endpoint {
  /** http or https, with path and query. */
  readonly url: string
  /** 'auto': chat, completion or embedding where the path says so, else raw. */
  readonly shape: ShapeKind | 'auto'
  readonly method: string
  /** Of raw requests; null: none. */
  readonly body: string | null
  readonly model: string
  /** Of the expensive shapes of a model's endpoint. */
  readonly promptTokens: number
  readonly outputTokensMax: number
  /** Headers that are no secret. */
  readonly headers: Readonly<Record<string, string>>
  /** Headers that are sent, and never written anywhere. */
  readonly secrets: Readonly<Record<string, string>>
  /** Who else to send as, to learn who shares a limiter. */
  readonly variants: readonly EndpointVariant[]
  readonly dialect: DialectName | 'auto'
  readonly rules: readonly ResponseRule[]
  readonly timeoutUs: Micros
  readonly tls: TlsOptions
  readonly userAgent: string
}

/** The same requests with one thing changed. */
export type EndpointVariant =
  | { readonly kind: 'header'; readonly name: string; readonly value: string }
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'model'; readonly model: string }

/** A prober and its connections. */
export interface OpenEndpoint {
  readonly prober: HttpProber
  close(): Promise<void>
}

/** Opens an endpoint for probing, on the real clock; the clock starts now. */
export function openEndpoint(endpoint: Endpoint, signal?: AbortSignal): OpenEndpoint {
  const { origin } = new URL(endpoint.url)
  return openProber(origin, endpoint.tls, { ...proberParts(endpoint), ...given(signal) })
}

/** A prober for one origin, on the real clock; the clock starts now. */
export function openProber(
  origin: string,
  tls: TlsOptions,
  parts: Omit<HttpProberParts, 'driver' | 'clock' | 'epochUnixMs'>,
): OpenEndpoint {
  const epochUnixMs = Math.floor(wallMs())
  const clock = realClock({ epochMs: epochUnixMs, spinUs: spinUsMost })
  const driver = wireDriver(origin, clock, tls)
  const prober = httpProber({ ...parts, driver, clock, epochUnixMs })
  return { prober, close: () => driver.close() }
}

/** Instants of a profile are few: they are hit exactly. */
const spinUsMost: Micros = 1_500

const given = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { signal })

function proberParts(endpoint: Endpoint) {
  const { dialect, rules, userAgent, timeoutUs } = endpoint
  const identities = identitiesOf(endpoint)
  return {
    shapes: shapesOf(endpoint),
    identities,
    secrets: new Map(identities.map(({ lane, secrets }) => [lane.name, secrets])),
    read: responseReader({ dialect, rules }),
    userAgent,
    pathPrefix: '',
    timeoutUs,
  }
}

/** The requests of an endpoint, cheapest first. */
export function shapesOf(endpoint: Endpoint): readonly RequestShape[] {
  const { pathname, search } = new URL(endpoint.url)
  const { model, method, body, promptTokens, outputTokensMax } = endpoint
  const kind = endpoint.shape === 'auto' ? kindOf(pathname) : endpoint.shape
  const path = pathname + search
  const common = { kind, path, model, headers: {}, stream: false, extra: {}, body }
  if (kind === 'raw') {
    return [{ ...common, name: 'request', method, promptTokens: 0, outputTokensMax: 0 }]
  }
  const [prompt, output] = [Math.max(tiny.promptTokens, promptTokens), outputTokensMax]
  const post = { ...common, method: 'POST' }
  if (kind === 'embedding') {
    return [
      { ...post, name: 'tiny', promptTokens: tiny.promptTokens, outputTokensMax: 0 },
      { ...post, name: 'long-prompt', promptTokens: prompt, outputTokensMax: 0 },
    ]
  }
  return [
    { ...post, name: 'tiny', ...tiny },
    { ...post, name: 'long-prompt', ...tiny, promptTokens: prompt },
    { ...post, name: 'long-output', ...tiny, outputTokensMax: output },
    // It may cost as much, and stops at its first word.
    { ...post, name: 'short-output', ...tiny, outputTokensMax: output, extra: { stop: [' '] } },
  ]
}

/** Prompts of four tokens differ from request to request for long enough. */
const tiny = { promptTokens: 4, outputTokensMax: 1 }

function kindOf(path: string): ShapeKind {
  if (path.endsWith('/chat/completions')) return 'chat'
  if (path.endsWith('/completions')) return 'completion'
  return path.endsWith('/embeddings') ? 'embedding' : 'raw'
}

type SecretIdentity = ProbeIdentity & { readonly secrets: Endpoint['secrets'] }

/** The profiled one is '1', the others are numbered on. */
function identitiesOf({ headers, secrets, variants }: Endpoint): readonly SecretIdentity[] {
  const credential = { from: 'none' } as const
  const common = { credential, header: 'authorization', prefix: '', tier: '', headers }
  const lane = (name: string) => ({ ...common, name })
  return [
    { lane: lane('1'), differsIn: null, secrets },
    ...variants.map((variant, i) => ({
      lane: lane(String(i + 2)),
      secrets,
      ...changeOf(variant, secrets),
    })),
  ]
}

function changeOf(variant: EndpointVariant, secrets: Endpoint['secrets']) {
  if (variant.kind === 'path') return { differsIn: 'path', path: variant.path }
  if (variant.kind === 'model') return { differsIn: 'model', model: variant.model }
  // Whatever header it is, it may be a credential.
  const changed = { ...secrets, [variant.name]: variant.value }
  return { differsIn: variant.name, secrets: changed }
}
