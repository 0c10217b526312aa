// What requests in parallel showed of a limiter, as its document has it and as it warns of it. Must not send.

import type { Interval, ProfiledLimiter, ProfileWarning } from '../core/profileDocument.ts'
import type { Known, Layer } from './known.ts'
import type { ProbeRequest } from './observation.ts'
import { measureParallel, type Parallel } from './parallel.ts'
import type { Session } from './session.ts'
import { rangeText } from './wording.ts'

/** Waves that have to let through too much: what counts late has counted after one. */
const replicaWavesLeast = 2

/** What is known of a limiter after requests were sent at once; as it was where none could be. */
export async function withParallel(
  session: Session,
  request: ProbeRequest,
  { known, layer }: { readonly known: Known; readonly layer: Layer },
): Promise<Known> {
  const parallel = await measureParallel(session, request, layer)
  const { limiter, warnings } = known
  if (typeof parallel === 'string') {
    const reason = `how many too many '${limiter.id}' lets in at once was not measured: ${parallel}`
    return { ...known, reasons: [...known.reasons, reason] }
  }
  const [units] = parallel.excess
  return {
    ...known,
    limiter: {
      ...limiter,
      overAdmission: units,
      intervals: { ...limiter.intervals, overAdmission: parallel.excess },
      evidence: [...limiter.evidence, evidenceOf(parallel)],
    },
    warnings: [...warnings, ...overAdmissionWarnings(limiter, parallel)],
  }
}

function evidenceOf({ width, foretold, passed, excess, waves }: Parallel): string {
  const first = `of ${width} requests at once ${rangeText(foretold)} were to pass, ${passed} did`
  if (excess[0] === 0) return first
  return `${first}; over ${waves === 1 ? '1 wave' : `${waves} waves`} ${rangeText(excess)} too many`
}

/** What is to be said about requests that passed and were not to pass. */
export function overAdmissionWarnings(
  { id, limit, burst, unit }: ProfiledLimiter,
  { width, foretold, passed, excess, waves, isDry }: Parallel,
): readonly ProfileWarning[] {
  const [units, unitsMost] = excess
  const most = limit ?? burst
  if (units <= 0 || most === null) return []
  const figures = { units, unitsMost, width, waves, foretold: foretold[1], passed }
  const over: ProfileWarning = {
    code: 'over-admission',
    limiter: id,
    message: `${width} requests at once, ${foretold[1]} of which had room: ${passed} were admitted; ${rangeText(excess)} ${unit} beyond a limit of ${most} in ${waves === 1 ? 'one wave' : `${waves} waves one after the other`}`,
    figures,
  }
  const replicas = replicasOf(excess, most)
  if (!isDry || waves < replicaWavesLeast || replicas === null) return [over]
  const message = `${most + units} ${unit} were admitted where ${most} are the limit: as ${replicas} replicas would that each count for themselves`
  return [
    over,
    { code: 'replicas', limiter: id, message, figures: { replicas, limit: most, units } },
  ]
}

/** Copies that each count for themselves let through whole further limits; updates that are lost hardly. */
function replicasOf([units, unitsMost]: Interval, limit: number): number | null {
  const more = Math.floor(unitsMost / limit)
  return more >= 1 && more * limit >= units ? more + 1 : null
}
