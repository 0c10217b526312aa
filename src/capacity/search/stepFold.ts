// Folds the slices of one step into what a search sees of it.

import { type CountsCut, valueAt } from '../../core/latencyCounts.ts'
import type { Outcome } from '../../core/record.ts'
import type { Micros } from '../../core/units.ts'
import type { Measure, SeriesCut, SeriesNames, Slice } from '../../recording/slice.ts'
import type { Criterion, SecondCounts, StepObservation } from './observation.ts'

/** A criterion with what it counts. */
export interface CountedCriterion extends Criterion {
  /** Requests it is about: these outcomes, of this lane and shape where they are named. */
  readonly about: {
    readonly outcomes: readonly Outcome[] | 'all'
    readonly lane?: string
    readonly shape?: string
  }
  /** Those of them that break the promise: by outcome, or by taking longer. */
  readonly broken:
    | { readonly outcomes: readonly Outcome[] }
    | { readonly measure: Measure; readonly aboveUs: Micros }
}

const secondUs: Micros = 1e6

/** What a step was like; made when it begins. */
export class StepFold {
  readonly #criteria: readonly CountedCriterion[]
  readonly #measureUs: Micros
  readonly #counts: readonly { readonly bad: number[]; readonly all: number[] }[]
  readonly #responses = new Map<number, number>()
  readonly #limiters: Record<string, number> = {}
  #startUs: Micros | null = null
  #attempted = 0
  #ok = 0
  #servedUs = 0

  constructor(criteria: readonly CountedCriterion[], measureUs: Micros) {
    this.#criteria = criteria
    this.#measureUs = measureUs
    const seconds = Math.max(1, Math.ceil(measureUs / secondUs))
    const zeros = () => Array<number>(seconds).fill(0)
    this.#counts = criteria.map(() => ({ bad: zeros(), all: zeros() }))
  }

  add(slice: Slice): void {
    for (const { limiter, rejections } of slice.limiters) {
      this.#limiters[limiter] = (this.#limiters[limiter] ?? 0) + rejections
    }
    for (const cut of slice.series) {
      if (cut.stage === 'measure') this.#addSeries(cut, slice.startUs)
    }
  }

  /** What was seen; `rest` is what only the run as a whole knows. */
  observation(
    loadPerS: number,
    rest: Pick<StepObservation, 'generator' | 'generatorReasons' | 'end'>,
  ): StepObservation {
    const seconds = this.#measureUs / 1e6
    return {
      loadPerS,
      measureUs: this.#measureUs,
      counts: this.#counts satisfies readonly SecondCounts[],
      attempted: this.#attempted,
      goodputPerS: this.#ok / seconds,
      p50Us: this.#quantile(0.5),
      p99Us: this.#quantile(0.99),
      inFlightMean: this.#servedUs / this.#measureUs,
      limiters: this.#limiters,
      ...rest,
    }
  }

  #addSeries(cut: SeriesCut, sliceUs: Micros): void {
    this.#startUs ??= sliceUs
    this.#attempted += cut.count
    const { response } = cut.measures
    if (response !== undefined) this.#servedUs += sumOf(response)
    if (cut.names.outcome === 'ok') {
      this.#ok += cut.count
      if (response !== undefined) this.#addResponses(response)
    }
    // Answers that come after the last send belong to the last second of the step.
    const last = this.#counts[0]!.all.length - 1
    const second = Math.min(last, Math.floor((sliceUs - this.#startUs) / secondUs))
    for (const [c, criterion] of this.#criteria.entries()) {
      if (!isAbout(criterion, cut.names)) continue
      this.#counts[c]!.all[second]! += countIn(criterion, cut)
      this.#counts[c]!.bad[second]! += brokenIn(criterion, cut)
    }
  }

  #addResponses({ indices, counts }: CountsCut): void {
    for (const [i, index] of indices.entries()) {
      this.#responses.set(index, (this.#responses.get(index) ?? 0) + counts[i]!)
    }
  }

  #quantile(q: number): Micros | null {
    if (this.#ok === 0) return null
    let left = Math.ceil(q * this.#ok)
    for (const [index, count] of [...this.#responses].sort(([a], [b]) => a - b)) {
      left -= count
      if (left <= 0) return valueAt(index)
    }
    return null
  }
}

function isAbout({ about }: CountedCriterion, names: SeriesNames): boolean {
  return (
    (about.outcomes === 'all' || about.outcomes.includes(names.outcome)) &&
    (about.lane === undefined || about.lane === names.lane) &&
    (about.shape === undefined || about.shape === names.shape)
  )
}

/** Promises about a span count what has one: an answer that is no stream has no first token. */
function countIn({ broken }: CountedCriterion, cut: SeriesCut): number {
  return 'outcomes' in broken ? cut.count : (cut.measures[broken.measure]?.count ?? 0)
}

function brokenIn({ broken }: CountedCriterion, cut: SeriesCut): number {
  if ('outcomes' in broken) return broken.outcomes.includes(cut.names.outcome) ? cut.count : 0
  const counts = cut.measures[broken.measure]
  if (counts === undefined) return 0
  let above = 0
  for (const [i, index] of counts.indices.entries()) {
    if (valueAt(index) > broken.aboveUs) above += counts.counts[i]!
  }
  return above
}

function sumOf({ indices, counts }: CountsCut): number {
  let sum = 0
  for (const [i, index] of indices.entries()) sum += valueAt(index) * counts[i]!
  return sum
}
