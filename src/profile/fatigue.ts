// Which probes have told nothing lately: what was expected to tell much and did not is not asked again and
// again. Must not know what probes are made of.

import { spanError, spanErrorMost, type Weighed } from './posterior.ts'

/** The most that was ever known of a class. */
interface Closest {
  readonly doubt: number
  readonly spanError: number
  readonly limits: number
}

/** Of what was in doubt so much may be left, at most, for a probe to have told something. */
const doubtLeft = 0.9
const widthLeft = 0.85

export class Fatigue {
  readonly #times = new Map<string, number>()
  readonly #closest = new Map<string, Closest>()

  /** How often probes have told nothing since one told something, by their family. */
  get times(): ReadonlyMap<string, number> {
    return this.#times
  }

  /** Probes since one told something. */
  get inVain(): number {
    return [...this.#times.values()].reduce((sum, times) => sum + times, 0)
  }

  /** A probe was asked, after which this class leads. What is known wavers from fit to fit: only more than ever counts. */
  asked(family: string, { fit, odds }: Weighed): void {
    const now = { doubt: 1 - odds, spanError: spanError(fit), limits: limitsIn(fit.limit) }
    const closest = this.#closest.get(fit.of.id)
    if (closest === undefined || hasTold(closest, now)) this.#times.clear()
    else this.#times.set(family, (this.#times.get(family) ?? 0) + 1)
    this.#closest.set(fit.of.id, closest === undefined ? now : closer(closest, now))
  }
}

function hasTold(before: Closest, now: Closest): boolean {
  return (
    now.doubt < doubtLeft * before.doubt ||
    (before.spanError > spanErrorMost && now.spanError < widthLeft * before.spanError) ||
    now.limits < widthLeft * before.limits
  )
}

function closer(a: Closest, b: Closest): Closest {
  return {
    doubt: Math.min(a.doubt, b.doubt),
    spanError: Math.min(a.spanError, b.spanError),
    limits: Math.min(a.limits, b.limits),
  }
}

function limitsIn([low, high]: readonly [number, number]): number {
  return high - low + 1
}
