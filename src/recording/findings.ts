// What a run found out about each limiter: its first rejection and what had been admitted before,
// overshoot, recovery. A fold over the records of a run in the order of their ends.

import { type LimitUnit, limitOf, windowUsOf } from '../core/limits.ts'
import { entryOf } from '../core/maps.ts'
import { type Confidence, copyRecord, type RequestRecord } from '../core/record.ts'
import type { Micros } from '../core/units.ts'
import { type DeclaredLimiter, limitersOfLane, type Plan, type Scenario } from '../load/plan.ts'

/** Admitted before a rejection: at least, and at most, as requests in flight leave it open. */
export interface AdmittedBefore {
  readonly requestsMin: number
  readonly requestsMax: number
  readonly tokensMin: number
  readonly tokensMax: number
}

/** One limiter as one lane met it in one phase. */
export interface LimiterFinding {
  readonly scenario: string
  readonly phase: string
  readonly lane: string
  readonly limiter: string
  readonly declared: DeclaredLimiter | null
  readonly rejections: number
  /** The rejected request that was sent first; null for a declared limiter that never rejected. */
  readonly first: FirstRejection | null
}

export interface FirstRejection {
  readonly seq: number
  /** When the rejection was received. */
  readonly us: Micros
  readonly admitted: AdmittedBefore
  /** From the first admitted request since its windows were clean; null: none was admitted. */
  readonly sinceCleanUs: Micros | null
  readonly inFlight: number
  readonly status: number | null
  readonly retryAfterUs: Micros | null
  readonly confidence: Confidence
  readonly evidence: string
  /** From the rejection to the first request sent after it that was admitted; null: not seen. */
  readonly recoveredAfterUs: Micros | null
  /** Requests sent after the wait that Retry-After asked for and before recovery, and rejected. */
  readonly rejectedAfterWait: number
  /** From the first admitted request to that one. */
  readonly windowUs: Micros | null
  /**
   * What the window may have been, whenever within their flights requests were decided: from the
   * last that was rejected to the first that was admitted again.
   */
  readonly windowUsMin: Micros | null
  readonly windowUsMax: Micros | null
}

/** Admitted requests that are kept to look up how many had ended at an instant. */
const recentMax = 65_536

// What is kept about each admitted request, in the order of ends. All of it passes through the caches of
// the engine's core: no more than has to be kept.
const sentColumn = 0
const endColumn = 1
const columns = 2

/** What a lane was admitted since its windows were clean: an isolated phase, or the scenario. */
class LaneCount {
  requests = 0
  firstSentUs: Micros | null = null
  /** When the request that was sent first was decided, at the latest. */
  firstDecidedUs: Micros | null = null
  #tokens = 0
  /** The last `recentMax` admitted requests, in a ring that grows up to that. */
  #recent = new Float64Array(columns * 64)
  /** For each of them the tokens up to and with it; null as long as that is none. */
  #tokenSums: Float64Array<ArrayBuffer> | null = null

