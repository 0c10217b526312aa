// What a limiter that is known may have denied, and when it lets a request through for sure: everything came
// to it as late as can be, and its span is known to a share only. Must not judge whether it explains a trace.

import { windowUsOf } from '../core/limits.ts'
import type { Micros } from '../core/units.ts'
import type { State } from '../limiters/limiter.ts'
import { type Hypothesis, Play } from './playing.ts'
import type { TraceGroup } from './trace.ts'

/** Windows are known to a share of their length only, and what comes back to a share of all. */
const doubtShare = 0.01
/** Courses that are followed at once. */
const coursesMost = 16

/** What it may have come to: by the latest arrivals, and, for when a window may have begun, the earliest. */
interface Course {
  readonly early: State
  readonly late: State
  /** Denials that cannot have been its own. */
  readonly anothers: number
}

/** Which groups have something that the hypothesis may have denied, answered or not: one of its courses does. */
export function strictDenials(
  hypothesis: Hypothesis,
  trace: readonly TraceGroup[],
): readonly boolean[] {
  return coursesOf(hypothesis, trace).denials
}

/** Span from `nowUs` until a request passes for sure; null: never. */
export function strictWaitUs(
  hypothesis: Hypothesis,
  trace: readonly TraceGroup[],
  cost: number,
  nowUs: Micros,
): Micros | null {
  const play = new Play(hypothesis)
  const { rules, algorithm } = play
  const us = nowUs - play.phaseUs
  const waits = coursesOf(hypothesis, trace).courses.map(({ late }) =>
    rules.waitUs(algorithm, rules.advance(algorithm, late, us), cost, us),
  )
  const known = waits.filter((waitUs) => waitUs !== null)
  if (known.length < waits.length) return null
  const waitUs = Math.max(...known)
  return waitUs === 0 ? 0 : waitUs + 2 * doubtUs(play)
}

/** A span after which what is foreseen at `us` is over, though it began and lasts a little longer. */
export function surelyUs(us: Micros): Micros {
  return Math.ceil(us * (1 + 2 * doubtShare))
}

function doubtUs({ algorithm }: Play): Micros {
  return Math.round(doubtShare * (windowUsOf(algorithm) ?? 0))
}

// Denials that it cannot have made were another's: then this one may have charged the request before.
function coursesOf(hypothesis: Hypothesis, trace: readonly TraceGroup[]) {
  const play = new Play(hypothesis)
  const { chargesRejected, phaseUs } = play
  const opened = play.opened(trace)
  let courses: readonly Course[] = [{ early: opened, late: opened, anothers: 0 }]
  const denials = trace.map((group) => {
    const { cost, passed, denied, lost } = group
    if (passed > 0) courses = passedIn(play, courses, group)
    const us = group.deniedFromUs - phaseUs
    const mayDenyIn = (course: Course) => !hasRoomForSure(play, course.late, cost, us)
    const mayDenyLost = lost > 0 && courses.some(mayDenyIn)
    const unclear = group.unclear + lost
    if (unclear > 0) courses = perhaps(play, courses, group, unclear)
    if (denied === 0) return mayDenyLost
    const mayDeny = courses.map(mayDenyIn)
    const [early, late] = [play.earliest(group), play.latest(group)]
    const amount = chargesRejected ? cost * denied : 0
    courses = courses.map((course, i) =>
      mayDeny[i]
        ? {
            ...course,
            early: play.rejected(course.early, amount, early),
            late: play.rejected(course.late, amount, late),
          }
        : { ...perhaps(play, [course], group, denied)[0]!, anothers: course.anothers + 1 },
    )
    return mayDeny.includes(true)
  })
  return { courses, denials }
}

// What may have come about when a window ends may have opened the next one.
function perhaps(
  play: Play,
  courses: readonly Course[],
  group: TraceGroup,
  count: number,
): readonly Course[] {
  const { cost } = group
  const toUs = group.toUs - play.phaseUs
  const next = courses.flatMap((course) => {
    if (meetsEnd(play, course, group)) {
      return [course, ...beforeAndAfter(play, course, { ...group, passed: count })]
    }
    const { early, late } = course
    const chargedMost = Math.min(count, play.fitting(early, cost, toUs))
    return [
      {
        ...course,
        early: play.perhaps(early, { cost, count }, play.earliest(group)),
        late: play.leastLeft(late, { cost, count, chargedMost }, play.latest(group)),
      },
    ]
  })
  return few(next)
}

/** Whether nothing it may be off by would deny so much: a bucket by units, what has windows by their end. */
function hasRoomForSure(play: Play, state: State, cost: number, us: Micros): boolean {
  const { algorithm } = play
  if (algorithm.kind !== 'token-bucket') return play.hasRoom(state, cost, us - doubtUs(play))
  return play.hasRoom(state, cost + doubtShare * algorithm.capacity, us)
}

// What passes about when a window ends may have been the last of that, or opened the next one.
function passedIn(play: Play, courses: readonly Course[], group: TraceGroup): readonly Course[] {
  const amount = group.cost * group.passed
  const [early, late] = [play.earliest(group), play.latest(group)]
  const next = courses.flatMap((course) =>
    meetsEnd(play, course, group)
      ? beforeAndAfter(play, course, group)
      : [
          {
            ...course,
            early: play.charged(course.early, amount, early),
            late: play.charged(course.late, amount, late),
          },
        ],
  )
  return few(next)
}

/** Those against which least speaks. */
function few(courses: readonly Course[]): readonly Course[] {
  if (courses.length === 1) return courses
  return distinct(courses)
    .sort((a, b) => a.anothers - b.anothers)
    .slice(0, coursesMost)
}

function meetsEnd(play: Play, { early, late }: Course, { fromUs, toUs }: TraceGroup): boolean {
  const { rules, algorithm, phaseUs } = play
  const endUs = rules.endUs?.(algorithm, late) ?? null
  if (endUs === null || endUs <= fromUs - phaseUs - doubtUs(play)) return false
  const earlyUs = rules.endUs!(algorithm, early)
  return earlyUs === null || earlyUs <= toUs - phaseUs + doubtUs(play)
}

function beforeAndAfter(
  play: Play,
  { early, late, anothers }: Course,
  { fromUs, toUs, cost, passed }: TraceGroup,
): readonly Course[] {
  const { rules, algorithm, phaseUs } = play
  const [from, to] = [fromUs - phaseUs, toUs - phaseUs]
  const amount = cost * passed
  const lateEndUs = rules.endUs!(algorithm, late)!
  const earlyEndUs = rules.endUs!(algorithm, early)
  const within = (state: State, us: Micros) => rules.charge(algorithm, state, amount, us)
  const fresh = rules.fresh(algorithm)
  const after = {
    early: within(fresh, Math.max(from, earlyEndUs ?? from)),
    late: within(fresh, Math.max(to, earlyEndUs ?? to)),
    anothers,
  }
  const lastUs = Math.min(to, lateEndUs - 1)
  if (!play.hasRoom(late, play.asked(cost, passed), lastUs)) return [after]
  const before = {
    early:
      earlyEndUs === null ? within(late, lastUs) : within(early, Math.min(from, earlyEndUs - 1)),
    late: within(late, lastUs),
    anothers,
  }
  return [before, after]
}

function distinct(courses: readonly Course[]): Course[] {
  return [...new Map(courses.map((course) => [JSON.stringify(course), course])).values()]
}
