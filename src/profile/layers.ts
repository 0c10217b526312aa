// Limiters beyond the first: what denies requests that the first lets through, when it is kept busy or
// when requests cost more of something else. Must not know how documents are written.

import { type LimitUnit, limitOf } from '../core/limits.ts'
import { randomStream } from '../core/random.ts'
import type { Micros } from '../core/units.ts'
import { type Held, openSinceUs, stillHolds } from './holds.ts'
import type { Identification, Identified, Question } from './identification.ts'
import { Identifier } from './identify.ts'
import { verdictsOf } from './judging.ts'
import type { Layer } from './known.ts'
import type { ProbeRequest, ProbeShape } from './observation.ts'
import type { Other } from './others.ts'
import { fitted } from './pieces.ts'
import type { Hypothesis } from './playing.ts'
import type { Session } from './session.ts'
import { answersIn, type CostOf, costsIn, type TraceGroup, traceOf } from './trace.ts'
import { mismatches } from './worlds.ts'

/** Times the first limit that is asked for by requests that cost much of something else. */
const heavyTimes = 2
/** Answers that one limiter for all may leave open; and, before it is fitted to all, this share of them. */
const explainedMost = 1
const nearlyShare = 0.03

/** Looks for more limiters; throws `Ended` when the budget does not reach that far. */
export class LayerSearch {
  readonly #session: Session
  readonly #request: ProbeRequest
  readonly #first: Identified
  readonly #from: number
  readonly layers: Layer[] = []
  /** What was met and could not be told. */
  readonly reasons: string[] = []
  hasReplacedFirst = false
  /** The first limiter no longer does what it did: what was met is not another one's doing. */
  isFirstGone = false

  constructor(session: Session, request: ProbeRequest, first: Identified, from: number) {
    this.#session = session
    this.#request = request
    this.#first = first
    this.#from = from
  }

  /** Whether others were found. */
  get hasFound(): boolean {
    return this.layers.length > 0
  }

  /** When the first limiter began to leave answers open; null: it never did. */
  get openSinceUs(): Micros | null {
    const { observations } = this.#session
    return openSinceUs(this.#held([]), observations.slice(this.#from))
  }

  /** Slower ones are looked for with so many times the first limit. */
  async run(times: number): Promise<void> {
    await this.#searchTokens()
    if (!this.isFirstGone) await this.#searchSlower(times)
  }

  /** Requests that cost many tokens meet a token limiter before the limiter of requests. */
  async #searchTokens(): Promise<void> {
    const heavy = heaviest(this.#session.prober.shapes)
    if (heavy === null) return
    this.#session.note(`requests of shape ${heavy.name}, to meet a limiter of tokens`)
    const request = { ...this.#request, shape: heavy.name }
    const layer = await this.#identify({ request, filler: this.#request }, 'tokens', heavyTimes)
    if (layer === null) return
    this.hasReplacedFirst = this.#explainsAll(layer)
    await this.#keep(layer)
  }

  /** What is slower shows when the faster one is kept busy. */
  async #searchSlower(times: number): Promise<void> {
    this.#session.note('as many requests as the limiters found let through, to meet a slower one')
    const layer = await this.#identify({ request: this.#request }, 'requests', times - 1)
    if (layer !== null) {
      // The right class may have been missed for the first: one limiter for all is more than two.
      this.hasReplacedFirst ||= this.#nearlyExplainsAll(layer)
      return this.#keep(layer)
    }
    if (this.reasons.length === 0) await this.#confirm([])
  }

  async #keep(layer: Layer): Promise<void> {
    await this.#confirm([layer])
    if (!this.isFirstGone) this.layers.push(layer)
  }

