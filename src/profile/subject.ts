// The limiter in question, as far as it can be asked: sends to it past the limiters that are known, and
// keeps what came of that. Must not know hypotheses about it.

import { limitOf, windowUsOf } from '../core/limits.ts'
import type { Micros } from '../core/units.ts'
import { inFlightDefault } from './contract.ts'
import type { Question } from './identification.ts'
import { hasAnswer, hasPassed, isPlainDenial, verdictsOf } from './judging.ts'
import type { Observation } from './observation.ts'
import { type Other, othersWaitUs, withoutOthers } from './others.ts'
import type { Hypothesis } from './playing.ts'
import type { Pace } from './probe.ts'
import type { Session } from './session.ts'
import { shortened, type TraceGroup, traceOf, type Verdict } from './trace.ts'

/** Longer traces take too long to be replayed as often as is needed. */
const groupsMost = 2_000
const doubtPause = 0.03
const fillersMost = 40
/** A denial that is no 429 has to come so often again; more often where the server has errors of its own. */
const againLeast = 2
const againAmongErrors = 5

/** A trace, how many observations it is made of, and how many statuses were taken for denials. */
interface Traced {
  readonly trace: readonly TraceGroup[]
  readonly observed: number
  readonly denials: number
}

export class Subject {
  readonly session: Session
  readonly denials = new Set<number>()
  readonly #question: Question
  readonly #others: readonly Other[]
  #observedMost = Number.POSITIVE_INFINITY
  #traced: Traced | null = null
  /** Observations, from one number up to another, whose denials may be another's. */
  #interruptions: (readonly [from: number, to: number])[] = []

  constructor(session: Session, question: Question) {
    this.session = session
    this.#question = question
    this.#others = question.others ?? []
  }

  get isAmongOthers(): boolean {
    return this.#others.length > 0
  }

  /** How many observations of the session there are up to now. */
  get observed(): number {
    return this.#question.from + this.observations.length
  }

