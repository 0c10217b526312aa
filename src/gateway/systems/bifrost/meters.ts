// Budgets and rate limits of Bifrost's virtual keys, teams, customers and providers: each has
// counters of its own, which the chains of all that it stands above share.

import {
  type LimiterModel,
  type LimitUnit,
  type NamedLimiter,
  windowUsOf,
} from '../../../core/limits.ts'
import type { Micros } from '../../../core/units.ts'
import { durationUsOf } from '../../../dialects/reset.ts'
import type { Counters, LimiterChain } from '../../../limiters/chain.ts'
import { limiter } from '../../../limiters/models.ts'
import type { House } from '../../system.ts'
import type { BifrostKnobs } from './knobs.ts'

/** Whose budget or rate limit it is. */
export type Level = 'Provider' | 'VK' | 'Team' | 'Customer'

/** What was asked for in a request to the API. */
export interface MeterInput {
  readonly unit: Extract<LimitUnit, 'requests' | 'tokens' | 'usd'>
  readonly maxLimit: number
  /** '1m', '1h', '1M' (a month). */
  readonly resetDuration: string
}

/** One limit with its use. */
export class Meter {
  readonly level: Level
  readonly input: MeterInput
  readonly #house: House
  readonly #knobs: BifrostKnobs
  readonly #own: LimiterChain
  readonly #counter: Counters
  #createdUs: Micros

  /** `before` passes on what has been used so far. */
  constructor(
    { house, knobs }: { house: House; knobs: BifrostKnobs },
    level: Level,
    input: MeterInput,
    before?: Meter,
  ) {
    this.#house = house
    this.#knobs = knobs
    this.level = level
    this.input = input
    this.#counter = before === undefined ? new Map() : before.#counter
    this.#createdUs = before === undefined ? house.clock.nowUs() : before.#createdUs
    this.#own = house.chain([this.limiter], { counters: this.#counter })
  }

  get limiter(): NamedLimiter {
    const { unit } = this.input
    return { name: nameOf(this.level, unit), model: this.#model() }
  }

  /** Its counters, for a chain that has its limiter. */
  get counters(): Counters {
    return this.#counter
  }

  /** What has been used of it, in the unit that its limit was given in. */
  get used(): number {
    const nowUs = this.#house.clock.nowUs()
    const { limiter: own, remaining } = this.#own.left({}, nowUs)[0]!
    const { algorithm } = own.model
    const used = ('limit' in algorithm ? algorithm.limit : 0) - remaining
    return this.input.unit === 'usd' ? used / this.#unitUsd : Math.round(used)
  }

  /** When its window began: when it was made, or when it was first used after its last reset. */
  get lastReset(): string {
    const nowUs = this.#house.clock.nowUs()
    const { limiter: own, resetUs } = this.#own.left({}, nowUs)[0]!
    const windowUs = windowUsOf(own.model.algorithm) ?? 0
    const startUs = resetUs > 0 ? nowUs + resetUs - windowUs : this.#createdUs
    return new Date(Math.max(startUs, this.#createdUs) / 1000).toISOString()
  }

  reset(): void {
    for (const { states } of this.#counter.values()) states.clear()
    this.#createdUs = this.#house.clock.nowUs()
  }

  get #unitUsd(): number {
    return this.#knobs.BUDGET_UNIT === 'cents' ? 0.01 : 1
  }

  #model(): LimiterModel {
    const { unit, maxLimit, resetDuration } = this.input
    const { COUNTING, RESET_TICKER, BUDGET_DENIES } = this.#knobs
    const windowUs = durationUsOf(resetDuration)!
    const window = { windowUs, anchor: 'first-request' } as const
    if (unit === 'usd') {
      const usd = maxLimit * this.#unitUsd
      // A budget that is spent to the last cent denies, or does not yet.
      const limit = BUDGET_DENIES === 'above' ? usd : usd * (1 - Number.EPSILON)
      return limiter({ kind: 'budget', limit, ...window }, { unit, charge: 'post', scope: [] })
    }
    const charge = unit === 'requests' && COUNTING === 'reserve' ? 'pre' : 'post'
    return limiter(
      {
        kind: 'fixed-window',
        limit: maxLimit,
        ...window,
        extendedByRejected: false,
        ...(RESET_TICKER > 0 && { sweepUs: RESET_TICKER }),
      },
      { unit, charge, scope: [] },
    )
  }
}

/** The limits of a virtual key itself go by their units. */
function nameOf(level: Level, unit: LimitUnit): string {
  return level === 'VK' ? unit : `${level} ${unit}`
}