  add(record: RequestRecord): void {
    const sentUs = record.sentUs ?? record.intendedUs
    if (this.requests < recentMax && this.requests * columns === this.#recent.length) this.#grow()
    const place = placeOf(++this.requests)
    this.#tokens += tokensOf(record)
    if (this.#tokens > 0) {
      this.#tokenSums ??= new Float64Array(this.#recent.length / columns)
      this.#tokenSums[place] = this.#tokens
    }
    if (this.firstSentUs === null || sentUs < this.firstSentUs) {
      this.firstSentUs = sentUs
      this.firstDecidedUs = decidedUsMax(record)
    }
    this.#recent[place * columns + sentColumn] = sentUs
    this.#recent[place * columns + endColumn] = record.endUs!
  }

  before(rejected: RequestRecord): AdmittedBefore {
    const sentUs = rejected.sentUs!
    let requestsMin = 0
    let tokensMin = 0
    let overlapping = 0
    let overlappingTokens = 0
    // The sum before the oldest that is kept is not.
    const oldest = Math.max(1, this.requests - recentMax + 2)
    // Backwards, from the last that was admitted.
    for (let nth = this.requests; nth >= oldest; nth--) {
      const at = placeOf(nth) * columns
      const tokensSum = this.#tokensUpTo(nth)
      if (this.#recent[at + endColumn]! <= sentUs) {
        requestsMin = nth
        tokensMin = tokensSum
        break
      }
      if (this.#recent[at + sentColumn]! > rejected.endUs!) continue
      overlapping++
      overlappingTokens += tokensSum - (nth === 1 ? 0 : this.#tokensUpTo(nth - 1))
    }
    return {
      requestsMin,
      requestsMax: requestsMin + overlapping,
      tokensMin,
      tokensMax: tokensMin + overlappingTokens,
    }
  }

  #tokensUpTo(nth: number): number {
    return this.#tokenSums === null ? 0 : this.#tokenSums[placeOf(nth)]!
  }

  #grow(): void {
    this.#recent = twiceAsLong(this.#recent)
    if (this.#tokenSums !== null) this.#tokenSums = twiceAsLong(this.#tokenSums)
  }
}

/** Where the `nth` admitted request is kept, from 1 on. */
function placeOf(nth: number): number {
  return (nth - 1) % recentMax
}

function twiceAsLong(numbers: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const wider = new Float64Array(numbers.length * 2)
  wider.set(numbers)
  return wider
}

interface Open {
  readonly limiter: string
  readonly phase: string
  /** Since its windows were clean: requests after the next wait say nothing of recovery. */
  readonly lane: LaneCount
  rejections: number
  record: RequestRecord
  admitted: AdmittedBefore
  /** The latest instant at which it is known to have rejected, before it admitted again. */
  rejectingUs: Micros
  recovered: RequestRecord | null
  rejectedAfterWait: number
}

/** One lane in one phase. */
interface Place {
  readonly scenario: string
  readonly phase: string
  readonly lane: string
  readonly count: LaneCount
  /** By limiter. */
  readonly opens: Map<string, Open>
  /** Those of all phases of the scenario. */
  readonly opensOfLane: Open[]
}

/** Called when a limiter rejects for the first time in a phase, or admits again after that. */
export interface FindingEvents {
  firstRejection?(record: RequestRecord, admitted: AdmittedBefore): void
  recovered?(record: RequestRecord, limiter: string, afterUs: Micros): void
}

export class FindingsFold {
  readonly #plan: Plan
  readonly #events: FindingEvents
  /** For each phase, the phase since whose start nothing has been forgotten. */
  readonly #epochs: ReadonlyMap<string, string>
  readonly #places = new Map<string, Place>()
  readonly #counts = new Map<string, LaneCount>()
  readonly #opensByLane = new Map<string, Open[]>()
  /** In the order of their first rejections. */
  readonly #open: Open[] = []
  #last: Place | null = null
  #revision = 0

  constructor(plan: Plan, events: FindingEvents = {}) {
    this.#plan = plan
    this.#events = events
    this.#epochs = new Map(plan.scenarios.flatMap(epochsOf))
  }

  add(record: RequestRecord): void {
    const place = this.#placeOf(record)
    if (record.outcome === 'limited') this.#rejected(place, record)
    else if (record.outcome === 'ok') this.#admitted(place, record)
  }

  /** Another number whenever the findings may be others. */
  get revision(): number {
    return this.#revision
  }

  /** Findings per phase, in order of first rejection; declared limiters that never fired come last. */
  all(): LimiterFinding[] {
    const fired = this.#open.map((open) => this.#finding(open))
    return [...fired, ...this.#silent(fired)]
  }

  #admitted({ count, opensOfLane }: Place, record: RequestRecord): void {
    count.add(record)
    const sentUs = record.sentUs!
    for (const open of opensOfLane) {
      const { record: first, admitted } = open
      if (sentUs <= first.endUs!) {
        this.#revision++
        // It was under way when the rejection was: it may have been admitted before.
        open.admitted = {
          ...admitted,
          requestsMax: admitted.requestsMax + 1,
          tokensMax: admitted.tokensMax + tokensOf(record),
        }
      } else if (open.recovered === null && open.lane === count) {
        this.#revision++
        open.recovered = copyRecord(record)
        this.#events.recovered?.(record, open.limiter, sentUs - first.endUs!)
      }
    }
  }

  #rejected({ count, opens, opensOfLane }: Place, record: RequestRecord): void {
    const limiter = record.limiter!
    this.#revision++
    const open = opens.get(limiter)
    if (open === undefined) {
      const admitted = count.before(record)
      const opened: Open = {
        limiter,
        phase: record.phase,
        lane: count,
        rejections: 1,
        record: copyRecord(record),
        admitted,
        rejectingUs: record.sentUs!,
        recovered: null,
        rejectedAfterWait: 0,
      }
      opens.set(limiter, opened)
      opensOfLane.push(opened)
      this.#open.push(opened)
      this.#events.firstRejection?.(record, admitted)
      return
    }
    open.rejections++
    if (open.recovered === null) open.rejectingUs = Math.max(open.rejectingUs, record.sentUs!)
    const { endUs, retryAfterUs } = open.record
    const isAfterWait = retryAfterUs !== null && record.sentUs! > endUs! + retryAfterUs
    if (isAfterWait && open.recovered === null) open.rejectedAfterWait++
    // Answers overtake each other: the first rejection is the one that was sent first.
    if (record.sentUs! < open.record.sentUs!) {
      open.record = copyRecord(record)
      open.admitted = count.before(record)
    }
  }

  #placeOf(record: RequestRecord): Place {
    const { scenario, phase, lane } = record
    const last = this.#last
    // Most records are of the same place as the one before.
    if (last?.lane === lane && last.phase === phase && last.scenario === scenario) return last
    const key = `${laneKey(record)}\n${phase}`
    let place = this.#places.get(key)
    if (place === undefined) {
      const epoch = this.#epochs.get(`${scenario}\n${phase}`) ?? ''
      const count = entryOf(this.#counts, `${laneKey(record)}\n${epoch}`, () => new LaneCount())
      const opensOfLane = entryOf(this.#opensByLane, laneKey(record), () => [])
      place = { scenario, phase, lane, count, opens: new Map(), opensOfLane }
      this.#places.set(key, place)
      this.#revision++
    }
    this.#last = place
    return place
  }

  #finding(open: Open): LimiterFinding {
    const { record, recovered } = open
    const { scenario, phase, seq, inFlight, status, retryAfterUs } = record
    return {
      scenario,
      phase,
      lane: record.lane,
      limiter: open.limiter,
      declared: this.#declared(record.lane).find(({ name }) => name === open.limiter) ?? null,
      rejections: open.rejections,
      first: {
        seq,
        us: record.endUs!,
        admitted: open.admitted,
        sinceCleanUs: sinceCleanUs(open),
        inFlight,
        status,
        retryAfterUs,
        confidence: record.confidence!,
        evidence: record.error ?? '',
        recoveredAfterUs: recovered === null ? null : recovered.sentUs! - record.endUs!,
        ...windowOf(open),
        rejectedAfterWait: open.rejectedAfterWait,
      },
    }
  }

  #silent(fired: readonly LimiterFinding[]): LimiterFinding[] {
    return [...this.#opensByLane.keys()].flatMap((key) => {
      const [scenario, lane] = key.split('\n') as [string, string]
      const isSilent = ({ name }: DeclaredLimiter) =>
        !fired.some((f) => f.scenario === scenario && f.lane === lane && f.limiter === name)
      return this.#declared(lane)
        .filter(isSilent)
        .map((declared) => ({
          scenario,
          phase: '',
          lane,
          limiter: declared.name,
          declared,
          rejections: 0,
          first: null,
        }))
    })
  }

  #declared(lane: string): readonly DeclaredLimiter[] {
    const found = this.#plan.lanes.find(({ name }) => name === lane)
    return found === undefined ? [] : limitersOfLane(this.#plan, found)
  }
}

