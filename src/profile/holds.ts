// Whether a limiter still does what it was identified by, once it and all the others are fresh again.
// Must not know what it may have become.

import { limitOf, windowUsOf } from '../core/limits.ts'
import type { Micros } from '../core/units.ts'
import { stateAfter } from './following.ts'
import { hasAnswer, hasPassed, verdictsOf } from './judging.ts'
import type { Observation, ProbeRequest } from './observation.ts'
import { freshInUs, type Other, withoutOthers } from './others.ts'
import type { Hypothesis } from './playing.ts'
import { Foreseen } from './probe.ts'
import type { Session } from './session.ts'
import { traceOf } from './trace.ts'
import { mismatches } from './worlds.ts'

/** So many denials in the end show that there is no more. */
const denialsLeast = 3
/** A limit that gives so much more, and a few, is not what it was. */
const beyondShare = 1.25
const beyondLeast = 5
/** Places in a beat that are tried. */
const beats = 32
/** Releases that are looked at, and by how much of the wait and of its recovery they may be off. */
const releases = 3
const releaseMargin = 0.07
const wholeMargin = 0.03
/** Answers that it may leave open, of one whole limit. */
const openMost = 1

/** A limiter, by what answers it denies, and those that are known beside it. */
export interface Held {
  readonly of: Other
  /** What it may be as well, by all that it was identified by. Default nothing. */
  readonly orElse?: readonly Hypothesis[]
  readonly denials: ReadonlySet<number>
  readonly others: readonly Other[]
}

/** Asks a limiter for its whole limit, and a little more, and then for what it gives back, when it does. */
export async function stillHolds(
  session: Session,
  request: ProbeRequest,
  held: Held,
): Promise<boolean> {
  const { observations, nowUs } = session
  session.note('a whole limit once more, to see whether the limiter is what it was')
  const verdicts = verdictsOf(observations, held.denials)
  const waitUs = freshInUs(observations, verdicts, held.others, nowUs)
  const fresh = { ...held, waitUs: Math.max(waitUs, wholeUs(held.of)) }
  if (await holdsAfter(session, request, fresh)) return true
  // When a window began is known to a round trip: nothing is left of one that is waited for as a whole.
  const longestUs = Math.max(...[held.of, ...held.others].map(wholeUs))
  return holdsAfter(session, request, { ...held, waitUs: longestUs })
}

/** Silence after which nothing is left of what was charged: a counter remembers the window before, too. */
function wholeUs({ hypothesis: { algorithm } }: Other): Micros {
  const windows = algorithm.kind === 'sliding-counter' ? 2.1 : 1.1
  return Math.ceil(windows * (windowUsOf(algorithm) ?? 0))
}

async function holdsAfter(
  session: Session,
  request: ProbeRequest,
  { of, orElse = [], denials, others, waitUs }: Held & { readonly waitUs: Micros },
): Promise<boolean> {
  await session.sleepUntil(session.nowUs + waitUs)
  const asked = await spent(session, request, limitOf(of.hypothesis.algorithm))
  for (let i = 0; i < releases; i++) await askRelease(session, request, { asked, of, denials })
  const answers = withoutOthers(asked, verdictsOf(asked, denials), others)
  const trace = traceOf(asked, answers, of.costOf)
  return [of.hypothesis, ...orElse]
    .flatMap(inAnyBeat)
    .some((hypothesis) => mismatches(hypothesis, trace, openMost) <= openMost)
}

/** Where in its beat a refill in steps is, is known no more after a long search. */
function inAnyBeat(hypothesis: Hypothesis): readonly Hypothesis[] {
  const { algorithm, phaseUs } = hypothesis
  if (algorithm.kind !== 'token-bucket' || algorithm.refillStyle !== 'steps') return [hypothesis]
  return Array.from({ length: beats }, (_, i) => ({
    ...hypothesis,
    phaseUs: phaseUs + Math.round((i * algorithm.refillUs) / beats),
  }))
}

async function spent(session: Session, request: ProbeRequest, limit: number) {
  const asked: Observation[] = []
  const most = Math.ceil(limit * beyondShare) + beyondLeast
  for (let denied = 0; denied < denialsLeast && asked.length < most; ) {
    const answer = await session.send(request)
    asked.push(answer)
    if (hasAnswer(answer) && !hasPassed(answer)) denied++
  }
  return asked
}

/** What was asked of a limiter since it was fresh. */
interface Asked {
  readonly asked: Observation[]
  readonly of: Other
  readonly denials: ReadonlySet<number>
}

// Another one with the same limit gives it back at another time: before and after it should.
async function askRelease(session: Session, request: ProbeRequest, { asked, of, denials }: Asked) {
  for (const sign of [-1, 1]) {
    const trace = traceOf(asked, verdictsOf(asked, denials), of.costOf)
    const pace = { gapUs: 0, cost: of.costOf(asked.at(-1)!) }
    const state = stateAfter(of.hypothesis, trace)
    const foreseen = new Foreseen({ hypothesis: of.hypothesis, state }, session.nowUs, pace)
    const releaseUs = foreseen.releaseUs ?? 0
    const wholeUs = windowUsOf(of.hypothesis.algorithm) ?? 0
    const us = releaseUs + sign * Math.max(releaseMargin * releaseUs, wholeMargin * wholeUs)
    if (us <= 0) continue
    await session.sleepUntil(session.nowUs + Math.ceil(us))
    asked.push(await session.send(request))
  }
}

/** When it began to leave answers open; null: it explains all of them. */
export function openSinceUs(
  { of, denials }: Held,
  observations: readonly Observation[],
): Micros | null {
  const trace = traceOf(observations, verdictsOf(observations, denials), of.costOf)
  const isOpen = (groups: number) => mismatches(of.hypothesis, trace.slice(0, groups)) > openMost
  if (!isOpen(trace.length)) return null
  let [low, high] = [0, trace.length]
  while (low + 1 < high) {
    const groups = (low + high) >> 1
    if (isOpen(groups)) high = groups
    else low = groups
  }
  return trace[high - 1]!.fromUs
}
