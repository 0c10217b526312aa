// A hypothesis played through what was observed. Two worlds bound all that is uncertain: in the
// lenient one every request arrived, and was charged, as early as it can have been, and what is
// unclear was never charged; in the strict one as late as it can, and all of it. What passed must
// pass in the lenient world, what was denied must be denied in the strict one; anything else is a
// mismatch. Both follow what was observed, so one surprise does not make the next. Requests without
// an answer are taken for charged in both; where something passed that had then no room, those before it
// are taken for never arrived, which counts, too, if less.

import { windowUsOf } from '../core/limits.ts'
import type { Micros } from '../core/units.ts'
import { algorithmOf, type State, type TimedAlgorithm } from '../limiters/limiter.ts'
import type { TraceGroup } from './trace.ts'

/** A limiter with all its parameters, as far as a trace of one unit is concerned. */
export interface Hypothesis {
  readonly algorithm: TimedAlgorithm
  readonly chargesRejected: boolean
  /** A boundary of its wall-clock windows, or an instant of its refills. */
  readonly phaseUs: Micros
  /** Charged after the response: then a request passes while anything is left. Default false. */
  readonly isPost?: boolean
}

type Rules = ReturnType<typeof algorithmOf>

/** What it counts to take requests without an answer for ones that never arrived. */
const neverArrived = 0.6

/** Mismatches of a hypothesis with a trace; stops counting beyond `most`. */
export function mismatches(
  hypothesis: Hypothesis,
  trace: readonly TraceGroup[],
  most = Number.POSITIVE_INFINITY,
): number {
  const { algorithm, chargesRejected, phaseUs } = hypothesis
  const rules = algorithmOf(algorithm)
  let lenient = opened(hypothesis, rules, trace)
  let strict = lenient
  /** The lenient world in which what was lost never arrived; null while it is no other. */
  let without: State | null = null
  let count = 0
  for (const group of trace) {
    const { cost, passed, denied, lost } = group
    const unclear = group.unclear + lost
    const toUs = group.toUs - phaseUs
    const early = earliest(rules, hypothesis, group)
    const late = latest(rules, hypothesis, group)
    if (passed > 0) {
      const amount = cost * passed
      const room = asked(hypothesis, cost, passed)
      if (!hasRoom(rules, algorithm, lenient, room, toUs)) {
        const isExcused = without !== null && hasRoom(rules, algorithm, without, room, toUs)
        count += isExcused ? neverArrived : 1
        if (isExcused) {
          lenient = without!
          without = null
        }
      }
      lenient = charged(rules, algorithm, lenient, amount, early)
      if (without !== null) without = charged(rules, algorithm, without, amount, early)
      strict = charged(rules, algorithm, strict, amount, late)
    }
    if (lost > 0) {
      without ??= lenient
      lenient = perhaps(rules, hypothesis, lenient, { cost, count: lost }, early)
    }
    if (unclear > 0) strict = perhaps(rules, hypothesis, strict, { cost, count: unclear }, late)
    if (denied > 0) {
      const deniedUs = rules.isForgetful?.(algorithm)
        ? late.seenUs
        : group.deniedFromUs - phaseUs
      if (hasRoom(rules, algorithm, strict, asked(hypothesis, cost, 1), deniedUs)) count++
      const amount = chargesRejected ? cost * denied : 0
      lenient = rejected(rules, algorithm, lenient, amount, early)
      if (without !== null) without = rejected(rules, algorithm, without, amount, early)
      strict = rejected(rules, algorithm, strict, amount, late)
    }
    if (count > most) return count
  }
  return count
}

/** When a limiter looked at a group of requests, and when it charged them, as a world has it. */
interface Arrival {
  readonly seenUs: Micros
  readonly chargedUs: Micros
}

const arrivalAt = (us: Micros): Arrival => ({ seenUs: us, chargedUs: us })

/**
 * The arrival that leaves most room. Where each request starts an interval anew and loses what had
 * passed of the last one, that is late for what it ends, and early for what it begins.
 */
