// Requests played through a chain of limiters on a virtual clock: admitted, held back, queued, served
// and settled as a gateway would. What forecasts and maps are made of; must not know traffic.

import type { VirtualClock } from '../core/clock.ts'
import type { NamedLimiter, RequestCost } from '../core/limits.ts'
import type { Micros } from '../core/units.ts'
import type { Admission, LimiterChain, Subject } from './chain.ts'

/** One request: what it may cost, what it will have cost, how long its service takes. */
export interface PlayedRequest {
  readonly subject: Subject
  readonly estimate: RequestCost
  readonly actual: RequestCost
  /** Asked when the service begins, with the number of others being served. */
  readonly serviceUs: (others: number) => Micros
}

/** How a played request ended; `denier` null: it was served. */
export interface PlayedEnd {
  readonly denier: NamedLimiter | null
  readonly endUs: Micros
}

/** Service behind one or more chains, which share the clock and the count of what is served. */
export class Play {
  readonly #clock: VirtualClock
  readonly #waiting = new Map<Admission, () => void>()
  #serving = 0

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  /** Sends a request now; `ended` is called once: at once for a denial, else when it was served. */
  send(chain: LimiterChain, request: PlayedRequest, ended: (end: PlayedEnd) => void): void {
    const admission = chain.admit(request.subject, request.estimate, this.#clock.nowUs())
    const decided = () => this.#decided(chain, admission, request, ended)
    if (admission.outcome === 'queued') this.#wait(chain, admission, decided)
    else decided()
  }

  #decided(
    chain: LimiterChain,
    admission: Admission,
    request: PlayedRequest,
    ended: (end: PlayedEnd) => void,
  ): void {
    const clock = this.#clock
    const finish = (actual: RequestCost | null, denier: NamedLimiter | null) => {
      const nowUs = clock.nowUs()
      this.#wake(chain.finish(admission, actual, nowUs))
      ended({ denier, endUs: nowUs })
    }
    if (admission.outcome !== 'allowed') return finish(null, admission.decisions.at(-1)!.limiter)
    clock.at(clock.nowUs() + admission.delayUs, () => {
      const serviceUs = request.serviceUs(this.#serving++)
      clock.at(clock.nowUs() + Math.ceil(serviceUs), () => {
        this.#serving--
        finish(request.actual, null)
      })
    })
  }

  #wait(chain: LimiterChain, admission: Admission, decided: () => void): void {
    const { algorithm } = admission.decisions.at(-1)!.limiter.model
    this.#waiting.set(admission, decided)
    if (algorithm.kind !== 'concurrency' || algorithm.queueTimeoutUs === null) return
    this.#clock.at(this.#clock.nowUs() + algorithm.queueTimeoutUs, () => {
      if (!this.#waiting.delete(admission)) return
      this.#wake(chain.abandon(admission, this.#clock.nowUs()))
      decided()
    })
  }

  #wake(admissions: readonly Admission[]): void {
    for (const admission of admissions) {
      const decided = this.#waiting.get(admission)
      this.#waiting.delete(admission)
      decided?.()
    }
  }
}
