// Finds the parameters of a class that agree best with a trace, and how far they may be from that:
// a sample of its version space. Must not know which class is right.

import type { Interval } from '../core/profileDocument.ts'
import { type RandomStream, uniformAt } from '../core/random.ts'
import { type HypothesisClass, periodUs } from './classes.ts'
import type { TraceFeatures } from './features.ts'
import { misfits } from './following.ts'
import type { Parameters } from './parameters.ts'
import type { TraceGroup } from './trace.ts'
import { Tried } from './tried.ts'
import { mismatches } from './worlds.ts'

/** A class fitted to a trace. */
export interface Fit {
  readonly of: HypothesisClass
  readonly best: Parameters
  /** Observations that the best parameters cannot explain. */
  readonly mismatches: number
  /** Answers that the plainest of the sample explains by a coincidence: a request arrived just when it had to. */
  readonly coincidences: number
  /** Parameters that agree as well as the best, spread over all that do. */
  readonly sample: readonly Parameters[]
  readonly limit: Interval
  readonly spanUs: Interval
  readonly phaseUs: Interval
}

/** A class with parameters that are known exactly. */
export function exactFit(of: HypothesisClass, best: Parameters): Fit {
  const { limit, spanUs, phaseUs } = best
  return {
    of,
    best,
    mismatches: 0,
    coincidences: 0,
    sample: [best],
    limit: [limit, limit],
    spanUs: [spanUs, spanUs],
    phaseUs: [phaseUs, phaseUs],
  }
}

export interface FitContext {
  /** By how much limits are varied: the cost of the cheapest request. Default 1. */
  readonly limitStep?: number
  /** With more mismatches than this a class is out of question: no use in looking closer. */
  readonly mismatchesMost?: number
  /** Search from many more places: what was found leaves something unexplained. */
  readonly isThorough?: boolean
  /** What fits classes of the same kind best. */
  readonly kin?: readonly Parameters[]
  readonly trace: readonly TraceGroup[]
  /** What former searches for this class know. Default nothing. */
  readonly tried?: Tried
  readonly features: TraceFeatures
  /** Of what came since it was looked for, where there was more before. */
  readonly latest?: TraceFeatures | null
  readonly random: RandomStream
}

const sampleSize = 10
/** What leaves more open than this is not looked at as closely. */
const explainedMost = 1
/** Two counts of mismatches differ by more, or not at all: counting ends with what is more than was asked for. */
const lessLeast = 0.1
/** A limit of tokens is known to this power of a half of a request's cost: to less than one. */
const limitEndSteps = 12
const refinedSeeds = 4
const refinedSeedsThorough = 16
const strollSteps = 200

/** Fits a class, from where it stood before or from its seeds. */
export function fitClass(of: HypothesisClass, context: FitContext, before: Fit | null): Fit {
  const search = new Search(of, context)
  for (const parameters of before?.sample ?? []) search.try(parameters)
  const isWorse = before === null || search.least > before.mismatches
  if (before !== null && isWorse)
    for (const parameters of spansAcross(before)) search.try(parameters)
  if (isWorse || of.hasAliases || context.isThorough) {
    for (const parameters of seedsOf(of, context)) search.try(parameters)
    const near = (context.kin ?? []).flatMap((at) => around(at, context.features.mostCost))
    for (const parameters of near) search.try(parameters)
    if (search.least > (context.mismatchesMost ?? Number.POSITIVE_INFINITY)) return search.outline()
    search.refine()
  }
  return search.explore()
}

/** Places in the interval of what agreed before: more than a sample, which misses what is left of it. */
const placesAcross = 40

/** All spans that agreed, evenly; with a phase, what agreed is no interval. */
export function spansAcross({ of, best, spanUs: [low, high] }: Fit): readonly Parameters[] {
  if (of.free.length > 1) return []
  return Array.from({ length: placesAcross + 1 }, (_, i) => ({
    ...best,
    spanUs: low + ((high - low) * i) / placesAcross,
  }))
}

/** Where to look for the parameters of a class. */
export function seedsOf(of: HypothesisClass, { features, latest }: FitContext): Parameters[] {
  const both = latest === undefined || latest === null ? [features] : [features, latest]
  return both.flatMap((each) => of.seeds(each))
}

