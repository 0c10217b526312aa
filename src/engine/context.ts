// What the phases of one run share: clock, driver, sink, lanes' attributors, sequence, caps, and
// whether the target still lives.

import type { Clock } from '../core/clock.ts'
import { assert } from '../core/errors.ts'
import { LatencyCounts } from '../core/latencyCounts.ts'
import type { NamedLimiter, RequestCost } from '../core/limits.ts'
import type { LimiterGauge } from '../core/progress.ts'
import type { RequestRecord } from '../core/record.ts'
import { safeLine } from '../core/text.ts'
import type { Micros } from '../core/units.ts'
import { responseReader } from '../dialects/read.ts'
import type { Driver, RequestTemplate } from '../drivers/driver.ts'
import { type Lane, type LaneSecrets, laneHeaders } from '../load/lanes.ts'
import { type DriverName, limitersOfLane, type Phase, type Plan } from '../load/plan.ts'
import { filledShape, type RequestShape, shapeCost, shapeTemplate } from '../load/shapes.ts'
import { ownerOf, planShare, type Share, wholeShare } from '../load/share.ts'
import { filled } from '../load/steps.ts'
import { type Address, AddressBook, addressOf } from './address.ts'
import { type Attribution, Attributor } from './attribution.ts'
import { Memory } from './memory.ts'
import type { EngineSink } from './sink.ts'

export interface ContextParts {
  readonly plan: Plan
  readonly secrets: LaneSecrets
  readonly clock: Clock
  /** The driver of a name to an origin, default the target's; the same one each time. */
  readonly driverOf: (name: DriverName, origin?: string) => Driver
  readonly sink: EngineSink
  /** Unix time of µs 0. */
  readonly epochMs: number
  readonly userAgent: string
  /** Where the target is, and what is put before the path of every shape; '' for none. */
  readonly origin: string
  readonly pathPrefix: string
  /** The driver of steps to an origin: it keeps all of an answer, streams included. */
  readonly stepDriverTo: (origin: string) => Driver
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
    path: addressOf(path, { ...parts, origin: '' })?.path ?? path,
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
  /** Where it goes when that is not the target; null: to the target. */
  readonly origin: string | null
}

/** Added to a wait for clean windows: what an answer may have been on its way. */
const cleanMarginUs = 100_000

/** Failures in a row, without any answer, after which the target counts as dead … */
const deadFailures = 5
/** … when they span this long; a target that never answered is not waited for. */
const deadUs = 2_000_000

