// Slower limiters that come into play before the one in question is known well enough: noticed by denials
// that outlast its recovery, and waited for. Must not know probes.

import type { Micros } from '../core/units.ts'
import type { Contest } from './contest.ts'
import { firstRelease } from './exhaust.ts'
import { stateAfter } from './following.ts'
import { hasAnswer, hasPassed } from './judging.ts'
import { recoveryUs, type Weighed } from './posterior.ts'
import { Foreseen } from './probe.ts'
import type { Session } from './session.ts'
import type { Subject } from './subject.ts'

/** Where the classes stood while one explained everything, and how much had been observed by then. */
export interface Explained {
  readonly weighed: readonly Weighed[]
  readonly observed: number
}

/** Mismatches beyond which a class that had explained everything explains nothing any more. */
export const brokenBy = 4
/** Denials for so many recoveries of what explained everything before show that something else denies. */
const silenceLeast = 1.5
const outlastedMost = 3

export class Interruptions {
  readonly #session: Session
  readonly #subject: Subject
  readonly #contest: Contest
  #explained: Explained | null = null
  #outlasted = 0
  #sinceUs: Micros | null = null
  /** How much had been observed when the limiter was seen again. */
  #backAgain = 0

  constructor(session: Session, subject: Subject, contest: Contest) {
    this.#session = session
    this.#subject = subject
    this.#contest = contest
  }

  /** How often a slower limiter has interrupted. */
  get outlasted(): number {
    return this.#outlasted
  }

  /** When the first of them began; null: none did. */
  get sinceUs(): Micros | null {
    return this.#sinceUs
  }

  /** One class explains everything up to now. */
  explained(explained: Explained): void {
    this.#explained = explained
  }

  /**
   * What explained everything, and it was denied for far longer than it takes to recover: a slower limiter
   * denies, and did so before this one was known well enough.
   */
  isInterrupted(weighed: readonly Weighed[]): boolean {
    if (this.#explained === null || this.#subject.isAmongOthers) return false
    if (this.#outlasted === outlastedMost) return false
    if (weighed[0]!.fit.mismatches < brokenBy) return false
    const from = Math.max(this.#explained.observed, this.#backAgain)
    return this.#silenceUs(from) > silenceLeast * recoveryUs(this.#explained.weighed[0]!.fit)
  }

  /**
   * It is denied where what explained everything would let it through, though not for long enough to tell:
   * a limiter that lets more through than before is no such case.
   */
  mayBeInterrupted(weighed: readonly Weighed[]): boolean {
    if (this.#explained === null || this.#subject.isAmongOthers) return false
    if (this.#outlasted === outlastedMost || weighed[0]!.fit.mismatches < brokenBy) return false
    const { observations, trace, pace } = this.#subject
    const last = observations.findLast(hasAnswer)
    if (last === undefined || hasPassed(last)) return false
    const { of, best } = this.#explained.weighed[0]!.fit
    const hypothesis = of.model(best)
    const state = stateAfter(hypothesis, trace)
    return new Foreseen({ hypothesis, state }, this.#session.nowUs, pace).releaseUs === 0
  }

  /** One request, once another denial would be for too long. */
  async listen(): Promise<void> {
    const { fit } = this.#explained!.weighed[0]!
    const passedUs = this.#subject.observations.findLast(hasPassed)?.receivedUs ?? 0
    await this.#session.sleepUntil(passedUs + Math.ceil(silenceLeast * recoveryUs(fit)))
    await this.#subject.send()
  }

  /** The longest that it went on to deny after something had passed, since so much had been observed. */
  #silenceUs(observed: number): Micros {
    const { observations } = this.#subject
    const from = observations.length - (this.#subject.observed - observed)
    let longest = 0
    let passedUs =
      observations.slice(0, from).findLast(hasPassed)?.receivedUs ?? this.#session.nowUs
    for (const each of observations.slice(from)) {
      if (hasPassed(each)) passedUs = each.receivedUs
      else if (hasAnswer(each)) longest = Math.max(longest, each.receivedUs - passedUs)
    }
    return longest
  }

  /** Waits until it is seen again: what was denied meanwhile says nothing of it. False: it is not. */
  async outlast(): Promise<boolean> {
    const { weighed } = this.#explained!
    const subject = this.#subject
    this.#session.note('nothing passes, though it has recovered: a slower limiter denies')
    this.#outlasted++
    const observed = this.#beganAt(this.#explained!.observed)
    this.#sinceUs ??= this.#session.observations[observed]!.sentUs
    const isBack = hasPassed(subject.observations.at(-1)!) || (await firstRelease(subject))
    if (!isBack) return false
    subject.interrupted(observed)
    this.#backAgain = subject.observed
    this.#contest.resume(weighed)
    return true
  }

  // With what came with the last request that passed: the first denials by another may have been explained, too.
  #beganAt(observed: number): number {
    const { observations } = this.#session
    const last = observations.slice(0, observed).findLast(hasPassed)
    const first = observations.findIndex(({ sentUs }) => sentUs >= (last?.sentUs ?? 0))
    return Math.min(first, observed)
  }

  /** Nothing was found that was interrupted: what was observed is to be explained as a whole. */
  forget(): void {
    this.#subject.forgetInterruptions()
    this.#sinceUs = null
  }
}
