// A hypothesis played through what was observed. Two worlds bound all that is uncertain: in the
// lenient one every request arrived, and was charged, as early as it can have been, and what is
// unclear was never charged; in the strict one as late as it can, and all of it. What passed must
// pass in the lenient world, what was denied must be denied in the strict one; anything else is a
// mismatch. Both follow what was observed, so one surprise does not make the next. Where a request may
// have been the last of a window or the first of the next, neither bounds the other: both are followed.
// Requests without an answer are taken for charged in both; where something passed that had then no
// room, those before it are taken for never arrived, which counts, too, if less.

import type { Micros } from '../core/units.ts'
import { algorithmOf, type State } from '../limiters/limiter.ts'
import {
  arrivalAt,
  asked,
  charged,
  earliest,
  type Hypothesis,
  hasRoom,
  latest,
  opened,
  perhaps,
  type Rules,
  rejected,
} from './playing.ts'
import type { TraceGroup } from './trace.ts'

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
