// Limiters that only show when several requests are under way at once: slots (concurrency), and
// queues that hold back what they admit. Waves of requests, each after the one before has drained.

import type { Interval, ProfiledLimiter } from '../core/profileDocument.ts'
import { median } from '../core/statistics.ts'
import type { Micros } from '../core/units.ts'
import { hasAnswer, hasPassed } from './judging.ts'
import type { Observation, ProbeRequest } from './observation.ts'
import type { Session } from './session.ts'

/** One wave: requests sent at one instant. */
interface Wave {
  readonly width: number
  /** Those that were not denied: what is lost has had its slot, too. */
  readonly admitted: number
  readonly denied: number
  /** Latencies of those that passed, in rising order. */
  readonly latenciesUs: readonly Micros[]
  readonly status: number | null
}

export interface Together {
  readonly limiter: ProfiledLimiter
  /** Whether a wave's outcome was foretold before it was sent. */
  readonly isForetold: boolean
  /** The limiter with the pace of a queue that is kept busy for a while; throws `Ended`. */
  readonly timed: () => Promise<ProfiledLimiter>
}

/** Time per request, and where it was seen to lie. */
interface Pace {
  readonly us: Micros
  readonly interval: Interval
}

const wavesPerWidth = 3
/** Stairs nearly as long as the longest tell best how high a step is. */
const longStairs = 0.7
const stepsLeast = 3
/** Requests that a queue is kept busy with. */
const busyRequests = 60

/** Identifies such a limiter; null when waves up to `widthMost` show none. */
export async function identifyTogether(
  session: Session,
  request: ProbeRequest,
  widthMost: number,
): Promise<Together | null> {
  const waves = new Waves(session, request)
  const met = await waves.widen(widthMost)
  if (!met && waves.pace() === null) return null
  const limit = met ? await waves.closeIn() : null
  const isForetold = limit !== null && limit < widthMost && (await waves.foretells(limit))
  const timed = async () => {
    await waves.keepBusy(limit ?? widthMost)
    return profiledTogether(waves, limit)
  }
  return { limiter: profiledTogether(waves, limit), isForetold, timed }
}

class Waves {
  readonly #session: Session
  readonly #request: ProbeRequest
  readonly sent: Wave[] = []
  #steady: Pace | null = null

  constructor(session: Session, request: ProbeRequest) {
    this.#session = session
    this.#request = request
  }

