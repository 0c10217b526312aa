// What is measured of a limiter once it is identified: who shares it, and what it gives in the long run
// when more comes than it is meant for. A budget that ends on the way takes nothing back.

import type { Interval, ProfiledLimiter, ProfileWarning } from '../core/profileDocument.ts'
import { median } from '../core/statistics.ts'
import { tokenBucket } from '../limiters/models.ts'
import { likely } from './conclude.ts'
import { type Known, withinBudget } from './known.ts'
import { identifyLossy, type LossyBucket } from './lossy.ts'
import type { ProbeRequest } from './observation.ts'
import { findScope } from './scope.ts'
import type { Session } from './session.ts'
import { measureGoodput, type Sustained } from './sustain.ts'
import { goodputUnderOverload, nominalPerS } from './warnings.ts'

/** How much more than its nominal rate a limiter is offered, and how many arrivals it takes to tell. */
const overloadTimes = 2
const overloadRequestsMost = 400
const overloadRequestsLeast = 60
/** Units that come back during the usual answer, from which on instants say little. */
const unitsPerAnswerLeast = 0.2
/** Goodputs may differ by this share before they contradict each other. */
const goodputTolerance = 0.35
/** Of what was foretold twice, and cannot be replayed. */
const lossyConfidence = 0.99

/** A limiter, and what it is once it was overloaded; null: nothing else. */
export interface Learning {
  readonly known: Known
  reconsidered(): Known | null
}

/** All that is known after more has been measured. */
export async function learnMore(
  session: Session,
  request: ProbeRequest,
  learning: Learning,
): Promise<Known> {
  const { known } = learning
  const more = await withinBudget(known, () => withGoodput(session, request, learning))
  return withinBudget(more, () => withScope(session, request, more))
}

async function withScope(session: Session, request: ProbeRequest, known: Known): Promise<Known> {
  if (session.prober.lanes.length < 2) return known
  const { partitions, untried } = await findScope(session, request)
  const { limiter, model, reasons } = known
  return {
    ...known,
    limiter: { ...limiter, scope: partitions },
    model: partitions?.length === 0 ? { ...model, model: { ...model.model, scope: [] } } : model,
    reasons: [...reasons, ...untried.map((why) => `who shares '${limiter.id}': ${why}`)],
  }
}

/** The goodput that follows from the model, put to the test where it is in question. */
async function withGoodput(
  session: Session,
  request: ProbeRequest,
  { known, reconsidered }: Learning,
): Promise<Known> {
  const perS = nominalPerS(known.model.model.algorithm)
  const requests = arrivalsFor(known, session.requestsLeft)
  if (perS === null || requests === null || !isInQuestion(session, known, perS)) return known
  session.note(`overload: ${overloadTimes} × ${rateText(perS)}, ${requests} arrivals at random`)
  const overload = { refillPerS: perS, times: overloadTimes, requests }
  const measured = await measureGoodput(session, request, overload)
  const another = reconsidered()
  if (another !== null) return another
  if (measured === null) return known
  const refutation = refutationOf(known, measured)
  if (refutation === null) return known
  const isForetold = known.warnings.some(({ code }) => code === 'lossy-refill')
  if (isForetold && !isFast(session, perS)) return withMeasured(known, measured)
  const burst = known.limiter.burst ?? known.limiter.limit ?? 1
  const lossy = await identifyLossy(session, request, { burst, overload: measured })
  if (lossy !== null) return asLossy(known, lossy, measured)
  return known.limiter.algorithm === 'token-bucket'
    ? withMeasured(known, measured)
    : { ...known, refutation }
}

function withMeasured(known: Known, measured: Sustained): Known {
  return { ...known, warnings: [...others(known), lossyWarning(known.limiter, measured)] }
}