function sinceCleanUs({ record, lane }: Open): Micros | null {
  return lane.firstSentUs === null ? null : record.sentUs! - lane.firstSentUs
}

function windowOf({ recovered, rejectingUs, lane }: Open) {
  const { firstSentUs, firstDecidedUs } = lane
  if (recovered === null || firstSentUs === null) {
    return { windowUs: null, windowUsMin: null, windowUsMax: null }
  }
  return {
    windowUs: recovered.sentUs! - firstSentUs,
    windowUsMin: Math.max(0, rejectingUs - firstDecidedUs!),
    windowUsMax: decidedUsMax(recovered) - firstSentUs,
  }
}

/** A request is decided before its answer begins. */
function decidedUsMax({ firstByteUs, endUs }: RequestRecord): Micros {
  return firstByteUs ?? endUs!
}

/**
 * Whether everything admitted before the first rejection was in one window, as far as is declared:
 * only then does it say something of the limit. Traffic that stays below it for windows on end does not.
 */
export function isWithinOneWindow({ declared, first }: LimiterFinding): boolean {
  const windowUs = declared === null ? null : windowUsOf(declared.model.algorithm)
  if (windowUs === null || first === null) return true
  return (first.sinceCleanUs ?? 0) < windowUs
}

/** Units admitted before the first rejection beyond the declared limit; null where unknown. */
export function overshootOf(finding: LimiterFinding): number | null {
  const { declared, first } = finding
  if (declared === null || first === null || !isWithinOneWindow(finding)) return null
  const { kind } = declared.model.algorithm
  if (!['fixed-window', 'sliding-log', 'budget'].includes(kind)) return null
  const units = admittedUnits(declared.model.unit, first.admitted)
  return units === null ? null : Math.max(0, units - limitOf(declared.model.algorithm))
}

