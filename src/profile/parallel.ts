// How many more than its limit a limiter lets through when requests come at once: foretold by what it
// was identified as, which counts them one by one, then sent. Must not know documents.

import { formatSpan } from '../core/format.ts'
import type { Interval } from '../core/profileDocument.ts'
import type { Micros } from '../core/units.ts'
import { inFlightDefault } from './contract.ts'
import { hasAnswer, hasPassed, verdictsOf } from './judging.ts'
import type { Layer } from './known.ts'
import type { ProbeRequest } from './observation.ts'
import { Foreseen, foresights } from './probe.ts'
import type { Session } from './session.ts'
import { surelyUs } from './strictly.ts'
import { traceOf } from './trace.ts'
import { rangeText } from './wording.ts'

/** What came of requests that were sent at once. */
export interface Parallel {
  /** Requests sent at once, and how many of them were to pass at least and at most. */
  readonly width: number
  readonly foretold: Interval
  readonly passed: number
  /** Beyond what was to pass, over all waves; lost answers may have passed. */
  readonly excess: Interval
  /** Waves that let through what was not to pass. */
  readonly waves: number
  /** Whether a wave after them let nothing through that was not to pass. */
  readonly isDry: boolean
}

/** Of a wave this share has room. */
const roomShare = 1 / 4
/** What it may cost, as a share of the requests that are left, and the time, of that which is left. */
const costShareMost = 1 / 3
const waitShareMost = 1 / 4
/** Waves after one that let through too much, and all they may cost, in limits. */
const wavesMost = 12
const limitsMost = 4

/** Sends them at once where some have room; a text says why that was not possible. */
export async function measureParallel(
  session: Session,
  request: ProbeRequest,
  layer: Layer,
): Promise<Parallel | string> {
  const waves = new ParallelWaves(session, request, layer)
  const dear = waves.tooDear()
  if (dear !== null) return dear
  if (!(await waves.makeRoom())) return 'it denied what was to pass'
  return waves.send()
}

class ParallelWaves {
  readonly #session: Session
  readonly #request: ProbeRequest
  readonly #layer: Layer
  readonly #from: number
  readonly #limit: number
  readonly #width: number
  readonly #room: number

  constructor(session: Session, request: ProbeRequest, layer: Layer) {
    this.#session = session
    this.#request = request
    this.#layer = layer
    this.#from = session.observations.indexOf(layer.observations[0]!)
    this.#limit = Math.floor(layer.found.leader.fit.best.limit)
    const widest = session.options.inFlightMax ?? inFlightDefault
    this.#width = Math.min(widest, Math.max(4, 2 * this.#limit))
    this.#room = Math.max(1, Math.min(this.#width * roomShare, this.#limit / 2) | 0)
  }

