// Sources: when the requests of a phase are offered. Open ones follow a schedule, closed ones wait
// for answers.

import type { Cancel } from '../core/clock.ts'
import type { Micros } from '../core/units.ts'
import type { NextRequest, Saturation } from '../drivers/autocannon.ts'
import { renderRequest } from '../drivers/driver.ts'
import { type ArrivalProcess, isOpen, type OpenArrivals, schedule } from '../load/arrivals.ts'
import type { Source, SourceParts, StartSaturation } from './source.ts'
import { closedSource } from './users.ts'

export function sourceOf(arrivals: ArrivalProcess, parts: SourceParts): Source {
  if (isOpen(arrivals)) return openSource(arrivals, parts)
  if (arrivals.kind !== 'saturate') return closedSource(arrivals, parts)
  if (parts.saturate !== null) return saturateSource(arrivals.connections, parts, parts.saturate)
  return closedSource({ kind: 'users', count: arrivals.connections, thinkUs: 0 }, parts)
}

/**
 * Whoever is late with more than this looks for answers in between: they leave free the connections that
 * further requests would have to open. The whole of a stall at once would, and opening takes longer
 * than sending, so that the next stall is the longer one. Requests of one instant are never parted.
 */
const dueAtOnceMax = 24

/** Sends everything that is due at each wake-up, each with its own intended instant. */
function openSource(
  arrivals: OpenArrivals,
  { run, clock, seed, shape, owns }: SourceParts,
): Source {
  const { intendedUs } = schedule(arrivals, seed)
  const isRandom = arrivals.kind === 'poisson' || arrivals.kind === 'gamma'
  let i = 0
  let lastDueUs = 0
  let lastSentUs = 0
  let cancel: Cancel = () => {}
  const sendDue = () => {
    for (let offered = 0; ; offered++) {
      while (!owns(i)) i++
      const offsetUs = intendedUs(i)
      const dueUs = offsetUs === null ? null : run.startUs + offsetUs
      if (dueUs === null || !run.isWithin(dueUs)) return finish(dueUs)
      const nowUs = clock.nowUs()
      const isEnough = offered >= dueAtOnceMax && dueUs > lastDueUs
      if (dueUs > nowUs || isEnough) {
        cancel = clock.at(dueUs, sendDue)
        return
      }
      if (!run.offer(dueUs, { index: i })) return
      if (isRandom && lastDueUs > 0) shape.add(dueUs - lastDueUs, nowUs - lastSentUs)
      lastDueUs = dueUs
      lastSentUs = nowUs
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
    run.turn.land()
    run.checkStop()
    if (run.sendable === 0) return null
    const flight = run.take(clock.nowUs())
    return flight === null
      ? null
      : { request: renderRequest(flight.route.template, flight.seq), caller: flight }
  }
  const onUnfit = () => {
    if (run.isStopped) return
    const substitute = closedSource({ kind: 'users', count: 1, thinkUs: 0 }, parts)
    substitutes.push(substitute)
    substitute.start()
  }
  return {
    start() {
      const own = Array.from({ length: connections }, (_, i) => i).filter(parts.owns).length
      const count = Math.min(own, run.sendable)
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
