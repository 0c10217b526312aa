// For tests and benches: a prober in virtual time, in front of any chain of limiter models, over a
// network that jitters, loses answers and has errors of its own.

import { VirtualClock } from '../core/clock.ts'
import type { NamedLimiter, RequestCost } from '../core/limits.ts'
import { normalAt, randomStream, uniformAt } from '../core/random.ts'
import type { Micros } from '../core/units.ts'
import type { Admission, LimiterChain, Race } from '../limiters/chain.ts'
import type {
  Observation,
  ProbeLane,
  ProbeRequest,
  Prober,
  ProbeShape,
} from '../profile/observation.ts'
import { blankObservation } from './profiledLimiters.ts'
import { Replicas } from './replicas.ts'

export interface VirtualTarget {
  readonly limiters: readonly NamedLimiter[]
  readonly seed: number
  readonly shapes?: readonly ProbeShape[]
  /** What a request of a shape really costs; default its estimate. */
  readonly actual?: Readonly<Record<string, RequestCost>>
  readonly lanes?: readonly ProbeLane[]
  /** Median round trip; default 8 ms. */
  readonly roundTripUs?: Micros
  /** Spread of the logarithm of round trips; default 0.25. */
  readonly roundTripSpread?: number
  /** Waits are this share late, at most; default 0.05. */
  readonly timerLateShare?: number
  /** Share of answers that never come. Default 0. */
  readonly lostShare?: number
  /** Share of the requests without an answer that never arrived either. Default 0. */
  readonly lostBeforeShare?: number
  /** Share of requests that fail with a 500 or 503 behind the limiters. Default 0. */
  readonly failedShare?: number
  /** Share of requests during which our own process stands still, for 100 to 900 ms. Default 0. */
  readonly stalledShare?: number
  /** After so long an answer is given up; default 25 round trips. */
  readonly timeoutUs?: Micros
  /** Time a request is served; default 0. */
  readonly serviceUs?: Micros
  /** Status of rejections; default 429. */
  readonly status?: number
  /** Rejections name their limiter; default false. */
  readonly names?: boolean
  /** Retry-After of rejections: in whole seconds, rounded up; always so many µs; default: none. */
  readonly retryAfter?: 'seconds' | 'none' | Micros
  /** Instant the clock starts at; default a random one within a day. */
  readonly startUs?: Micros
  /** Limiters from an instant on, in place of the first ones. */
  readonly later?: { readonly fromUs: Micros; readonly limiters: readonly NamedLimiter[] }
  /** Limiters that read their counter, wait so long, and write it back: what others wrote is lost. */
  readonly race?: Omit<Race, 'at'>
  /** So many copies of the limiters, each counting for itself; a connection stays with one. */
  readonly replicas?: number
  /** Limiters that take turns with the first ones, so many requests each. */
  readonly turns?: { readonly requests: number; readonly limiters: readonly NamedLimiter[] }
}

export interface VirtualProber extends Prober {
  readonly clock: VirtualClock
}

const tiny: ProbeShape = {
  name: 'tiny',
  estimate: { promptTokens: 8, completionTokens: 16, usd: 0 },
}

/** A prober in front of a target that is not there. */
export function virtualProber(target: VirtualTarget): VirtualProber {
  const random = randomStream(target.seed, 'virtual target')
  const startUs = target.startUs ?? Math.floor(uniformAt(random, 0) * 86_400e6)
  const clock = new LateClock(startUs, target.timerLateShare ?? 0.05, target.seed)
  return new Target(target, clock)
}

/** A virtual clock whose sleepers wake up late. */
class LateClock extends VirtualClock {
  readonly #lateShare: number
  readonly #seed: number
  #waits = 0

  constructor(startUs: Micros, lateShare: number, seed: number) {
    super(startUs)
    this.#lateShare = lateShare
    this.#seed = seed
  }

