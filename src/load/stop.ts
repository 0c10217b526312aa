// Stop rules: until when a phase sends. The first rule that is met ends it.

import type { RequestRecord } from '../core/record.ts'
import { durationText, type Micros } from '../core/units.ts'

export type StopRule =
  | { readonly kind: 'requests'; readonly count: number }
  /** `isCap`: not meant as the end, only as a bound for a phase that has no other. */
  | { readonly kind: 'duration'; readonly us: Micros; readonly isCap?: boolean }
  /** The first rejection of `limiter` ('*': of any) and `plus` more requests. */
  | { readonly kind: 'rejected'; readonly limiter: string; readonly plus: number }
  /** So many OK answers: until a limiter that has rejected admits again. */
  | { readonly kind: 'admitted'; readonly count: number }
  | { readonly kind: 'spent'; readonly unit: TokenUnit; readonly amount: number }

/** Units that a run can spend and we can count. */
export type TokenUnit = 'tokens' | 'prompt-tokens' | 'completion-tokens'

/** What a phase has done so far, in the terms of the stop rules. */
export interface StopState {
  readonly sent: number
  readonly admitted: number
  readonly elapsedUs: Micros
  readonly promptTokens: number
  readonly completionTokens: number
  /** Per limiter (and '*'): requests that had been sent when its first rejection was known. */
  readonly sentAtRejection: ReadonlyMap<string, number>
}

/** The rule that is met, or null: go on. */
export function stopReason(rules: readonly StopRule[], state: StopState): StopRule | null {
  return rules.find((rule) => isMet(rule, state)) ?? null
}

/** How many more requests the rules allow to be sent at once. */
export function sendableCount(rules: readonly StopRule[], state: StopState): number {
  return Math.max(0, Math.min(...rules.map((rule) => leftOf(rule, state)), Number.MAX_SAFE_INTEGER))
}

/** For people: 'the first rejection of requests and 5 more'. */
export function describeStop(rule: StopRule): string {
  switch (rule.kind) {
    case 'requests':
      return `${rule.count} requests`
    case 'duration':
      return rule.isCap === true ? `${durationText(rule.us)} at most` : durationText(rule.us)
    case 'admitted':
      return `${rule.count} OK answers`
    case 'spent':
      return `${rule.amount} ${rule.unit} spent`
    case 'rejected': {
      const limiter = rule.limiter === '*' ? 'any limiter' : rule.limiter
      return `the first rejection of ${limiter}${rule.plus > 0 ? ` and ${rule.plus} more` : ''}`
    }
  }
}

/**
 * The state of a phase's rules, as it grows with the phase; asked before every request, so what can
 * be known ahead is.
 */
export class StopCounter implements StopState {
  readonly rules: readonly StopRule[]
  /** When the first rule of time is met, from the start; Infinity without one. */
  readonly durationUs: Micros
  /** How many more requests the rules allow to be sent at once. */
  left = Number.POSITIVE_INFINITY
  sent = 0
  admitted = 0
  elapsedUs: Micros = 0
  promptTokens = 0
  completionTokens = 0
  readonly sentAtRejection = new Map<string, number>()

  readonly #hasSpent: boolean
  readonly #hasAdmitted: boolean

  constructor(rules: readonly StopRule[]) {
    this.rules = rules
    const spans = rules.flatMap((rule) => (rule.kind === 'duration' ? [rule.us] : []))
    this.durationUs = Math.min(...spans, Number.POSITIVE_INFINITY)
    this.#hasSpent = rules.some(({ kind }) => kind === 'spent')
    this.#hasAdmitted = rules.some(({ kind }) => kind === 'admitted')
    this.left = sendableCount(rules, this)
  }

  /** A request was sent. */
  countSent(): void {
    this.sent++
    this.left--
  }

  /** A request has ended. */
  ended(record: RequestRecord): void {
    if (this.#hasSpent) {
      this.promptTokens += record.promptTokens ?? 0
      this.completionTokens += record.completionTokens ?? 0
      this.left = sendableCount(this.rules, this)
    }
    if (record.outcome === 'limited') this.#limited(record.limiter)
    else if (record.outcome === 'ok' && this.#hasAdmitted) {
      this.admitted++
      this.left = sendableCount(this.rules, this)
    }
  }

  #limited(limiter: string | null): void {
    for (const name of ['*', limiter]) {
      if (name === null || this.sentAtRejection.has(name)) continue
      this.sentAtRejection.set(name, this.sent)
      this.left = sendableCount(this.rules, this)
    }
  }
}

function isMet(rule: StopRule, state: StopState): boolean {
  return rule.kind === 'duration' ? state.elapsedUs >= rule.us : leftOf(rule, state) <= 0
}

function leftOf(rule: StopRule, state: StopState): number {
  switch (rule.kind) {
    case 'requests':
      return rule.count - state.sent
    case 'duration':
      return Number.POSITIVE_INFINITY
    case 'rejected': {
      const sentBefore = state.sentAtRejection.get(rule.limiter)
      return sentBefore === undefined
        ? Number.POSITIVE_INFINITY
        : sentBefore + rule.plus - state.sent
    }
    case 'admitted':
      return state.admitted >= rule.count ? 0 : Number.POSITIVE_INFINITY
    case 'spent':
      return rule.amount > spent(rule.unit, state) ? Number.POSITIVE_INFINITY : 0
  }
}

function spent(unit: TokenUnit, state: StopState): number {
  switch (unit) {
    case 'tokens':
      return state.promptTokens + state.completionTokens
    case 'prompt-tokens':
      return state.promptTokens
    case 'completion-tokens':
      return state.completionTokens
  }
}
