// The classes that are in question for one limiter: fits them to what was observed, gives up those that
// are hopeless, searches all again before one is declared. Must not send.

import { randomStream } from '../core/random.ts'
import type { Micros } from '../core/units.ts'
import { chargedAfter, classes, type HypothesisClass } from './classes.ts'
import { featuresOf, type TraceFeatures } from './features.ts'
import { type Fit, type FitContext, fitClass, seedsOf } from './fit.ts'
import type { Parameters } from './parameters.ts'
import { posterior, type Weighed } from './posterior.ts'
import type { TraceGroup } from './trace.ts'
import { Tried } from './tried.ts'

const searchesMost = 3
/** Classes with so many more mismatches than the best are given up for good. */
const hopeless = 3
/** A search that starts with so many more will not make up for it. */
const outOfQuestion = 12

/** What may be in question. */
export interface Candidates {
  /** So little is seen behind others that a limiter with losses would explain nearly anything. */
  readonly mayBeLossy: boolean
  readonly mayChargeAfter: boolean
  /** When it began to be looked for; what came before was sent for others. */
  readonly sinceUs: Micros
  readonly seed: number
}

export class Contest {
  readonly #classes: readonly HypothesisClass[]
  readonly #seed: number
  readonly #sinceUs: Micros
  #searches = 0
  #fits = new Map<string, Fit>()
  readonly #tried = new Map<string, Tried>()
  #given = new Set<string>()
  #leaderId: string | null = null
  #hasForetold = false

  constructor({ mayBeLossy, mayChargeAfter, sinceUs, seed }: Candidates) {
    const likely = mayBeLossy ? classes : classes.filter(({ isLossy }) => !isLossy)
    this.#classes = mayChargeAfter ? [...likely, ...likely.map(chargedAfter)] : likely
    this.#seed = seed
    this.#sinceUs = sinceUs
  }

  get hasBegun(): boolean {
    return this.#fits.size > 0
  }

  /** The classes that are left, the most probable first, as of the latest fit. */
  get standing(): readonly Weighed[] {
    return posterior([...this.#fits.values()])
  }

  /** Whether the leader has foretold what came of a whole limit. */
  get hasForetold(): boolean {
    return this.#hasForetold
  }

  /** It did, or it was wrong about it. */
  foretold(isTrue: boolean): void {
    this.#hasForetold = isTrue
  }

  /** Fits all that are left to a trace; empty where its limiter was never fresh. */
  weigh(trace: readonly TraceGroup[]): readonly Weighed[] {
    const features = featuresOf(trace)
    if (features === null) return this.standing
    this.#fitAll(this.#contextOf(trace, features))
    return this.#led()
  }

  /** From where it stood before: what came since was no contest. */
  resume(weighed: readonly Weighed[]): void {
    this.#given.clear()
    this.#fits = new Map(weighed.map(({ fit }) => [fit.of.id, fit]))
  }

  /** Before something is declared, all classes get another chance. */
  searchAgain(trace: readonly TraceGroup[]): readonly Weighed[] {
    const features = featuresOf(trace)!
    this.#given.clear()
    for (let i = 0; i < searchesMost; i++) {
      this.#fitAll({ ...this.#contextOf(trace, features), isThorough: true })
      if ([...this.#fits.values()].some(({ mismatches }) => mismatches === 0)) break
    }
    return this.#led()
  }

  // What one class has foretold says nothing for another.
  #led(): readonly Weighed[] {
    const { standing } = this
    const { id } = standing[0]!.fit.of
    if (id !== this.#leaderId) this.#hasForetold = false
    this.#leaderId = id
    return standing
  }

  // Every search looks elsewhere.
  #contextOf(trace: readonly TraceGroup[], features: TraceFeatures): FitContext {
    const random = randomStream(this.#seed, `search ${this.#searches++}`)
    const { leastCost } = features
    const limitStep = leastCost > 1 ? leastCost / 2 : 1
    return { trace, features, latest: this.#latest(trace), random, limitStep }
  }

  #latest(trace: readonly TraceGroup[]): TraceFeatures | null {
    const from = trace.findIndex(({ fromUs }) => fromUs >= this.#sinceUs)
    return from <= 0 ? null : featuresOf(trace.slice(from))
  }

  #fitAll(context: FitContext): void {
    for (const each of this.#classes) {
      if (this.#given.has(each.id)) continue
      const mismatchesMost = this.#leastMismatches + outOfQuestion
      const before = this.#fits.get(each.id) ?? null
      const kin = this.#kinOf(each)
      const tried = this.#triedOf(each)
      const fitted = tryFit(each, { ...context, tried, mismatchesMost, kin }, before)
      if (fitted !== null) this.#fits.set(each.id, fitted)
    }
    const least = this.#leastMismatches
    for (const [id, { mismatches }] of this.#fits) {
      if (mismatches < least + hopeless) continue
      this.#fits.delete(id)
      this.#given.add(id)
    }
  }

  #triedOf({ id }: HypothesisClass): Tried {
    const tried = this.#tried.get(id) ?? new Tried()
    this.#tried.set(id, tried)
    return tried
  }

  get #leastMismatches(): number {
    return Math.min(...[...this.#fits.values()].map(({ mismatches }) => mismatches))
  }

  #kinOf({ id, algorithm }: HypothesisClass): readonly Parameters[] {
    return [...this.#fits.values()]
      .filter(({ of }) => of.algorithm === algorithm && of.id !== id)
      .map(({ best }) => best)
  }
}

function tryFit(of: HypothesisClass, context: FitContext, before: Fit | null): Fit | null {
  if (before === null && seedsOf(of, context).length === 0) return null
  return fitClass(of, context, before)
}
