// What the phases of one run share: clock, driver, sink, lanes' attributors, sequence, caps, and
// whether the target still lives.

import type { Clock } from '../core/clock.ts'
import { assert } from '../core/errors.ts'
import { LatencyCounts } from '../core/latencyCounts.ts'
import type { NamedLimiter, RequestCost } from '../core/limits.ts'
import type { LimiterGauge } from '../core/progress.ts'
import type { RequestRecord } from '../core/record.ts'
import { redactor, safeLine } from '../core/text.ts'
import type { Micros } from '../core/units.ts'
import { responseReader } from '../dialects/read.ts'
import type { Driver, RequestTemplate } from '../drivers/driver.ts'
import { type Lane, type LaneSecrets, laneHeaders, secretValues } from '../load/lanes.ts'
import { type DriverName, limitersOfLane, type Plan } from '../load/plan.ts'
import { type RequestShape, shapeCost, shapeTemplate } from '../load/shapes.ts'
import { ownerOf, planShare, type Share, wholeShare } from '../load/share.ts'
import { type Attribution, Attributor } from './attribution.ts'
import type { EngineSink } from './sink.ts'

export interface ContextParts {
  readonly plan: Plan
  readonly secrets: LaneSecrets
  readonly clock: Clock
  /** The driver of a name; the same one each time. */
  readonly driverOf: (name: DriverName) => Driver
  readonly sink: EngineSink
  /** Unix time of µs 0. */
  readonly epochMs: number
  readonly userAgent: string
  /** Put before the path of every shape; '' for none. */
  readonly pathPrefix: string
  /** Which part of the plan is this engine's; the whole when left out. */
  readonly share?: Share
}

/** The requests of a shape on a lane. */
export function requestTemplate(
  lane: Lane,
  shape: RequestShape,
  parts: Pick<ContextParts, 'secrets' | 'userAgent' | 'pathPrefix'> & { readonly runId: string },
): RequestTemplate {
  const { method, path, headers, body } = shapeTemplate(shape, parts.runId)
  return {
    method,
    path: parts.pathPrefix + path,
    headers: { 'user-agent': parts.userAgent, ...headers, ...laneHeaders(lane, parts.secrets) },
    idPrefix: `${parts.runId}-`,
    body,
  }
}

/** One shape on one lane: its bytes, its cost, who explains its rejections. */
export interface Route {
  readonly lane: string
  readonly shape: string
  readonly template: RequestTemplate
  readonly cost: RequestCost
  readonly attributor: Attributor
}

/** Failures in a row, without any answer, after which the target counts as dead … */
const deadFailures = 5
/** … when they span this long; a target that never answered is not waited for. */
const deadUs = 2_000_000

export class RunContext {
  readonly plan: Plan
  readonly share: Share
  readonly clock: Clock
  readonly sink: EngineSink
  readonly redact: (text: string) => string
  /** How late requests were handed to the driver. */
  readonly lag = new LatencyCounts()
  readonly #parts: ContextParts
  readonly #attributors: ReadonlyMap<string, Attributor>
  readonly #routes: ReadonlyMap<string, ReadonlyMap<string, Route>>
  #lastRoute: Route | null = null
  #text: { readonly raw: string; readonly clean: string } = { raw: '', clean: '' }
  #seq = 0
  #sent = 0
  #tokens = 0
  #isAnswered = false
  #failures = 0
  #firstFailureUs: Micros = 0
  #lastFailure = ''

