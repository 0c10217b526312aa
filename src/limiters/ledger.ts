// What one identity was admitted so far, replayed through declared limiters, to explain rejections
// that do not name their limiter. The client's mirror of a gateway's chain.

import type { NamedLimiter, RequestCost } from '../core/limits.ts'
import type { LimiterGauge } from '../core/progress.ts'
import type { Confidence } from '../core/record.ts'
import type { Micros } from '../core/units.ts'
import { Replay, type Stake } from './replay.ts'

/** What window edges may be off by at the least: clocks, stamps, an answer on its way. */
const slackUsLeast = 1_000

/** A limiter is nearly reached when it has room for so many requests, or this share of its limit. */
const nearRequests = 2
const nearShare = 0.1

/** A request of ours that has been sent and not answered: its stakes, in chain order. */
export type LedgerEntry = readonly Stake[]

const noStakes: LedgerEntry = []

/** Which declared limiter explains a rejection; null when none can. */
export interface Explanation {
  readonly limiter: string | null
  readonly confidence: Confidence
  readonly evidence: readonly string[]
}

/**
 * The ledger of one identity. A request is charged when sent if the model says that it passes, and
 * corrected when the answer is there, because gateways decide in the order of arrival, not of
 * completion.
 */
export class Ledger {
  readonly limiters: readonly NamedLimiter[]
  readonly #replays: readonly Replay[]
  #lastDenial: { readonly replay: Replay; readonly us: Micros } | null = null

  constructor(limiters: readonly NamedLimiter[]) {
    this.limiters = limiters
    this.#replays = limiters.map((limiter) => new Replay(limiter))
  }

