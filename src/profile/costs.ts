// What a request costs a limiter of tokens, and when: shapes that differ in prompt, output and what they
// may cost at most are sent until they are denied, and what counts foretells how many of each pass.

import { type ChargeTime, costIn, type LimitUnit, type RequestCost } from '../core/limits.ts'
import type { Interval, ShapeCost } from '../core/profileDocument.ts'
import { hasAnswer, hasPassed } from './judging.ts'
import type { Layer } from './known.ts'
import type { ProbeRequest, ProbeShape } from './observation.ts'
import type { Other } from './others.ts'
import type { Hypothesis } from './playing.ts'
import { Foreseen, foresights } from './probe.ts'
import type { Session } from './session.ts'
import { surelyUs } from './strictly.ts'
import { Subject } from './subject.ts'
import { costsIn } from './trace.ts'
import { rangeText } from './wording.ts'

/** What was found out about a limiter that was fitted to prompt and completion tokens together. */
export interface Costs {
  /** What it counts; null: what was sent does not tell. */
  readonly unit: LimitUnit | null
  /** When it charges; null: not told. */
  readonly charge: ChargeTime | null
  /** Its limit in that unit; null: as it was fitted. */
  readonly limit: Interval | null
  readonly perShape: readonly ShapeCost[]
  readonly evidence: readonly string[]
  readonly reasons: readonly string[]
}

export interface CostQuestion {
  readonly layer: Layer
  readonly others: readonly Other[]
  readonly request: ProbeRequest
}

const units = ['tokens', 'prompt-tokens', 'completion-tokens'] as const
type TokenUnit = (typeof units)[number]

/** A shape is worth sending when it costs so many times the cheapest. */
const dearTimes = 2
/** Requests of a shape after which it is plain that it costs next to nothing. */
const cheapTimes = 2
const cheapMore = 3
/** Answers this much shorter than they may be tell a reservation from a charge. */
const shortShare = 0.5
const shortRequests = 2
/** What it may cost of the requests that are left. */
const costShareMost = 0.5

/** Asks with all shapes that there are; throws `Ended` when the budget does not reach that far. */
export function measureCosts(session: Session, question: CostQuestion): Promise<Costs> {
  return new CostProbe(session, question).run()
}

/** What it counts, and the limits in it that agree with what passed. */
interface Told {
  readonly unit: TokenUnit
  readonly limit: Interval
}

/** How many of a shape passed; `isDenied`: until one was denied. */
interface Count {
  readonly shape: ProbeShape
  readonly passed: number
  readonly isDenied: boolean
}

class CostProbe {
  readonly #session: Session
  readonly #request: ProbeRequest
  readonly #layer: Layer
  readonly #subject: Subject
  readonly #heavy: ProbeShape
  readonly #reasons: string[] = []
  readonly #evidence: string[] = []

