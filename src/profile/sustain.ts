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
  const startUs = session.nowUs
  let us: Micros = startUs
  for (let i = 0; i < requests; i++) {
    us += Math.round((exponentialAt(random, i) / perS) * 1e6)
    await session.sleepUntil(us)
    sendings.push(session.send(request))
  }
  const seconds = (session.nowUs - startUs) / 1e6
  const answers = (await Promise.all(sendings)).filter(hasAnswer)
  const admitted = answers.filter(hasPassed).length
  return {
    offeredPerS: answers.length / seconds,
    admittedPerS: admitted / seconds,
    requests: answers.length,
    admitted,
  }
}

async function spendBurst(session: Session, request: ProbeRequest): Promise<boolean> {
  for (let left = Math.floor(session.requestsLeft / 2); left > 0; left -= width) {
    const answers = await session.sendTogether(request, width)
    if (answers.filter(hasPassed).length <= width / 4) return true
  }
  return false
}
