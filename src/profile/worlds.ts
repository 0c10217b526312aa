// A hypothesis played through what was observed. Two worlds bound all that is uncertain: in the
// lenient one every request arrived, and was charged, as early as it can have been, and what is
// unclear was never charged; in the strict one as late as it can, and all of it. What passed must
// pass in the lenient world, what was denied must be denied in the strict one; anything else is a
// mismatch. Both follow what was observed, so one surprise does not make the next. Where a request may
// have been the last of a window or the first of the next, neither bounds the other: both are followed. Requests without
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

/** What a limiter may have come to, at the most and at the least, and what speaks against it. */
interface World {
  lenient: State
  strict: State
  /** The lenient state in which what was lost never arrived; null while it is no other. */
  without: State | null
  /** What was denied in this group may have come before the window ended that it met. */
  isDeniedBefore: boolean
  count: number
}

/** Worlds that are followed at once, those against which least speaks. */
const worldsMost = 8

/** Mismatches of a hypothesis with a trace; stops counting beyond `most`. */
export function mismatches(
  hypothesis: Hypothesis,
  trace: readonly TraceGroup[],
  most = Number.POSITIVE_INFINITY,
): number {
  const rules = algorithmOf(hypothesis.algorithm)
  const state = opened(hypothesis, rules, trace)
  const only = { lenient: state, strict: state, without: null, isDeniedBefore: false, count: 0 }
  let worlds: World[] = [only]
  for (const group of trace) {
    if (group.passed > 0 && rules.endUs !== undefined) {
      worlds = passedIn(rules, hypothesis, worlds, group)
    } else if (group.passed > 0) {
      pass(rules, hypothesis, worlds[0]!, group)
    }
    let least = Number.POSITIVE_INFINITY
    for (const world of worlds) {
      if (group.passed < answersOf(group)) deny(rules, hypothesis, world, group)
      if (world.count < least) least = world.count
    }
    if (least > most) return least
  }
  return Math.min(...worlds.map(({ count }) => count))
}

const answersOf = ({ passed, denied, lost, unclear }: TraceGroup) =>
  passed + denied + lost + unclear

/** What passed, in every world; where it may have met the end of a window, before that and after. */
function passedIn(
  rules: Rules,
  hypothesis: Hypothesis,
  worlds: World[],
  group: TraceGroup,
): World[] {
  let forks: World[] | null = null
  for (const world of worlds) {
    if (meetsEnd(rules, hypothesis, world, group)) {
      forks ??= []
      forks.push(...beforeAndAfter(rules, hypothesis, world, group))
    } else {
      pass(rules, hypothesis, world, group)
    }
  }
  if (forks === null) return worlds
  const others = worlds.filter((world) => !meetsEnd(rules, hypothesis, world, group))
  return [...others, ...forks].sort((a, b) => a.count - b.count).slice(0, worldsMost)
}

/** Whether a window may end while a group is on its way, so that it may have opened the next one. */
function meetsEnd(
  rules: Rules,
  { algorithm, phaseUs }: Hypothesis,
  { lenient, strict }: World,
  { fromUs, toUs }: TraceGroup,
): boolean {
  const endUs = rules.endUs!(algorithm, strict)
  if (endUs === null || endUs <= fromUs - phaseUs) return false
  const lenientUs = rules.endUs!(algorithm, lenient)
  return lenientUs === null || lenientUs <= toUs - phaseUs
}

