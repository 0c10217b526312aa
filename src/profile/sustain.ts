// What a token bucket lets through in the long run when more comes than it is meant for: measured, with
// random (Poisson) arrivals, after its burst is spent.

import { exponentialAt, randomStream } from '../core/random.ts'
import type { Micros } from '../core/units.ts'
import { hasAnswer, hasPassed } from './judging.ts'
import type { Observation, ProbeRequest } from './observation.ts'
import type { Session } from './session.ts'

/** A measured goodput; the spans are those of the sendings. */
export interface Sustained {
  readonly offeredPerS: number
  readonly admittedPerS: number
  readonly requests: number
  readonly admitted: number
}

export interface Overload {
  /** Nominal refill of the bucket. */
  readonly refillPerS: number
  /** How many times that is offered. */
  readonly times: number
  /** Arrivals that are counted. */
  readonly requests: number
}

/** Requests at once while the burst is spent. */
const width = 16

/** So many denials in a row, and so many times as many as ever before, are another limiter's. */
const deniedLeast = 60
const deniedTimes = 5
/** What has let fewer through has not shown how long it denies. */
const passedLeast = 10

/** Overloads the bucket for so many arrivals; null when its burst could not be spent. */
export async function measureGoodput(
  session: Session,
  request: ProbeRequest,
  overload: Overload,
): Promise<Sustained | null> {
  const { refillPerS, times, requests } = overload
  if (!(await spendBurst(session, request))) return null
  const random = randomStream(session.options.seed, 'overload')
  const perS = refillPerS * times
  const sendings: Promise<Observation>[] = []
  const runs = new DenialRuns()
  const startUs = session.nowUs
  let us: Micros = startUs
  for (let i = 0; i < requests && !runs.isAnothers; i++) {
    us += Math.round((exponentialAt(random, i) / perS) * 1e6)
    await session.sleepUntil(us)
    const sending = session.send(request)
    sendings.push(sending)
    void sending.then(
      (answer) => runs.add(answer),
      () => {},
    )
  }
  const all = await Promise.all(sendings)
  const ownUntil = runs.isAnothers ? all.findLastIndex(hasPassed) + 1 : all.length
  const endUs = runs.isAnothers ? (all[ownUntil - 1]?.sentUs ?? startUs) : session.nowUs
  return ratesOf(all.slice(0, ownUntil), (endUs - startUs) / 1e6)
}

/** Null where next to nothing was let through before another limiter denied. */
function ratesOf(own: readonly Observation[], seconds: number): Sustained | null {
  const answers = own.filter(hasAnswer)
  if (answers.length < deniedLeast || seconds <= 0) return null
  const admitted = answers.filter(hasPassed).length
  return {
    offeredPerS: answers.length / seconds,
    admittedPerS: admitted / seconds,
    requests: answers.length,
    admitted,
  }
}

/** Denials in a row, as they come. */
class DenialRuns {
  #run = 0
  #longest = 0
  #passed = 0

  add(answer: Observation): void {
    if (!hasAnswer(answer)) return
    if (hasPassed(answer)) {
      this.#longest = Math.max(this.#longest, this.#run)
      this.#passed++
      this.#run = 0
    } else this.#run++
  }

  /** No limiter that let something through before denies so long. */
  get isAnothers(): boolean {
    if (this.#passed < passedLeast) return false
    return this.#run >= Math.max(deniedLeast, deniedTimes * this.#longest)
  }
}

async function spendBurst(session: Session, request: ProbeRequest): Promise<boolean> {
  for (let left = Math.floor(session.requestsLeft / 2); left > 0; left -= width) {
    const answers = await session.sendTogether(request, width)
    if (answers.filter(hasPassed).length <= width / 4) return true
  }
  return false
}