/**
 * What one kind explains with a unit more, its kin may with a boundary that much earlier or later; and
 * with a part of a request more, one that charges after the response.
 */
function around(at: Parameters, mostCost: number): Parameters[] {
  const unitUs = at.spanUs / at.limit
  const shares = mostCost === 1 ? [-1, 0, 1] : [-0.9, -0.6, -0.3, 0, 0.3, 0.6, 0.9]
  return shares.flatMap((share) =>
    [-1, -0.5, 0, 0.5, 1].map((shift) => ({
      ...at,
      limit: at.limit + share * mostCost,
      phaseUs: at.phaseUs + shift * unitUs,
    })),
  )
}

class Search {
  readonly #of: HypothesisClass
  readonly #context: FitContext
  readonly #tried: Tried
  #draws = 0
  least = Number.POSITIVE_INFINITY
  #found: { parameters: Parameters; count: number }[] = []

  constructor(of: HypothesisClass, context: FitContext) {
    this.#of = of
    this.#context = context
    this.#tried = context.tried ?? new Tried()
    this.#tried.turnTo(context.trace)
  }

  try(parameters: Parameters): number {
    if (!isPossible(parameters)) return Number.POSITIVE_INFINITY
    const count = this.#tried.mismatches(this.#of.model(parameters), this.least + 1)
    if (count > this.least + 1) return count
    this.least = Math.min(this.least, count)
    this.#found.push({ parameters, count })
    return count
  }

