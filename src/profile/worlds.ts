// A hypothesis played through what was observed. Two worlds bound all that is uncertain: in the
// lenient one every request arrived, and was charged, as early as it can have been, and what is
// unclear was never charged; in the strict one as late as it can, and all of it. What passed must
// pass in the lenient world, what was denied must be denied in the strict one; anything else is a
// mismatch. Both follow what was observed, so one surprise does not make the next. Where a request may
// have been the last of a window or the first of the next, neither bounds the other: both are followed.
// Requests without an answer are taken for charged in both where there was room for them in any case;
// where there may have been, in the strict world only. Where something passed that had then no room, those
// before it are taken for never arrived, which counts, too, if less.

import type { Micros } from '../core/units.ts'
import type { State } from '../limiters/limiter.ts'
import { type Arrival, arrivalAt, type Hypothesis, Play } from './playing.ts'
import { runsOf } from './runs.ts'
import type { TraceGroup } from './trace.ts'
import { leap, type World } from './world.ts'

/** What it counts to take requests without an answer for ones that never arrived. */
const neverArrived = 0.6

/** Worlds that are followed at once, those against which least speaks. */
const worldsMost = 32

/** How far a hypothesis was played through a trace, and its mismatches up to there. */
export interface Played {
  readonly groups: number
  readonly count: number
}

/** Mismatches of a hypothesis with a trace; stops counting beyond `most`. */
export function mismatches(
  hypothesis: Hypothesis,
  trace: readonly TraceGroup[],
  most = Number.POSITIVE_INFINITY,
): number {
  return played(hypothesis, trace, most).count
}

/** The same, and how far it had to be played for that. */
export function played(hypothesis: Hypothesis, trace: readonly TraceGroup[], most: number): Played {
  const play = new Play(hypothesis)
  const state = play.opened(trace)
  const common = { without: null, denying: null, isDeniedBefore: false, count: 0 }
  let worlds: World[] = [{ ...common, lenient: state, strict: state }]
  const runs = play.isQuiet ? runsOf(trace) : null
  let count = 0
  let groups = 0
  while (groups < trace.length && count <= most) {
    const leapt = runs === null ? groups : leap(play, worlds, runs, groups)
    if (leapt > groups) {
      groups = leapt
      continue
    }
    worlds = playedOn(play, worlds, trace[groups++]!)
    count = leastOf(worlds)
  }
  return { groups, count }
}

/** What becomes of all worlds with one group more. */
function playedOn(play: Play, worlds: World[], group: TraceGroup): World[] {
  const hasEnds = play.rules.endUs !== undefined
  let next = worlds
  if (group.passed > 0) {
    if (hasEnds) next = inEither(play, worlds, group, pass, beforeAndAfter)
    else pass(play, worlds[0]!, group)
  }
  if (group.passed === answersOf(group)) return next
  // What else came with it does not open a window that is not open yet.
  if (hasEnds && group.passed + group.denied === 0) {
    return inEither(play, next, group, deny, openedOrNot)
  }
  for (const world of next) deny(play, world, group)
  return next
}

/** Requests of which nobody knows what came of them. */
function unanswered({ lost, unclear }: TraceGroup): number {
  return lost + unclear
}

function leastOf(worlds: readonly World[]): number {
  let least = worlds[0]!.count
  for (let i = 1; i < worlds.length; i++) least = Math.min(least, worlds[i]!.count)
  return least
}

const answersOf = ({ passed, denied, lost, unclear }: TraceGroup) =>
  passed + denied + lost + unclear

/** What becomes of every world; where a group may have met the end of a window, before that and after. */
function inEither(
  play: Play,
  worlds: World[],
  group: TraceGroup,
  take: (play: Play, world: World, group: TraceGroup) => void,
  fork: (play: Play, world: World, group: TraceGroup) => World[],
): World[] {
  let forks: World[] | null = null
  const others: World[] = []
  for (const world of worlds) {
    if (meetsEnd(play, world, group)) {
      forks ??= []
      forks.push(...fork(play, world, group))
    } else {
      take(play, world, group)
      others.push(world)
    }
  }
  if (forks === null) return worlds
  return distinct([...others, ...forks].sort((a, b) => a.count - b.count)).slice(0, worldsMost)
}

/** Courses that have come to the same are one, that against which less speaks: the first of them. */
function distinct(worlds: readonly World[]): World[] {
  const byState = new Map<string, World>()
  for (const world of worlds) {
    const { count: _, ...states } = world
    const key = JSON.stringify(states)
    if (!byState.has(key)) byState.set(key, world)
  }
  return [...byState.values()]
}