// A request that comes just before the end of a window leaves nothing; just after, it opens one. Neither
// is more lenient than the other.
function beforeAndAfter(
  rules: Rules,
  hypothesis: Hypothesis,
  { lenient, strict, count }: World,
  { fromUs, toUs, cost, passed }: TraceGroup,
): World[] {
  const { algorithm, phaseUs } = hypothesis
  const [from, to] = [fromUs - phaseUs, toUs - phaseUs]
  const amount = cost * passed
  const [one, all] = [asked(hypothesis, cost, 1), asked(hypothesis, cost, passed)]
  const fresh = rules.fresh(algorithm)
  const fits = (state: State, us: Micros) => (hasRoom(rules, algorithm, state, all, us) ? 0 : 1)
  const endUs = rules.endUs!(algorithm, lenient) ?? from
  const full = charged(rules, algorithm, strict, amount, arrivalAt(from))
  const opened = (us: Micros, units: number) => rules.charge(algorithm, fresh, units, us)
  const common = { without: null, isDeniedBefore: !hasRoom(rules, algorithm, full, one, from) }
  return [
    {
      ...common,
      lenient: fresh,
      strict: rules.advance(algorithm, full, to),
      count: count + fits(lenient, Math.min(from, endUs - 1)),
    },
    {
      ...common,
      isDeniedBefore: !hasRoom(rules, algorithm, strict, one, from),
      lenient: opened(Math.max(from, endUs), cost),
      strict: opened(to, amount),
      count: count + fits(fresh, to),
    },
  ]
}

/** What passed had room in the lenient state, and is charged in all. */
function pass(rules: Rules, hypothesis: Hypothesis, world: World, group: TraceGroup): void {
  const { algorithm, phaseUs } = hypothesis
  const amount = group.cost * group.passed
  const room = asked(hypothesis, group.cost, group.passed)
  const toUs = group.toUs - phaseUs
  const early = earliest(rules, hypothesis, group)
  if (!hasRoom(rules, algorithm, world.lenient, room, toUs)) {
    const { without } = world
    const isExcused = without !== null && hasRoom(rules, algorithm, without, room, toUs)
    world.count += isExcused ? neverArrived : 1
    if (isExcused) {
      world.lenient = without
      world.without = null
    }
  }
  const late = latest(rules, hypothesis, group)
  world.lenient = charged(rules, algorithm, world.lenient, amount, early)
  if (world.without !== null) {
    world.without = charged(rules, algorithm, world.without, amount, early)
  }
  world.strict = charged(rules, algorithm, world.strict, amount, late)
}

/** What is unclear may be charged; what was denied had no room in the strict state. */
function deny(rules: Rules, hypothesis: Hypothesis, world: World, group: TraceGroup): void {
  const { algorithm, chargesRejected, phaseUs } = hypothesis
  const { cost, denied, lost } = group
  const early = earliest(rules, hypothesis, group)
  const late = latest(rules, hypothesis, group)
  if (lost > 0) {
    world.without ??= world.lenient
    world.lenient = perhaps(rules, hypothesis, world.lenient, { cost, count: lost }, early)
  }
  const unclear = group.unclear + lost
  if (unclear > 0) {
    world.strict = perhaps(rules, hypothesis, world.strict, { cost, count: unclear }, late)
  }
  if (denied === 0) return
  const deniedUs = rules.isForgetful?.(algorithm) ? late.seenUs : group.deniedFromUs - phaseUs
  const room = asked(hypothesis, cost, 1)
  const isDenial = world.isDeniedBefore || !hasRoom(rules, algorithm, world.strict, room, deniedUs)
  world.isDeniedBefore = false
  if (!isDenial) world.count++
  const amount = chargesRejected ? cost * denied : 0
  world.lenient = rejected(rules, algorithm, world.lenient, amount, early)
  if (world.without !== null) {
    world.without = rejected(rules, algorithm, world.without, amount, early)
  }
  world.strict = rejected(rules, algorithm, world.strict, amount, late)
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
  const fromUs = group.fromUs - phaseUs
  const isForgetful = rules.isForgetful?.(algorithm) ?? false
  return { seenUs: isForgetful ? group.toUs - phaseUs : fromUs, chargedUs: fromUs }
}

/** The arrival that leaves least room. */
function latest(rules: Rules, { algorithm, phaseUs }: Hypothesis, group: TraceGroup): Arrival {
  const toUs = group.toUs - phaseUs
  const isForgetful = rules.isForgetful?.(algorithm) ?? false
  return { seenUs: isForgetful ? group.fromUs - phaseUs : toUs, chargedUs: toUs }
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
