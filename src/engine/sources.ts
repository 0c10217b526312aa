// Sources: when the requests of a phase are offered. Open ones follow a schedule, closed ones wait
// for answers.

import type { Cancel, Clock } from '../core/clock.ts'
import type { RequestRecord } from '../core/record.ts'
import type { Micros } from '../core/units.ts'
import type { NextRequest, Saturation } from '../drivers/autocannon.ts'
import {
  type ArrivalProcess,
  type ClosedArrivals,
  isOpen,
  type OpenArrivals,
  schedule,
} from '../load/arrivals.ts'
import { laneOf } from '../load/mix.ts'
import type { PhaseRun } from './phaseRun.ts'

/** Offers requests from `start` until the phase stops. */
export interface Source {
  start(): void
  /** No more offers; what is in flight goes on. */
  stop(): void
  /** Drops what is in flight, for sources that send by themselves. */
  abort(): void
}

export interface SourceParts {
  readonly run: PhaseRun
  readonly clock: Clock
  /** Seed of the arrivals. */
  readonly seed: number
  /** Least gap between two sends, by the run's rate cap; 0 for none. */
  readonly gapUsMin: Micros
  /** Starts autocannon; null where it cannot be used, and users stand in for it. */
  readonly saturate: StartSaturation | null
}

/** Starts autocannon; `onUnfit` is called for every connection that it has to give up. */
export type StartSaturation = (
  options: { readonly connections: number; readonly onUnfit: () => void },
  next: NextRequest,
) => Saturation

export function sourceOf(arrivals: ArrivalProcess, parts: SourceParts): Source {
  if (isOpen(arrivals)) return openSource(arrivals, parts)
  if (arrivals.kind !== 'saturate') return closedSource(arrivals, parts)
  if (parts.saturate !== null) return saturateSource(arrivals.connections, parts, parts.saturate)
  return closedSource({ kind: 'users', count: arrivals.connections, thinkUs: 0 }, parts)
}

/** Sends everything that is due at each wake-up, each with its own intended instant. */
function openSource(arrivals: OpenArrivals, { run, clock, seed }: SourceParts): Source {
  const { intendedUs } = schedule(arrivals, seed)
  let i = 0
  let cancel: Cancel = () => {}
  const sendDue = () => {
    for (;;) {
      const offsetUs = intendedUs(i)
      const dueUs = offsetUs === null ? null : run.startUs + offsetUs
      if (dueUs === null || !run.isWithin(dueUs)) return finish(dueUs)
      if (dueUs > clock.nowUs()) {
        cancel = clock.at(dueUs, sendDue)
        return
      }
      if (!run.offer(dueUs)) return
      i++
    }
  }
  // A process that has ended ends the phase; a duration still runs to its own end.
  const finish = (dueUs: Micros | null) => {
    if (dueUs === null) return run.stop({ kind: 'exhausted' })
    const endUs = run.endUs ?? dueUs
    cancel = clock.at(endUs, () => run.checkStop())
  }
  return { start: sendDue, stop: () => cancel(), abort() {} }
}

/** Back-off of a user whose connections fail: doubles from the first to the last. */
const backOffUsFirst = 50_000
const backOffUsLast = 1_000_000

/** Users in a loop: a request, its answer, a pause. Each stays on one lane. */
function closedSource(
  arrivals: Exclude<ClosedArrivals, { kind: 'saturate' }>,
  { run, clock, gapUsMin }: SourceParts,
): Source {
  const pauseUs = arrivals.kind === 'spaced' ? arrivals.gapUs : arrivals.thinkUs
  const cancels = new Map<number, Cancel>()
  let nextSlotUs = run.startUs
  let isStopped = false
  const offerAt = (user: number, us: Micros, failures: number) => {
    if (isStopped) return
    // A rate cap spaces the sends of all users together.
    const slotUs = gapUsMin === 0 ? us : Math.max(us, nextSlotUs)
    nextSlotUs = slotUs + gapUsMin
    const offer = () => {
      run.offer(slotUs, laneOf(run.phase.lanes, user), (record) => {
        const failed = isBroken(record) ? failures + 1 : 0
        const backOffUs = failed === 0 ? 0 : Math.min(backOffUsLast, backOffUsFirst * 2 ** failed)
        offerAt(user, clock.nowUs() + Math.max(pauseUs, backOffUs), failed)
      })
    }
    cancels.set(user, clock.at(slotUs, offer))
  }
  return {
    start() {
      const beginUs = Math.max(run.startUs, clock.nowUs())
      for (let user = 0; user < arrivals.count; user++) {
        offerAt(user, beginUs + Math.round((pauseUs * user) / arrivals.count), 0)
      }
      const endUs = run.endUs
      if (endUs !== null)
        cancels.set(
          -1,
          clock.at(endUs, () => run.checkStop()),
        )
    },
    stop() {
      isStopped = true
      for (const cancel of cancels.values()) cancel()
    },
    abort() {},
  }
}

/** Connections kept busy by autocannon; users take over those that it has to give up. */
function saturateSource(
  connections: number,
  parts: SourceParts,
  saturate: StartSaturation,
): Source {
  const { run, clock } = parts
  const substitutes: Source[] = []
  let saturation: Saturation | undefined
  let cancel: Cancel = () => {}
  const next: NextRequest = () => {
    run.checkStop()
    return run.sendable === 0 ? null : run.take(clock.nowUs())
  }
  const onUnfit = () => {
    if (run.isStopped) return
    const substitute = closedSource({ kind: 'users', count: 1, thinkUs: 0 }, parts)
    substitutes.push(substitute)
    substitute.start()
  }
  return {
    start() {
      const count = Math.min(connections, run.sendable)
      if (count > 0) saturation = saturate({ connections: count, onUnfit }, next)
      if (run.endUs !== null) cancel = clock.at(run.endUs, () => run.checkStop())
    },
    stop() {
      cancel()
      for (const substitute of substitutes) substitute.stop()
    },
    abort: () => saturation?.abort(),
  }
}

function isBroken(record: RequestRecord): boolean {
  return record.outcome === 'broken' && record.status === null
}
