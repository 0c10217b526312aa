// Identifies one limiter: exhausts it, waits for its first release, then asks again and again what
// tells the remaining hypotheses apart, until one is left that has foretold what came.

import { sortedQuantile } from '../core/bootstrap.ts'
import { formatSpan } from '../core/format.ts'
import type { Interval } from '../core/profileDocument.ts'
import { Asking } from './asking.ts'
import { type Choice, chooseProbe, familyOf } from './choose.ts'
import { Contest } from './contest.ts'
import type { HypothesisView } from './contract.ts'
import { exhaust, firstRelease } from './exhaust.ts'
import { Fatigue } from './fatigue.ts'
import { featuresOf } from './features.ts'
import type { Fit } from './fit.ts'
import { stateAfter } from './following.ts'
import {
  concluded,
  explains,
  type Identification,
  type Identified,
  type Question,
  unreleased,
} from './identification.ts'
import { brokenBy, type Explained, Interruptions } from './interruptions.ts'
import { hasAnswer } from './judging.ts'
import type { Observation } from './observation.ts'
import { plainest } from './plainest.ts'
import { hasPreciseSpan, recoveryUs, type Weighed } from './posterior.ts'
import { Foreseen, type ProbeStep, wholeBurst } from './probe.ts'
import type { Session } from './session.ts'
import { Subject } from './subject.ts'
import { answersIn, type TraceGroup } from './trace.ts'

const oddsSettled = 0.99
/** From here on it is worth a whole limit to see whether a class is right. */
const oddsLikely = 0.8
/** Less probable classes are not worth a mention. */
const rivalOddsLeast = 0.002
const notFresh = 'the limiter had been used up before it was looked at'
/** Mismatches from which on there is no hope for what is looked for behind others. */
const hopelessBy = 6
const roundsMost = 40
/** An interruption cost some of them. */
const roundsAfter = 15
/** A limiter that recovers in fewer gaps between polls has to show what it gives after a rest of so long. */
const restTrips = 50
const restUs = 3_000_000
/** What recovers in fewer of the slowest answers cannot be told from what does not. */
const slowTrips = 2
const slowShare = 0.98
/** Probes in vain after which a whole limit is spent if nothing but that is in doubt. */
const inVainMost = 4
/** Whole limits that are foretold in vain before it is given up. */
const verifiesMost = 6

export class Identifier {
  readonly #session: Session
  readonly #subject: Subject
  readonly #contest: Contest
  readonly #asking: Asking
  readonly #exhaustMost: number
  readonly #fatigue = new Fatigue()
  readonly #interruptions: Interruptions
  /** What explained everything, and had foretold a whole limit by then. */
  #trusted: Explained | null = null
  #hasRested = false

