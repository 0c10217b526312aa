// Identifies one limiter: exhausts it, waits for its first release, then asks again and again what
// tells the remaining hypotheses apart, until one is left that has foretold what came.

import { limitOf, windowUsOf } from '../core/limits.ts'
import type { Interval } from '../core/profileDocument.ts'
import { type RandomStream, randomStream } from '../core/random.ts'
import type { Micros } from '../core/units.ts'
import { type Choice, chooseProbe, familyOf } from './choose.ts'
import { chargedAfter, classes, type HypothesisClass } from './classes.ts'
import type { HypothesisView } from './contract.ts'
import { featuresOf, type TraceFeatures } from './features.ts'
import { type Fit, type FitContext, fitClass } from './fit.ts'
import { hasAnswer, hasPassed, isDeniedTogether, isPlainDenial, verdictsOf } from './judging.ts'
import type { Observation, ProbeRequest } from './observation.ts'
import { type Other, othersWaitUs, withoutOthers } from './others.ts'
import type { Parameters } from './parameters.ts'
import { posterior, spanError, type Weighed } from './posterior.ts'
import {
  Foreseen,
  type Pace,
  type ProbeStep,
  pollOffsets,
  quantileUs,
  watchPolls,
} from './probe.ts'
import type { Session } from './session.ts'
import { answersIn, type CostOf, lumped, type TraceGroup, traceOf, type Verdict } from './trace.ts'
import { type Hypothesis, stateAfter } from './worlds.ts'

/** What is asked about a limiter. */
export interface Question {
  readonly request: ProbeRequest
  /** What an observation costs it. */
  readonly costOf: CostOf
  /** Observations from this number on are looked at; before them, the limiter must be fresh. */
  readonly from: number
  /** Limiters that are known already. */
  readonly others?: readonly Other[]
  /** Requests after which no limiter is expected any more; default half of what is left. */
  readonly exhaustMost?: number
  /** A cheaper request, for what is left. */
  readonly filler?: ProbeRequest
  /** It may charge after the response. */
  readonly mayChargeAfter?: boolean
}

/** What a limiter was found to be; `rivals` could not be told apart from the first. */
export interface Identified {
  /** The leader has foretold the outcome of a probe, and nothing else is probable. */
  readonly isForetold: boolean
  readonly leader: Weighed
  readonly rivals: readonly Weighed[]
  readonly isSettled: boolean
  /** The leader explains what was observed; else it is only the nearest of those that do not. */
  readonly isExplained: boolean
  readonly denials: ReadonlySet<number>
  /** From this instant on it no longer explains what was observed; null: it always does. */
  readonly brokenUs: Micros | null
}

/** Where a class stood that had foretold a whole limit, and how much had been observed by then. */
interface Trusted {
  readonly weighed: readonly Weighed[]
  readonly observed: number
}

export type Identification =
  | { readonly kind: 'identified'; readonly found: Identified }
  | { readonly kind: 'unlimited'; readonly requests: number }
  | { readonly kind: 'concurrent' }
  | { readonly kind: 'unreleased'; readonly admitted: number; readonly waitedUs: Micros }
  | { readonly kind: 'undetermined'; readonly reason: string; readonly found: Identified | null }

const oddsSettled = 0.99
/** From here on it is worth a whole limit to see whether a class is right. */
const oddsLikely = 0.8
/** Less probable classes are not worth a mention. */
const rivalOddsLeast = 0.002
/** Answers that a model may leave unexplained: some, or this share; lost ones shift the rest. */
export const unexplainedMost = 2
const unexplainedShareMost = 0.005
const wholeShare = 0.85
const notFresh = 'the limiter had been used up before it was looked at'
/** Mismatches beyond which a class that had foretold a whole limit explains nothing any more. */
const brokenBy = 4
const spanErrorMost = 0.007
const roundsMost = 40
/** Whole limits that are foretold in vain before it is given up. */
const verifiesMost = 4
const searchesMost = 3
const lumpShare = 0.1
const doubtPause = 0.03
const fillersMost = 40
const heldBackWave = 32
const silenceUsLeast = 1_000_000
const spendingWaves = 20
const heldBackTimes = 6
/** Classes with so many more mismatches than the best are given up for good. */
const hopeless = 3
/** A search that starts with so many more will not make up for it. */
const outOfQuestion = 12

