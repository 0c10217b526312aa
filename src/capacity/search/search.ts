// The search for the highest load that keeps every promise, as a generator of moves: it says what to
// offer next and is told what was seen. The same answers give the same moves, so that a search can be
// resumed from its steps.
//
//   bracket ×2 → bisect (pass, fail, extend) → refine beside the pooled estimate → confirm twice
//           → overload → the same load once more, from above

import type { Micros } from '../../core/units.ts'
import { type Crossing, crossingOf } from './crossing.ts'
import type { Criterion, StepObservation } from './observation.ts'
import { type StepVerdict, stepVerdict, worstVerdict } from './stepVerdict.ts'

export type MoveKind = 'bracket' | 'bisect' | 'refine' | 'confirm' | 'overload' | 'from-above'

/** What to offer next. */
export interface Move {
  readonly kind: MoveKind
  readonly loadPerS: number
  readonly measureUs: Micros
  /** Wait for clean windows before; not when a load is approached from above. */
  readonly coolsDown: boolean
}

/** A step that was made. */
export interface Step {
  readonly move: Move
  readonly observation: StepObservation
  /** On all that is known of this load; 'invalid': the generator was not fit for it. */
  readonly verdict: StepVerdict | 'invalid'
}

export interface SearchOptions {
  readonly criteria: readonly Criterion[]
  readonly startPerS: number
  /** Loads are never above. */
  readonly maxPerS: number
  readonly stepUs: Micros
  /** Time on one load until doubt is left standing. */
  readonly stepUsMax: Micros
  /** Relative half-width of the interval at which the search is content. */
  readonly tolerance: number
  readonly stepsMax: number
  readonly blockSeconds: number
  readonly seed: number
}

/** From one load of the grid to the next; whole powers of it are two. */
const gridFactor = 2 ** (1 / 16)

/** Halvings of the first load until nothing is expected of lower ones. */
const halvings = 6
const confirmationsMax = 3
const triesMax = 2
/** How far above the refuted load a target is overloaded before it is approached from above. */
const overloadFactor = 1.3

/** A search under way: its steps so far, and what they say together. */
export class Search {
  readonly options: SearchOptions
  readonly steps: Step[] = []
  isConfirmed = false
  /** Whether the certified load failed after an overload; null: not tried. */
  hasHysteresis: boolean | null = null
  #isOver = false

  constructor(options: SearchOptions) {
    this.options = options
  }