  constructor(parts: ContextParts) {
    this.#parts = parts
    const { plan, secrets } = parts
    this.share = parts.share ?? wholeShare
    this.plan = planShare(plan, this.share)
    this.clock = parts.clock
    this.sink = parts.sink
    this.redact = redactor(secretValues(secrets))
    const read = responseReader({ dialect: plan.dialect, rules: plan.rules })
    this.#attributors = new Map(
      plan.lanes.map((lane) => [
        lane.name,
        new Attributor(read, this.#knownLimiters(lane), parts.epochMs),
      ]),
    )
    this.#routes = new Map(
      plan.lanes.map((lane) => [
        lane.name,
        new Map(plan.shapes.map((shape) => [shape.name, this.#route(lane, shape)])),
      ]),
    )
  }

  /** Numbers of all engines are different: each takes every so many. */
  nextSeq(): number {
    const { index, of } = this.share
    return this.#seq++ * of + index + 1
  }

  /** Whether request or user i of a phase is this engine's. */
  owns(i: number, laneCount: number): boolean {
    const { index, of } = this.share
    return of === 1 || ownerOf(i, laneCount, of) === index
  }

  /** Limiters that this engine's own traffic explains: none where it does not have a lane to itself. */
  #knownLimiters(lane: Lane): readonly NamedLimiter[] {
    const isSplit = this.plan.scenarios.some(({ phases }) =>
      phases.some(({ lanes }) => lanes.includes(lane.name) && lanes.length < this.share.of),
    )
    return isSplit ? [] : limitersOfLane(this.plan, lane)
  }

  attributorOf(lane: string): Attributor {
    const attributor = this.#attributors.get(lane)
    assert(attributor !== undefined, `no lane ${lane}`)
    return attributor
  }

  driverOf(name: DriverName): Driver {
    return this.#parts.driverOf(name)
  }

  /** How requests of a shape go out on a lane. */
  routeOf(lane: string, shape: string): Route {
    const last = this.#lastRoute
    // Most requests go the way of the one before.
    if (last !== null && last.lane === lane && last.shape === shape) return last
    const route = this.#routes.get(lane)?.get(shape)
    assert(route !== undefined, `no lane ${lane} or no shape ${shape}`)
    this.#lastRoute = route
    return route
  }

  #route(lane: Lane, shape: RequestShape): Route {
    return {
      lane: lane.name,
      shape: shape.name,
      cost: shapeCost(shape),
      attributor: this.attributorOf(lane.name),
      template: requestTemplate(lane, shape, { runId: this.plan.runId, ...this.#parts }),
    }
  }

  /** What an attribution has to say, on one line and without secrets; null: nothing. */
  textOf({ error, evidence }: Attribution): string | null {
    const raw = error ?? (evidence.length === 0 ? '' : evidence.join('; '))
    if (raw === '') return null
    // Rejections in a row mostly say the same.
    if (raw !== this.#text.raw) this.#text = { raw, clean: safeLine(this.redact(raw)) }
    return this.#text.clean
  }

  /** Requests that the caps of the run still allow. */
  get sendable(): number {
    const { requestsMax, tokensMax, durationUsMax } = this.plan.caps
    if (tokensMax !== null && this.#tokens >= tokensMax) return 0
    if (durationUsMax !== null && this.clock.nowUs() >= durationUsMax) return 0
    return requestsMax === null ? Number.MAX_SAFE_INTEGER : Math.max(0, requestsMax - this.#sent)
  }

  countSent(): void {
    this.#sent++
  }

  countLag(lagUs: Micros): void {
    this.lag.record(lagUs)
  }

  countEnded(record: RequestRecord): void {
    this.#tokens += (record.promptTokens ?? 0) + (record.completionTokens ?? 0)
    if (record.status !== null) {
      this.#isAnswered = true
      this.#failures = 0
    } else if (record.outcome === 'broken') {
      if (this.#failures++ === 0) this.#firstFailureUs = this.clock.nowUs()
      this.#lastFailure = record.error ?? ''
    }
  }

  /** Nothing but broken connections for a while: the target is gone, not overloaded. */
  get isTargetDead(): boolean {
    if (this.#failures < deadFailures) return false
    return !this.#isAnswered || this.clock.nowUs() - this.#firstFailureUs >= deadUs
  }

  get lastFailure(): string {
    return this.#lastFailure
  }

  get failures(): number {
    return this.#failures
  }

  gauges(lanes: readonly string[]): LimiterGauge[] {
    const nowUs = this.clock.nowUs()
    return lanes.flatMap((lane) => {
      const { ledger } = this.attributorOf(lane)
      return ledger.used(nowUs).map((use) => ({ lane, ...use }))
    })
  }
}
