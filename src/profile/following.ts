// Where a hypothesis most likely stands after a trace. Must not judge whether it explains the trace.

import type { Micros } from '../core/units.ts'
import type { State } from '../limiters/limiter.ts'
import { arrivalAt, type Hypothesis, Play } from './playing.ts'
import type { TraceGroup } from './trace.ts'

/** A state after a trace, and how often that state could not have answered as was observed. */
interface Followed {
  readonly state: State
  readonly misfits: number
}

/** Ways to fill in what is unclear: whether the i-th unclear group was charged. */
const guesses: readonly ((i: number) => boolean)[] = [
  () => true,
  () => false,
  (i) => i % 2 === 0,
  (i) => i % 2 === 1,
  (i) => i % 3 === 0,
  (i) => i % 3 !== 0,
]

/**
 * The state a hypothesis is most likely in after a trace, on its own clock. Where requests were lost,
 * several may be as likely: `turn` picks one of these.
 */
export function stateAfter(hypothesis: Hypothesis, trace: readonly TraceGroup[], turn = 0): State {
  const plain = follow(hypothesis, trace, guesses[0]!)
  if (!trace.some(isOpen) || (plain.misfits === 0 && !trace.some(({ unclear }) => unclear > 0))) {
    return plain.state
  }
  const followed = guesses.map((guess) => follow(hypothesis, trace, guess))
  const least = Math.min(...followed.map(({ misfits }) => misfits))
  const likely = followed.filter(({ misfits }) => misfits === least)
  return likely[turn % likely.length]!.state
}

/**
 * How often a hypothesis could not have answered as was observed, if all arrived in the middle of their
 * stretch: of those that explain everything, some need fewer coincidences than others.
 */
export function misfits(hypothesis: Hypothesis, trace: readonly TraceGroup[]): number {
  const ways = trace.some(isOpen) ? guesses : guesses.slice(0, 1)
  return Math.min(...ways.map((guess) => follow(hypothesis, trace, guess).misfits))
}

function isOpen({ lost, unclear }: TraceGroup): boolean {
  return lost + unclear > 0
}

function follow(
  hypothesis: Hypothesis,
  trace: readonly TraceGroup[],
  isCharged: (i: number) => boolean,
): Followed {
  const play = new Play(hypothesis)
  let state = play.opened(trace)
  let misfits = 0
  let unclearCount = 0
  for (const group of trace) {
    const { cost, passed, denied } = group
    const unclear = group.unclear + group.lost
    const us = likelyUs(play, state, group)
    if (passed > 0) {
      const amount = cost * passed
      const room = play.asked(cost, passed)
      if (!play.hasRoom(state, room, us)) misfits++
      state = play.charged(state, amount, arrivalAt(us))
    }
    if (unclear > 0 && isCharged(unclearCount++)) {
      state = play.perhaps(state, { cost, count: unclear }, arrivalAt(us))
    }
    if (denied > 0) {
      const room = play.asked(cost, 1)
      if (play.hasRoom(state, room, us)) misfits++
      const amount = play.chargesRejected ? cost * denied : 0
      state = play.rejected(state, amount, arrivalAt(us))
    }
  }
  return { state, misfits }
}

/** The middle of the stretch of a group's arrival, or the end at which its outcome makes sense. */
function likelyUs(
  play: Play,
  state: State,
  { fromUs, toUs, cost, passed, denied }: TraceGroup,
): Micros {
  const { phaseUs } = play
  const us = Math.round((fromUs + toUs) / 2) - phaseUs
  const room = play.asked(cost, Math.max(1, passed))
  const fits = play.hasRoom(state, room, us)
  if (passed > 0 && !fits) return toUs - phaseUs
  return passed === 0 && denied > 0 && fits ? fromUs - phaseUs : us
}

/** When a denied request would have passed, by a hypothesis: span from its sending. */
interface DenialWait {
  readonly deniedFromUs: Micros
  readonly waitUs: Micros
}

/** The waits that a hypothesis would have advised at each denial. */
export function denialWaits(
  hypothesis: Hypothesis,
  trace: readonly TraceGroup[],
): readonly DenialWait[] {
  const { rules, algorithm, phaseUs } = new Play(hypothesis)
  const waits: DenialWait[] = []
  for (const [i, { denied, deniedFromUs, cost }] of trace.entries()) {
    if (denied === 0) continue
    const us = deniedFromUs - phaseUs
    const state = rules.advance(algorithm, stateAfter(hypothesis, trace.slice(0, i + 1)), us)
    const waitUs = rules.waitUs(algorithm, state, cost, us)
    if (waitUs !== null) waits.push({ deniedFromUs, waitUs })
  }
  return waits
}
