// One phase under way: turns offers of its source into requests, ends into records, and knows when
// to stop. Sources decide when; this file decides whether and writes down what became of it.

import type { Cancel } from '../core/clock.ts'
import type { LimiterGauge, Progress } from '../core/progress.ts'
import type { RequestRecord, Stage } from '../core/record.ts'
import { safeLine } from '../core/text.ts'
import type { Micros } from '../core/units.ts'
import type { Exchange, OutgoingRequest } from '../drivers/driver.ts'
import { offeredPerS } from '../load/arrivals.ts'
import { laneOf, shapePicker } from '../load/mix.ts'
import type { Phase } from '../load/plan.ts'
import { StopCounter, type StopRule, sendableCount, stopReason } from '../load/stop.ts'
import type { Attribution, SentRequest } from './attribution.ts'
import type { RunContext } from './context.ts'

/** Why a phase sends no more. */
export type StopReason =
  | { readonly kind: 'rule'; readonly rule: StopRule }
  | { readonly kind: 'exhausted' | 'interrupted' | 'cap-reached' | 'target-died' }

/** A request that has been built and counted; `done` makes its record. */
export interface Flight {
  readonly request: OutgoingRequest
  readonly done: (exchange: Exchange) => void
}

export class PhaseRun {
  readonly phase: Phase
  readonly startUs: Micros
  readonly #context: RunContext
  readonly #scenario: string
  readonly #pickShape: (i: number) => string
  readonly #measureUs: Micros
  readonly #counter = new StopCounter()
  readonly #aborts = new Set<Cancel>()
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
    place: { scenario: string; phase: Phase },
    on: { stop: (reason: StopReason) => void; idle: () => void },
  ) {
    this.phase = place.phase
    this.#scenario = place.scenario
    this.#context = context
    this.#onStop = on.stop
    this.#onIdle = on.idle
    this.startUs = context.clock.nowUs()
    this.#measureUs = this.startUs + place.phase.warmupUs
    const seedName = `${place.scenario}/${place.phase.name}`
    this.#pickShape = shapePicker(place.phase.mix, context.seedOf(seedName))
  }

  get isStopped(): boolean {
    return this.#stopped !== null
  }

  get inFlight(): number {
    return this.#sent - this.#ended
  }

  /** When the phase ends by a duration rule; null without one. */
  get endUs(): Micros | null {
    const spans = this.phase.until.flatMap((rule) => (rule.kind === 'duration' ? [rule.us] : []))
    return spans.length === 0 ? null : this.#measureUs + Math.min(...spans)
  }

  /** How many requests may still be sent now, by the stop rules and the caps. */
  get sendable(): number {
    if (this.#stopped !== null) return 0
    return Math.min(sendableCount(this.phase.until, this.#counter), this.#context.sendable)
  }

  /** Whether an intended start lies within the phase. */
  isWithin(intendedUs: Micros): boolean {
    return this.endUs === null || intendedUs < this.endUs
  }

  /**
   * Offers the next request. It is sent now, or recorded as unsent when too many are in flight;
   * nothing happens (and false is returned) when the phase has stopped.
   */
  offer(intendedUs: Micros, lane?: string, ended?: (record: RequestRecord) => void): boolean {
    this.checkStop()
    if (this.sendable === 0) return false
    const isFull = this.inFlight >= this.phase.inFlightMax
    const flight = this.take(intendedUs, lane, ended, isFull)
    if (flight === null) return true
    const abort = this.#context.driver.send(flight.request, (exchange) => {
      this.#aborts.delete(abort)
      flight.done(exchange)
    })
    this.#aborts.add(abort)
    return true
  }

  /** Builds and counts the next request; null when it is recorded as unsent instead. */
  take(
    intendedUs: Micros,
    lane?: string,
    ended?: (record: RequestRecord) => void,
    isUnsent = false,
  ): Flight | null {
    const nowUs = this.#context.clock.nowUs()
    const i = this.#index++
    const seq = this.#context.nextSeq()
    const names = {
      seq,
      scenario: this.#scenario,
      phase: this.phase.name,
      lane: lane ?? laneOf(this.phase.lanes, i),
      shape: this.#pickShape(i),
      intendedUs,
      inFlight: this.inFlight,
      stage: (intendedUs < this.#measureUs ? 'warmup' : 'measure') as Stage,
    }
    this.#planned++
    if (isUnsent) {
      this.#unsent++
      this.#record({ ...names, ...unsent }, ended)
      return null
    }
    this.#sent++
    if (names.stage === 'measure') this.#counter.sent++
    this.#context.countSent(nowUs - intendedUs)
    const attributor = this.#context.attributorOf(names.lane)
    const sent = attributor.sent(this.#context.costOf(names.shape), nowUs)
    const request = this.#context.build(names.shape, names.lane, seq, this.phase.timeoutUs)
    return { request, done: (exchange) => this.#done(names, sent, exchange, ended) }
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
    for (const abort of [...this.#aborts]) abort()
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

  #done(
    names: RequestNames,
    sent: SentRequest,
    exchange: Exchange,
    ended?: (record: RequestRecord) => void,
  ): void {
    this.#ended++
    const attribution = this.#context.attributorOf(names.lane).ended(sent, exchange)
    const { scenario, phase, lane, shape } = names
    const gapsUs = exchange.stream?.gapsUs ?? []
    if (gapsUs.length > 0) this.#context.sink.gaps({ scenario, phase, lane, shape, gapsUs })
    this.#record({ ...names, ...timesOf(exchange), ...this.#told(attribution) }, ended)
    if (this.#stopped !== null && this.inFlight === 0) this.#onIdle()
  }

  #told(attribution: Attribution) {
    const { outcome, limiter, confidence, retryAfterUs, promptTokens, completionTokens } =
      attribution
    const text = attribution.error ?? attribution.evidence.join('; ')
    const error = text === '' ? null : safeLine(this.#context.redact(text))
    const { usageSource } = attribution
    return {
      outcome,
      limiter,
      confidence,
      retryAfterUs,
      promptTokens,
      completionTokens,
      usageSource,
      error,
    }
  }

  #record(record: RequestRecord, ended?: (record: RequestRecord) => void): void {
    this.#context.sink.record(record)
    this.#context.countEnded(record)
    if (record.stage === 'measure') this.#counter.ended(record)
    if (this.#context.isTargetDead) this.stop({ kind: 'target-died' })
    this.checkStop()
    ended?.(record)
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
        return []
    }
  }
}

type RequestNames = Pick<
  RequestRecord,
  'seq' | 'scenario' | 'phase' | 'lane' | 'shape' | 'intendedUs' | 'inFlight' | 'stage'
>

const unsent = {
  sentUs: null,
  firstByteUs: null,
  firstTokenUs: null,
  endUs: null,
  outcome: 'unsent',
  status: null,
  limiter: null,
  confidence: null,
  retryAfterUs: null,
  promptTokens: null,
  completionTokens: null,
  usageSource: null,
  bytesIn: 0,
  error: null,
} as const

function timesOf({ sentUs, firstByteUs, firstTokenUs, endUs, status, bytesIn }: Exchange) {
  return { sentUs, firstByteUs, firstTokenUs, endUs, status, bytesIn }
}
