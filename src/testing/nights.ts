// For tests and benches: nights that never were. Noise of one metric from night to night, and of the
// pairs of runs that confirm a trigger.

import { confirmation, isBaseFirst, pairsPerStage } from '../analysis/confirmation.ts'
import { restNights, triggerOf } from '../analysis/nightTrigger.ts'
import { normalAt, randomStream, uniformAt } from '../core/random.ts'

export interface Noise {
  /** Standard deviation of the logarithm. */
  readonly deviation: number
  /** Share of runs that are 10 to 30 % slower for no reason. */
  readonly outliers: number
  /** Correlation of a night with the one before. */
  readonly persistence: number
}

/** Endless values of a metric whose level is 1. */
export class NoisySource {
  readonly #noise: Noise
  readonly #normal
  readonly #uniform
  #drift = 0
  #i = 0

  constructor(seed: number, noise: Noise) {
    this.#noise = noise
    this.#normal = randomStream(seed, 'normal')
    this.#uniform = randomStream(seed, 'uniform')
  }

  /** The next night's run. */
  night(): number {
    const { persistence, deviation } = this.#noise
    const fresh = Math.sqrt(1 - persistence ** 2) * deviation * normalAt(this.#normal, this.#i)
    this.#drift = persistence * this.#drift + fresh
    return Math.exp(this.#drift + this.#outlier())
  }

  /** A run of a confirmation. */
  run(): number {
    const { deviation } = this.#noise
    return Math.exp(deviation * normalAt(this.#normal, this.#i) + this.#outlier())
  }

  #outlier(): number {
    const i = 2 * this.#i++
    const isOne = uniformAt(this.#uniform, i) < this.#noise.outliers
    return isOne ? 0.1 + 0.2 * uniformAt(this.#uniform, i + 1) : 0
  }
}

/** A night's outcome. */
export interface NightOutcome {
  readonly isTriggered: boolean
  readonly isAlarm: boolean
  readonly runs: number
}

/** Nights that follow each other: each is looked at, and confirmed when it is triggered. */
export class Nights {
  readonly #source: NoisySource
  readonly #values: number[] = []
  #quietUntil = 0

  constructor(source: NoisySource) {
    this.#source = source
  }

  /** Nights before anybody looked. */
  history(nights: number): void {
    for (let i = 0; i < nights; i++) this.#values.push(this.#source.night())
  }

  /** The next night, on which everything takes `factor` times as long. */
  next(factor: number): NightOutcome {
    this.#values.push(this.#source.night() * factor)
    const quiet = { isTriggered: false, isAlarm: false, runs: 0 }
    if (this.#values.length <= this.#quietUntil) return quiet
    if (triggerOf({ values: this.#values, known: [] }) === null) return quiet
    this.#quietUntil = this.#values.length + restNights
    const logRatios: number[] = []
    for (;;) {
      for (let pair = 0; pair < pairsPerStage; pair++) logRatios.push(this.#pair(pair, factor))
      const confirmed = confirmation(logRatios)
      if (confirmed === null) continue
      const isAlarm = confirmed.verdict === 'REGRESSION'
      return { isTriggered: true, isAlarm, runs: 2 * logRatios.length }
    }
  }

  #pair(pair: number, factor: number): number {
    const first = this.#source.run()
    const second = this.#source.run()
    const [base, candidate] = isBaseFirst(pair) ? [first, second] : [second, first]
    return Math.log((candidate * factor) / base)
  }
}