  // A limit that changed looks like another limiter; but where there is one, the first still gives its whole
  // limit once both are fresh.
  async #confirm(found: readonly Layer[]): Promise<void> {
    if (this.hasReplacedFirst) return
    const held = this.#held([...this.layers, ...found])
    this.isFirstGone = !(await stillHolds(this.#session, this.#request, held))
    if (this.isFirstGone) this.layers.length = 0
  }

  #held(layers: readonly Layer[]): Held {
    const { denials, leader } = this.#first
    return {
      of: this.#other({ found: this.#first, unit: 'requests' }),
      orElse: leader.fit.sample.map(leader.fit.of.model),
      denials,
      others: layers.map((layer) => this.#beside(layer)),
    }
  }

  async #identify(
    requests: Pick<Question, 'request' | 'filler'>,
    unit: LimitUnit,
    times: number,
  ): Promise<Layer | null> {
    const limit = limitOf(this.#hypothesis(this.#first).algorithm)
    const identifier = new Identifier(this.#session, {
      ...requests,
      costOf: this.#costOf(unit),
      from: this.#from,
      others: this.others(null),
      exhaustMost: Math.min(Math.floor(this.#session.requestsLeft / 2), Math.ceil(times * limit)),
      mayChargeAfter: unit !== 'requests',
    })
    const identification = await identifier.run()
    if (identification.kind === 'unlimited') return null
    if (!isTold(identification)) {
      this.reasons.push(
        `something else denied ${unit} that it lets through; what, could not be told`,
      )
      return null
    }
    const { observations, trace } = identifier
    return { found: identification.found, unit, observations, trace }
  }

  /** The limiters that are known beside this one. */
  others(layer: Layer | null): readonly Other[] {
    const beside = this.layers.filter((each) => each !== layer).map((each) => this.#beside(each))
    if (this.hasReplacedFirst) return beside
    return [this.#beside({ found: this.#first, unit: 'requests' }), ...beside]
  }

  /** Those behind the first. */
  get behind(): readonly Other[] {
    return this.layers.map((layer) => this.#beside(layer))
  }

  // A bucket that is spent at its pace for long is short of what its refill may be slower by.
  #beside(layer: Pick<Layer, 'found' | 'unit'>): Other {
    const { of, best, spanUs } = layer.found.leader.fit
    if (of.algorithm !== 'token-bucket') return this.#other(layer)
    const hypothesis = of.model({ ...best, spanUs: spanUs[1] })
    return { ...this.#other(layer), hypothesis }
  }

  #other({ found, unit }: Pick<Layer, 'found' | 'unit'>): Other {
    return { hypothesis: this.#hypothesis(found), costOf: this.#costOf(unit) }
  }

  #hypothesis({ leader }: Identified): Hypothesis {
    return leader.fit.of.model(leader.fit.best)
  }

  #costOf(unit: LimitUnit): CostOf {
    const shapes = this.#session.prober.shapes
    return costsIn(unit, new Map(shapes.map(({ name, estimate }) => [name, estimate])))
  }

  /** Whether a limiter of tokens alone explains what was taken for a limiter of requests. */
  #explainsAll(layer: Layer): boolean {
    return mismatches(this.#hypothesis(layer.found), this.#wholeTrace(layer)) <= explainedMost
  }

  /** Whether one of requests does, with parameters near those that it was found with beside the first. */
  #nearlyExplainsAll(layer: Layer): boolean {
    const { fit } = layer.found.leader
    const trace = this.#wholeTrace(layer)
    const most = nearlyShare * answersIn(trace)
    if (mismatches(this.#hypothesis(layer.found), trace, most) > most) return false
    const random = randomStream(this.#session.options.seed, 'alone')
    return (fitted(fit.of, { trace, random }, fit)?.mismatches ?? most) <= explainedMost
  }

  #wholeTrace({ found, unit, observations }: Layer): readonly TraceGroup[] {
    return traceOf(observations, verdictsOf(observations, found.denials), this.#costOf(unit))
  }
}

function isTold(
  identification: Identification,
): identification is Extract<Identification, { kind: 'identified' }> {
  if (identification.kind !== 'identified') return false
  const { isForetold, rivals } = identification.found
  return isForetold || rivals.length > 0
}

/** The shape that costs most, when it costs far more than the first. */
function heaviest(shapes: readonly ProbeShape[]): ProbeShape | null {
  const tokens = ({ estimate }: ProbeShape) => estimate.promptTokens + estimate.completionTokens
  const [heavy] = [...shapes].sort((a, b) => tokens(b) - tokens(a))
  const isDear = heavy !== shapes[0] && tokens(heavy!) >= 2 * tokens(shapes[0]!)
  return isDear ? heavy! : null
}
