// One course that things may have taken for a limiter, and leaps along it: where nothing changes by
// itself, what passed or was denied one after the other is charged at once.

import type { Micros } from '../core/units.ts'
import type { State } from '../limiters/limiter.ts'
import { arrivalAt, type Play } from './playing.ts'
import type { Runs } from './runs.ts'
import type { TraceGroup } from './trace.ts'

/** What a limiter may have come to, at the most and at the least, and what speaks against it. */
export interface World {
  lenient: State
  strict: State
  /** The lenient state in which what was lost never arrived; null while it is no other. */
  without: State | null
  /** The strict state once all else of this group had come, before any of it was denied; null: `strict` is. */
  denying: State | null
  /** What was denied in this group may have come before the window ended that it met. */
  isDeniedBefore: boolean
  count: number
}

/** Shorter runs are no shorter to check than to play. */
const leapLeast = 3

/** Groups `from` up to, and not with, `to`, which are alike. */
interface Leap {
  readonly first: TraceGroup
  readonly last: TraceGroup
  readonly requests: number
}

/** Leaps as far along a trace as nothing surprising can have happened; where to. */
export function leap(play: Play, worlds: readonly World[], runs: Runs, from: number): number {
  const { trace } = runs
  let to = runs.ends[from]!
  if (to - from < leapLeast) return from
  const quietUs = quietUntilUs(play, worlds)
  for (; to - from >= leapLeast; to = from + ((to - from) >> 1)) {
    if (trace[to - 1]!.toUs - play.phaseUs >= quietUs) continue
    const next = leapOf(runs, from, to)
    if (!worlds.every((world) => isForeseen(play, world, next))) continue
    for (const world of worlds) leapIn(play, world, next)
    return to
  }
  return from
}

function leapOf({ trace, before }: Runs, from: number, to: number): Leap {
  return { first: trace[from]!, last: trace[to - 1]!, requests: before[to]! - before[from]! }
}

/** Until then no state of any world changes by itself. */
function quietUntilUs(play: Play, worlds: readonly World[]): Micros {
  let leastUs = Number.POSITIVE_INFINITY
  for (const { lenient, strict, without } of worlds) {
    leastUs = Math.min(leastUs, play.quietUntilUs(lenient), play.quietUntilUs(strict))
    if (without !== null) leastUs = Math.min(leastUs, play.quietUntilUs(without))
  }
  return leastUs
}

// While nothing is charged, room only grows: where all of them have it at first, each has; where one has
// none in the end, none has.
function isForeseen(play: Play, world: World, { first, last, requests }: Leap): boolean {
  const { cost } = first
  if (first.passed > 0) {
    const us = first.toUs - play.phaseUs
    return play.hasRoom(world.lenient, play.asked(cost, requests), us)
  }
  const us = last.deniedFromUs - play.phaseUs
  return !world.isDeniedBefore && !play.hasRoom(world.strict, play.asked(cost, 1), us)
}

function leapIn(play: Play, world: World, { first, requests }: Leap): void {
  const isCharged = first.passed > 0 || play.chargesRejected
  if (!isCharged) return
  const amount = first.cost * requests
  const at = arrivalAt(first.fromUs - play.phaseUs)
  world.lenient = play.charged(world.lenient, amount, at)
  world.strict = play.charged(world.strict, amount, at)
  if (world.without !== null) world.without = play.charged(world.without, amount, at)
}