  /** What was sent for this limiter. */
  get observations(): readonly Observation[] {
    return this.session.observations.slice(this.#question.from, this.#observedMost)
  }

  /** What was observed from this number on is another's doing. */
  forgetFrom(observed: number): void {
    this.#observedMost = observed
  }

  /** What was denied from this number on may be another's doing. */
  interrupted(observed: number): void {
    this.#interruptions.push([observed, this.observed])
    this.#traced = null
  }

  /** Interruptions explain nothing after all. */
  forgetInterruptions(): void {
    this.#interruptions = []
    this.#traced = null
  }

  /** One and the same until something more is observed: it is asked for at every turn. */
  get trace(): readonly TraceGroup[] {
    const { observations, denials } = this
    const { length } = observations
    if (this.#traced?.observed !== length || this.#traced.denials !== denials.size) {
      const trace = this.#traceOf(observations)
      this.#traced = { trace, observed: length, denials: denials.size }
    }
    return this.#traced.trace
  }

  #traceOf(observations: readonly Observation[]): readonly TraceGroup[] {
    const trace = traceOf(observations, this.#verdicts, this.#question.costOf)
    return this.isAmongOthers ? shortened(trace, groupsMost) : trace
  }

  get #verdicts(): readonly Verdict[] {
    const { observations } = this
    const verdicts = verdictsOf(observations, this.denials)
    return withoutOthers(observations, this.#uninterrupted(verdicts), this.#others)
  }

  #uninterrupted(verdicts: readonly Verdict[]): readonly Verdict[] {
    if (this.#interruptions.length === 0) return verdicts
    const isAnothers = (i: number) => this.#interruptions.some(([from, to]) => from <= i && i < to)
    const first = this.#question.from
    return verdicts.map((verdict, i) =>
      verdict === 'denied' && isAnothers(first + i) ? 'unclear' : verdict,
    )
  }

  /** Sends once the limiters that are known let it through. */
  async send(count = 1, request = this.#question.request): Promise<readonly Observation[]> {
    if (this.isAmongOthers) {
      const { observations } = this
      const verdicts = verdictsOf(observations, this.denials)
      const waitUs = othersWaitUs(observations, verdicts, this.#others, this.session.nowUs)
      if (waitUs > 0) await this.idle(waitUs + this.#tripUs)
    }
    return this.session.sendTogether(request, count)
  }

  /** Waits so long. */
  async idle(us: Micros): Promise<void> {
    await this.session.sleepUntil(this.session.nowUs + us)
  }

  /** Whether denials last: one that is no 429 has to come again and again. */
  async isDenied(first: Observation): Promise<boolean> {
    if (this.isAmongOthers) return this.#isStillDenied()
    const times = this.#hasPassedErrors ? againAmongErrors : againLeast
    const [again] = (await this.send()) as [Observation]
    if (hasPassed(again) || !hasAnswer(again)) return false
    if (isPlainDenial(again)) return true
    if (first.status === null) return false
    for (let i = 1; i < times; i++) {
      const [answer] = (await this.send()) as [Observation]
      if (answer.status !== again.status) return false
    }
    this.denials.add(again.status!)
    return true
  }

  /** Whether there were errors that were gone with the next request: some of them come in a row, too. */
  get #hasPassedErrors(): boolean {
    const answers = this.observations.filter(hasAnswer)
    return answers.some((answer, i) => isError(answer) && hasPassed(answers[i + 1] ?? answer))
  }

  // Among others a denial has to outlast what these may be off by.
  async #isStillDenied(): Promise<boolean> {
    const pauseUs =
      Math.max(...this.#others.map(({ hypothesis }) => spanUs(hypothesis))) * doubtPause
    for (let i = 0; i < 2; i++) {
      await this.idle(pauseUs)
      if ((await this.send()).some(hasPassed)) return false
    }
    await this.#fill()
    return true
  }

  // What is too dear for what is left, a cheaper request may still fit: that shows how much is left,
  // and that it is asked for beforehand.
  async #fill(): Promise<void> {
    const { filler } = this.#question
    if (filler === undefined) return
    for (let i = 0; i < fillersMost; i++) {
      const [answer] = await this.send(1, filler)
      if (hasAnswer(answer!) && !hasPassed(answer!)) return
    }
  }

  /** Most requests that may be sent at once. */
  get widthMost(): number {
    if (this.isAmongOthers) return 1
    return this.#question.widthMost ?? this.session.options.inFlightMax ?? inFlightDefault
  }

  get pace(): Pace {
    return {
      gapUs: Math.max(this.#tripUs, ...this.#others.map(({ hypothesis }) => paceUs(hypothesis))),
      cost: this.#question.costOf(this.#sample),
    }
  }

  /** The latest of its requests that was served: what they cost. */
  get #sample(): Observation {
    const { observations } = this
    const mine = observations.filter(({ shape }) => shape === this.#question.request.shape)
    return mine.findLast(hasPassed) ?? mine.at(-1) ?? observations.at(-1)!
  }

  /** Shortest span between two polls. */
  get gapUs(): Micros {
    return 2 * this.#tripUs
  }

  /** Median round trip. */
  get #tripUs(): Micros {
    const trips = Float64Array.from(
      this.observations.filter(hasAnswer),
      ({ sentUs, receivedUs }) => receivedUs - sentUs,
    ).sort()
    return trips[trips.length >> 1] ?? 1_000
  }
}

function isError(answer: Observation): boolean {
  return !hasPassed(answer) && !isPlainDenial(answer)
}

function spanUs({ algorithm }: Hypothesis): Micros {
  return windowUsOf(algorithm) ?? 0
}

/** From one request to the next, when a limiter lets through as many as it can. */
function paceUs({ algorithm }: Hypothesis): Micros {
  return (windowUsOf(algorithm) ?? 0) / limitOf(algorithm)
}
