// What the phases of one run share: clock, driver, sink, lanes' attributors, sequence, caps, routes.

import type { Clock } from '../core/clock.ts'
import { assert } from '../core/errors.ts'
import { LatencyCounts } from '../core/latencyCounts.ts'
import type { NamedLimiter } from '../core/limits.ts'
import type { LimiterGauge } from '../core/progress.ts'
import type { RequestRecord } from '../core/record.ts'
import { safeLine } from '../core/text.ts'
import type { Micros } from '../core/units.ts'
import { responseReader } from '../dialects/read.ts'
import type { Driver } from '../drivers/driver.ts'
import { type Lane, type LaneSecrets, laneHeaders } from '../load/lanes.ts'
import { type DriverName, limitersOfLane, type Phase, type Plan } from '../load/plan.ts'
import { filledShape } from '../load/shapes.ts'
import { ownerOf, planShare, type Share, wholeShare } from '../load/share.ts'
import { filled } from '../load/steps.ts'
import { type Address, AddressBook } from './address.ts'
import { type Attribution, Attributor } from './attribution.ts'
import { Memory } from './memory.ts'
import { named, type RouteParts, Routes } from './routes.ts'
import type { EngineSink } from './sink.ts'
import { TargetLife } from './targetLife.ts'
import { Turn } from './turn.ts'

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

/** Added to a wait for clean windows: what an answer may have been on its way. */
const cleanMarginUs = 100_000

export class RunContext {
  readonly plan: Plan
  readonly share: Share
  readonly clock: Clock
  readonly sink: EngineSink
  readonly memory: Memory
  readonly target: TargetLife
  readonly turn: Turn
  readonly routes = new Routes((lane, shape) => this.#routeParts(lane, shape))
  /** How late requests were handed to the driver. */
  readonly lag = new LatencyCounts()
  readonly #parts: ContextParts
  readonly #attributors: ReadonlyMap<string, Attributor>
  readonly #stepAttributor: Attributor
  readonly #addresses: AddressBook
  #text: { readonly raw: string; readonly clean: string } = { raw: '', clean: '' }
  #seq = 0
  #steps = 0
  #sent = 0
  #tokens = 0

  constructor(parts: ContextParts) {
    this.#parts = parts
    const { plan, secrets } = parts
    this.share = parts.share ?? wholeShare
    this.plan = planShare(plan, this.share)
    this.clock = parts.clock
    this.sink = parts.sink
    this.target = new TargetLife(parts.clock)
    this.turn = new Turn(parts.clock)
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

  #routeParts(laneName: string, shapeName: string): RouteParts {
    const lane = this.#laneOf(laneName)
    const shape = filledShape(named(this.plan.shapes, shapeName), this.memory.variables)
    const origin = this.addressOf(shape.path)?.origin
    assert(origin !== undefined, `no address in ${shape.path}`)
    return {
      lane,
      shape,
      request: { ...this.#parts, runId: this.plan.runId, secrets: this.#secretsOf(lane) },
      attributor: this.attributorOf(laneName),
      origin: origin === this.#parts.origin ? null : origin,
    }
  }

  #laneOf(name: string): Lane {
    return named(this.plan.lanes, name)
  }

  /** A scenario begins: nothing is captured yet. */
  begin(): void {
    this.memory.begin()
    this.routes.forget()
  }

  /** Keeps what a step captured; false where there is nothing that can be kept. */
  keep(name: string, value: unknown, isSecret: boolean): boolean {
    this.routes.forget()
    return this.memory.keep(name, value, isSecret)
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
    this.target.ended(record)
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