  sent(estimate: RequestCost, sentUs: Micros): LedgerEntry {
    if (this.#replays.length === 0) return noStakes
    const denier = this.#replays.findIndex((replay) => replay.wouldDeny(estimate, sentUs))
    return this.#replays.map((replay, i) => {
      return replay.sent(estimate, sentUs, denier < 0 || i < denier)
    })
  }

  /** The request was served and cost `actual`; the answer began at `firstByteUs`. */
  admitted(entry: LedgerEntry, actual: RequestCost, endUs: Micros, firstByteUs = endUs): void {
    for (const [i, stake] of entry.entries()) {
      this.#replays[i]!.admitted(stake, actual, endUs, firstByteUs)
    }
  }

  /** The request was let through and came to nothing: broken, aborted, failed upstream. */
  lost(entry: LedgerEntry, endUs: Micros): void {
    for (const [i, stake] of entry.entries()) this.#replays[i]!.gone(stake, true, endUs)
  }

  /** The request was rejected, by the limiter called `named` where the answer says so. */
  rejected(entry: LedgerEntry, endUs: Micros, named?: string): Explanation {
    const explanation = named === undefined ? this.#explain(entry, endUs) : namedBy(named)
    const denier = this.#replays.findIndex(({ name }) => name === explanation.limiter)
    for (const [i, stake] of entry.entries()) {
      // Limiters before the one that denied have let it pass and keep what they charged.
      this.#replays[i]!.gone(stake, i < denier, endUs)
    }
    const replay = this.#replays[denier]
    if (replay !== undefined && entry[denier] !== undefined) {
      replay.denied(entry[denier], endUs)
      this.#lastDenial = { replay, us: endUs }
    }
    return explanation
  }

  /** Charges units of limiter `i` that others are known to have used. */
  spend(i: number, units: number, nowUs: Micros): void {
    this.#replays[i]!.spend(units, nowUs)
  }

  /** The instant from which every limiter is as new, if nothing more is sent. */
  cleanAtUs(nowUs: Micros): Micros {
    return nowUs + Math.max(0, ...this.used(nowUs).map(({ resetUs }) => resetUs))
  }

  /** Units used of each limiter, for the dashboard. */
  used(nowUs: Micros): Omit<LimiterGauge, 'lane'>[] {
    return this.#replays.map((replay) => replay.use(nowUs))
  }

  // The decision fell somewhere between send and answer, and the windows may have begun as much
  // earlier or later than here, or later by what the requests in them took to be answered: a limiter
  // is sure to have denied when it does so over that whole stretch by what had been answered; to be
  // expected when it does by what was in flight besides; possible when it does at one end of the
  // stretch, or by all that is known now.
  #explain(entry: LedgerEntry, endUs: Micros): Explanation {
    const readings = entry.map((stake, i) => readingOf(this.#replays[i]!, stake, endUs))
    // A limiter that must have denied hides those behind it in the chain.
    const last = readings.findIndex(({ isSure }) => isSure)
    const candidates = readings
      .slice(0, last < 0 ? readings.length : last + 1)
      .filter(({ isPossible }) => isPossible)
    const best =
      candidates.find(({ isSure, isOnArrival }) => isSure || isOnArrival) ??
      candidates.find(({ isLikely }) => isLikely) ??
      candidates[0]
    if (best === undefined) return this.#explainByNearest(entry, endUs)
    return {
      limiter: best.replay.name,
      confidence: candidates.length === 1 ? 'inferred' : 'ambiguous',
      evidence: candidates.map(({ replay }) => evidenceOf(replay, endUs)),
    }
  }

  // No limiter should have denied: the replay has missed something, or others use this identity.
  // The limiter that a few more requests like this one would have reached is the best guess, and
  // from now on it counts as reached.
  #explainByNearest(entry: LedgerEntry, nowUs: Micros): Explanation {
    const distances = entry.flatMap(({ estimate }, i) => {
      const replay = this.#replays[i]!
      const { used, limit } = replay.use(nowUs)
      const left = limit - used
      const requests = left / Math.max(1, replay.cost(estimate))
      const isNear = requests <= nearRequests || left <= limit * nearShare
      return isNear && !replay.isConcurrency ? [{ replay, left, requests }] : []
    })
    const near = distances.sort((a, b) => a.requests - b.requests)[0]
    if (near === undefined) return this.#explainByLast(nowUs)
    const evidence = [`${evidenceOf(near.replay, nowUs)}, nearly reached`]
    near.replay.spend(near.left, nowUs)
    return { limiter: near.replay.name, confidence: 'ambiguous', evidence }
  }

  // A window may last longer than the replay has it: who rejected last may do so still.
  #explainByLast(nowUs: Micros): Explanation {
    const last = this.#lastDenial
    const windowUs = last?.replay.windowUs ?? null
    const nothing = 'ledger: no declared limit was reached'
    if (last === null || windowUs === null || nowUs - last.us > windowUs) {
      return { limiter: null, confidence: 'unknown', evidence: [nothing] }
    }
    const { name } = last.replay
    return {
      limiter: name,
      confidence: 'ambiguous',
      evidence: [`${nothing}, ${name} rejected last`],
    }
  }
}

function readingOf(replay: Replay, stake: Stake, endUs: Micros) {
  const { estimate, answered, expected, sentUs } = stake
  const slackUs = endUs - sentUs + slackUsLeast
  const stretch = [sentUs - Math.max(slackUs, replay.delayUs), sentUs, endUs, endUs + slackUs]
  const isSure = replay.deniesAll(answered, estimate, stretch)
  // Gateways decide in the order of arrival: what was in flight before has most likely passed.
  const isExpected = replay.deniesAll(expected, estimate, stretch)
  // They decide on arrival: who denied by then did so before what lies behind it in the chain was asked.
  const isOnArrival = isExpected || replay.deniesAll(expected, estimate, [sentUs])
  const isLikely = isOnArrival || replay.deniesNow(stake, endUs, false)
  const isPossible =
    isLikely ||
    replay.deniesNow(stake, endUs, true) ||
    stretch.some((us) => replay.denies(expected, estimate, us))
  return { replay, isSure, isOnArrival, isLikely, isPossible }
}

function evidenceOf(replay: Replay, nowUs: Micros): string {
  const { used, limit, unit } = replay.use(nowUs)
  return `ledger: ${replay.name} ${used}/${limit} ${unit}`
}

function namedBy(limiter: string): Explanation {
  return { limiter, confidence: 'named', evidence: [] }
}