/** The same limiter as what it has turned out to be. */
function asLossy(known: Known, { burst, intervalUs, evidence }: LossyBucket, measured: Sustained) {
  const refillPerS: Interval = [1e6 / intervalUs[1], 1e6 / intervalUs[0]]
  const everyMs = likely([intervalUs[0] / 1e3, intervalUs[1] / 1e3])
  const limiter: ProfiledLimiter = {
    ...known.limiter,
    algorithm: 'token-bucket',
    equivalents: [],
    limit: null,
    windowMs: null,
    burst,
    refillPerS: 1e3 / everyMs,
    refillStep: { units: 1, everyMs },
    anchor: null,
    chargesRejected: false,
    confidence: lossyConfidence,
    intervals: { burst: [burst, burst], refillPerS },
    evidence: [evidence],
  }
  const algorithm = {
    ...tokenBucket(burst, 1, Math.round(everyMs * 1e3)),
    refillStyle: 'lossy',
  } as const
  const model = {
    ...known.model,
    model: { ...known.model.model, algorithm, chargesRejected: false },
  }
  const warnings = [...others(known), lossyWarning(limiter, measured)]
  return { ...known, limiter, model, warnings }
}

/** Windows have to be seen twice; null: that would cost too much. */
function arrivalsFor({ limiter, warnings }: Known, left: number): number | null {
  const isLossy = warnings.some(({ code }) => code === 'lossy-refill')
  const isWindow = limiter.algorithm !== 'token-bucket' && limiter.limit !== null
  const wanted = isWindow ? 2 * 2 * overloadTimes * limiter.limit! : overloadRequestsMost
  const most = Math.min(isWindow ? 2.5 * overloadRequestsMost : overloadRequestsMost, left / 2)
  const requests = Math.floor(Math.min(wanted, most))
  return requests >= (isLossy ? overloadRequestsLeast : Math.min(wanted, 200)) ? requests : null
}

/** Fast limiters give back units while answers travel: replaying instants may deceive. */
function isInQuestion(session: Session, { warnings }: Known, perS: number): boolean {
  return warnings.some(({ code }) => code === 'lossy-refill') || isFast(session, perS)
}

/** Units come back while answers travel. */
function isFast({ observations }: Session, perS: number): boolean {
  const latencyUs = median(observations.map(({ sentUs, receivedUs }) => receivedUs - sentUs))
  return ((latencyUs ?? 0) / 1e6) * perS >= unitsPerAnswerLeast
}

function others({ warnings }: Known): readonly ProfileWarning[] {
  return warnings.filter(({ code }) => code !== 'lossy-refill')
}

function lossyWarning(
  { id, refillPerS }: ProfiledLimiter,
  { offeredPerS, admittedPerS, requests }: Sustained,
): ProfileWarning {
  const nominal = refillPerS ?? 0
  const share = nominal === 0 ? 0 : admittedPerS / nominal
  return {
    code: 'lossy-refill',
    limiter: id,
    message: `it loses fractions of its refill: of ${rateText(offeredPerS)} offered at random, ${rateText(admittedPerS)} were admitted (${(100 * share).toFixed(0)} % of its nominal ${rateText(nominal)}), measured over ${requests} requests after its burst`,
    figures: { nominalPerS: nominal, offeredPerS, goodputPerS: admittedPerS, share },
  }
}

/** Whether a limiter of this kind, one that keeps its fractions, can have admitted what was measured. */
function refutationOf({ limiter, model }: Known, measured: Sustained): string | null {
  const isBucket = limiter.algorithm === 'token-bucket'
  const expectedPerS = isBucket
    ? nominalPerS(model.model.algorithm)!
    : goodputUnderOverload(model.model, overloadTimes)
  const { admittedPerS, admitted, offeredPerS } = measured
  const seconds = measured.requests / offeredPerS
  const offBy = Math.abs(admitted - expectedPerS * seconds)
  const noise = 4 + 3 * Math.sqrt(expectedPerS * seconds)
  if (offBy <= noise || offBy <= goodputTolerance * expectedPerS * seconds) return null
  return `it seemed to be a ${limiter.algorithm.replace('-', ' ')}, but under twice its rate it admitted ${rateText(admittedPerS)} where one admits ${rateText(expectedPerS)}`
}

function rateText(perS: number): string {
  return `${Number(perS.toPrecision(3))}/s`
}
