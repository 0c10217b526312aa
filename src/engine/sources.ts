// Sources: when the requests of a phase are offered. Open ones follow a schedule, closed ones wait
// for answers.

import type { Cancel, Clock } from '../core/clock.ts'
import type { RequestRecord } from '../core/record.ts'
import type { Micros } from '../core/units.ts'
import type { NextRequest, Saturation } from '../drivers/autocannon.ts'
import { renderRequest } from '../drivers/driver.ts'
import {
  type ArrivalProcess,
  type ClosedArrivals,
  isOpen,
  type OpenArrivals,
  schedule,
} from '../load/arrivals.ts'
import { laneOf } from '../load/mix.ts'
import type { ArrivalShape } from './arrivalShape.ts'
import type { FlightOwner } from './flight.ts'
import type { Own, PhaseRun } from './phaseRun.ts'

/** Offers requests from `start` until the phase stops. */
export interface Source {
  start(): void
  /** No more offers; what is in flight goes on. */
  stop(): void
  /** Drops what is in flight, for sources that send by themselves. */
  abort(): void
}

export interface SourceParts {
  readonly run: PhaseRun
  readonly clock: Clock
  /** Seed of the arrivals. */
  readonly seed: number
  /** Least gap between two sends, by the run's rate cap; 0 for none. */
  readonly gapUsMin: Micros
  /** Whether request or user i is this engine's. */
  readonly owns: (i: number) => boolean
  /** Takes the gaps between sends of random arrivals. */
  readonly shape: ArrivalShape
  /** Starts autocannon; null where it cannot be used, and users stand in for it. */
  readonly saturate: StartSaturation | null
}

/** Starts autocannon; `onUnfit` is called for every connection that it has to give up. */
export type StartSaturation = (
  options: { readonly connections: number; readonly onUnfit: () => void },
  next: NextRequest,
) => Saturation

export function sourceOf(arrivals: ArrivalProcess, parts: SourceParts): Source {
  if (isOpen(arrivals)) return openSource(arrivals, parts)
  if (arrivals.kind !== 'saturate') return closedSource(arrivals, parts)
  if (parts.saturate !== null) return saturateSource(arrivals.connections, parts, parts.saturate)
  return closedSource({ kind: 'users', count: arrivals.connections, thinkUs: 0 }, parts)
}

/** Sends everything that is due at each wake-up, each with its own intended instant. */
function openSource(
  arrivals: OpenArrivals,
  { run, clock, seed, shape, owns }: SourceParts,
): Source {
  const { intendedUs } = schedule(arrivals, seed)
  const isRandom = arrivals.kind === 'poisson' || arrivals.kind === 'gamma'
  let i = 0
  let lastDueUs = 0
  let lastSentUs = 0
  let cancel: Cancel = () => {}
  const sendDue = () => {
    for (;;) {
      while (!owns(i)) i++
      const offsetUs = intendedUs(i)
      const dueUs = offsetUs === null ? null : run.startUs + offsetUs
      if (dueUs === null || !run.isWithin(dueUs)) return finish(dueUs)
      const nowUs = clock.nowUs()
      if (dueUs > nowUs) {
        cancel = clock.at(dueUs, sendDue)
        return
      }
      if (!run.offer(dueUs, { index: i })) return
      if (isRandom && lastDueUs > 0) shape.add(dueUs - lastDueUs, nowUs - lastSentUs)
      lastDueUs = dueUs
      lastSentUs = nowUs
      i++
    }
  }
  // A process that has ended ends the phase; a duration still runs to its own end.
  const finish = (dueUs: Micros | null) => {
    if (dueUs === null) return run.stop({ kind: 'exhausted' })
    const endUs = run.endUs ?? dueUs
    cancel = clock.at(endUs, () => run.checkStop())
  }
  return { start: sendDue, stop: () => cancel(), abort() {} }
}

/** Back-off of a user whose connections fail: doubles from the first to the last. */
const backOffUsFirst = 50_000
const backOffUsLast = 1_000_000

