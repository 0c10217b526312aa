// Sends a probe, step by step: what it waits for is taken anew from all that is possible by then. Must not
// know which probe is worth sending.

import type { Micros } from '../core/units.ts'
import type { Contest } from './contest.ts'
import { firstRelease } from './exhaust.ts'
import type { Fit } from './fit.ts'
import { hasAnswer, hasPassed, isPlainDenial } from './judging.ts'
import type { Weighed } from './posterior.ts'
import { Foreseen, foresights, type ProbeStep, quantileUs, watchOf, watchPolls } from './probe.ts'
import type { Subject } from './subject.ts'

/** Less probable classes are not waited for. */
const oddsLeast = 2e-3
/** Waves of a burst are this share of the limit, up to that share of what passes at least. */
const waveShare = 1 / 20
const wavesUntil = 0.9

export class Asking {
  readonly #subject: Subject
  readonly #contest: Contest

  constructor(subject: Subject, contest: Contest) {
    this.#subject = subject
    this.#contest = contest
  }

  /** Sends a probe that was made for `leader`. */
  async send(steps: readonly ProbeStep[], leader: Fit): Promise<void> {
    for (const step of steps) await this.#do(step, leader)
  }

  async #do(step: ProbeStep, leader: Fit): Promise<void> {
    if (step.kind === 'idle') await this.#subject.idle(step.us)
    if (step.kind === 'wait') await this.#wait(step.share)
    if (step.kind === 'burst') await this.#burst(step.most, leader)
    if (step.kind === 'watch') await this.#watch()
  }

  /** All that there is may be foretold beforehand. */
  async #burst(most: number, leader: Fit): Promise<void> {
    const { cost } = this.#subject.pace
    if (most * cost < leader.best.limit) return this.#spend(most, leader)
    const before = this.#contest.weigh(this.#subject.trace)
    const sent = this.#subject.observations.length
    await this.#spend(most, leader)
    const { observations, trace } = this.#subject
    const passed = observations.slice(sent).filter(hasPassed).length
    this.#contest.spent(before, trace, passed * cost)
  }

  async #spend(most: number, leader: Fit): Promise<void> {
    const subject = this.#subject
    const limit = leader.best.limit / subject.pace.cost
    const wide = Math.min(subject.widthMost, Math.ceil(limit * waveShare))
    const least = Math.min(...this.#foreseen(leader).map((each) => each.burst(most)))
    const widely = Math.floor(wavesUntil * least)
    for (let sent = 0; sent < most; ) {
      const width = sent + wide <= widely ? wide : 1
      const answers = await subject.send(width)
      sent += width
      const denial = answers.find((answer) => hasAnswer(answer) && !hasPassed(answer))
      if (denial === undefined) continue
      if (isPlainDenial(denial) && !subject.isAmongOthers) return
      if (await subject.isDenied(denial)) return
    }
  }

  async #watch(): Promise<void> {
    const { session } = this.#subject
    const startUs = session.nowUs
    const weighed = this.#contest.weigh(this.#subject.trace)
    const offsets = this.#expectedReleases(weighed)
    for (const offset of offsets) {
      await session.sleepUntil(startUs + offset)
      if ((await this.#subject.send()).some(hasPassed)) return
    }
    if (offsets.length > 0 || session.nowUs > startUs) return
    await firstRelease(this.#subject)
  }

  async #wait(share: number): Promise<void> {
    const [leader] = this.#contest.weigh(this.#subject.trace)
    const releases = this.#foreseen(leader!.fit).map(({ releaseUs }) => releaseUs)
    await this.#subject.idle(quantileUs(releases, share))
  }

  #expectedReleases(weighed: readonly Weighed[]): readonly Micros[] {
    const foreseen = weighed
      .filter(({ odds }, i) => i === 0 || odds > oddsLeast)
      .flatMap(({ fit }) => this.#foreseen(fit))
    const { gapUs, pace } = this.#subject
    return watchOf(foreseen, { gapUs, polls: watchPolls(weighed[0]!.fit, pace) }).offsets
  }

  /** What comes of asking, by all that is possible for a class. */
  #foreseen(fit: Fit): readonly Foreseen[] {
    const { trace, pace, session } = this.#subject
    return foresights(fit, trace).map((each) => new Foreseen(each, session.nowUs, pace))
  }
}
