// A bucket that loses fractions of its refill, identified by what only such a one does: under random
// overload it gives far less than its refill, and after silence it has a unit for every whole interval.
// Replaying instants says little about it: each request, whenever it arrives, starts an interval anew.

import type { Interval } from '../core/profileDocument.ts'
import type { Micros } from '../core/units.ts'
import { hasAnswer, hasPassed } from './judging.ts'
import type { ProbeRequest } from './observation.ts'
import type { Session } from './session.ts'
import type { Sustained } from './sustain.ts'

/** What such a bucket was found to be. */
export interface LossyBucket {
  readonly burst: number
  /** Refill interval: one unit per. */
  readonly intervalUs: Interval
  readonly evidence: string
}

/** Shares of a whole refill after which a burst is foretold. */
const silences = [0.35, 0.6] as const
/** Silence that refills it whole, whatever its interval is exactly. */
const wholeSilence = 1.4
const wholeBursts = 2
const width = 16
/** The interval by overload and that by silence have to agree within this share. */
const agreement = 0.15

/** Interval of a bucket that gives so much of random arrivals: goodput = λe^(−λτ) / (1 − e^(−λτ)). */
export function intervalOf({ offeredPerS, admittedPerS }: Sustained): Micros {
  return (1e6 * Math.log((offeredPerS + admittedPerS) / admittedPerS)) / offeredPerS
}

/** Bursts after silences; null where they do not follow from the overload that was measured. */
export async function identifyLossy(
  session: Session,
  request: ProbeRequest,
  seen: { readonly burst: number; readonly overload: Sustained },
): Promise<LossyBucket | null> {
  if (seen.overload.admitted === 0) return null
  const guessUs = intervalOf(seen.overload)
  const wholeUs = seen.burst * guessUs
  let burst = Number.POSITIVE_INFINITY
  for (let i = 0; i < wholeBursts; i++) {
    await session.sleepUntil(session.nowUs + Math.round(wholeSilence * wholeUs))
    const { passed, lost } = await spend(session, request)
    burst = Math.min(burst, passed + lost)
  }
  let [low, high] = [0, Number.POSITIVE_INFINITY]
  for (const share of silences) {
    const fromUs = session.nowUs
    await session.sleepUntil(fromUs + Math.round(share * burst * guessUs))
    const silenceUs = session.nowUs - fromUs
    const { passed, lost, tripUs } = await spend(session, request)
    if (passed === 0 || passed >= burst) return null
    low = Math.max(low, silenceUs / (passed + lost + 1))
    high = Math.min(high, (silenceUs + tripUs) / passed)
  }
  const agrees = (us: Micros) => Math.abs(us / guessUs - 1) <= agreement
  if (low > high * 1.02 || !agrees(low) || !agrees(high)) return null
  return {
    burst,
    intervalUs: [Math.min(low, high), Math.max(low, high)],
    evidence: `bursts after ${silences.length} silences were as an interval of ${(guessUs / 1e3).toFixed(1)} ms, taken from the overload, foretells`,
  }
}

/**
 * Everything that there is, wave by wave; `lost` have no answer and may have passed; `tripUs`: the
 * slowest answer of the first wave.
 */
async function spend(session: Session, request: ProbeRequest) {
  let passed = 0
  let lost = 0
  let tripUs: Micros = 0
  for (let left = session.requestsLeft; left >= width; left -= width) {
    const answers = await session.sendTogether(request, width)
    if (tripUs === 0) {
      tripUs = Math.max(...answers.map(({ sentUs, receivedUs }) => receivedUs - sentUs))
    }
    passed += answers.filter(hasPassed).length
    if (!answers.some(hasPassed)) break
    lost += answers.filter((answer) => !hasAnswer(answer)).length
  }
  return { passed, lost, tripUs }
}
