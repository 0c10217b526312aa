// One phase under way: turns offers of its source into requests, ends into records, and knows when
// to stop. Sources decide when; this file decides whether and writes down what became of it.

import type { LimiterGauge, Progress } from '../core/progress.ts'
import type { Micros } from '../core/units.ts'
import type { Driver, Exchange } from '../drivers/driver.ts'
import { offeredPerS } from '../load/arrivals.ts'
import { laneOf, shapePicker } from '../load/mix.ts'
import type { Phase } from '../load/plan.ts'
import { phaseSeed } from '../load/share.ts'
import { StopCounter, type StopRule, stopReason } from '../load/stop.ts'
import type { Attribution } from './attribution.ts'
import type { RunContext } from './context.ts'
import { Flight, type FlightDesk, type FlightOwner } from './flight.ts'
import type { Turn } from './turn.ts'

/** Why a phase sends no more. */
export type StopReason =
  | { readonly kind: 'rule'; readonly rule: StopRule }
  | { readonly kind: 'exhausted' | 'interrupted' | 'cap-reached' | 'target-died' }

/** What a source says about one of its requests. */
export interface Own {
  /** Its number in the phase; the next one when left out. */
  readonly index?: number
  /** The lane it has to go out on; they take turns when left out. */
  readonly lane?: string
  readonly owner?: FlightOwner
}

export class PhaseRun implements FlightDesk {
  readonly phase: Phase
  readonly startUs: Micros
  readonly #context: RunContext
  readonly #scenario: string
  readonly #pickShape: (i: number) => string
  readonly #measureUs: Micros
  readonly #driver: Driver
  readonly #endUs: Micros
  readonly #counter: StopCounter
  /** All flights of this phase, and those of them that are free. */
  readonly #flights: Flight[] = []
  readonly #free: Flight[] = []
  readonly #onStop: (reason: StopReason) => void
  readonly #onIdle: () => void
  #index = 0
  #planned = 0
  #unsent = 0
  #sent = 0
  #ended = 0
  #stopped: StopReason | null = null

  constructor(
    context: RunContext,
    place: { scenario: string; phase: Phase; startUs: Micros },
    on: { stop: (reason: StopReason) => void; idle: () => void },
  ) {
    this.phase = place.phase
    this.#scenario = place.scenario
    this.#context = context
    this.#onStop = on.stop
    this.#onIdle = on.idle
    this.startUs = place.startUs
    this.#measureUs = this.startUs + place.phase.warmupUs
    const seed = phaseSeed(context.plan, place.scenario, place.phase.name)
    this.#pickShape = shapePicker(place.phase.mix, seed)
    this.#index = context.share.index
    this.#driver = context.driverOf(place.phase.driver)
    this.#counter = new StopCounter(place.phase.until)
    this.#endUs = this.#measureUs + this.#counter.durationUs
  }

  get isStopped(): boolean {
    return this.#stopped !== null
  }

  get inFlight(): number {
    return this.#sent - this.#ended
  }

  /** When the phase ends by a duration rule; null without one. */
  get endUs(): Micros | null {
    return this.#endUs === Number.POSITIVE_INFINITY ? null : this.#endUs
  }

  /** What is put off until all answers that are there have been read. */
  get turn(): Turn {
    return this.#context.turn
  }