  /** The moves of the search; each is answered with what was seen. */
  *moves(): Generator<Move, void, StepObservation> {
    const bracket = yield* this.#bracket()
    if (bracket === null || this.#isOver) return
    yield* this.#bisect(bracket)
    yield* this.#refine()
    const certified = yield* this.#confirm()
    if (certified !== null && !this.#isOver) yield* this.#fromAbove(certified)
  }

  /** Where each criterion crosses its budget, on all steps so far but those from above. */
  crossings(): Crossing[] {
    const { criteria, blockSeconds, seed } = this.options
    const steps = this.steps.filter(isFit)
    return criteria.map(({ budget }, c) => {
      const loads = steps.map(({ observation }) => {
        return { loadPerS: observation.loadPerS, ...observation.counts[c]! }
      })
      if (loads.length === 0) return { low: 0, estimate: 0, high: Number.POSITIVE_INFINITY }
      return crossingOf(loads, budget, { blockSeconds, seed: seed + c })
    })
  }

  /** The load at which the first promise is broken. */
  crossing(): Crossing {
    const all = this.crossings()
    const least = (of: keyof Crossing) => Math.min(...all.map((crossing) => crossing[of]))
    return { low: least('low'), estimate: least('estimate'), high: least('high') }
  }

  /** From this load on the generator was never fit; null: it was for all. */
  get generatorPerS(): number | null {
    const loadOf = ({ move }: Step) => move.loadPerS
    const fit = Math.max(0, ...this.steps.filter((s) => s.verdict !== 'invalid').map(loadOf))
    const unfit = this.steps.filter((s) => s.verdict === 'invalid').map(loadOf)
    const above = unfit.filter((load) => load > fit)
    return above.length === 0 ? null : Math.min(...above)
  }

  get #canGoOn(): boolean {
    return !this.#isOver && this.steps.length < this.options.stepsMax
  }

  /** Doubles from the first load until one fails, or halves until one passes. */
  *#bracket(): Generator<Move, { low: number; high: number } | null, StepObservation> {
    const { startPerS, maxPerS } = this.options
    let low = 0
    let high: number | null = null
    for (let load = Math.min(startPerS, maxPerS); high === null && this.#canGoOn; load *= 2) {
      const capped = Math.min(load, maxPerS)
      const verdict = yield* this.#offer('bracket', capped)
      // A bracket may rest on what is likely: the pooled fit has the last word.
      if (verdict === 'pass' || (verdict === 'extend' && this.#isLikely(capped))) low = capped
      if (verdict === 'fail' || verdict === 'invalid') high = capped
      if (capped === maxPerS) break
    }
    if (high === null) return null
    for (let i = 1; low === 0 && i <= halvings && this.#canGoOn; i++) {
      const load = startPerS / 2 ** i
      const verdict = yield* this.#settle('bracket', load)
      if (verdict === 'pass') low = load
      if (verdict === 'fail') high = load
      if (verdict === 'extend') return { low: load / 2, high }
    }
    return low === 0 ? null : { low, high }
  }

  /** Halves the bracket until it is one step of the grid, or a load stays in doubt. */
  *#bisect(bracket: { low: number; high: number }): Generator<Move, void, StepObservation> {
    let low = this.#gridIndex(bracket.low)
    let high = this.#gridIndex(bracket.high)
    while (this.#canGoOn && high - low > 1) {
      const middle = (low + high) >> 1
      const verdict = yield* this.#settle('bisect', this.#gridLoad(middle))
      if (verdict === 'pass') low = middle
      else if (verdict === 'extend') return
      else high = middle
    }
  }

  /**
   * Offers the loads of the grid beside the pooled estimate, the less known first, until the interval
   * is narrow.
   */
  *#refine(): Generator<Move, void, StepObservation> {
    const { tolerance, stepUsMax } = this.options
    while (this.#canGoOn) {
      const { low, estimate, high } = this.crossing()
      if (estimate === 0 || !Number.isFinite(estimate)) return
      const at = this.#gridPosition(estimate)
      const beside = [Math.floor(at), Math.ceil(at)].map((index) => this.#gridLoad(index))
      const [first, final] = beside.map((load) => this.#measuredUs(load)) as [number, number]
      const isKnown = Math.min(first, final) >= stepUsMax
      const isBounded = low > 0 && Number.isFinite(high)
      if (isKnown && isBounded && halfWidth(low, high) <= tolerance) return
      yield* this.#offer('refine', beside[first <= final ? 0 : 1]!, stepUsMax)
    }
  }

  /** Time that was spent on a load. */
  #measuredUs(loadPerS: number): Micros {
    const own = this.steps.filter((step) => isFit(step) && step.move.loadPerS === loadPerS)
    return own.reduce((sum, { move }) => sum + move.measureUs, 0)
  }

  // Loads are on a logarithmic grid, so that steps of one load add up: a fit through many loads that
  // hardly differ would follow their noise.

  #gridPosition(perS: number): number {
    return Math.log(perS / this.options.startPerS) / Math.log(gridFactor)
  }

  #gridIndex(perS: number): number {
    return Math.round(this.#gridPosition(perS))
  }

