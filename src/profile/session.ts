// Sends what the profiler asks for, within its budget, and keeps what came of it. Must not conclude.

import { sleepUntil } from '../core/clock.ts'
import type { Micros } from '../core/units.ts'
import type { ProfileOptions, ProfileResult, ProfileSnapshot, Spent } from './contract.ts'
import type { Observation, ProbeRequest, Prober } from './observation.ts'

/** The budget is spent, or the user has had enough: thrown to the top, where it ends the profile. */
export class Ended extends Error {
  override readonly name = 'Ended'
  readonly by: ProfileResult['endedBy']

  constructor(by: ProfileResult['endedBy']) {
    super(by)
    this.by = by
  }
}

/** A wait is cut short by as much as a timer may be late, until it is too short for that to matter. */
const nearerShare = 0.9
const shortWaitUs: Micros = 2_000

export class Session {
  readonly prober: Prober
  readonly options: ProfileOptions
  readonly observations: Observation[] = []
  /** Limiters that are identified, in one line each. */
  readonly found: string[] = []
  readonly #startUs: Micros
  #sent = 0
  #tokens = 0

  constructor(prober: Prober, options: ProfileOptions) {
    this.prober = prober
    this.options = options
    this.#startUs = prober.clock.nowUs()
  }

  get nowUs(): Micros {
    return this.prober.clock.nowUs()
  }

  get spent(): Spent {
    const elapsedUs = this.nowUs - this.#startUs
    return { requests: this.#sent, tokens: this.#tokens, elapsedUs }
  }

  get requestsLeft(): number {
    return this.options.budget.requestsMax - this.#sent
  }

  get durationLeftUs(): Micros {
    return this.options.budget.durationUsMax - (this.nowUs - this.#startUs)
  }

  /** Sends one request and waits for its answer. */
  async send(request: ProbeRequest): Promise<Observation> {
    const [observation] = await this.sendTogether(request, 1)
    return observation!
  }

  /** Sends `count` requests at once; resolves when all are answered, in the order of sending. */
  async sendTogether(request: ProbeRequest, count: number): Promise<readonly Observation[]> {
    this.#pay(request, count)
    const sendings = Array.from({ length: count }, () => this.prober.send(request))
    const answered = await Promise.all(sendings)
    for (const observation of answered) {
      this.#keep(observation)
      this.options.onEvent?.({ kind: 'observation', observation })
    }
    return answered
  }

  // In the order of sending, also where the answer to an earlier one is still under way or never comes.
  #keep(observation: Observation): void {
    const { observations } = this
    let at = observations.length
    while (at > 0 && observations[at - 1]!.sentUs > observation.sentUs) at--
    observations.splice(at, 0, observation)
  }

  /** Waits until an instant, unless that is beyond the budget. */
  async sleepUntil(us: Micros): Promise<void> {
    if (us > this.#startUs + this.options.budget.durationUsMax) throw new Ended('duration')
    this.#check()
    while (us > this.nowUs) {
      await sleepUntil(this.prober.clock, this.#nearer(us), this.options.signal)
      this.#check()
    }
  }

  // Timers may be late by a share of their wait: what is far off is approached in ever shorter waits.
  #nearer(us: Micros): Micros {
    const leftUs = us - this.nowUs
    return leftUs <= shortWaitUs ? us : Math.floor(this.nowUs + nearerShare * leftUs)
  }

  /** Tells where the profile stands; limiters in `found` are identified already. */
  snapshot(at: Omit<ProfileSnapshot, 'spent' | 'found'>): void {
    const snapshot = { ...at, spent: this.spent, found: this.found }
    this.options.onEvent?.({ kind: 'snapshot', snapshot })
  }

  note(text: string): void {
    this.options.onEvent?.({ kind: 'note', atUs: this.nowUs, text })
  }

  #pay(request: ProbeRequest, count: number): void {
    this.#check()
    const { requestsMax, tokensMax } = this.options.budget
    if (this.#sent + count > requestsMax) throw new Ended('requests')
    const shape = this.prober.shapes.find(({ name }) => name === request.shape)!
    const { promptTokens, completionTokens } = shape.estimate
    const tokens = count * (promptTokens + completionTokens)
    if (tokensMax !== null && this.#tokens + tokens > tokensMax) throw new Ended('tokens')
    this.#sent += count
    this.#tokens += tokens
  }

  #check(): void {
    if (this.options.signal?.aborted) throw new Ended('aborted')
    if (this.durationLeftUs <= 0) throw new Ended('duration')
  }
}
