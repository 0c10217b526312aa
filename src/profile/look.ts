// The first request of a profile: whether the target answers at all, and as it does when nothing limits.

import { formatSpan } from '../core/format.ts'
import { hasAnswer, hasPassed, isPlainDenial } from './judging.ts'
import type { Observation, ProbeRequest } from './observation.ts'
import type { Session } from './session.ts'

const tries = 3
const pauseUs = 500_000
/** Share of the duration that a limiter may take to be fresh. */
const reliefShare = 1 / 3
/** So many times the wait for its first release, a limiter should be fresh. */
const freshTimes = 3

const alwaysDenied =
  'every answer was a rejection (429) from the first request on: something else uses up this limit, or it admits nobody'

/** `from`: observations before this one were made of a limiter that was not fresh. */
export type Looked =
  | { readonly trouble: null; readonly from: number }
  | { readonly trouble: string }

/** Looks until an answer is no failure; waits where the limiter has been used up by others. */
export async function look(session: Session, request: ProbeRequest): Promise<Looked> {
  for (let i = 0; i < tries; i++) {
    const answer = await session.send(request)
    if (hasPassed(answer)) return { trouble: null, from: 0 }
    if (isPlainDenial(answer)) return awaitRelief(session, request, answer)
    await session.sleepUntil(session.nowUs + pauseUs)
  }
  return { trouble: troubleIn(session.observations) }
}

/** The limiter is exhausted before we begin: only a fresh one can be measured. */
async function awaitRelief(
  session: Session,
  request: ProbeRequest,
  first: Observation,
): Promise<Looked> {
  const sinceUs = session.nowUs
  const mostUs = session.options.budget.durationUsMax * reliefShare
  let waitUs = first.retryAfterUs ?? 1e6
  session.note(`used up before the first request: waits for it, ${formatSpan(mostUs)} at most`)
  for (;;) {
    if (session.nowUs + waitUs - sinceUs > mostUs) return { trouble: alwaysDenied }
    await session.sleepUntil(session.nowUs + waitUs)
    if (hasPassed(await session.send(request))) break
    waitUs *= 1.5
  }
  const waitedUs = session.nowUs - sinceUs
  const freshUs = Math.min(freshTimes * waitedUs, mostUs)
  session.note(
    `recovers after ${formatSpan(waitedUs)}: ${formatSpan(freshUs)} more, and it is fresh`,
  )
  await session.sleepUntil(session.nowUs + freshUs)
  return { trouble: null, from: session.observations.length }
}

function troubleIn(observations: readonly Observation[]): string {
  const { status, outcome } = observations.at(-1)!
  const count = observations.length
  if (observations.some(hasAnswer)) {
    return `none of ${count} requests was served; the last answer was ${status ?? 'none'}`
  }
  return outcome === 'timeout'
    ? `none of ${count} requests was answered in time`
    : `none of ${count} requests was answered: ${outcome === 'broken' ? 'the connection failed' : outcome}`
}