  /** How many requests may still be sent now, by the stop rules and the caps. */
  get sendable(): number {
    if (this.#stopped !== null) return 0
    return Math.max(0, Math.min(this.#counter.left, this.#context.sendable))
  }

  get #isSendable(): boolean {
    return this.#stopped === null && this.#counter.left > 0 && this.#context.sendable > 0
  }

  /** Whether an intended start lies within the phase. */
  isWithin(intendedUs: Micros): boolean {
    return intendedUs < this.#endUs
  }

  /**
   * Offers the next request. It is sent now, or recorded as unsent when too many are in flight;
   * nothing happens (and false is returned) when the phase has stopped.
   */
  offer(intendedUs: Micros, own: Own = {}): boolean {
    // Answers that came before tell whether there may be another request, and how many are under way.
    this.turn.land()
    if (intendedUs >= this.#endUs || !this.#isSendable) {
      this.checkStop()
      if (!this.#isSendable) return false
    }
    const isFull = this.inFlight >= this.phase.inFlightMax
    const flight = this.take(intendedUs, own, isFull)
    if (flight === null) return true
    const { template, origin } = flight.route
    const driver = origin === null ? this.#driver : this.#driverTo(origin)
    flight.sending = driver.send(template, flight.seq, this.phase.timeoutUs, flight)
    return true
  }

  /** Not to the target. */
  #driverTo(origin: string): Driver {
    return this.#context.driverOf(this.phase.driver, origin)
  }

  /** Builds and counts the next request; null when it is recorded as unsent instead. */
  take(intendedUs: Micros, { index, lane, owner }: Own = {}, isUnsent = false): Flight | null {
    const flight = this.#free.pop() ?? this.#newFlight()
    const i = index ?? this.#index
    this.#index = i + this.#context.share.of
    const route = this.#context.routes.of(lane ?? laneOf(this.phase.lanes, i), this.#pickShape(i))
    flight.seq = this.#context.nextSeq()
    flight.route = route
    flight.lane = route.lane
    flight.shape = route.shape
    flight.intendedUs = intendedUs
    flight.inFlight = this.inFlight
    flight.stage = intendedUs < this.#measureUs ? 'warmup' : 'measure'
    flight.owner = owner ?? null
    this.#planned++
    if (isUnsent) {
      this.#unsent++
      flight.clear()
      this.#record(flight)
      return null
    }
    this.#sent++
    if (flight.stage === 'measure') this.#counter.countSent()
    this.#context.countSent()
    flight.entry = route.attributor.sent(route.cost, this.#context.clock)
    return flight
  }

  /** An exchange has ended: its flight becomes a record, now or, if it says nothing else, this turn. */
  ended(flight: Flight, exchange: Exchange): void {
    const { attributor, cost } = flight.route
    flight.take(exchange)
    if (attributor.isPlainSuccess(exchange)) return this.turn.landLater(flight)
    this.turn.land()
    const { stream } = exchange
    if (stream !== null && stream.gapsUs.length > 0) this.#context.sink.gaps(flight, stream.gapsUs)
    this.#land(flight, attributor.ended(cost, flight.entry, exchange))
  }

  /** Makes a record of a flight whose answer was a plain success. */
  land(flight: Flight): void {
    const { attributor, cost } = flight.route
    this.#land(flight, attributor.succeeded(cost, flight.entry, flight))
  }

  #land(flight: Flight, attribution: Attribution): void {
    this.#ended++
    // What came before the measurement is no part of it: code was compiled, connections were opened.
    if (flight.stage === 'measure') this.#context.countLag(flight.lagUs)
    this.#tell(flight, attribution)
    this.#record(flight)
    if (this.#stopped !== null && this.inFlight === 0) this.#onIdle()
  }

  /** Ends the phase; in-flight requests go on. */
  stop(reason: StopReason): void {
    if (this.#stopped !== null) return
    this.#stopped = reason
    this.#onStop(reason)
    if (this.inFlight === 0) this.#onIdle()
  }

  /** Looks whether a rule or a cap has been met by now. */
  checkStop(): void {
    if (this.#stopped !== null) return
    this.#counter.elapsedUs = this.#context.clock.nowUs() - this.#measureUs
    const rule = stopReason(this.phase.until, this.#counter)
    if (rule !== null) return this.stop({ kind: 'rule', rule })
    if (this.#context.sendable === 0) this.stop({ kind: 'cap-reached' })
  }

  /** Drops everything in flight; each request still gets its record. */
  abortAll(): void {
    for (const flight of this.#flights) flight.sending?.abort()
  }

  get counts() {
    return {
      planned: this.#planned,
      sent: this.#sent,
      unsent: this.#unsent,
      ended: this.#ended,
    }
  }

  progress(state: Progress['state'], endsUs: Micros | null): Progress {
    const us = this.#context.clock.nowUs()
    const gauges = this.#context.gauges(this.phase.lanes)
    return {
      us,
      scenario: this.#scenario,
      phase: this.phase.name,
      state,
      share: this.#share(us, gauges),
      endsUs: endsUs ?? this.#meantEndUs(),
      inFlight: this.inFlight,
      ...this.counts,
      offeredPerS: offeredPerS(this.phase.arrivals, us - this.startUs),
      gauges,
    }
  }

  #meantEndUs(): Micros | null {
    const isMeant = this.phase.until.some((rule) => rule.kind === 'duration' && rule.isCap !== true)
    return isMeant ? this.endUs : null
  }

  #newFlight(): Flight {
    const flight = new Flight(this)
    flight.scenario = this.#scenario
    flight.phase = this.phase.name
    this.#flights.push(flight)
    return flight
  }

  #tell(flight: Flight, attribution: Attribution): void {
    // Most say the same as the one that the flight was before.
    if (flight.told === attribution) return
    flight.told = attribution
    flight.outcome = attribution.outcome
    flight.limiter = attribution.limiter
    flight.confidence = attribution.confidence
    flight.retryAfterUs = attribution.retryAfterUs
    flight.promptTokens = attribution.promptTokens
    flight.completionTokens = attribution.completionTokens
    flight.usageSource = attribution.usageSource
    flight.error = this.#context.textOf(attribution)
  }

  #record(flight: Flight): void {
    this.#context.sink.record(flight)
    this.#context.countEnded(flight)
    if (flight.stage === 'measure') this.#counter.ended(flight)
    if (this.#context.target.isDead) this.stop({ kind: 'target-died' })
    if (!this.#isSendable) this.checkStop()
    // The owner may send again at once, but not on this flight: it still reads it.
    flight.owner?.flightEnded(flight)
    this.#free.push(flight)
  }

  /** How much of the phase is done: the rule that is nearest to its end counts. */
  #share(us: Micros, gauges: readonly LimiterGauge[]): number | null {
    const shares = this.phase.until.flatMap((rule) => this.#sharesOf(rule, us, gauges))
    return shares.length === 0 ? null : Math.min(1, Math.max(0, ...shares))
  }

  #sharesOf(rule: StopRule, us: Micros, gauges: readonly LimiterGauge[]): number[] {
    switch (rule.kind) {
      case 'duration':
        return rule.isCap === true ? [] : [(us - this.#measureUs) / rule.us]
      case 'requests':
        return [this.#counter.sent / rule.count]
      case 'rejected':
        return gauges
          .filter(({ limiter }) => rule.limiter === '*' || limiter === rule.limiter)
          .map(({ used, limit }) => used / limit)
      case 'spent':
      case 'admitted':
        return []
    }
  }
}