  /** Why it is not worth it; null: it is. */
  tooDear(): string | null {
    if (this.#width <= this.#room + 1) return 'too few requests may be in flight'
    const { leader, rivals } = this.#layer.found
    if ([leader, ...rivals].some(({ fit }) => fit.of.isLossy)) {
      return 'what it has lost by then is not known to the unit'
    }
    const requests = this.#limit + 2 * this.#width
    if (requests > costShareMost * this.#session.requestsLeft) {
      return `it would cost ${requests} requests of the ${this.#session.requestsLeft} that are left`
    }
    const waitUs = Math.max(...this.#foresee().map(({ resetUs }) => resetUs))
    if (waitUs > waitShareMost * this.#session.durationLeftUs) {
      return `it would have to rest for ${formatSpan(waitUs)} first`
    }
    return null
  }

  /** Waits until as many have room as are to pass, or until all have, and spends what is too much. */
  async makeRoom(): Promise<boolean> {
    const idleUs = this.#idleUs()
    await this.#session.sleepUntil(this.#session.nowUs + idleUs)
    const [least, most] = this.#left()
    if (least >= this.#room && most <= this.#width / 2) return true
    const spare = least - this.#room
    // Waves may be what it counts wrongly: one by one.
    for (let i = 0; i < spare; i++) {
      const answer = await this.#session.send(this.#request)
      if (hasAnswer(answer) && !hasPassed(answer)) return false
    }
    return spare >= 0
  }

  async send(): Promise<Parallel | string> {
    const first = await this.#wave()
    if (first.foretold[1] >= this.#width) return 'all that came at once may have had room'
    const { passed, foretold } = first
    let [low, high] = first.excess
    let waves = low > 0 ? 1 : 0
    let isDry = waves === 0
    // What counts late has counted by now; what counts apart, or forgets, goes on.
    for (let sent = this.#width; waves > 0 && waves < wavesMost; sent += this.#width) {
      if (sent > Math.min(limitsMost * this.#limit + this.#width, this.#session.requestsLeft / 2)) {
        break
      }
      const next = await this.#wave()
      isDry = next.excess[0] <= 0
      if (isDry) break
      low += next.excess[0]
      high += next.excess[1]
      waves++
    }
    const excess = [Math.max(0, low), Math.max(0, high)] as const
    return { width: this.#width, foretold, passed, excess, waves, isDry }
  }

  async #wave() {
    const states = this.#foresee()
    const before = this.#left()
    this.#session.note(
      `${this.#width} requests at once, of which ${rangeText(before)} are to pass if they are counted one by one`,
    )
    const answers = await this.#session.sendTogether(this.#request, this.#width)
    const takenUs = Math.max(...answers.map(({ receivedUs }) => receivedUs)) - answers[0]!.sentUs
    const most = Math.max(...states.map((state) => roomWithin(state, takenUs)))
    const foretold: Interval = [before[0], Math.max(before[1], most)]
    const passed = answers.filter(hasPassed).length
    const { denials } = this.#layer.found
    const denied = verdictsOf(answers, denials).filter((verdict) => verdict === 'denied').length
    const excess: Interval = [passed - foretold[1], this.#width - denied - foretold[0]]
    return { passed, foretold, excess }
  }

  /** The shortest wait after which there is room for as many as are to pass, whatever is right. */
  #idleUs(): Micros {
    const resetUs = Math.max(...this.#foresee().map(({ resetUs }) => resetUs))
    let [low, high] = [0, surelyUs(resetUs)]
    const isEnough = (us: Micros) => this.#left(us)[0] >= this.#room
    for (let i = 0; i < 12; i++) {
      const middle = Math.round((low + high) / 2)
      if (isEnough(middle)) high = middle
      else low = middle
    }
    const [, most] = this.#left(high)
    // A window that is over for one of the likely hypotheses is to be over for all.
    return most <= this.#width / 2 ? high : surelyUs(resetUs)
  }

  /** Requests that have room after a wait, at least and at most. */
  #left(afterUs: Micros = 0): Interval {
    const left = this.#foresee().map((state) => {
      state.idle(afterUs)
      return Math.max(0, state.left)
    })
    return [Math.min(...left), Math.max(...left)]
  }

  /** Everything that is still likely, as it stands now. */
  #foresee(): readonly Foreseen[] {
    const { leader, rivals, denials } = this.#layer.found
    const observations = this.#session.observations.slice(this.#from)
    const trace = traceOf(observations, verdictsOf(observations, denials), () => 1)
    const pace = { gapUs: 0, cost: 1 }
    return [leader, ...rivals]
      .flatMap(({ fit }) => foresights(fit, trace))
      .map((foresight) => new Foreseen(foresight, this.#session.nowUs, pace))
  }
}

/** What may pass within a span: what there is now, and what comes back until its end. */
function roomWithin(state: Foreseen, us: Micros): number {
  const now = Math.max(0, state.left)
  state.idle(us)
  const then = Math.max(0, state.left)
  return state.isRefilledBitByBit ? then : then > now ? now + then : now
}
