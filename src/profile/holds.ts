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
const beats = 128
/** Shares of its recovery after which all that is there is asked for, and by how much of one it is overdue. */
const recoveries = [0.45, 0.93] as const
const overdue = 0.05
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
  const most = mostOf(of)
  const asked = await spent(session, request, { most, denialsLeast })
  // Another one with the same limit gives it back at another time.
  for (const share of recoveries) {
    const us = Math.round(share * resetUs({ of, denials }, asked, session.nowUs))
    await session.sleepUntil(session.nowUs + us)
    asked.push(...(await spent(session, request, { most, denialsLeast: 1 })))
  }
  const us = resetUs({ of, denials }, asked, session.nowUs) + overdue * wholeUs(of)
  await session.sleepUntil(session.nowUs + Math.ceil(us))
  asked.push(...(await spent(session, request, { most: openMost + 1, denialsLeast: openMost + 1 })))
  const answers = withoutOthers(asked, verdictsOf(asked, denials), others)
  const trace = traceOf(asked, answers, of.costOf)
  return [of.hypothesis, ...orElse]
    .flatMap(inAnyBeat)
    .some((hypothesis) => mismatches(hypothesis, trace, openMost) <= openMost)
}

/** Where a refill in steps is in its beat, or a window on a clock, is known no more after a long search. */
function inAnyBeat(hypothesis: Hypothesis): readonly Hypothesis[] {
  const beatUs = beatOf(hypothesis)
  if (beatUs === null) return [hypothesis]
  return Array.from({ length: beats }, (_, i) => ({
    ...hypothesis,
    phaseUs: hypothesis.phaseUs + Math.round((i * beatUs) / beats),
  }))
}

function beatOf({ algorithm }: Hypothesis): Micros | null {
  if (algorithm.kind === 'token-bucket') {
    return algorithm.refillStyle === 'steps' ? algorithm.refillUs : null
  }
  return 'anchor' in algorithm && algorithm.anchor === 'wall-clock' ? algorithm.windowUs : null
}

function mostOf({ hypothesis }: Other): number {
  return Math.ceil(limitOf(hypothesis.algorithm) * beyondShare) + beyondLeast
}

async function spent(
  session: Session,
  request: ProbeRequest,
  until: { readonly most: number; readonly denialsLeast: number },
): Promise<Observation[]> {
  const asked: Observation[] = []
  for (let denied = 0; denied < until.denialsLeast && asked.length < until.most; ) {
    const answer = await session.send(request)
    asked.push(answer)
    if (hasAnswer(answer) && !hasPassed(answer)) denied++
  }
  return asked
}

/** Span until it is as at first, if it is what it is taken for, and was before it was asked. */
function resetUs(
  { of: { hypothesis, costOf }, denials }: Pick<Held, 'of' | 'denials'>,
  asked: readonly Observation[],
  nowUs: Micros,
): Micros {
  const state = stateAfter(hypothesis, traceOf(asked, verdictsOf(asked, denials), costOf))
  return new Foreseen({ hypothesis, state }, nowUs, { gapUs: 0, cost: 1 }).resetUs
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