  /** A wait of somebody outside the simulated network. */
  override at(us: Micros, run: () => void) {
    const late = uniformAt(randomStream(this.#seed, 'timers'), this.#waits++)
    const waitUs = Math.max(0, us - this.nowUs())
    return super.at(us + Math.floor(waitUs * this.#lateShare * late), run)
  }

  exactlyAt(us: Micros, run: () => void) {
    return super.at(us, run)
  }
}

interface Arrival {
  readonly request: ProbeRequest
  readonly connection: number
  readonly luck: number
}

class Target implements VirtualProber {
  readonly clock: LateClock
  readonly epochUnixMs = 0
  readonly shapes: readonly ProbeShape[]
  readonly lanes: readonly ProbeLane[]
  readonly #target: VirtualTarget
  readonly #random
  readonly #busy = new Set<number>()
  #replicas: Replicas
  readonly #other: Replicas
  #isLater = false
  #arrived = 0
  #seq = 0

  constructor(target: VirtualTarget, clock: LateClock) {
    this.clock = clock
    this.shapes = target.shapes ?? [tiny]
    this.lanes = target.lanes ?? [{ name: 'lane', differsIn: null }]
    this.#target = target
    this.#replicas = this.#replicasOf(target.limiters)
    this.#other = this.#replicasOf(target.turns?.limiters ?? [])
    this.#random = randomStream(target.seed, 'network')
  }

  send(request: ProbeRequest): Promise<Observation> {
    const seq = this.#seq++
    const draw = (i: number) => uniformAt(this.#random, seq * 8 + i)
    const { roundTripUs = 8_000, roundTripSpread = 0.25, lostShare = 0 } = this.#target
    const tripUs = roundTripUs * Math.exp(roundTripSpread * normalAt(this.#random, seq))
    const sentUs = this.clock.nowUs()
    const stallUs = this.#stallUs(draw(5), draw(6))
    const isStalledFirst = draw(7) < 0.5
    const arrivesUs = Math.round(sentUs + tripUs * draw(1) + (isStalledFirst ? stallUs : 0))
    const isLost = draw(2) < lostShare
    const timeoutUs = sentUs + (this.#target.timeoutUs ?? 25 * roundTripUs)
    const connection = this.#connect()
    return new Promise((resolve) => {
      const answer = (us: Micros, changes: Partial<Observation>) =>
        this.clock.exactlyAt(us, () => {
          this.#busy.delete(connection)
          resolve({ ...blank(request, seq, sentUs), receivedUs: us, ...changes })
        })
      if (isLost) answer(timeoutUs, { outcome: 'timeout' })
      if (isLost && draw(3) < (this.#target.lostBeforeShare ?? 0)) return
      this.clock.exactlyAt(arrivesUs, () => {
        const backUs = Math.round(tripUs * (1 - draw(1)) + (isStalledFirst ? 0 : stallUs))
        this.#arrive({ request, connection, luck: draw(4) }, (us, changes) => {
          if (!isLost) answer(us + backUs, changes)
        })
      })
    })
  }

  /** The connection that is free, the one first opened first. */
  #connect(): number {
    let connection = 0
    while (this.#busy.has(connection)) connection++
    this.#busy.add(connection)
    return connection
  }

  #arrive(
    { request, connection, luck }: Arrival,
    answer: (us: Micros, changes: Partial<Observation>) => void,
  ): void {
    const nowUs = this.clock.nowUs()
    this.#changeOver(nowUs)
    const chain = this.#chainAt(this.#arrived++, connection)
    const estimate = this.shapes.find(({ name }) => name === request.shape)!.estimate
    const actual = this.#target.actual?.[request.shape] ?? estimate
    const admission = chain.admit({ key: request.lane }, estimate, nowUs)
    if (admission.outcome === 'denied') {
      chain.finish(admission, null, nowUs)
      return answer(nowUs, this.#denial(admission))
    }
    const serveUs = nowUs + admission.delayUs + (this.#target.serviceUs ?? 0)
    const isFailed = luck < (this.#target.failedShare ?? 0)
    const end = (us: Micros) => {
      chain.finish(admission, isFailed ? null : actual, us)
      answer(us, isFailed ? failure(luck) : { outcome: 'ok', status: 200, cost: actual })
    }
    if (serveUs === nowUs) end(nowUs)
    else this.clock.exactlyAt(serveUs, () => end(serveUs))
  }

  #stallUs(luck: number, length: number): Micros {
    return luck < (this.#target.stalledShare ?? 0) ? 100e3 + 800e3 * length : 0
  }

  #changeOver(nowUs: Micros): void {
    const { later } = this.#target
    if (later === undefined || this.#isLater || nowUs < later.fromUs) return
    this.#isLater = true
    this.#replicas = this.#replicasOf(later.limiters)
  }

  #replicasOf(limiters: readonly NamedLimiter[]): Replicas {
    const { race, replicas = 1 } = this.#target
    const at = (us: Micros, write: () => void) => this.clock.exactlyAt(us, write)
    return new Replicas(limiters, replicas, race === undefined ? {} : { race: { ...race, at } })
  }

  #chainAt(request: number, connection: number): LimiterChain {
    const { turns } = this.#target
    const isOther = turns !== undefined && Math.floor(request / turns.requests) % 2 === 1
    return (isOther ? this.#other : this.#replicas).chainOf(connection)
  }

  #denial(admission: Admission): Partial<Observation> {
    const { limiter, decision } = admission.decisions.at(-1)!
    const { status = 429, names = false, retryAfter = 'none' } = this.#target
    const waitUs = decision.kind === 'denied' ? decision.retryAfterUs : null
    return {
      outcome: status === 429 ? 'limited' : status < 500 ? 'refused' : 'failed',
      status,
      limiter: names ? limiter.name : null,
      unit: names ? limiter.model.unit : null,
      retryAfterUs: adviceUs(retryAfter, waitUs),
    }
  }
}

function adviceUs(retryAfter: NonNullable<VirtualTarget['retryAfter']>, waitUs: Micros | null) {
  if (typeof retryAfter === 'number') return retryAfter
  return retryAfter === 'none' || waitUs === null ? null : Math.ceil(waitUs / 1e6) * 1e6
}

function failure(luck: number): Partial<Observation> {
  return { outcome: 'failed', status: (luck * 1e6) % 2 < 1 ? 500 : 503 }
}

function blank({ shape, lane }: ProbeRequest, seq: number, sentUs: Micros): Observation {
  return { ...blankObservation, seq, shape, lane, sentUs, receivedUs: sentUs }
}

/** Runs work that waits on the prober's clock to its end. */
export function inVirtualTime<T>(prober: VirtualProber, work: Promise<T>): Promise<T> {
  return prober.clock.run(work)
}
