// One limiter as a pure state machine: take, check, settle. The algorithms are in the files beside.

import {
  costIn,
  type Decision,
  type LimiterState as Left,
  type LimiterAlgorithm,
  type LimiterModel,
  limitOf,
  type RequestCost,
} from '../core/limits.ts'
import type { Micros } from '../core/units.ts'
import type { Algorithm } from './algorithm.ts'
import { leakyQueue, tokenBucket } from './bucket.ts'
import { type ConcurrencyState, noneInFlight, takeSlot } from './concurrency.ts'
import { slidingCounter } from './slidingCounter.ts'
import { slidingLog } from './slidingLog.ts'
import { window } from './window.ts'

/** The state of one limiter for one partition; opaque outside this folder. */
export type State = object

/** Every algorithm that works on costs and time; concurrency works on releases instead. */
export type TimedAlgorithm = Exclude<LimiterAlgorithm, { kind: 'concurrency' }>

const timed: { readonly [K in TimedAlgorithm['kind']]: unknown } = {
  'fixed-window': window,
  budget: window,
  'sliding-log': slidingLog,
  'sliding-counter': slidingCounter,
  'token-bucket': tokenBucket,
  'leaky-queue': leakyQueue,
}

/** The state machine of an algorithm, for those who play it through by their own rules. */
export function algorithmOf(algorithm: TimedAlgorithm): Algorithm<TimedAlgorithm, State> {
  return timed[algorithm.kind] as Algorithm<TimedAlgorithm, State>
}

/** A limiter nobody has used yet. */
export function freshState({ algorithm }: LimiterModel): State {
  return algorithm.kind === 'concurrency' ? noneInFlight : algorithmOf(algorithm).fresh(algorithm)
}

/**
 * Decides about `cost` at `nowUs` and charges it when allowed (or when the model charges rejected
 * requests). Pure; `nowUs` must not go back.
 */
export function take(
  model: LimiterModel,
  state: State,
  cost: number,
  nowUs: Micros,
): readonly [Decision, State] {
  const { algorithm } = model
  if (algorithm.kind === 'concurrency') return takeConcurrency(model, state as ConcurrencyState)
  const rules = algorithmOf(algorithm)
  const current = rules.advance(algorithm, state, nowUs)
  if (rules.waitUs(algorithm, current, cost, nowUs) === 0) {
    const delayUs = rules.delayUs?.(algorithm, current) ?? 0
    const charged = rules.charge(algorithm, current, cost, nowUs)
    return [{ kind: 'allowed', delayUs, ...leftOf(model, charged, nowUs) }, charged]
  }
  const punished = rules.rejected?.(algorithm, current, nowUs) ?? current
  const charged = model.chargesRejected ? rules.charge(algorithm, punished, cost, nowUs) : punished
  return [denied(model, charged, cost, nowUs), charged]
}

/**
 * Decides without charging, for limiters that charge after the response: allowed while anything is
 * left. A rejected request is charged one unit where the model says so.
 */
export function check(
  model: LimiterModel,
  state: State,
  nowUs: Micros,
): readonly [Decision, State] {
  const { algorithm } = model
  if (algorithm.kind === 'concurrency') return takeConcurrency(model, state as ConcurrencyState)
  const rules = algorithmOf(algorithm)
  const current = rules.advance(algorithm, state, nowUs)
  const cost = leastCost(model)
  if (rules.waitUs(algorithm, current, cost, nowUs) !== 0) return take(model, current, cost, nowUs)
  const delayUs = rules.delayUs?.(algorithm, current) ?? 0
  return [{ kind: 'allowed', delayUs, ...leftOf(model, current, nowUs) }, current]
}

/** What a limiter asks room for: the cost, or the least there is when it charges afterwards. */
export function askedCost(model: LimiterModel, estimate: RequestCost): number {
  return model.charge === 'post' ? leastCost(model) : costIn(model.unit, estimate)
}

function leastCost(model: LimiterModel): number {
  return model.unit === 'usd' ? 0 : 1
}

/** What was charged beforehand, at which instant, and what the request turned out to cost. */
export interface Settlement {
  readonly charged: number
  readonly chargedUs: Micros
  readonly actual: number
}

/** Charges the difference once the real cost is known, or gives it back. */
export function settle(
  model: LimiterModel,
  state: State,
  settlement: Settlement,
  nowUs: Micros,
): State {
  const { algorithm } = model
  if (algorithm.kind === 'concurrency') return state
  const rules = algorithmOf(algorithm)
  const current = rules.advance(algorithm, state, nowUs)
  const difference = settlement.actual - settlement.charged
  if (difference > 0) return rules.charge(algorithm, current, difference, nowUs)
  if (difference < 0) return rules.refund(algorithm, current, -difference, settlement.chargedUs)
  return current
}

/** Units left and time to full at `nowUs`. */
export function leftAt(model: LimiterModel, state: State, nowUs: Micros): Left {
  const { algorithm } = model
  if (algorithm.kind === 'concurrency') {
    const { inFlight } = state as ConcurrencyState
    return { remaining: algorithm.limit - inFlight, resetUs: 0 }
  }
  return leftOf(model, algorithmOf(algorithm).advance(algorithm, state, nowUs), nowUs)
}

/** Whether the limiter would answer every future request as a fresh one does. */
export function isIdle(model: LimiterModel, state: State, nowUs: Micros): boolean {
  if (model.algorithm.kind === 'concurrency') {
    const { inFlight, waiting } = state as ConcurrencyState
    return inFlight + waiting === 0
  }
  const left = leftAt(model, state, nowUs)
  return left.remaining === limitOf(model.algorithm) && left.resetUs === 0
}

function leftOf(model: LimiterModel, state: State, nowUs: Micros): Left {
  const algorithm = model.algorithm as TimedAlgorithm
  const rules = algorithmOf(algorithm)
  return {
    remaining: rules.remaining(algorithm, state, nowUs),
    resetUs: rules.resetUs(algorithm, state, nowUs),
  }
}

function denied(model: LimiterModel, state: State, cost: number, nowUs: Micros): Decision {
  const algorithm = model.algorithm as TimedAlgorithm
  const retryAfterUs = algorithmOf(algorithm).waitUs(algorithm, state, cost, nowUs)
  const until = retryAfterUs === null ? 'never' : 'time'
  return { kind: 'denied', retryAfterUs, until, ...leftOf(model, state, nowUs) }
}

function takeConcurrency(
  model: LimiterModel,
  state: ConcurrencyState,
): readonly [Decision, ConcurrencyState] {
  const algorithm = model.algorithm as Extract<LimiterAlgorithm, { kind: 'concurrency' }>
  const [kind, next] = takeSlot(algorithm, state)
  const left = { remaining: algorithm.limit - next.inFlight, resetUs: 0 }
  if (kind === 'denied') {
    return [{ kind, retryAfterUs: null, until: 'release', ...left }, next]
  }
  return [kind === 'queued' ? { kind, ...left } : { kind, delayUs: 0, ...left }, next]
}