/** The limit as observed: requests admitted, or requests in flight, before the first rejection. */
export function observedLimitOf(finding: LimiterFinding): number | null {
  const { declared, first } = finding
  if (first === null || !isWithinOneWindow(finding)) return null
  const unit = declared?.model.unit ?? 'requests'
  if (unit === 'concurrent-requests') return first.inFlight
  const isExact = first.admitted.requestsMin === first.admitted.requestsMax
  return unit === 'requests' && isExact ? first.admitted.requestsMin : null
}

/** The window as observed, for limiters that have one. */
export function observedWindowUsOf(finding: LimiterFinding): Micros | null {
  const { declared, first } = finding
  if (!isWithinOneWindow(finding)) return null
  const hasWindow = declared === null || windowUsOf(declared.model.algorithm) !== null
  return hasWindow ? (first?.windowUs ?? null) : null
}

function admittedUnits(unit: LimitUnit, admitted: AdmittedBefore): number | null {
  if (unit === 'requests') return admitted.requestsMin
  return unit === 'tokens' ? admitted.tokensMin : null
}

/** An isolated phase starts on clean windows; the phases after it go on counting. */
function epochsOf(scenario: Scenario): [string, string][] {
  let epoch = ''
  return scenario.phases.map(({ name, isolate }) => {
    if (isolate === 'window') epoch = name
    return [`${scenario.name}\n${name}`, epoch]
  })
}

function laneKey({ scenario, lane }: { scenario: string; lane: string }): string {
  return `${scenario}\n${lane}`
}

function tokensOf(record: Pick<RequestRecord, 'promptTokens' | 'completionTokens'>): number {
  return (record.promptTokens ?? 0) + (record.completionTokens ?? 0)
}