export class RunContext {
  readonly plan: Plan
  readonly share: Share
  readonly clock: Clock
  readonly sink: EngineSink
  readonly memory: Memory
  /** How late requests were handed to the driver. */
  readonly lag = new LatencyCounts()
  readonly #parts: ContextParts
  readonly #attributors: ReadonlyMap<string, Attributor>
  readonly #stepAttributor: Attributor
  readonly #routes = new Map<string, Route>()
  readonly #addresses: AddressBook
  #lastRoute: Route | null = null
  #text: { readonly raw: string; readonly clean: string } = { raw: '', clean: '' }
  #seq = 0
  #steps = 0
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
    this.#addresses = new AddressBook(plan, parts)
    this.memory = new Memory(plan, secrets)
    const read = responseReader({ dialect: plan.dialect, rules: plan.rules })
    this.#attributors = new Map(
      plan.lanes.map((lane) => [
        lane.name,
        new Attributor(read, this.#knownLimiters(lane), parts.epochMs),
      ]),
    )
    this.#stepAttributor = new Attributor(read, [], parts.epochMs)
  }

  /** Numbers of all engines are different: each takes every so many. */
  nextSeq(): number {
    const { index, of } = this.share
    return this.#seq++ * of + index + 1
  }

  /** Numbers of steps: requests have theirs without gaps. */
  nextStep(): number {
    return ++this.#steps
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

  /** When every limiter of some lanes is as new, with a margin; null: they are. */
  cleanAtUs(lanes: readonly string[]): Micros | null {
    const nowUs = this.clock.nowUs()
    const cleanUs = Math.max(...lanes.map((lane) => this.#cleanOfLaneUs(lane, nowUs)))
    return cleanUs <= nowUs ? null : cleanUs + cleanMarginUs
  }

  /** Windows begin when the target decides: that may be as late as its first byte. */
  #cleanOfLaneUs(lane: string, nowUs: Micros): Micros {
    const { ledger, slackUs } = this.attributorOf(lane)
    const cleanUs = ledger.cleanAtUs(nowUs - slackUs)
    return cleanUs <= nowUs - slackUs ? nowUs : cleanUs + slackUs
  }

  attributorOf(lane: string): Attributor {
    const attributor = this.#attributors.get(lane)
    assert(attributor !== undefined, `no lane ${lane}`)
    return attributor
  }

  driverOf(name: DriverName, origin?: string): Driver {
    return this.#parts.driverOf(name, origin)
  }

  /** How requests of a shape go out on a lane. */
  routeOf(lane: string, shape: string): Route {
    const last = this.#lastRoute
    // Most requests go the way of the one before.
    if (last !== null && last.lane === lane && last.shape === shape) return last
    const key = `${lane}\n${shape}`
    const route = this.#routes.get(key) ?? this.#route(lane, shape)
    this.#routes.set(key, route)
    this.#lastRoute = route
    return route
  }

  #route(laneName: string, shapeName: string): Route {
    const lane = this.#laneOf(laneName)
    const shape = this.plan.shapes.find(({ name }) => name === shapeName)
    assert(shape !== undefined, `no shape ${shapeName}`)
    const parts = { ...this.#parts, runId: this.plan.runId, secrets: this.#secretsOf(lane) }
    const whole = filledShape(shape, this.memory.variables)
    const origin = this.addressOf(whole.path)?.origin
    assert(origin !== undefined, `no address in ${whole.path}`)
    return {
      origin: origin === this.#parts.origin ? null : origin,
      lane: laneName,
      shape: shapeName,
      cost: shapeCost(shape),
      attributor: this.attributorOf(laneName),
      template: requestTemplate(lane, whole, parts),
    }
  }

  #laneOf(name: string): Lane {
    const lane = this.plan.lanes.find((candidate) => candidate.name === name)
    assert(lane !== undefined, `no lane ${name}`)
    return lane
  }

  /** A scenario begins: nothing is captured yet. */
  begin(): void {
    this.memory.begin()
    this.#forgetRoutes()
  }

  /** Keeps what a step captured; false where there is nothing that can be kept. */
  keep(name: string, value: unknown, isSecret: boolean): boolean {
    this.#forgetRoutes()
    return this.memory.keep(name, value, isSecret)
  }

  /** What was rendered with variables as they were has to be rendered again. */
  #forgetRoutes(): void {
    this.#routes.clear()
    this.#lastRoute = null
  }

  /** Why the requests of a phase cannot be sent; null: they can. */
  problemOf({ lanes, mix }: Phase): string | null {
    const missing = lanes.find((lane) => this.missingOf(lane) !== null)
    if (missing !== undefined) {
      return `lane ${missing} needs {{${this.missingOf(missing)}}}, which no step has captured`
    }
    const shapes = this.plan.shapes.filter(({ name }) => mix.some(({ shape }) => shape === name))
    const paths = shapes.map(({ path }) => filled(path, this.memory.variables))
    const stray = paths.find((path) => this.addressOf(path) === null)
    return stray === undefined ? null : strayText(stray)
  }

  get userAgent(): string {
    return this.#parts.userAgent
  }

  stepDriverTo(origin: string): Driver {
    return this.#parts.stepDriverTo(origin)
  }

  /** Where a path or URL leads; null where it may not. */
  addressOf(path: string): Address | null {
    return this.#addresses.addressOf(path)
  }

  /** The capture that a lane's credential needs and that is not there; null: nothing is missing. */
  missingOf(lane: string): string | null {
    const { credential } = this.#laneOf(lane)
    if (credential.from !== 'capture' || this.memory.variables.has(credential.name)) return null
    return credential.name
  }

  headersOf(lane: string): Record<string, string> {
    const found = this.#laneOf(lane)
    return laneHeaders(found, this.#secretsOf(found))
  }

  #secretsOf({ name, credential, header, prefix }: Lane): LaneSecrets {
    if (credential.from !== 'capture') return this.#parts.secrets
    const value = this.memory.variables.get(credential.name)
    return new Map(value === undefined ? [] : [[name, { [header]: prefix + value }]])
  }

  /** Who reads the answer to a step: its lane's ledger where limiters see it. */
  stepAttributor(lane: string | null): Attributor {
    return lane === null ? this.#stepAttributor : this.attributorOf(lane)
  }

  /** What an attribution has to say, on one line and without secrets; null: nothing. */
  textOf({ error, evidence }: Attribution): string | null {
    const raw = error ?? (evidence.length === 0 ? '' : evidence.join('; '))
    if (raw === '') return null
    // Rejections in a row mostly say the same.
    if (raw !== this.#text.raw) this.#text = { raw, clean: safeLine(this.memory.redact(raw)) }
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

/** For people: a path that leads where nobody has said that it may. */
export function strayText(path: string): string {
  return `'${safeLine(path, 100)}' leads to a host that the plan does not name`
}