  /** Ever wider waves, until something is denied. */
  async widen(widthMost: number): Promise<boolean> {
    for (let width = 2; ; width = Math.min(2 * width, widthMost)) {
      for (let i = 0; i < wavesPerWidth; i++) {
        if ((await this.#wave(width)).denied > 0) return true
      }
      if (width >= widthMost) return false
    }
  }

  // Whoever is denied found all slots taken: as many as that have passed in its wave, or more. A guess
  // that is too high is corrected by the next wave; one that is too low is not.
  async closeIn(): Promise<number> {
    for (let limit = this.#fewestAdmitted(); limit > 1; ) {
      for (let i = 0; i < wavesPerWidth; i++) await this.#wave(limit)
      const fewest = this.#fewestAdmitted()
      if (fewest >= limit) return limit
      limit = fewest
    }
    return 1
  }

  /** A wave of one more than fits loses somebody, and admits at least what fits. */
  async foretells(limit: number): Promise<boolean> {
    for (let i = 0; i < wavesPerWidth; i++) {
      const { admitted, denied } = await this.#wave(limit + 1)
      if (denied > 0) return admitted >= limit
    }
    return false
  }

  // Within a wave the first to arrive is not the first to be answered by as much: its stairs are a little
  // too low. In a queue that is never empty one answer follows the other at its pace.
  async keepBusy(width: number): Promise<void> {
    const stairs = this.#stairs()
    if (stairs === null || width <= stepsLeast) return
    const answers: Observation[] = []
    let left = Math.max(busyRequests, 2 * width)
    if (this.#session.requestsLeft < left) return
    const worker = async () => {
      while (left-- > 0) answers.push(await this.#session.send(this.#request))
    }
    await Promise.all(Array.from({ length: width - 1 }, worker))
    this.#steady = steadyPaceOf(answers, stairs.us)
  }

  /** Time per request of a queue that holds back; null when latencies are no staircase. */
  pace(): Pace | null {
    return this.#steady ?? this.#stairs()
  }

  #stairs(): Pace | null {
    const longest = Math.max(...this.sent.map(({ latenciesUs }) => latenciesUs.length))
    const stairs = this.sent
      .filter(({ latenciesUs }) => latenciesUs.length >= longStairs * longest)
      .map(stairOf)
      .filter((us) => us !== null)
    const us = median(stairs)
    if (us === null || stairs.length < wavesPerWidth) return null
    const near = stairs.filter((each) => Math.abs(each - us) < 0.2 * us)
    if (near.length < stairs.length / 2) return null
    const mean = near.reduce((sum, each) => sum + each, 0) / near.length
    return { us: mean, interval: [Math.min(...near), Math.max(...near)] }
  }

  #fewestAdmitted(): number {
    const denying = this.sent.filter(({ denied }) => denied > 0)
    return Math.min(...denying.map(({ admitted }) => admitted))
  }

  async #wave(width: number): Promise<Wave> {
    const answers = await this.#session.sendTogether(this.#request, width)
    const wave = waveOf(answers)
    this.sent.push(wave)
    const slowestUs = Math.max(...answers.map(({ sentUs, receivedUs }) => receivedUs - sentUs))
    await this.#session.sleepUntil(this.#session.nowUs + 2 * slowestUs)
    return wave
  }
}

function waveOf(answers: readonly Observation[]): Wave {
  const passed = answers.filter(hasPassed)
  const denied = answers.filter((answer) => hasAnswer(answer) && !hasPassed(answer))
  return {
    width: answers.length,
    admitted: answers.length - denied.length,
    denied: denied.length,
    latenciesUs: passed.map(({ sentUs, receivedUs }) => receivedUs - sentUs).sort((a, b) => a - b),
    status: denied[0]?.status ?? null,
  }
}

/** The step of a staircase: latencies that rise evenly, to several times the first. */
function stairOf({ latenciesUs }: Wave): Micros | null {
  const count = latenciesUs.length - 1
  if (count < stepsLeast) return null
  const first = latenciesUs[0]!
  const step = (latenciesUs[count]! - first) / count
  const isEven = latenciesUs.every((us, i) => Math.abs(us - (first + i * step)) < 0.6 * step)
  return isEven && latenciesUs[count]! > 3 * first ? step : null
}

/** From one answer to the next; what was lost took its turn, too, and left a gap of two. */
function steadyPaceOf(answers: readonly Observation[], nearUs: Micros): Pace | null {
  const passed = answers.filter(hasPassed)
  if (passed.length < busyRequests / 2) return null
  const at = passed.map(({ receivedUs }) => receivedUs).sort((a, b) => a - b)
  const gaps = at.slice(1).map((us, i) => us - at[i]!)
  const beats = gaps.reduce((sum, gapUs) => sum + Math.round(gapUs / nearUs), 0)
  const us = (at.at(-1)! - at[0]!) / beats
  const tripUs = Math.min(...passed.map(({ sentUs, receivedUs }) => receivedUs - sentUs))
  return { us, interval: [us - tripUs / beats, us + tripUs / beats] }
}

function profiledTogether(waves: Waves, limit: number | null): ProfiledLimiter {
  const pace = waves.pace()
  const status = waves.sent.find((wave) => wave.status !== null)?.status ?? null
  const widest = Math.max(...waves.sent.map(({ width }) => width))
  const common = {
    equivalents: [],
    windowMs: null,
    refillStep: null,
    anchor: null,
    charge: null,
    chargesRejected: false,
    scope: null,
    retryAfter: { present: false, medianErrorMs: null },
    overAdmission: null,
    status,
    queue: null,
    confidence: 0.99,
  } as const
  if (pace === null) {
    return {
      ...common,
      id: 'concurrent-requests',
      algorithm: 'concurrency',
      unit: 'concurrent-requests',
      limit,
      burst: null,
      refillPerS: null,
      intervals: limit === null ? {} : { limit: [limit, limit] },
      evidence: [
        `waves of up to ${limit} requests at once always passed, wider ones lost some; one after the other all pass`,
      ],
    }
  }
  const { us, interval } = pace
  const refillPerS: Interval = [1e6 / interval[1], 1e6 / interval[0]]
  return {
    ...common,
    id: 'requests',
    algorithm: 'leaky-queue',
    unit: 'requests',
    limit: null,
    burst: limit,
    refillPerS: 1e6 / us,
    intervals: {
      refillPerS,
      ...(limit === null ? {} : { burst: [limit, limit] as const }),
    },
    evidence: [
      'requests sent at once are answered one by one, each as long after the one before',
      limit === null
        ? `none of ${widest} at once was rejected: how many may wait is not known`
        : `more than ${limit} at once are rejected`,
    ],
  }
}