  /** Walks downhill from the best seeds, in ever smaller steps. */
  refine(): void {
    if (this.least === 0) return
    const seeds = this.#context.isThorough ? refinedSeedsThorough : refinedSeeds
    for (const { parameters } of this.#near(seeds)) this.try(this.#descend(parameters))
    if (this.#of.free.length > 1 && this.least > 0) {
      const strolls = this.#context.isThorough ? 4 : 1
      for (const { parameters } of this.#near(strolls)) this.try(this.#stroll(parameters))
    }
  }

  // Span and phase go together in ways that differ from trace to trace: no fixed set of directions
  // leads downhill, random ones of all proportions do.
  #stroll(start: Parameters): Parameters {
    let at = start
    let count = this.#count(at, Number.POSITIVE_INFINITY)
    for (let i = 0; i < strollSteps && count > 0; i++) {
      const scale = 0.1 * 0.001 ** this.#draw()
      const tilt = 30 ** (2 * this.#draw() - 1)
      const direction = { spanUs: this.#sign() / tilt, phaseUs: this.#sign() * tilt }
      const moved = this.#moved(at, direction, scale)
      const by = this.#draw() < 0.2 ? this.#sign() * this.#limitStep : 0
      const next = { ...moved, limit: Math.max(1, moved.limit + by) }
      const found = this.#count(next, count)
      if (found > count) continue
      at = next
      count = found
    }
    return at
  }

  /** The best so far, without a closer look. */
  outline(): Fit {
    const { parameters } = this.#near(1)[0]!
    return this.#fitOf(parameters, [parameters])
  }

  /** Spreads over everything that agrees as well as the best. */
  explore(): Fit {
    const [first] = this.#best(1)
    const start = first!.parameters
    let sample = this.#best(sampleSize).map(({ parameters }) => parameters)
    sample = this.#centred(sample)
    const known = sample.length
    for (let i = 0; sample.length < sampleSize && i < 2 * sampleSize; i++) {
      sample.push(this.#wander(sample[i % sample.length]!))
    }
    for (let i = 0; i < Math.min(known, 4); i++) sample[i] = this.#wander(sample[i]!)
    if (this.least > explainedMost) return this.#fitOf(start, sample)
    if (this.#limitStep === 1) sample.push(...this.#otherLimits(sample))
    else sample.push(...sample.slice(0, 3).flatMap((each) => this.#limitEnds(each)))
    const ends = [...sample, ...sample.slice(0, 2).flatMap((each) => this.#ends(each))]
    return this.#fitOf(start, sample, ends)
  }

  #fitOf(start: Parameters, sample: readonly Parameters[], ends = sample): Fit {
    return {
      of: this.#of,
      best: this.#middle(sample) ?? start,
      mismatches: this.least,
      coincidences: this.#coincidences(sample),
      sample,
      limit: extent(ends, 'limit'),
      spanUs: extent(ends, 'spanUs'),
      phaseUs: extent(ends, 'phaseUs'),
    }
  }

  // What explains little is given up for that alone.
  #coincidences(sample: readonly Parameters[]): number {
    if (this.least > explainedMost) return 0
    const { trace } = this.#context
    return Math.min(...sample.map((at) => misfits(this.#of.model(at), trace)))
  }

  #count(parameters: Parameters, most: number): number {
    return mismatches(this.#of.model(parameters), this.#context.trace, most)
  }

  #agrees(parameters: Parameters): boolean {
    return isPossible(parameters) && this.#count(parameters, this.least) <= this.least
  }

  #best(count: number) {
    const least = this.least
    this.#found = this.#found.filter((each) => each.count <= least + 1)
    const sorted = [...this.#found].sort((a, b) => a.count - b.count)
    const equal = sorted.filter((each) => each.count === least)
    if (equal.length <= count) return sorted.slice(0, Math.max(equal.length, 1))
    const stride = equal.length / count
    return Array.from({ length: count }, (_, i) => equal[Math.floor(i * stride)]!)
  }

  /** The best of what was tried, whatever they leave unexplained. */
  #near(count: number) {
    return [...this.#found].sort((a, b) => a.count - b.count).slice(0, count)
  }

  #descend(start: Parameters): Parameters {
    let at = start
    let count = this.#count(at, Number.POSITIVE_INFINITY)
    for (const scale of [0.15, 0.05, 0.017, 0.006, 0.002, 0.0007]) {
      for (let turn = 0; turn < 3 && count > 0; turn++) {
        const before = count
        for (const next of this.#neighbours(at, scale)) {
          const found = this.#count(next, count - lessLeast)
          if (found > count - lessLeast) continue
          at = next
          count = found
        }
        if (count === before) break
      }
    }
    return at
  }

  #neighbours(at: Parameters, scale: number): Parameters[] {
    const moved = this.#of.free.flatMap((name) =>
      [-1, 1].map((sign) => this.#moved(at, { [name]: sign }, scale)),
    )
    const limits = [-this.#limitStep, this.#limitStep]
      .map((by) => ({ ...at, limit: at.limit + by }))
      .filter(isPossible)
    const steps = this.#of.hasStep ? otherSteps(at).filter(isPossible) : []
    return [...moved, ...limits, ...steps]
  }

  /** `at`, moved by a share of its span, or of its period where it is a phase. */
  #moved(at: Parameters, direction: { spanUs?: number; phaseUs?: number }, by: number): Parameters {
    const { spanUs = 0, phaseUs = 0 } = direction
    return {
      ...at,
      spanUs: at.spanUs * Math.exp(spanUs * by),
      phaseUs: at.phaseUs + phaseUs * by * periodUs(this.#of, at),
    }
  }

  /** A random place on a random line through `at`, among those that agree. */
  #wander(at: Parameters): Parameters {
    const free = this.#of.free
    const angle = free.length === 1 ? 0 : 2 * Math.PI * this.#draw()
    const direction = { spanUs: Math.cos(angle), phaseUs: free.length === 1 ? 0 : Math.sin(angle) }
    const up = this.#reach(at, direction, 1)
    const down = this.#reach(at, direction, -1)
    const to = this.#moved(at, direction, -down + (up + down) * this.#draw())
    return this.#agrees(to) ? to : at
  }

  /** How far one may go from `at` before something disagrees. */
  #reach(at: Parameters, direction: { spanUs?: number; phaseUs?: number }, sign: number): number {
    let inside = 0
    let outside = 1e-4
    while (outside < 0.5 && this.#agrees(this.#moved(at, direction, sign * outside))) {
      inside = outside
      outside *= 3
    }
    for (let i = 0; i < 5; i++) {
      const middle = (inside + outside) / 2
      if (this.#agrees(this.#moved(at, direction, sign * middle))) inside = middle
      else outside = middle
    }
    return inside
  }

  #ends(at: Parameters): Parameters[] {
    return this.#of.free.flatMap((name) =>
      [-1, 1].map((sign) =>
        this.#moved(at, { [name]: 1 }, sign * this.#reach(at, { [name]: 1 }, sign)),
      ),
    )
  }

  /** Other limits that agree as well, perhaps with another span: what one admits, the other lets flow. */
  #otherLimits(sample: readonly Parameters[]): Parameters[] {
    const limits = new Set(sample.map(({ limit }) => limit))
    // What came back during the first burst may have been taken for part of the limit.
    const steps = new Set([this.#limitStep, ...sample.slice(0, 3).map(({ step }) => step)])
    const near = [...steps].flatMap((step) =>
      [...limits].flatMap((limit) => [limit - step, limit + step]),
    )
    const others = new Set(near.filter((limit) => limit > 0 && !limits.has(limit)))
    return [...others].flatMap((limit) => {
      const start = this.#bestOf(sample.slice(0, 3), limit)
      const found = this.#descend(start)
      return this.#agrees(found) ? [found, this.#wander(found)] : []
    })
  }

  /** The lowest and the highest limit that agree, all else as it is. */
  #limitEnds(at: Parameters): Parameters[] {
    return [-1, 1].map((sign) => {
      let inside = 0
      let outside = this.#context.features.mostCost
      for (let i = 0; i < limitEndSteps; i++) {
        const middle = (inside + outside) / 2
        if (this.#agrees({ ...at, limit: at.limit + sign * middle })) inside = middle
        else outside = middle
      }
      return { ...at, limit: at.limit + sign * inside }
    })
  }

  get #limitStep(): number {
    return this.#context.limitStep ?? 1
  }

  #bestOf(sample: readonly Parameters[], limit: number): Parameters {
    const shifts = this.#of.free.includes('phaseUs') ? [-1, 0, 1] : [0]
    const starts = sample.flatMap((at) =>
      // At the same pace, too: units come back one by one from many.
      [0.95, 0.98, 0.99, 1, limit / at.limit, 1.01, 1.02, 1.05].flatMap((by) =>
        shifts.map((shift) => ({
          ...at,
          limit,
          spanUs: at.spanUs * by,
          phaseUs: at.phaseUs + (shift * periodUs(this.#of, at)) / limit,
        })),
      ),
    )
    let least = Number.POSITIVE_INFINITY
    let best = starts[0]!
    for (const start of starts) {
      const count = this.#count(start, least - lessLeast)
      if (count > least - lessLeast) continue
      least = count
      best = start
    }
    return best
  }

  #centred(sample: readonly Parameters[]): Parameters[] {
    return sample.filter((each) => this.#count(each, this.least) <= this.least)
  }

  #middle(sample: readonly Parameters[]): Parameters | undefined {
    const [low, high] = extent(sample, 'spanUs')
    const middle = (low + high) / 2
    return [...sample].sort((a, b) => Math.abs(a.spanUs - middle) - Math.abs(b.spanUs - middle))[0]
  }

  #sign(): number {
    return this.#draw() < 0.5 ? -1 : 1
  }

  #draw(): number {
    return uniformAt(this.#context.random, this.#draws++)
  }
}

/** A unit more or less at once, at the same rate and at the same beat. */
function otherSteps(at: Parameters): readonly Parameters[] {
  return [-1, 1].flatMap((by) => {
    const step = at.step + by
    return [
      { ...at, step },
      { ...at, step, spanUs: (at.spanUs * at.step) / step },
    ]
  })
}

/** A bucket that is refilled as a whole is a fixed window on a clock. */
const stepShareMost = 0.9

function isPossible({ limit, step }: Parameters): boolean {
  return limit > 0 && step > 0 && (step === 1 || step <= stepShareMost * limit)
}

function extent(sample: readonly Parameters[], name: keyof Parameters): Interval {
  const values = sample.map((each) => each[name])
  return [Math.min(...values), Math.max(...values)]
}
