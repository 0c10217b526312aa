// The prober for real targets: profiler's requests through any driver, answers read by the dialects.
// Must not know which requests are worth sending.

import type { Clock } from '../core/clock.ts'
import { assert } from '../core/errors.ts'
import type { RequestCost } from '../core/limits.ts'
import { redactor } from '../core/text.ts'
import type { Micros } from '../core/units.ts'
import { outcomeOf, type ResponseReader } from '../dialects/read.ts'
import type { Driver, Exchange, RequestTemplate, Sending } from '../drivers/driver.ts'
import { ExchangeView, usageIn } from '../engine/attribution.ts'
import { requestTemplate } from '../engine/routes.ts'
import { type Lane, type LaneSecrets, secretValues } from '../load/lanes.ts'
import { type RequestShape, shapeCost } from '../load/shapes.ts'
import type { Observation, ProbeLane, ProbeRequest, Prober } from './observation.ts'

/** An identity to probe as; the fields that are given replace those of every shape. */
export interface ProbeIdentity {
  readonly lane: Lane
  readonly differsIn: string | null
  readonly path?: string
  readonly model?: string
}

export interface HttpProberParts {
  readonly driver: Driver
  readonly clock: Clock
  /** Unix time of the clock's µs 0. */
  readonly epochUnixMs: number
  /** Cheapest first. */
  readonly shapes: readonly RequestShape[]
  /** The profiled one first. */
  readonly identities: readonly ProbeIdentity[]
  readonly secrets: LaneSecrets
  readonly read: ResponseReader
  readonly userAgent: string
  /** Put before the path of every shape; '' for none. */
  readonly pathPrefix: string
  readonly timeoutUs: Micros
  /** Sends nothing more, and drops what is in flight. */
  readonly signal?: AbortSignal
}

/** A prober that remembers what went wrong, for the reasons of a profile that could not conclude. */
export interface HttpProber extends Prober {
  /** Why requests had no usable answer, each with how often. */
  failures(): ReadonlyMap<string, number>
}

/** Kinds of failures that are kept apart. */
const failuresMax = 20

export function httpProber(parts: HttpProberParts): HttpProber {
  return new DriverProber(parts)
}

class DriverProber implements HttpProber {
  readonly clock: Clock
  readonly epochUnixMs: number
  readonly shapes: Prober['shapes']
  readonly lanes: readonly ProbeLane[]
  readonly #parts: HttpProberParts
  readonly #redact: (text: string) => string
  readonly #templates: ReadonlyMap<string, RequestTemplate>
  readonly #inFlight = new Set<Sending>()
  readonly #failures = new Map<string, number>()
  #seq = 0

  constructor(parts: HttpProberParts) {
    const { clock, epochUnixMs, shapes, identities, secrets, signal } = parts
    this.#parts = parts
    this.clock = clock
    this.epochUnixMs = epochUnixMs
    this.shapes = shapes.map((shape) => ({ name: shape.name, estimate: shapeCost(shape) }))
    this.lanes = identities.map(({ lane, differsIn }) => ({ name: lane.name, differsIn }))
    this.#redact = redactor(secretValues(secrets))
    this.#templates = templatesOf(parts)
    signal?.addEventListener('abort', () => this.#abort(), { once: true })
  }

  send(request: ProbeRequest): Promise<Observation> {
    const seq = ++this.#seq
    const { driver, timeoutUs, signal } = this.#parts
    const template = this.#templates.get(keyOf(request))
    assert(template !== undefined, `no shape ${request.shape} on lane ${request.lane}`)
    if (signal?.aborted) return Promise.resolve(this.#unsent(seq, request))
    return new Promise((resolve) => {
      const sending = driver.send(template, seq, timeoutUs, {
        ended: (exchange) => {
          this.#inFlight.delete(sending)
          resolve(this.#observation(seq, request, exchange))
        },
      })
      this.#inFlight.add(sending)
    })
  }

  failures(): ReadonlyMap<string, number> {
    return this.#failures
  }

  #abort(): void {
    for (const sending of this.#inFlight) sending.abort()
  }

  #unsent(seq: number, { shape, lane }: ProbeRequest): Observation {
    const nowUs = this.clock.nowUs()
    const times = { sentUs: nowUs, receivedUs: nowUs }
    return { seq, shape, lane, ...times, outcome: 'aborted', status: null, ...unread }
  }

  #observation(seq: number, { shape, lane }: ProbeRequest, exchange: Exchange): Observation {
    const { failure, handedUs, status } = exchange
    const times = { sentUs: exchange.sentUs ?? handedUs, receivedUs: exchange.endUs }
    const sent = { seq, shape, lane, ...times }
    if (failure !== null) {
      this.#failed(failure.message)
      return { ...sent, outcome: failure.kind, status, ...unread }
    }
    const view = new ExchangeView(exchange, this.epochUnixMs)
    const { rejection, signals } = this.#parts.read(view)
    const outcome = outcomeOf(view.status, { dialect: null, rejection, signals })
    if (outcome === 'failed' || outcome === 'refused') this.#failed(`status ${view.status}`)
    return {
      ...sent,
      outcome,
      status: view.status,
      cost: outcome === 'ok' ? costOf(exchange, view) : null,
      limiter: this.#clean(rejection?.limiter ?? null),
      unit: rejection?.unit ?? null,
      retryAfterUs: rejection?.retryAfterUs ?? null,
      signals: signals.map((signal) => ({
        ...signal,
        name: this.#clean(signal.name),
        evidence: this.#redact(signal.evidence),
      })),
    }
  }

  /** Gateways put keys into names of limiters; nobody else does. */
  #clean(name: string | null): string | null {
    return name === null ? null : this.#redact(name)
  }

  #failed(message: string): void {
    const text = this.#redact(message)
    if (!this.#failures.has(text) && this.#failures.size >= failuresMax) return
    this.#failures.set(text, (this.#failures.get(text) ?? 0) + 1)
  }
}

const unread = { cost: null, limiter: null, unit: null, retryAfterUs: null, signals: [] } as const

function costOf(exchange: Exchange, view: ExchangeView): RequestCost | null {
  const { promptTokens, completionTokens } = usageIn(exchange, view)
  if (promptTokens === null || completionTokens === null) return null
  return { promptTokens, completionTokens, usd: 0 }
}

const keyOf = ({ lane, shape }: ProbeRequest) => `${lane}\n${shape}`

function templatesOf(parts: HttpProberParts): ReadonlyMap<string, RequestTemplate> {
  const common = { ...parts, runId: `profile-${Math.floor(parts.epochUnixMs)}` }
  return new Map(
    parts.identities.flatMap(({ lane, path, model }) =>
      parts.shapes.map((shape) => {
        const own = { ...shape, path: path ?? shape.path, model: model ?? shape.model }
        const key = keyOf({ lane: lane.name, shape: shape.name })
        return [key, requestTemplate(lane, own, common)] as const
      }),
    ),
  )
}