function earliest(rules: Rules, { algorithm, phaseUs }: Hypothesis, group: TraceGroup): Arrival {
  const [fromUs, toUs] = [group.fromUs - phaseUs, group.toUs - phaseUs]
  return { seenUs: rules.isForgetful?.(algorithm) ? toUs : fromUs, chargedUs: fromUs }
}

/** The arrival that leaves least room. */
function latest(rules: Rules, { algorithm, phaseUs }: Hypothesis, group: TraceGroup): Arrival {
  const [fromUs, toUs] = [group.fromUs - phaseUs, group.toUs - phaseUs]
  return { seenUs: rules.isForgetful?.(algorithm) ? fromUs : toUs, chargedUs: toUs }
}

function hasRoom(
  rules: Rules,
  algorithm: TimedAlgorithm,
  state: State,
  amount: number,
  us: Micros,
): boolean {
  return rules.waitUs(algorithm, rules.advance(algorithm, state, us), amount, us) === 0
}

/** A state after a trace, and how often that state could not have answered as was observed. */
export interface Followed {
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

function isOpen({ lost, unclear }: TraceGroup): boolean {
  return lost + unclear > 0
}

function follow(
  hypothesis: Hypothesis,
  trace: readonly TraceGroup[],
  isCharged: (i: number) => boolean,
): Followed {
  const { algorithm, chargesRejected } = hypothesis
  const rules = algorithmOf(algorithm)
  let state = opened(hypothesis, rules, trace)
  let misfits = 0
  let unclearCount = 0
  for (const group of trace) {
    const { cost, passed, denied } = group
    const unclear = group.unclear + group.lost
    const us = likelyUs(rules, hypothesis, state, group)
    if (passed > 0) {
      const amount = cost * passed
      const room = asked(hypothesis, cost, passed)
      if (rules.waitUs(algorithm, rules.advance(algorithm, state, us), room, us) !== 0) misfits++
      state = charged(rules, algorithm, state, amount, arrivalAt(us))
    }
    if (unclear > 0 && isCharged(unclearCount++)) {
      state = perhaps(rules, hypothesis, state, { cost, count: unclear }, arrivalAt(us))
    }
    if (denied > 0) {
      const room = asked(hypothesis, cost, 1)
      if (rules.waitUs(algorithm, rules.advance(algorithm, state, us), room, us) === 0) misfits++
      const amount = chargesRejected ? cost * denied : 0
      state = rejected(rules, algorithm, state, amount, arrivalAt(us))
    }
  }
  return { state, misfits }
}

/** The middle of the stretch of a group's arrival, or the end at which its outcome makes sense. */
function likelyUs(
  rules: Rules,
  hypothesis: Hypothesis,
  state: State,
  { fromUs, toUs, cost, passed, denied }: TraceGroup,
): Micros {
  const { algorithm, phaseUs } = hypothesis
  const us = Math.round((fromUs + toUs) / 2) - phaseUs
  const room = asked(hypothesis, cost, Math.max(1, passed))
  const fits = rules.waitUs(algorithm, rules.advance(algorithm, state, us), room, us) === 0
  if (passed > 0 && !fits) return toUs - phaseUs
  return passed === 0 && denied > 0 && fits ? fromUs - phaseUs : us
}

/** The room that the last of so many requests asks for, together with those before it. */
function asked({ isPost }: Hypothesis, cost: number, count: number): number {
  return isPost ? cost * (count - 1) + 1 : cost * count
}

/** Fresh, and in step with its refills where those have a beat. */
function opened({ algorithm, phaseUs }: Hypothesis, rules: Rules, trace: readonly TraceGroup[]) {
  const state = rules.fresh(algorithm)
  if (algorithm.kind !== 'token-bucket' || algorithm.refillStyle !== 'steps' || trace.length === 0)
    return state
  const beforeUs = trace[0]!.fromUs - phaseUs
  const us = Math.floor(beforeUs / algorithm.refillUs) * algorithm.refillUs
  return rules.advance(algorithm, state, us)
}

function charged(
  rules: Rules,
  algorithm: TimedAlgorithm,
  state: State,
  amount: number,
  { seenUs, chargedUs }: Arrival,
) {
  return rules.charge(algorithm, rules.advance(algorithm, state, seenUs), amount, chargedUs)
}

function rejected(
  rules: Rules,
  algorithm: TimedAlgorithm,
  state: State,
  amount: number,
  { seenUs, chargedUs }: Arrival,
) {
  const current = rules.advance(algorithm, state, seenUs)
  const punished = rules.rejected?.(algorithm, current, chargedUs) ?? current
  return amount === 0 ? punished : rules.charge(algorithm, punished, amount, chargedUs)
}

/** Requests that came to the limiter or did not: charged as far as there was room. */
function perhaps(
  rules: Rules,
  hypothesis: Hypothesis,
  state: State,
  { cost, count }: { readonly cost: number; readonly count: number },
  arrival: Arrival,
) {
  const { seenUs, chargedUs } = arrival
  const { algorithm, chargesRejected } = hypothesis
  const current = rules.advance(algorithm, state, seenUs)
  const room = Math.floor(rules.remaining(algorithm, current, seenUs) / cost)
  const fitting = Math.min(count, Math.max(0, room))
  const next = fitting === 0 ? current : rules.charge(algorithm, current, cost * fitting, chargedUs)
  if (fitting === count) return next
  return rejected(rules, algorithm, next, chargesRejected ? cost * (count - fitting) : 0, arrival)
}

/** When a denied request would have passed, by a hypothesis: span from its sending. */
export interface DenialWait {
  readonly deniedFromUs: Micros
  readonly waitUs: Micros
}

/** The waits that a hypothesis would have advised at each denial. */
export function denialWaits(
  hypothesis: Hypothesis,
  trace: readonly TraceGroup[],
): readonly DenialWait[] {
  const { algorithm, phaseUs } = hypothesis
  const rules = algorithmOf(algorithm)
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

/** Which groups the hypothesis may have denied: its strict world does. */
export function strictDenials(
  hypothesis: Hypothesis,
  trace: readonly TraceGroup[],
): readonly boolean[] {
  return playStrictly(hypothesis, trace).denials
}

/** Span from `nowUs` until a request passes for sure; null: never. */
export function strictWaitUs(
  hypothesis: Hypothesis,
  trace: readonly TraceGroup[],
  cost: number,
  nowUs: Micros,
): Micros | null {
  const { algorithm, phaseUs } = hypothesis
  const rules = algorithmOf(algorithm)
  const { state } = playStrictly(hypothesis, trace)
  const us = nowUs - phaseUs
  const waitUs = rules.waitUs(algorithm, rules.advance(algorithm, state, us), cost, us)
  return waitUs === null || waitUs === 0 ? waitUs : waitUs + 2 * doubtUs(hypothesis)
}

/** Windows are known to a share of their length only: so much later they are over for sure. */
const doubtShare = 0.01

function doubtUs({ algorithm }: Hypothesis): Micros {
  return Math.round(doubtShare * (windowUsOf(algorithm) ?? 0))
}

// Denials that it cannot have made were another's: then this one may have charged the request before.
function playStrictly(hypothesis: Hypothesis, trace: readonly TraceGroup[]) {
  const { algorithm, chargesRejected, phaseUs } = hypothesis
  const rules = algorithmOf(algorithm)
  let state = opened(hypothesis, rules, trace)
  const denials = trace.map((group) => {
    const { cost, passed, denied } = group
    const late = latest(rules, hypothesis, group)
    if (passed > 0) state = charged(rules, algorithm, state, cost * passed, late)
    const unclear = group.unclear + group.lost
    if (unclear > 0) state = perhaps(rules, hypothesis, state, { cost, count: unclear }, late)
    if (denied === 0) return false
    const deniedUs = group.deniedFromUs - phaseUs - doubtUs(hypothesis)
    const current = rules.advance(algorithm, state, deniedUs)
    const isDenial = rules.waitUs(algorithm, current, cost, deniedUs) !== 0
    state = isDenial
      ? rejected(rules, algorithm, state, chargesRejected ? cost * denied : 0, late)
      : perhaps(rules, hypothesis, state, { cost, count: denied }, late)
    return isDenial
  })
  return { state, denials }
}