  constructor(session: Session, question: Question) {
    this.#session = session
    this.#exhaustMost = question.exhaustMost ?? Math.floor(session.requestsLeft / 2)
    this.#subject = new Subject(session, question)
    this.#contest = new Contest({
      mayBeLossy: !this.#subject.isAmongOthers,
      mayChargeAfter: question.mayChargeAfter ?? false,
      sinceUs: session.nowUs,
      seed: session.options.seed,
    })
    this.#asking = new Asking(this.#subject, this.#contest)
    this.#interruptions = new Interruptions(session, this.#subject, this.#contest)
  }

  /** What was sent for this limiter. */
  get observations(): readonly Observation[] {
    return this.#subject.observations
  }

  get trace(): readonly TraceGroup[] {
    return this.#subject.trace
  }

  /** Everything up to a conclusion; throws `Ended` when the budget does not reach that far. */
  async run(): Promise<Identification> {
    const exhausted = await exhaust(this.#subject, this.#exhaustMost)
    if (exhausted === 'concurrent') return { kind: 'concurrent' }
    if (exhausted === 'unlimited') {
      return { kind: 'unlimited', requests: this.observations.length }
    }
    if (!(await firstRelease(this.#subject))) {
      return unreleased(this.observations, this.#session.nowUs)
    }
    return this.#tellApart()
  }

  async #tellApart(): Promise<Identification> {
    let verified = 0
    for (let round = 0; ; round++) {
      const mayAsk = round < roundsMost + roundsAfter * this.#interruptions.outlasted
      let weighed = this.#weigh()
      if (weighed.length === 0) return { kind: 'undetermined', reason: notFresh, found: null }
      if (this.#isBroken(weighed)) weighed = this.#contest.searchAgain(this.trace)
      if (this.#isBroken(weighed) && !this.#subject.isAmongOthers) {
        weighed = this.#searchKind(this.#trusted!.weighed)
      }
      if (this.#isBroken(weighed)) return this.#untilBroken()
      this.#trust(weighed)
      if (this.#interruptions.isInterrupted(weighed))
        weighed = this.#contest.searchAgain(this.trace)
      if (this.#interruptions.isInterrupted(weighed)) {
        if (await this.#interruptions.outlast()) continue
        return unreleased(this.observations, this.#session.nowUs)
      }
      if (mayAsk && this.#interruptions.mayBeInterrupted(weighed)) {
        await this.#interruptions.listen()
        continue
      }
      if (this.#isHopeless(weighed)) weighed = this.#contest.searchAgain(this.trace)
      if (this.#isHopeless(weighed)) return concluded(this.#resultOf(weighed, false))
      if (this.#isSettled(weighed)) weighed = this.#contest.searchAgain(this.trace)
      let choice = mayAsk ? this.#choose(weighed) : null
      // Nothing is left to ask, and something is not explained: the right one may only have been missed.
      if (choice === null && weighed[0]!.fit.mismatches >= 1 && !this.#subject.isAmongOthers) {
        weighed = this.#searchKind(weighed)
        choice = mayAsk ? this.#choose(weighed) : null
      }
      const isSettled = this.#isSettled(weighed)
      if ((isSettled || choice === null) && this.#needsRest(weighed[0]!.fit)) {
        await this.#rest(weighed)
      } else if (isSettled) {
        return this.#concluded(weighed, true)
      } else if (this.#isOnlyLimitOpen(weighed[0]!) && verified < verifiesMost) {
        verified++
        await this.#verify(weighed)
      } else if (choice !== null) {
        await this.#ask(choice, weighed)
      } else if (this.#isUnverified(weighed[0]!) && verified < verifiesMost) {
        // Small probes did not tell: a whole limit may.
        verified++
        await this.#verify(weighed)
      } else {
        return this.#concluded(weighed, false)
      }
    }
  }

  #concluded(weighed: readonly Weighed[], isSettled: boolean): Identification {
    const reason = this.#tooFast(weighed[0]!)
    if (reason !== null) return { kind: 'undetermined', reason, found: null }
    const identification = concluded(this.#resultOf(weighed, isSettled))
    if (identification.kind === 'identified' || this.#interruptions.sinceUs === null) {
      return identification
    }
    this.#interruptions.forget()
    return concluded(this.#resultOf(this.#contest.searchAgain(this.trace), false))
  }

  /** What can be said when the budget has ended the search. */
  soFar(): Identified | null {
    return this.#contest.hasBegun ? this.#resultOf(this.#contest.standing, false) : null
  }

  #weigh(): readonly Weighed[] {
    return this.#contest.weigh(this.trace)
  }

  #trust(weighed: readonly Weighed[]): void {
    const { fit } = weighed[0]!
    if (fit.mismatches >= 1) return
    const explained = { weighed, observed: this.#subject.observed }
    this.#interruptions.explained(explained)
    if (this.#contest.hasForetold && hasPreciseSpan(fit)) this.#trusted = explained
  }

  // What has foretold a whole limit and then explains nothing any more is not refuted: something else
  // has come into play, another limiter or another limit.
  #isBroken(weighed: readonly Weighed[]): boolean {
    return this.#trusted !== null && weighed[0]!.fit.mismatches >= brokenBy
  }

  // Among others, what none of the models explains is not one limiter: more probes only cost.
  #isHopeless(weighed: readonly Weighed[]): boolean {
    return this.#subject.isAmongOthers && weighed[0]!.fit.mismatches >= hopelessBy
  }

  #searchKind(weighed: readonly Weighed[]): readonly Weighed[] {
    return this.#contest.searchKind(weighed[0]!.fit.of.algorithm, this.trace)
  }

  #untilBroken(): Identification {
    const { weighed, observed } = this.#trusted!
    const brokenUs = this.#interruptions.sinceUs ?? this.#session.observations[observed]!.sentUs
    this.#subject.forgetFrom(observed)
    const found = { ...this.#resultOf(weighed, false), brokenUs }
    return { kind: 'identified', found }
  }

  #isSettled(weighed: readonly Weighed[]): boolean {
    const { fit, odds } = weighed[0]!
    const isPrecise = (hasPreciseSpan(fit) || this.#isPlain(fit)) && !this.#isLimitOpen(fit)
    return odds >= oddsSettled && isPrecise && this.#contest.hasForetold
  }

  // What loses fractions is bounded less and less closely, the more requests come to it: where probes tell no more,
  // what takes the fewest coincidences has to do.
  #isPlain(fit: Fit): boolean {
    if (!fit.of.isLossy || this.#fatigue.inVain < inVainMost) return false
    const spanUs = plainest(fit, this.trace)?.spanUs
    return spanUs !== undefined && hasPreciseSpan({ ...fit, spanUs })
  }

  // A request that was lost may or may not have been charged: if small probes do not tell, a whole limit will.
  #isOnlyLimitOpen({ fit, odds }: Weighed): boolean {
    const isInVain = this.#fatigue.inVain >= inVainMost
    return this.#isLimitOpen(fit) && odds >= oddsLikely && hasPreciseSpan(fit) && isInVain
  }

  #isUnverified({ fit }: Weighed): boolean {
    return !this.#contest.hasForetold || this.#isLimitOpen(fit)
  }

  #isLimitOpen({ limit }: Fit): boolean {
    return limit[1] - limit[0] >= this.#subject.pace.cost
  }

  #choose(weighed: readonly Weighed[]): Choice | null {
    return chooseProbe({
      weighed,
      trace: this.trace,
      nowUs: this.#session.nowUs,
      pace: this.#subject.pace,
      pollGapUs: this.#subject.gapUs,
      fatigue: this.#fatigue.times,
      isWholeDue: this.#isWholeDue(weighed[0]!),
    })
  }

  // It has to be paid for anyway, and tells apart what small probes do not.
  #isWholeDue({ fit, odds }: Weighed): boolean {
    return !this.#contest.hasForetold && (odds >= oddsLikely || hasPreciseSpan(fit))
  }

  async #ask(choice: Choice, weighed: readonly Weighed[]): Promise<void> {
    this.#report(weighed, choice)
    await this.#foretell(choice.probe.steps, weighed)
    this.#fatigue.asked(familyOf(choice.probe), this.#contest.standing[0]!)
  }

  // All probes are as long as the leader's recovery. What seems to recover while a few answers travel, or
  // loses what it recovers, may only have been asked too often to show how much it holds.
  #needsRest(fit: Fit): boolean {
    const us = recoveryUs(fit)
    const isShort = us < restTrips * this.#subject.gapUs
    return !this.#hasRested && (isShort || (fit.of.isLossy && us < restUs))
  }

  async #rest(weighed: readonly Weighed[]): Promise<void> {
    const { fit } = weighed[0]!
    this.#hasRested = true
    this.#session.note('silence, and then all that there is')
    const admitted = featuresOf(this.trace)?.admitted ?? 0
    const most = 2 * Math.max(Math.ceil(fit.best.limit), admitted)
    const steps: ProbeStep[] = [
      { kind: 'idle', us: restUs },
      { kind: 'burst', most },
    ]
    await this.#foretell([...steps, { kind: 'watch' }], weighed)
  }

  /** Why nothing can be said of what recovers as quickly as answers come; null: it does not. */
  #tooFast({ fit }: Weighed): string | null {
    const trips = this.observations.filter(hasAnswer).map((each) => each.receivedUs - each.sentUs)
    const slowUs = sortedQuantile(
      trips.sort((a, b) => a - b),
      slowShare,
    )
    const us = recoveryUs(fit)
    if (us >= slowTrips * slowUs) return null
    return `the nearest model, a ${fit.of.title}, recovers in ${formatSpan(us)}, and answers took up to ${formatSpan(slowUs)}: that is too quick to tell`
  }

  async #verify(weighed: readonly Weighed[]): Promise<void> {
    const { fit } = weighed[0]!
    const hypothesis = fit.of.model(fit.best)
    const state = stateAfter(hypothesis, this.trace)
    const { pace } = this.#subject
    const now = new Foreseen({ hypothesis, state }, this.#session.nowUs, pace)
    const us = Math.round(1.1 * now.resetUs)
    const most = wholeBurst(now)
    await this.#foretell(
      [{ kind: 'idle', us }, { kind: 'burst', most }, { kind: 'watch' }],
      weighed,
    )
    this.#fatigue.asked('whole', this.#contest.standing[0]!)
  }

  async #foretell(steps: readonly ProbeStep[], before: readonly Weighed[]): Promise<void> {
    await this.#asking.send(steps, before[0]!.fit)
    this.#weigh()
    this.#contest.answered(before)
  }

  #resultOf(weighed: readonly Weighed[], isSettled: boolean): Identified {
    const [leader, ...others] = weighed
    return {
      isForetold: this.#contest.hasForetold && leader!.odds >= oddsSettled,
      leader: leader!,
      rivals: isSettled ? [] : others.filter(({ odds }) => odds > rivalOddsLeast),
      isSettled,
      isExplained: explains(leader!.fit.mismatches, answersIn(this.trace)),
      denials: this.#subject.denials,
      brokenUs: this.#interruptions.sinceUs,
    }
  }

  #report(weighed: readonly Weighed[], { probe, why, requestsExpected, waitUs }: Choice): void {
    this.#session.snapshot({
      stage: this.#contest.hasForetold ? 'verify' : 'tell apart',
      limiter: null,
      hypotheses: weighed.map(viewOf),
      next: { what: probe.what, why, requestsExpected, waitUs },
    })
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
