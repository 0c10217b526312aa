// Users in a loop: the sources of closed arrivals. Each sends, waits for the answer, and pauses.

import type { Cancel, Clock } from '../core/clock.ts'
import type { RequestRecord } from '../core/record.ts'
import type { Micros } from '../core/units.ts'
import type { ClosedArrivals } from '../load/arrivals.ts'
import { laneOf } from '../load/mix.ts'
import type { FlightOwner } from './flight.ts'
import type { Own, PhaseRun } from './phaseRun.ts'
import type { Source, SourceParts } from './source.ts'
import type { Due } from './turn.ts'

/** Back-off of a user whose connections fail: doubles from the first to the last. */
const backOffUsFirst = 50_000
const backOffUsLast = 1_000_000

/** Users in a loop: a request, its answer, a pause. Each stays on one lane. */
export function closedSource(
  arrivals: Exclude<ClosedArrivals, { kind: 'saturate' }>,
  parts: SourceParts,
): Source {
  const { run, clock, owns } = parts
  const pauseUs = arrivals.kind === 'spaced' ? arrivals.gapUs : arrivals.thinkUs
  const common = { run, clock, pauseUs, slots: new Slots(parts) }
  const users = Array.from({ length: arrivals.count }, (_, i) => i)
    .filter(owns)
    .map((i) => new User(common, laneOf(run.phase.lanes, i)))
  let endCheck: Cancel = () => {}
  return {
    start() {
      const beginUs = Math.max(run.startUs, clock.nowUs())
      for (const [i, user] of users.entries()) {
        user.offerAt(beginUs + Math.round((pauseUs * i) / arrivals.count))
      }
      if (users.length === 0) return run.stop({ kind: 'exhausted' })
      if (run.endUs !== null) endCheck = clock.at(run.endUs, () => run.checkStop())
    },
    stop() {
      endCheck()
      for (const user of users) user.stop()
    },
    abort() {},
  }
}

/** Spaces the sends of all users together, as far as a rate cap asks for it. */
class Slots {
  readonly #gapUsMin: Micros
  #nextUs: Micros

  constructor({ run, gapUsMin }: SourceParts) {
    this.#gapUsMin = gapUsMin
    this.#nextUs = run.startUs
  }

  next(us: Micros): Micros {
    if (this.#gapUsMin === 0) return us
    const slotUs = Math.max(us, this.#nextUs)
    this.#nextUs = slotUs + this.#gapUsMin
    return slotUs
  }
}

/** What the users of a source share. */
interface Common {
  readonly run: PhaseRun
  readonly clock: Clock
  readonly pauseUs: Micros
  readonly slots: Slots
}

class User implements FlightOwner, Due {
  readonly #common: Common
  #slotUs: Micros = 0
  #failures = 0
  #isStopped = false
  #cancel: Cancel | null = null
  readonly #own: Own

  constructor(common: Common, lane: string) {
    this.#common = common
    this.#own = { lane, owner: this }
  }

  flightEnded(record: RequestRecord): void {
    this.#failures = isBroken(record) ? this.#failures + 1 : 0
    if (this.#failures > 0 || record.endUs === null) {
      const backOffUs = Math.min(backOffUsLast, backOffUsFirst * 2 ** this.#failures)
      return this.offerAt(this.#common.clock.nowUs() + Math.max(this.#common.pauseUs, backOffUs))
    }
    // Without a pause the next request is due at the very end of this one: no timer.
    const slotUs = this.#common.slots.next(record.endUs + this.#common.pauseUs)
    if (slotUs !== record.endUs) return this.#wait(slotUs)
    this.#slotUs = slotUs
    this.#common.run.turn.offerLater(this)
  }

  /** Offers the request that is due. */
  offer(): void {
    if (!this.#isStopped) this.#common.run.offer(this.#slotUs, this.#own)
  }

  offerAt(us: Micros): void {
    this.#wait(this.#common.slots.next(us))
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel?.()
  }

  #wait(us: Micros): void {
    if (this.#isStopped) return
    this.#slotUs = us
    this.#cancel = this.#common.clock.at(us, () => {
      // Not kept: thousands of users have no timer for most of the time.
      this.#cancel = null
      this.offer()
    })
  }
}

function isBroken(record: RequestRecord): boolean {
  return record.outcome === 'broken' && record.status === null
}
