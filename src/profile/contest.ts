// The classes that are in question for one limiter: fits them to what was observed, gives up those that
// are hopeless, searches all again before one is declared. Must not send.

import type { ProfiledAlgorithm } from '../core/profileDocument.ts'
import { randomStream } from '../core/random.ts'
import type { Micros } from '../core/units.ts'
import { chargedAfter, classes, type HypothesisClass } from './classes.ts'
import { featuresOf, type TraceFeatures } from './features.ts'
import { type Fit, type FitContext, fitClass, seedsOf } from './fit.ts'
import type { Parameters } from './parameters.ts'
import { fitted } from './pieces.ts'
import { posterior, spanError, type Weighed } from './posterior.ts'
import { givesAllAtOnce } from './probe.ts'
import type { TraceGroup } from './trace.ts'
import { Tried } from './tried.ts'
import { mismatches } from './worlds.ts'

const searchesMost = 3
/** Classes with so many more mismatches than the best are given up for good. */
const hopeless = 3
/** What counts as a whole limit, if it passes in one go. */
export const wholeShare = 0.85
/** What has more mismatches than this foretells nothing. */
const foretellingMost = 1
/** Nor does what has a span that may be off by this share of it: anything may have come back by then. */
const vagueLeast = 0.1
/** Of what a class held possible, so much has to be borne out. */
const foretoldShare = 0.2
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
  /** Classes that have foretold what came of a whole limit, and were not wrong since. */
  readonly #trusted = new Set<string>()
  /** What the leader held possible was not borne out: it may be looked for in the wrong place. */
  #isAstray = false

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
    const [leader] = this.standing
    return leader !== undefined && this.#trusted.has(leader.fit.of.id)
  }

  /**
   * So many units passed in one go: a class has foretold a whole limit when that agrees with much of what it
   * held possible before. One that takes any outcome for possible foretells nothing.
   */
  spent(before: readonly Weighed[], trace: readonly TraceGroup[], units: number): void {
    for (const { fit } of before) {
      const isLeader = fit === before[0]!.fit
      // What loses fractions excuses much: it has to be the most probable by then.
      if (fit.of.isLossy && !isLeader) continue
      if (units < wholeShare * fit.best.limit || spanError(fit) > vagueLeast) continue
      const isForetelling = fit.mismatches <= foretellingMost
      const isForetold = isForetelling && shareBorneOut(fit, trace) >= foretoldShare
      if (isForetold) this.#trusted.add(fit.of.id)
      else if (isLeader) this.#isAstray = true
    }
  }

  /** A probe was answered: what it has refuted has foretold nothing. */
  answered(before: readonly Weighed[]): void {
    for (const { fit } of before) {
      const after = this.#fits.get(fit.of.id)
      if (after === undefined || after.mismatches > fit.mismatches) this.#trusted.delete(fit.of.id)
    }
  }

  /** Fits all that are left to a trace; empty where its limiter was never fresh. */
  weigh(trace: readonly TraceGroup[]): readonly Weighed[] {
    const features = featuresOf(trace)
    if (features === null) return this.standing
    if (this.#isAstray) return this.searchAgain(trace, 1)
    this.#fitAll(this.#contextOf(trace, features))
    return this.standing
  }

  /** From where it stood before: what came since was no contest. */
  resume(weighed: readonly Weighed[]): void {
    this.#given.clear()
    this.#fits = new Map(weighed.map(({ fit }) => [fit.of.id, fit]))
  }

  /** Before something is declared, all classes get another chance. */
  searchAgain(trace: readonly TraceGroup[], times = searchesMost): readonly Weighed[] {
    const features = featuresOf(trace)!
    this.#isAstray = false
    this.#given.clear()
    for (let i = 0; i < times; i++) {
      this.#fitAll({ ...this.#contextOf(trace, features), isThorough: true })
      if ([...this.#fits.values()].some(({ mismatches }) => mismatches === 0)) break
    }
    return this.standing
  }

  /** Those of a kind are looked for from the first release on: one of them may only have been missed. */
  searchKind(algorithm: ProfiledAlgorithm, trace: readonly TraceGroup[]): readonly Weighed[] {
    const random = randomStream(this.#seed, `search ${this.#searches++}`)
    for (const of of this.#classes.filter((each) => each.algorithm === algorithm)) {
      const fit = fitted(of, { trace, random }, null)
      const known = this.#fits.get(of.id)
      if (fit === null || (known !== undefined && known.mismatches <= fit.mismatches)) continue
      this.#fits.set(of.id, fit)
      this.#given.delete(of.id)
    }
    return this.standing
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

  #kinOf(of: HypothesisClass): readonly Parameters[] {
    return [...this.#fits.values()]
      .filter((fit) => fit.of.id !== of.id && isKin(fit, of))
      .map(({ best }) => best)
  }
}

/** Of the same kind; and what gives all back at once does so a span after it began, whichever kind it is of. */
function isKin(fit: Fit, of: HypothesisClass): boolean {
  return fit.of.algorithm === of.algorithm || (givesAllAtOnce(fit.of) && givesAllAtOnce(of))
}

/** The share of what a fit held possible that explains what came since as well as all before. */
function shareBorneOut(
  { of, sample, mismatches: most }: Fit,
  trace: readonly TraceGroup[],
): number {
  const borneOut = sample.filter((at) => mismatches(of.model(at), trace, most) <= most)
  return borneOut.length / sample.length
}

function tryFit(of: HypothesisClass, context: FitContext, before: Fit | null): Fit | null {
  if (before === null && seedsOf(of, context).length === 0) return null
  return fitClass(of, context, before)
}
