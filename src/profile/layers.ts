// Limiters beyond the first: what denies requests that the first lets through, when it is kept busy or
// when requests cost more of something else. Must not know how documents are written.

import { type LimitUnit, limitOf } from '../core/limits.ts'
import type { Identification, Identified, Question } from './identification.ts'
import { Identifier } from './identify.ts'
import { verdictsOf } from './judging.ts'
import type { Layer } from './known.ts'
import type { ProbeRequest, ProbeShape } from './observation.ts'
import type { Other } from './others.ts'
import type { Session } from './session.ts'
import { type CostOf, costsIn, traceOf } from './trace.ts'
import { type Hypothesis, mismatches } from './worlds.ts'

/** Times the first limit that its requests may cost to be sure that nothing else denies them. */
const busyTimes = 12
const heavyTimes = 2

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

  constructor(session: Session, request: ProbeRequest, first: Identified, from: number) {
    this.#session = session
    this.#request = request
    this.#first = first
    this.#from = from
  }

  async run(): Promise<void> {
    await this.#searchTokens()
    await this.#searchSlower()
  }

  /** Requests that cost many tokens meet a token limiter before the limiter of requests. */
  async #searchTokens(): Promise<void> {
    const heavy = heaviest(this.#session.prober.shapes)
    if (heavy === null) return
    this.#session.note(`requests of shape ${heavy.name}, to meet a limiter of tokens`)
    const request = { ...this.#request, shape: heavy.name }
    const layer = await this.#identify({ request, filler: this.#request }, 'tokens', heavyTimes)
    if (layer === null) return
    this.layers.push(layer)
    this.hasReplacedFirst = this.#explainsAll(layer)
  }

  /** What is slower shows when the faster one is kept busy. */
  async #searchSlower(): Promise<void> {
    this.#session.note('as many requests as the limiters found let through, to meet a slower one')
    const layer = await this.#identify({ request: this.#request }, 'requests', busyTimes)
    if (layer !== null) this.layers.push(layer)
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
    const beside = this.layers.filter((each) => each !== layer)
    const known = beside.map(({ found, unit }) => this.#other(found, unit))
    return this.hasReplacedFirst ? known : [this.#other(this.#first, 'requests'), ...known]
  }

  #other(found: Identified, unit: LimitUnit): Other {
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
  #explainsAll({ found, unit, observations }: Layer): boolean {
    const verdicts = verdictsOf(observations, found.denials)
    const trace = traceOf(observations, verdicts, this.#costOf(unit))
    return mismatches(this.#hypothesis(found), trace) <= 1
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