export class Identifier {
  readonly #session: Session
  readonly #request: ProbeRequest
  readonly #costOf: CostOf
  readonly #others: readonly Other[]
  readonly #exhaustMost: number
  readonly #filler: ProbeRequest | null
  readonly #classes: readonly HypothesisClass[]
  readonly #from: number
  readonly #denials = new Set<number>()
  #searches = 0
  #fits = new Map<string, Fit>()
  #given = new Set<string>()
  readonly #fatigue = new Map<string, number>()
  #heldOut = 0
  #leaderId: string | null = null
  #trusted: Trusted | null = null
  #observedMost = Number.POSITIVE_INFINITY

  constructor(session: Session, question: Question) {
    this.#session = session
    this.#request = question.request
    this.#costOf = question.costOf
    this.#from = question.from
    this.#others = question.others ?? []
    this.#filler = question.filler ?? null
    this.#exhaustMost = question.exhaustMost ?? Math.floor(session.requestsLeft / 2)
    // Behind others so little is seen of a limiter that one with losses would explain nearly anything.
    const likely = this.#others.length > 0 ? classes.filter(({ isLossy }) => !isLossy) : classes
    this.#classes = question.mayChargeAfter ? [...likely, ...likely.map(chargedAfter)] : likely
  }

  /** Everything up to a conclusion; throws `Ended` when the budget does not reach that far. */
  async run(): Promise<Identification> {
    const exhausted = await this.#exhaust()
    if (exhausted !== 'exhausted') return this.#unexhausted(exhausted)
    if (!(await this.#firstRelease())) return this.#unreleased()
    let verified = 0
    for (let round = 0; round < roundsMost; round++) {
      let weighed = this.#weigh()
      if (weighed.length === 0) return { kind: 'undetermined', reason: notFresh, found: null }
      if (this.#isBroken(weighed)) return this.#untilBroken()
      this.#trust(weighed)
      if (this.#isSettled(weighed)) weighed = this.#searchAgain()
      const choice = this.#choose(weighed)
      if (this.#isSettled(weighed)) return this.#identified(weighed, true)
      if (choice === null) {
        if (this.#heldOut > 0 || verified++ === verifiesMost)
          return this.#identified(weighed, false)
        await this.#verify(weighed)
      } else {
        await this.#ask(choice, weighed)
      }
    }
    return this.#identified(this.#weigh(), false)
  }

  #trust(weighed: readonly Weighed[]): void {
    if (this.#heldOut === 0 || weighed[0]!.fit.mismatches >= 1) return
    this.#trusted = { weighed, observed: this.#from + this.observations.length }
  }

  // What has foretold a whole limit and then explains nothing any more is not refuted: something else
  // has come into play, another limiter or another limit.
  #isBroken(weighed: readonly Weighed[]): boolean {
    return this.#trusted !== null && weighed[0]!.fit.mismatches >= brokenBy
  }

  #untilBroken(): Identification {
    const { weighed, observed } = this.#trusted!
    const brokenUs = this.#session.observations[observed]!.sentUs
    this.#observedMost = observed
    const found = { ...this.#resultOf(weighed, false), brokenUs }
    return { kind: 'identified', found }
  }

  /** What can be said when the budget has ended the search. */
  soFar(): Identified | null {
    if (this.#fits.size === 0) return null
    const weighed = posterior([...this.#fits.values()])
    return this.#resultOf(weighed, false)
  }

  /** What was sent for this limiter. */
  get observations(): readonly Observation[] {
    return this.#session.observations.slice(this.#from, this.#observedMost)
  }

  /** Whether requests at once are answered one by one. */
  get isHeldBack(): boolean {
    const latest = this.observations.slice(-heldBackWave)
    const latencies = latest.filter(hasPassed).map((each) => each.receivedUs - each.sentUs)
    return Math.max(...latencies) > heldBackTimes * Math.min(...latencies)
  }

  get trace(): readonly TraceGroup[] {
    const { observations } = this
    const trace = traceOf(observations, this.#verdicts, this.#costOf)
    return this.#others.length === 0 ? trace : lumped(trace, this.#lumpUs)
  }

  // What a faster limiter let through within a moment is one to a slower one.
  get #lumpUs(): Micros {
    return lumpShare * Math.min(...this.#others.map(({ hypothesis }) => spanUs(hypothesis)))
  }

  get #verdicts(): readonly Verdict[] {
    const { observations } = this
    return withoutOthers(observations, verdictsOf(observations, this.#denials), this.#others)
  }

  /** Sends once the limiters that are known let it through. */
  async #send(count = 1, request = this.#request): Promise<readonly Observation[]> {
    if (this.#others.length > 0) {
      const { observations } = this
      const verdicts = verdictsOf(observations, this.#denials)
      const waitUs = othersWaitUs(observations, verdicts, this.#others, this.#session.nowUs)
      if (waitUs > 0) await this.#session.sleepUntil(this.#session.nowUs + waitUs + this.#tripUs)
    }
    return this.#session.sendTogether(request, count)
  }

  // Requests in ever wider waves, so that neither small limits are overrun nor large ones take ages.
  async #exhaust(): Promise<'exhausted' | 'unlimited' | 'concurrent'> {
    const lonePassed: number[] = []
    for (let sent = 0; sent < this.#exhaustMost; ) {
      const width = Math.min(waveWidth(sent), this.#widthMost)
      const answers = await this.#send(width)
      sent += width
      if (!answers.some((answer) => !hasPassed(answer) && hasAnswer(answer))) continue
      if (await this.#isDenied(answers.at(-1)!)) return 'exhausted'
      if (!isDeniedTogether(answers)) continue
      lonePassed.push(answers.filter(hasPassed).length)
      if (lonePassed.length < 3) continue
      if (!(await this.#isRefilled(width, lonePassed))) return 'concurrent'
      for (const { status } of answers)
        if (status !== null && status >= 400) this.#denials.add(status)
      return 'exhausted'
    }
    return 'unlimited'
  }

  // A bucket that is refilled while a single request travels looks like slots; but silence brings it
  // more than waves in a row get.
  async #isRefilled(width: number, lonePassed: readonly number[]): Promise<boolean> {
    const latest = this.observations.slice(-width)
    const slowestUs = Math.max(...latest.map(({ sentUs, receivedUs }) => receivedUs - sentUs))
    await this.#session.sleepUntil(this.#session.nowUs + Math.max(silenceUsLeast, 20 * slowestUs))
    const passedOf = (answers: readonly Observation[]) => answers.filter(hasPassed).length
    let passed = passedOf(await this.#send(width))
    if (passed <= 2 * Math.min(...lonePassed) + 2) return false
    for (let i = 0; i < spendingWaves && passed > width / 4; i++) {
      passed = passedOf(await this.#send(width))
    }
    return true
  }

  /** Whether denials last: one that is no 429 has to come three times in a row. */
  async #isDenied(first: Observation): Promise<boolean> {
    if (this.#others.length > 0) return this.#isStillDenied()
    const [again] = (await this.#send()) as [Observation]
    if (hasPassed(again) || !hasAnswer(again)) return false
    if (isPlainDenial(again)) return true
    const [third] = (await this.#send()) as [Observation]
    if (hasPassed(third) || third.status !== again.status || first.status === null) return false
    this.#denials.add(again.status!)
    return true
  }

  // Among others a denial has to outlast what these may be off by.
  async #isStillDenied(): Promise<boolean> {
    const pauseUs =
      Math.max(...this.#others.map(({ hypothesis }) => spanUs(hypothesis))) * doubtPause
    for (let i = 0; i < 2; i++) {
      await this.#session.sleepUntil(this.#session.nowUs + pauseUs)
      if ((await this.#send()).some(hasPassed)) return false
    }
    await this.#fill()
    return true
  }

  // What is too dear for what is left, a cheaper request may still fit: that shows how much is left,
  // and that it is asked for beforehand.
  async #fill(): Promise<void> {
    if (this.#filler === null) return
    for (let i = 0; i < fillersMost; i++) {
      const [answer] = await this.#send(1, this.#filler)
      if (hasAnswer(answer!) && !hasPassed(answer!)) return
    }
  }

  #unexhausted(how: 'unlimited' | 'concurrent'): Identification {
    if (how === 'concurrent') return { kind: 'concurrent' }
    return { kind: 'unlimited', requests: this.observations.length }
  }

  // Nothing is known of the recovery yet: each poll waits for a share of all before, a smaller one where a
  // whole limit costs more than many polls.
  async #firstRelease(): Promise<boolean> {
    const sinceUs = this.#session.nowUs
    const growth = pollGrowth(this.observations.filter(hasPassed).length)
    for (let elapsedUs = this.#gapUs; ; elapsedUs *= growth) {
      if (sinceUs + elapsedUs - this.#session.nowUs > this.#session.durationLeftUs) return false
      await this.#session.sleepUntil(Math.round(sinceUs + elapsedUs))
      if ((await this.#send()).some(hasPassed)) return true
    }
  }

  #unreleased(): Identification {
    const waitedUs = this.#session.nowUs - this.observations[0]!.sentUs
    const admitted = this.observations.filter(hasPassed).length
    return { kind: 'unreleased', admitted, waitedUs }
  }

  #weigh(): readonly Weighed[] {
    const { trace } = this
    const features = featuresOf(trace)
    if (features === null) return posterior([...this.#fits.values()])
    this.#fitAll({ trace, features, random: this.#fresh(), ...this.#limitStep(features) })
    return this.#lead(posterior([...this.#fits.values()]))
  }

  // Before something is declared, all classes get another chance.
  #searchAgain(): readonly Weighed[] {
    const { trace } = this
    const features = featuresOf(trace)!
    this.#given.clear()
    for (let i = 0; i < searchesMost; i++) {
      const random = this.#fresh()
      this.#fitAll({ trace, features, random, isThorough: true, ...this.#limitStep(features) })
      if ([...this.#fits.values()].some(({ mismatches }) => mismatches === 0)) break
    }
    return this.#lead(posterior([...this.#fits.values()]))
  }

  get #leastMismatches(): number {
    return Math.min(...[...this.#fits.values()].map(({ mismatches }) => mismatches))
  }

  #limitStep({ leastCost }: TraceFeatures): { limitStep: number } {
    return { limitStep: leastCost > 1 ? leastCost / 2 : 1 }
  }

  /** Every search looks elsewhere. */
  #fresh(): RandomStream {
    return randomStream(this.#session.options.seed, `search ${this.#searches++}`)
  }

  #lead(weighed: readonly Weighed[]): readonly Weighed[] {
    const id = weighed[0]!.fit.of.id
    if (id !== this.#leaderId) this.#heldOut = 0
    this.#leaderId = id
    return weighed
  }

  #fitAll(context: FitContext): void {
    for (const each of this.#classes) {
      if (this.#given.has(each.id)) continue
      const mismatchesMost = this.#leastMismatches + outOfQuestion
      const before = this.#fits.get(each.id) ?? null
      const kin = this.#kinOf(each)
      const fitted = tryFit(each, { ...context, mismatchesMost, kin }, before)
      if (fitted !== null) this.#fits.set(each.id, fitted)
    }
    const least = this.#leastMismatches
    for (const [id, { mismatches }] of this.#fits) {
      if (mismatches < least + hopeless) continue
      this.#fits.delete(id)
      this.#given.add(id)
    }
  }

  #kinOf({ id, algorithm }: HypothesisClass): readonly Parameters[] {
    return [...this.#fits.values()]
      .filter(({ of }) => of.algorithm === algorithm && of.id !== id)
      .map(({ best }) => best)
  }

  #choose(weighed: readonly Weighed[]): Choice | null {
    return chooseProbe({
      weighed,
      trace: this.trace,
      nowUs: this.#session.nowUs,
      pace: this.#pace,
      pollGapUs: this.#gapUs,
      spanErrorMost,
      fatigue: this.#fatigue,
      isWholeDue: weighed[0]!.odds >= oddsLikely && this.#heldOut === 0,
    })
  }

  #isSettled(weighed: readonly Weighed[]): boolean {
    const { fit, odds } = weighed[0]!
    const isPrecise = hasPreciseSpan(fit) && fit.limit[1] - fit.limit[0] < this.#pace.cost
    return odds >= oddsSettled && isPrecise && this.#heldOut > 0
  }

  async #ask(choice: Choice, weighed: readonly Weighed[]): Promise<void> {
    this.#report(weighed, choice)
    const before = weighed[0]!.fit
    const sent = this.observations.length
    for (const step of choice.probe.steps) await this.#do(step, before)
    this.#checkForetold(before, sent)
    this.#tire(familyOf(choice.probe), weighed[0]!)
  }

  // What was expected to tell much and did not is not asked again and again.
  #tire(family: string, before: Weighed): void {
    const after = posterior([...this.#fits.values()])[0]!
    const hasTold =
      after.fit.of.id !== before.fit.of.id ||
      after.odds > before.odds + 0.1 * (1 - before.odds) ||
      (!hasPreciseSpan(before.fit) && spanError(after.fit) < 0.85 * spanError(before.fit)) ||
      limitsIn(after.fit) < limitsIn(before.fit)
    if (hasTold) this.#fatigue.clear()
    else this.#fatigue.set(family, (this.#fatigue.get(family) ?? 0) + 1)
  }

  async #verify(weighed: readonly Weighed[]): Promise<void> {
    const { fit } = weighed[0]!
    const hypothesis = fit.of.model(fit.best)
    const state = stateAfter(hypothesis, this.trace)
    const now = new Foreseen({ hypothesis, state }, this.#session.nowUs, this.#pace)
    const steps: ProbeStep[] = [
      { kind: 'idle', us: Math.round(1.1 * now.resetUs) },
      { kind: 'burst', most: Math.ceil(fit.best.limit / this.#pace.cost) + 2 },
      { kind: 'watch' },
    ]
    const sent = this.observations.length
    for (const step of steps) await this.#do(step, fit)
    this.#checkForetold(fit, sent)
  }

  // A class has foretold a probe when it explains what came of it as well as all before; what counts is
  // one that takes all that there is.
  #checkForetold(before: Fit, sentBefore: number): void {
    const leader = this.#weigh()[0]!.fit
    const passed = this.observations.slice(sentBefore).filter(hasPassed).length
    const isWhole = passed * this.#pace.cost >= wholeShare * before.best.limit
    if (leader.of.id !== before.of.id || leader.mismatches > before.mismatches) this.#heldOut = 0
    else if (isWhole) this.#heldOut++
  }

  async #do(step: ProbeStep, leader: Fit): Promise<void> {
    if (step.kind === 'idle') await this.#session.sleepUntil(this.#session.nowUs + step.us)
    if (step.kind === 'wait') await this.#wait(step.share)
    if (step.kind === 'burst') await this.#burst(step.most, leader)
    if (step.kind === 'watch') await this.#watch()
  }

  async #burst(most: number, leader: Fit): Promise<void> {
    const limit = leader.best.limit / this.#pace.cost
    const wide = Math.min(this.#widthMost, Math.ceil(limit / 20))
    const widely = Math.floor(0.9 * limit)
    for (let sent = 0; sent < most; ) {
      const width = sent + wide <= Math.min(widely, most) ? wide : 1
      const answers = await this.#send(width)
      sent += width
      const denial = answers.find((answer) => hasAnswer(answer) && !hasPassed(answer))
      if (denial === undefined) continue
      if (isPlainDenial(denial) && this.#others.length === 0) return
      if (await this.#isDenied(denial)) return
    }
  }

  async #watch(): Promise<void> {
    const startUs = this.#session.nowUs
    const offsets = this.#expectedReleases()
    for (const offset of offsets) {
      await this.#session.sleepUntil(startUs + offset)
      if ((await this.#send()).some(hasPassed)) return
    }
    const waitedUs = this.#session.nowUs - startUs
    if (offsets.length > 0 || waitedUs > 0) return
    await this.#firstRelease()
  }

  async #wait(share: number): Promise<void> {
    const [leader] = this.#weigh()
    await this.#session.sleepUntil(
      this.#session.nowUs + quantileUs(this.#releasesOf(leader!), share),
    )
  }

  #expectedReleases(): readonly Micros[] {
    const weighed = this.#weigh()
    const releases = weighed
      .filter(({ odds }, i) => i === 0 || odds > 2e-3)
      .flatMap((weighed) => this.#releasesOf(weighed))
    return pollOffsets(
      releases.filter((us) => us !== null),
      this.#gapUs,
      watchPolls(weighed[0]!.fit.best.limit / this.#pace.cost),
    )
  }

  /** Spans until a request would pass, by all that is possible for a class. */
  #releasesOf({ fit }: Weighed): readonly (Micros | null)[] {
    const { trace } = this
    const nowUs = this.#session.nowUs
    return fit.sample.map((parameters, turn) => {
      const hypothesis = fit.of.model(parameters)
      const state = stateAfter(hypothesis, trace, turn)
      return new Foreseen({ hypothesis, state }, nowUs, this.#pace).releaseUs
    })
  }

  #identified(weighed: readonly Weighed[], isSettled: boolean): Identification {
    const found = this.#resultOf(weighed, isSettled)
    const isClear = isSettled || found.rivals.length > 0 || found.isForetold
    if (isClear && found.isExplained) return { kind: 'identified', found }
    return { kind: 'undetermined', reason: reasonOf(found), found }
  }

  #resultOf(weighed: readonly Weighed[], isSettled: boolean): Identified {
    const [leader, ...others] = weighed
    const rivals = isSettled ? [] : others.filter(({ odds }) => odds > rivalOddsLeast)
    const isForetold = this.#heldOut > 0 && leader!.odds >= oddsSettled
    const unexplained = Math.max(unexplainedMost, unexplainedShareMost * answersIn(this.trace))
    const isExplained = leader!.fit.mismatches <= unexplained
    const denials = this.#denials
    return { isForetold, leader: leader!, rivals, isSettled, isExplained, denials, brokenUs: null }
  }

  #report(weighed: readonly Weighed[], choice: Choice): void {
    this.#session.snapshot({
      stage: this.#heldOut > 0 ? 'verify' : 'tell apart',
      limiter: null,
      hypotheses: weighed.map(viewOf),
      next: {
        what: choice.probe.what,
        why: choice.why,
        requestsExpected: choice.requestsExpected,
        waitUs: choice.waitUs,
      },
    })
  }

  get #widthMost(): number {
    return this.#others.length > 0 ? 1 : (this.#session.options.inFlightMax ?? 32)
  }

  get #pace(): Pace {
    return {
      gapUs: Math.max(this.#tripUs, ...this.#others.map(({ hypothesis }) => paceUs(hypothesis))),
      cost: this.#costOf(this.#sample),
    }
  }

  /** The latest of its requests that was served: what they cost. */
  get #sample(): Observation {
    const { observations } = this
    const mine = observations.filter(({ shape }) => shape === this.#request.shape)
    return mine.findLast(hasPassed) ?? mine.at(-1) ?? observations.at(-1)!
  }

  /** Median round trip. */
  get #tripUs(): Micros {
    const trips = this.observations
      .filter(hasAnswer)
      .map(({ sentUs, receivedUs }) => receivedUs - sentUs)
      .sort((a, b) => a - b)
    return trips[trips.length >> 1] ?? 1_000
  }

  get #gapUs(): Micros {
    return 2 * this.#tripUs
  }
}

function viewOf({ fit, odds }: Weighed): HypothesisView {
  const { of, limit, spanUs } = fit
  const isBucket = of.algorithm === 'token-bucket'
  const intervals: Record<string, Interval> = isBucket
    ? { burst: limit, refillPerS: [1e6 / spanUs[1], 1e6 / spanUs[0]] }
    : { limit, windowMs: [spanUs[0] / 1e3, spanUs[1] / 1e3] }
  return { title: of.title, algorithm: of.algorithm, odds, intervals }
}

function hasPreciseSpan(fit: Fit): boolean {
  return spanError(fit) <= spanErrorMost * fit.of.roughness
}

function pollGrowth(admitted: number): number {
  return Math.min(1.4, Math.max(1.1, 1 + 25 / admitted))
}

function limitsIn({ limit: [low, high] }: Fit): number {
  return high - low + 1
}

function tryFit(of: Fit['of'], context: FitContext, before: Fit | null): Fit | null {
  if (before === null && of.seeds(context.features).length === 0) return null
  return fitClass(of, context, before)
}

function spanUs({ algorithm }: Hypothesis): Micros {
  return windowUsOf(algorithm) ?? 0
}

/** From one request to the next, when a limiter lets through as many as it can. */
function paceUs({ algorithm }: Hypothesis): Micros {
  return (windowUsOf(algorithm) ?? 0) / limitOf(algorithm)
}

/** One by one at first, then some waves of each width, each twice as wide as the one before. */
function waveWidth(sent: number): number {
  const [width = 32] = [1, 2, 4, 8, 16].filter((_, i) => sent < 8 * (1 + 2 ** i))
  return width
}

function reasonOf({ leader: { fit, odds }, isExplained }: Identified): string {
  const { of, mismatches } = fit
  if (!isExplained) {
    return `no limiter model explains what was observed; the nearest, ${of.title}, leaves ${mismatches} answers unexplained`
  }
  return `${of.title} is the most probable, at ${(100 * odds).toFixed(0)} %, but that is not enough`
}