  constructor(session: Session, { layer, others, request }: CostQuestion) {
    const { shapes } = session.prober
    const estimates = new Map(shapes.map(({ name, estimate }) => [name, estimate]))
    this.#session = session
    this.#request = request
    this.#layer = layer
    const from = session.observations.indexOf(layer.observations[0]!)
    this.#subject = new Subject(session, {
      request,
      costOf: costsIn('tokens', estimates),
      from,
      others,
    })
    this.#heavy = byTokens(shapes).at(-1)!
  }

  async run(): Promise<Costs> {
    const counts = await this.#counts()
    const told = counts.length < 2 ? null : await this.#unitBy(counts)
    const unit = told?.unit ?? this.#named
    const limit = told?.limit ?? null
    const charge = await this.#charge(told)
    return {
      unit,
      charge,
      limit,
      perShape: limit === null ? [] : counts.map((count) => this.#costOf(count, limit)),
      evidence: this.#evidence,
      reasons: this.#reasons,
    }
  }

  /** Every dear shape, from a limiter that is fresh until it denies. */
  async #counts(): Promise<readonly Count[]> {
    const [cheapest, ...rest] = byTokens(this.#session.prober.shapes)
    const dear = rest.filter(
      ({ estimate }) => total(estimate) >= dearTimes * total(cheapest!.estimate),
    )
    if (dear.length < 2) {
      if (this.#named === null) {
        this.#reasons.push(
          'without two shapes of dear requests it was not told which tokens it counts',
        )
      }
      return []
    }
    await this.#lookAt(dear)
    const counts: Count[] = []
    // What is charged for answers that are shorter than they may be is another question.
    for (const shape of dear.filter((each) => !this.#isShort(each))) {
      if (this.#isTooDear()) break
      const count = await this.#count(shape)
      if (count !== null) counts.push(count)
    }
    return counts
  }

  /** The one unit in which one limit explains what passed, and foretells a mixture of shapes. */
  async #unitBy(counts: readonly Count[]): Promise<Told | null> {
    const asked = this.#named === null ? units : [this.#named]
    const possible = asked
      .map((unit) => ({ unit, limit: this.#limitBy(unit, counts) }))
      .filter(({ limit: [low, high] }) => low <= high)
    const said = counts.map(({ shape, passed }) => `${passed} of '${shape.name}'`).join(', ')
    const [told] = possible
    if (told === undefined || possible.length > 1) {
      const names = possible.map(({ unit }) => unit).join(' and ')
      const why = told === undefined ? 'no one kind of tokens explains' : `${names} explain`
      this.#reasons.push(`which tokens it counts could not be told: ${why} that ${said} passed`)
      return null
    }
    const shapes = counts.map(({ shape }) => shape)
    const [least, most] = this.#fitting(told, shapes)
    this.#session.note(
      `${rangeText([least, most])} requests of mixed shapes are to pass if it counts ${told.unit}`,
    )
    const mixed = await this.#pass(shapes, most + cheapMore)
    if (mixed === null || !isWithin(mixed.passed, [least, most])) {
      this.#reasons.push(
        `it seemed to count ${told.unit}, which did not foretell a mixture of shapes`,
      )
      return null
    }
    this.#evidence.push(
      `counts ${told.unit}: ${said} passed, and ${mixed.passed} of them mixed, as foretold`,
    )
    return told
  }

  /** After the answer, as it was found to; before it, with or without giving back what was not used. */
  async #charge(told: Told | null): Promise<ChargeTime | null> {
    if (this.#isPost) return 'post'
    if (told?.unit === 'prompt-tokens') return 'pre'
    const short = this.#shortShape()
    if (short === null || told === null) {
      this.#reasons.push(
        'it charges before the answer; whether it gives back what an answer did not use could not be told without answers that are much shorter than they may be',
      )
      return null
    }
    return this.#afterShort(short, told)
  }

  // What is left after requests that may cost much and do not: all that they did not use, or nothing of it.
  async #afterShort(short: ProbeShape, { unit, limit }: Told): Promise<ChargeTime | null> {
    if (this.#isTooDear()) return null
    const [actual, most] = [costIn(unit, this.#actual(short)), costIn(unit, short.estimate)]
    const left = (used: number): Interval =>
      this.#fitting({ unit, limit: [limit[0] - used, limit[1] - used] }, [this.#heavy])
    const settled = left(shortRequests * actual)
    const unsettled = left(shortRequests * most)
    if (settled[0] <= unsettled[1]) return null
    await this.#refresh()
    for (let i = 0; i < shortRequests; i++) {
      const [answer] = await this.#subject.send(1, this.#of(short))
      if (!hasPassed(answer!)) return null
    }
    const rest = await this.#passNow([this.#heavy], settled[1] + cheapMore)
    if (rest === null) return null
    const isReserve = isWithin(rest.passed, settled)
    if (!isReserve && !isWithin(rest.passed, unsettled)) return null
    this.#evidence.push(
      `after ${shortRequests} requests that may cost ${most} ${unit} and cost ${actual}, ${rest.passed} of '${this.#heavy.name}' passed: ${rangeText(settled)} if what was not used is given back, else ${rangeText(unsettled)}`,
    )
    return isReserve ? 'reserve' : 'pre'
  }

  /** A shape whose answers are much shorter than they may be. */
  #shortShape(): ProbeShape | null {
    const dear = this.#session.prober.shapes.filter(
      ({ estimate }) => estimate.completionTokens >= shortShare * total(this.#heavy.estimate),
    )
    return dear.find((shape) => this.#isShort(shape)) ?? null
  }

  /** One answer of each shape that has had none yet. */
  async #lookAt(shapes: readonly ProbeShape[]): Promise<void> {
    for (const shape of shapes.filter((each) => this.#seen(each) === undefined)) {
      await this.#refresh()
      await this.#subject.send(1, this.#of(shape))
    }
  }

  #isShort(shape: ProbeShape): boolean {
    return total(this.#actual(shape)) < shortShare * total(shape.estimate)
  }

  /** Which tokens it counts by its own account. */
  get #named(): TokenUnit | null {
    const named = this.#layer.observations.find(({ unit }) => units.some((each) => each === unit))
    return (named?.unit ?? null) as TokenUnit | null
  }

  #isTooDear(): boolean {
    if (this.#mostOf(this.#heavy) <= costShareMost * this.#session.requestsLeft) return false
    this.#reasons.push('what requests of other shapes cost it would take too many of them')
    return true
  }

  /** Requests of a shape after which it is plain that it is not denied for its tokens. */
  #mostOf(shape: ProbeShape): number {
    const [, most] = this.#layer.found.leader.fit.limit
    return cheapTimes * Math.ceil(most / total(this.#actual(shape))) + cheapMore
  }

  #count(shape: ProbeShape): Promise<Count | null> {
    return this.#pass([shape], this.#mostOf(shape))
  }

  async #pass(shapes: readonly ProbeShape[], most: number): Promise<Count | null> {
    await this.#refresh()
    return this.#passNow(shapes, most)
  }

  /** Shapes in turns until one is denied; null where an answer does not tell. */
  async #passNow(shapes: readonly ProbeShape[], most: number): Promise<Count | null> {
    const [shape] = shapes
    for (let passed = 0; passed < most; passed++) {
      const [answer] = await this.#subject.send(1, this.#of(shapes[passed % shapes.length]!))
      if (hasPassed(answer!)) continue
      return hasAnswer(answer!) ? { shape: shape!, passed, isDenied: true } : null
    }
    return { shape: shape!, passed: most, isDenied: false }
  }

  /** Waits until the limiter is as at first, by everything that is likely. */
  async #refresh(): Promise<void> {
    const { leader, rivals } = this.#layer.found
    const { trace, pace, gapUs } = this.#subject
    const nowUs = this.#session.nowUs
    const resets = [leader, ...rivals]
      .flatMap(({ fit }) => foresights(fit, trace))
      .map((foresight) => new Foreseen(foresight, nowUs, pace).resetUs)
    await this.#subject.idle(surelyUs(Math.max(...resets)) + gapUs)
  }

  /** The limits in a unit that let through what passed, and no more; empty: none does. */
  #limitBy(unit: TokenUnit, counts: readonly Count[]): Interval {
    const bounds = counts.map(({ shape, passed, isDenied }): Interval => {
      const cost = costIn(unit, this.#actual(shape))
      const before = this.#isPost ? 1 - passed : -passed
      return [
        -before * cost + (this.#isPost ? 1 : 0),
        isDenied ? (1 - before) * cost - (this.#isPost ? 0 : 1) : Number.POSITIVE_INFINITY,
      ]
    })
    return [Math.max(...bounds.map(([low]) => low)), Math.min(...bounds.map(([, high]) => high))]
  }

  /** Requests of these shapes in turns that pass a fresh limiter. */
  #fitting({ unit, limit: [low, high] }: Told, shapes: readonly ProbeShape[]): Interval {
    const costs = shapes.map((shape) => costIn(unit, this.#actual(shape)))
    return [fitting(costs, low, this.#isPost), fitting(costs, high, this.#isPost)]
  }

  /** By how many passed, what each cost. */
  #costOf({ shape, passed, isDenied }: Count, [low, high]: Interval): ShapeCost {
    const [fewer, more] = this.#isPost ? [passed - 1, passed] : [passed, passed + 1]
    const most = fewer === 0 ? high : high / fewer
    return { shape: shape.name, passed, units: [isDenied ? low / more : 0, most] }
  }

  get #isPost(): boolean {
    return this.#hypothesis.isPost ?? false
  }

  get #hypothesis(): Hypothesis {
    const { of, best } = this.#layer.found.leader.fit
    return of.model(best)
  }

  #of({ name }: ProbeShape): ProbeRequest {
    return { ...this.#request, shape: name }
  }

  /** What requests of a shape cost by their answers, else what they may cost. */
  #actual(shape: ProbeShape): RequestCost {
    return this.#seen(shape) ?? shape.estimate
  }

  #seen({ name }: ProbeShape): RequestCost | undefined {
    const answer = this.#session.observations.findLast(
      ({ shape, cost }) => shape === name && cost !== null,
    )
    return answer?.cost ?? undefined
  }
}

/** Requests whose costs come in turns that fit a limit; charged afterwards, the last may go beyond it. */
function fitting(costs: readonly number[], limit: number, isPost: boolean): number {
  if (!costs.some((cost) => cost > 0)) return Number.POSITIVE_INFINITY
  let used = 0
  for (let i = 0; ; i++) {
    const cost = costs[i % costs.length]!
    if (isPost ? used >= limit : used + cost > limit) return i
    used += cost
  }
}

const total = ({ promptTokens, completionTokens }: RequestCost) => promptTokens + completionTokens

/** Shapes by what they may cost, the cheapest first; of equal ones the first is last. */
function byTokens(shapes: readonly ProbeShape[]): readonly ProbeShape[] {
  return [...shapes].reverse().sort((a, b) => total(a.estimate) - total(b.estimate))
}

function isWithin(value: number, [low, high]: Interval): boolean {
  return low <= value && value <= high
}