  #gridLoad(index: number): number {
    return rounded(this.options.startPerS * gridFactor ** index)
  }

  /** Offers the lower bound twice; when it fails, the bound it has with that, and so on. */
  *#confirm(): Generator<Move, number | null, StepObservation> {
    const { stepUsMax } = this.options
    for (let i = 0; i < confirmationsMax && !this.#isOver; i++) {
      const { low } = this.crossing()
      if (low === 0 || !Number.isFinite(low)) return null
      const load = roundedDown(low)
      const first = yield* this.#offer('confirm', load, stepUsMax)
      if (first === 'fail' || first === 'invalid' || this.#isOver) continue
      const final = yield* this.#offer('confirm', load, stepUsMax)
      if (final === 'fail' || final === 'invalid' || this.#isOver) continue
      this.isConfirmed = this.#isLikely(load)
      if (this.isConfirmed) return load
    }
    return null
  }

  /** Hysteresis: a target may keep a promise on the way up and break it on the way down. */
  *#fromAbove(load: number): Generator<Move, void, StepObservation> {
    const { maxPerS, stepUsMax } = this.options
    const { high } = this.crossing()
    const overload = rounded(Math.min(maxPerS, high * overloadFactor))
    if (!Number.isFinite(high) || overload <= load) return
    yield* this.#offer('overload', overload)
    if (this.#isOver) return
    const verdict = yield* this.#offer('from-above', load, stepUsMax)
    if (!this.#isOver && verdict !== 'invalid') this.hasHysteresis = verdict === 'fail'
  }

  /** One load, for longer and longer until it is decided or has had its time. */
  *#settle(kind: MoveKind, loadPerS: number): Generator<Move, Step['verdict'], StepObservation> {
    const { stepUs, stepUsMax } = this.options
    for (let spentUs = 0, us = stepUs; ; us = spentUs) {
      const verdict = yield* this.#offer(kind, loadPerS, Math.min(us, stepUsMax - spentUs))
      spentUs += us
      if (verdict !== 'extend' || spentUs >= stepUsMax || !this.#canGoOn) return verdict
    }
  }

  /** One step; once more when the generator was not fit: a stall of the machine is no ceiling. */
  *#offer(
    kind: MoveKind,
    loadPerS: number,
    measureUs = this.options.stepUs,
  ): Generator<Move, Step['verdict'], StepObservation> {
    const move: Move = { kind, loadPerS, measureUs, coolsDown: kind !== 'from-above' }
    let verdict: Step['verdict'] = 'invalid'
    for (let i = 0; i < triesMax && verdict === 'invalid' && !this.#isOver; i++) {
      const observation = yield move
      verdict = this.#judge(move, observation)
      this.steps.push({ move, observation, verdict })
      if (observation.end !== 'completed') this.#isOver = true
    }
    return verdict
  }

  /** Whether a load keeps every promise by what was seen at it, doubts aside. */
  #isLikely(loadPerS: number): boolean {
    const own = this.steps.filter((step) => isFit(step) && step.move.loadPerS === loadPerS)
    return this.options.criteria.every(({ budget }, c) => {
      const total = (of: 'bad' | 'all') =>
        own.reduce((sum, { observation }) => sum + sumOf(observation.counts[c]![of]), 0)
      return total('bad') <= budget * total('all')
    })
  }

  /** The verdict on a load by everything that was seen at it; from above, by that alone. */
  #judge({ kind, loadPerS }: Move, observation: StepObservation): Step['verdict'] {
    if (observation.generator === 'INVALID') return 'invalid'
    const { criteria, blockSeconds, seed } = this.options
    const before = this.steps.filter((step) => isFit(step) && step.move.loadPerS === loadPerS)
    const own = kind === 'from-above' ? [] : before.map((step) => step.observation)
    const all = [...own, observation]
    const verdicts = criteria.map(({ budget }, c) => {
      const bad = all.flatMap(({ counts }) => counts[c]!.bad)
      const sent = all.flatMap(({ counts }) => counts[c]!.all)
      return stepVerdict({ bad, all: sent }, budget, { blockSeconds, seed })
    })
    return worstVerdict(verdicts)
  }
}

/** Steps that say what a load does, approached as usual. */
function isFit({ move, verdict }: Step): boolean {
  return verdict !== 'invalid' && move.kind !== 'from-above'
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0)
}

function halfWidth(low: number, high: number): number {
  return (high - low) / (high + low)
}

function rounded(perS: number): number {
  return Number(perS.toPrecision(4))
}

function roundedDown(perS: number): number {
  const unit = 10 ** (Math.floor(Math.log10(perS)) - 3)
  return Number((Math.floor(perS / unit) * unit).toPrecision(4))
}