/** Users in a loop: a request, its answer, a pause. Each stays on one lane. */
function closedSource(
  arrivals: Exclude<ClosedArrivals, { kind: 'saturate' }>,
  parts: SourceParts,
): Source {
  const { run, clock, owns } = parts
  const pauseUs = arrivals.kind === 'spaced' ? arrivals.gapUs : arrivals.thinkUs
  const slots = new Slots(parts)
  const users = Array.from({ length: arrivals.count }, (_, i) => i)
    .filter(owns)
    .map((i) => new User(parts, slots, pauseUs, laneOf(run.phase.lanes, i)))
  let endCheck: Cancel = () => {}
  return {
    start() {
      const beginUs = Math.max(run.startUs, clock.nowUs())
      for (const [i, user] of users.entries()) {
        user.offerAt(beginUs + Math.round((pauseUs * i) / arrivals.count))
      }
      if (users.length === 0) return run.stop({ kind: 'exhausted' })
      if (run.endUs !== null) endCheck = clock.at(run.endUs, () => run.checkStop())
    },
    stop() {
      endCheck()
      for (const user of users) user.stop()
    },
    abort() {},
  }
}

/** Spaces the sends of all users together, as far as a rate cap asks for it. */
class Slots {
  readonly #gapUsMin: Micros
  #nextUs: Micros

  constructor({ run, gapUsMin }: SourceParts) {
    this.#gapUsMin = gapUsMin
    this.#nextUs = run.startUs
  }

  next(us: Micros): Micros {
    if (this.#gapUsMin === 0) return us
    const slotUs = Math.max(us, this.#nextUs)
    this.#nextUs = slotUs + this.#gapUsMin
    return slotUs
  }
}

class User implements FlightOwner {
  readonly #parts: SourceParts
  readonly #slots: Slots
  readonly #pauseUs: Micros
  #slotUs: Micros = 0
  #failures = 0
  #isStopped = false
  #cancel: Cancel | null = null
  readonly #own: Own

  constructor(parts: SourceParts, slots: Slots, pauseUs: Micros, lane: string) {
    this.#parts = parts
    this.#slots = slots
    this.#pauseUs = pauseUs
    this.#own = { lane, owner: this }
  }

  flightEnded(record: RequestRecord): void {
    this.#failures = isBroken(record) ? this.#failures + 1 : 0
    if (this.#failures > 0 || record.endUs === null) {
      const backOffUs = Math.min(backOffUsLast, backOffUsFirst * 2 ** this.#failures)
      return this.offerAt(this.#parts.clock.nowUs() + Math.max(this.#pauseUs, backOffUs))
    }
    // Without a pause the next request is due at the very end of this one: no timer, no clock.
    const slotUs = this.#slots.next(record.endUs + this.#pauseUs)
    if (slotUs === record.endUs) this.#offer(slotUs)
    else this.#wait(slotUs)
  }

  offerAt(us: Micros): void {
    this.#wait(this.#slots.next(us))
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel?.()
  }

  #wait(us: Micros): void {
    if (this.#isStopped) return
    this.#slotUs = us
    this.#cancel = this.#parts.clock.at(us, () => this.#offer(this.#slotUs))
  }

  #offer(us: Micros): void {
    if (!this.#isStopped) this.#parts.run.offer(us, this.#own)
  }
}

/** Connections kept busy by autocannon; users take over those that it has to give up. */
function saturateSource(
  connections: number,
  parts: SourceParts,
  saturate: StartSaturation,
): Source {
  const { run, clock } = parts
  const substitutes: Source[] = []
  let saturation: Saturation | undefined
  let cancel: Cancel = () => {}
  const next: NextRequest = () => {
    run.checkStop()
    if (run.sendable === 0) return null
    const flight = run.take(clock.nowUs())
    return flight === null
      ? null
      : { request: renderRequest(flight.route.template, flight.seq), caller: flight }
  }
  const onUnfit = () => {
    if (run.isStopped) return
    const substitute = closedSource({ kind: 'users', count: 1, thinkUs: 0 }, parts)
    substitutes.push(substitute)
    substitute.start()
  }
  return {
    start() {
      const own = Array.from({ length: connections }, (_, i) => i).filter(parts.owns).length
      const count = Math.min(own, run.sendable)
      if (count > 0) saturation = saturate({ connections: count, onUnfit }, next)
      if (run.endUs !== null) cancel = clock.at(run.endUs, () => run.checkStop())
    },
    stop() {
      cancel()
      for (const substitute of substitutes) substitute.stop()
    },
    abort: () => saturation?.abort(),
  }
}

function isBroken(record: RequestRecord): boolean {
  return record.outcome === 'broken' && record.status === null
}