/** Whether a window may end while a group is on its way, so that it may have opened the next one. */
function meetsEnd(
  { rules, algorithm, phaseUs }: Play,
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
function beforeAndAfter(play: Play, world: World, group: TraceGroup): World[] {
  const { rules, algorithm, phaseUs } = play
  const { lenient, strict, count } = world
  const { cost, passed } = group
  const [from, to] = [group.fromUs - phaseUs, group.toUs - phaseUs]
  const amount = cost * passed
  const [one, all] = [play.asked(cost, 1), play.asked(cost, passed)]
  const fresh = rules.fresh(algorithm)
  const fits = (state: State, us: Micros) => (play.hasRoom(state, all, us) ? 0 : 1)
  const endUs = rules.endUs!(algorithm, lenient) ?? from
  const full = play.charged(strict, amount, arrivalAt(from))
  const common = { without: null, denying: null }
  return [
    {
      ...common,
      isDeniedBefore: !play.hasRoom(full, one, from),
      lenient: fresh,
      strict: rules.advance(algorithm, full, to),
      count: count + fits(lenient, Math.min(from, endUs - 1)),
    },
    {
      ...common,
      isDeniedBefore: !play.hasRoom(strict, one, from),
      ...opened(play, world, group, passed),
      count: count + fits(fresh, to),
    },
  ]
}

// What got no answer may have opened the next window, too; or it came before, and found nothing left, or
// nothing that would not be back at once.
function openedOrNot(play: Play, world: World, group: TraceGroup): World[] {
  const { rules, algorithm, phaseUs } = play
  const count = unanswered(group)
  const lastUs = Math.min(group.toUs - phaseUs, rules.endUs!(algorithm, world.strict)! - 1)
  const arrival = arrivalAt(group.fromUs - phaseUs)
  const strict = play.squeezed(world.strict, group.cost * count, arrival)
  return [
    { ...world, strict: play.rejected(strict, 0, arrivalAt(lastUs)) },
    { ...world, without: null, ...opened(play, world, group, count) },
  ]
}

/** A window that the first of so many requests opens: as early as can be, by one of them; as late, by all. */
function opened(
  { rules, algorithm, phaseUs }: Play,
  { lenient }: World,
  { fromUs, toUs, cost }: TraceGroup,
  count: number,
): Pick<World, 'lenient' | 'strict'> {
  const from = fromUs - phaseUs
  const endUs = rules.endUs!(algorithm, lenient) ?? from
  const fresh = rules.fresh(algorithm)
  return {
    lenient: rules.charge(algorithm, fresh, cost, Math.max(from, endUs)),
    strict: rules.charge(algorithm, fresh, cost * count, toUs - phaseUs),
  }
}

/** What passed had room in the lenient state, and is charged in all. */
function pass(play: Play, world: World, group: TraceGroup): void {
  const { phaseUs } = play
  const amount = group.cost * group.passed
  const room = play.asked(group.cost, group.passed)
  const toUs = group.toUs - phaseUs
  const early = play.earliest(group)
  if (!play.hasRoom(world.lenient, room, toUs)) {
    const { without } = world
    const isExcused = without !== null && play.hasRoom(without, room, toUs)
    world.count += isExcused ? neverArrived : 1
    if (isExcused) {
      world.lenient = without
      world.without = null
    }
  }
  const late = play.latest(group)
  if (group.denied > 0) {
    const deniedUs = group.deniedFromUs - phaseUs
    world.denying = play.charged(world.strict, amount, arrivalAt(deniedUs))
  }
  world.lenient = play.charged(world.lenient, amount, early)
  if (world.without !== null) {
    world.without = play.charged(world.without, amount, early)
  }
  world.strict = play.charged(world.strict, amount, late)
}

/** The earliest and the latest that a group may have come. */
interface Arrivals {
  readonly early: Arrival
  readonly late: Arrival
}

/**
 * What got no answer was charged if there was room in any case, and may have been if there was in the best: then it
 * left no more than nothing. What is unclear may have been charged, too.
 */
function leaveOpen(play: Play, world: World, group: TraceGroup, { early, late }: Arrivals): void {
  const { chargesRejected, phaseUs } = play
  const { cost, lost } = group
  const count = unanswered(group)
  const chargedMost = Math.min(count, play.fitting(world.lenient, cost, group.toUs - phaseUs))
  if (lost > 0) {
    const sure = Math.min(lost, play.fitting(world.strict, cost, group.fromUs - phaseUs))
    world.without ??= world.lenient
    world.lenient = play.squeezed(world.lenient, cost * sure, early)
    if (chargedMost < lost || chargesRejected) {
      const amount = chargesRejected ? cost * (lost - sure) : 0
      world.lenient = play.rejected(world.lenient, amount, early)
    }
  }
  if (group.denied > 0) {
    const arrival = arrivalAt(group.deniedFromUs - phaseUs)
    world.denying = play.squeezed(world.denying ?? world.strict, cost * chargedMost, arrival)
  }
  world.strict = play.leastLeft(world.strict, { cost, count, chargedMost }, late)
}

/** What is unclear may be charged; what was denied had no room in the strict state. */
function deny(play: Play, world: World, group: TraceGroup): void {
  const { isForgetful, chargesRejected, phaseUs } = play
  const { cost, denied } = group
  const early = play.earliest(group)
  const late = play.latest(group)
  if (unanswered(group) > 0) leaveOpen(play, world, group, { early, late })
  if (denied === 0) return
  const deniedUs = isForgetful ? late.seenUs : group.deniedFromUs - phaseUs
  const room = play.asked(cost, 1)
  // What came with it may have come before it: then less had come back than by the end of the group.
  const isDenial =
    world.isDeniedBefore ||
    !play.hasRoom(world.strict, room, deniedUs) ||
    (world.denying !== null && !play.hasRoom(world.denying, room, deniedUs))
  world.isDeniedBefore = false
  world.denying = null
  if (!isDenial) world.count++
  const amount = chargesRejected ? cost * denied : 0
  world.lenient = play.rejected(world.lenient, amount, early)
  if (world.without !== null) {
    world.without = play.rejected(world.without, amount, early)
  }
  world.strict = play.rejected(world.strict, amount, lastDenied(play, world.strict, group))
}

/** What was denied came before the window ended, where that is what it was denied for. */
function lastDenied(play: Play, strict: State, group: TraceGroup): Arrival {
  const late = play.latest(group)
  const endUs = play.rules.endUs?.(play.algorithm, strict) ?? null
  if (endUs === null || endUs <= group.fromUs - play.phaseUs || endUs > late.seenUs) return late
  return arrivalAt(endUs - 1)
}
