// Who shares a limiter: while it denies the profiled identity, does it deny another one as well?

import { hasAnswer, hasPassed } from './judging.ts'
import type { Observation, ProbeLane, ProbeRequest } from './observation.ts'
import type { Session } from './session.ts'

/** What was learnt about who has a limit of its own. */
export interface Scope {
  /** What identities differ in that have one; null where none could be tried. */
  readonly partitions: readonly string[] | null
  /** Identities that could not be tried, each with the reason. */
  readonly untried: readonly string[]
}

/** Times that another identity is tried between two denials of the first. */
const sandwichesLeast = 2
const triesMost = 6
/** Requests at once while the limiter is being exhausted again. */
const widthMost = 32

/** Asks with every other identity of the prober; costs one exhaustion and a few requests each. */
export async function findScope(session: Session, request: ProbeRequest): Promise<Scope> {
  const [, ...others] = session.prober.lanes
  const partitions = new Set<string>()
  const untried: string[] = []
  let tried = 0
  for (const lane of others) {
    const answer = await isApart(session, request, lane)
    if (typeof answer === 'string') untried.push(`another ${lane.differsIn}: ${answer}`)
    else {
      tried++
      if (answer) partitions.add(lane.differsIn ?? lane.name)
    }
  }
  return { partitions: tried === 0 ? null : [...partitions], untried }
}

/** Whether an identity passes while the first is denied; a text says why that is not known. */
async function isApart(
  session: Session,
  request: ProbeRequest,
  lane: ProbeLane,
): Promise<boolean | string> {
  const asOther = { ...request, lane: lane.name }
  let [passed, denied] = [0, 0]
  for (let tries = 0; tries < triesMost; tries++) {
    if (!(await exhaust(session, request))) return 'the limiter could not be exhausted again'
    const other = await session.send(asOther)
    if (isForeign(other)) return `it is answered with status ${other.status}`
    const again = await session.send(request)
    // Between two denials of the first, whatever the other got is its own limit's answer.
    if (hasPassed(again) || !hasAnswer(again) || !hasAnswer(other)) continue
    if (hasPassed(other)) passed++
    else denied++
    if (passed >= sandwichesLeast && denied === 0) return true
    if (denied >= sandwichesLeast && passed === 0) return false
  }
  return `its answers vary: ${passed} passed, ${denied} did not`
}

/** The target does not know this identity, path or model at all. */
function isForeign({ outcome, status }: Observation): boolean {
  return outcome === 'refused' && status !== null && [400, 401, 404, 405, 422].includes(status)
}

/** Sends as the first identity until all of a wave is denied. */
async function exhaust(session: Session, request: ProbeRequest): Promise<boolean> {
  const most = session.requestsLeft
  for (let sent = 0, width = 1; sent < most; sent += width) {
    const answers = await session.sendTogether(request, width)
    const isDenied = (answer: Observation) => hasAnswer(answer) && !hasPassed(answer)
    if (answers.every(isDenied)) return true
    width = isDenied(answers.at(-1)!) ? 1 : Math.min(2 * width, widthMost)
  }
  return false
}
