// What a run found out about each limiter: its first rejection and what had been admitted before,
// overshoot, recovery. A fold over the records of a run in the order of their ends.

import { type LimitUnit, limitOf, windowUsOf } from '../core/limits.ts'
import type { Confidence, RequestRecord } from '../core/record.ts'
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
  readonly inFlight: number
  readonly status: number | null
  readonly retryAfterUs: Micros | null
  readonly confidence: Confidence
  readonly evidence: string
  /** From the rejection to the first request sent after it that was admitted; null: not seen. */
  readonly recoveredAfterUs: Micros | null
  /** From the first admitted request to that one. */
  readonly windowUs: Micros | null
}

/** Admitted requests that are kept to look up how many had ended at an instant. */
const recentMax = 65_536

interface Admitted {
  readonly sentUs: Micros
  readonly endUs: Micros
  readonly tokens: number
  /** Sums up to and with this one, in the order of ends. */
  readonly requestsSum: number
  readonly tokensSum: number
}

/** What a lane was admitted since its windows were clean: an isolated phase, or the scenario. */
class LaneCount {
  readonly recent: Admitted[] = []
  requests = 0
  tokens = 0
  firstSentUs: Micros | null = null

  add(record: RequestRecord): void {
    const tokens = tokensOf(record)
    this.requests++
    this.tokens += tokens
    const sentUs = record.sentUs ?? record.intendedUs
    this.firstSentUs = Math.min(this.firstSentUs ?? sentUs, sentUs)
    const sums = { requestsSum: this.requests, tokensSum: this.tokens }
    this.recent.push({ sentUs, endUs: record.endUs!, tokens, ...sums })
    if (this.recent.length > recentMax) this.recent.splice(0, recentMax / 2)
  }

  before(rejected: RequestRecord): AdmittedBefore {
    const sentUs = rejected.sentUs!
    const ended = this.recent.findLast(({ endUs }) => endUs <= sentUs)
    const overlapping = this.recent.filter(
      (admitted) => admitted.endUs > sentUs && admitted.sentUs <= rejected.endUs!,
    )
    const requestsMin = ended?.requestsSum ?? 0
    const tokensMin = ended?.tokensSum ?? 0
    return {
      requestsMin,
      requestsMax: requestsMin + overlapping.length,
      tokensMin,
      tokensMax: tokensMin + overlapping.reduce((sum, { tokens }) => sum + tokens, 0),
    }
  }
}

interface Open {
  readonly limiter: string
  readonly phase: string
  readonly lane: LaneCount
  rejections: number
  record: RequestRecord
  admitted: AdmittedBefore
  recovered: RequestRecord | null
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
  readonly #lanes = new Map<string, LaneCount>()
  readonly #open = new Map<string, Open>()
  readonly #openByLane = new Map<string, Open[]>()
  readonly #seen = new Set<string>()

  constructor(plan: Plan, events: FindingEvents = {}) {
    this.#plan = plan
    this.#events = events
    this.#epochs = new Map(plan.scenarios.flatMap(epochsOf))
  }

  add(record: RequestRecord): void {
    this.#seen.add(`${record.scenario}\n${record.lane}`)
    if (record.outcome === 'limited') this.#rejected(record)
    else if (record.outcome === 'ok') this.#admitted(record)
  }

  /** Findings per phase, in order of first rejection; declared limiters that never fired come last. */
  all(): LimiterFinding[] {
    const fired = [...this.#open.values()].map((open) => this.#finding(open))
    return [...fired, ...this.#silent(fired)]
  }

  #admitted(record: RequestRecord): void {
    this.#laneOf(record).add(record)
    const sentUs = record.sentUs!
    for (const open of this.#openByLane.get(laneKey(record)) ?? []) {
      const { record: first, admitted } = open
      if (sentUs <= first.endUs!) {
        // It was under way when the rejection was: it may have been admitted before.
        open.admitted = {
          ...admitted,
          requestsMax: admitted.requestsMax + 1,
          tokensMax: admitted.tokensMax + tokensOf(record),
        }
      } else if (open.recovered === null && open.phase === record.phase) {
        open.recovered = record
        this.#events.recovered?.(record, open.limiter, sentUs - first.endUs!)
      }
    }
  }

  #rejected(record: RequestRecord): void {
    const key = `${laneKey(record)}\n${record.phase}\n${record.limiter}`
    const open = this.#open.get(key)
    const lane = this.#laneOf(record)
    if (open === undefined) {
      const admitted = lane.before(record)
      const opened: Open = {
        limiter: record.limiter!,
        phase: record.phase,
        lane,
        rejections: 1,
        record,
        admitted,
        recovered: null,
      }
      this.#open.set(key, opened)
      const siblings = this.#openByLane.get(laneKey(record))
      if (siblings === undefined) this.#openByLane.set(laneKey(record), [opened])
      else siblings.push(opened)
      this.#events.firstRejection?.(record, admitted)
      return
    }
    open.rejections++
    // Answers overtake each other: the first rejection is the one that was sent first.
    if (record.sentUs! < open.record.sentUs!) {
      open.record = record
      open.admitted = lane.before(record)
    }
  }

  #laneOf(record: RequestRecord): LaneCount {
    const epoch = this.#epochs.get(`${record.scenario}\n${record.phase}`) ?? ''
    const key = `${laneKey(record)}\n${epoch}`
    let lane = this.#lanes.get(key)
    if (lane === undefined) {
      lane = new LaneCount()
      this.#lanes.set(key, lane)
    }
    return lane
  }

  #finding(open: Open): LimiterFinding {
    const { record, recovered, lane } = open
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
        inFlight,
        status,
        retryAfterUs,
        confidence: record.confidence!,
        evidence: record.error ?? '',
        recoveredAfterUs: recovered === null ? null : recovered.sentUs! - record.endUs!,
        windowUs:
          recovered === null || lane.firstSentUs === null
            ? null
            : recovered.sentUs! - lane.firstSentUs,
      },
    }
  }

  #silent(fired: readonly LimiterFinding[]): LimiterFinding[] {
    return [...this.#seen].flatMap((key) => {
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

/** Units admitted before the first rejection beyond the declared limit; null where unknown. */
export function overshootOf({ declared, first }: LimiterFinding): number | null {
  if (declared === null || first === null) return null
  const { kind } = declared.model.algorithm
  if (!['fixed-window', 'sliding-log', 'budget'].includes(kind)) return null
  const units = admittedUnits(declared.model.unit, first.admitted)
  return units === null ? null : Math.max(0, units - limitOf(declared.model.algorithm))
}

/** The limit as observed: requests admitted, or requests in flight, before the first rejection. */
export function observedLimitOf({ declared, first }: LimiterFinding): number | null {
  if (first === null) return null
  const unit = declared?.model.unit ?? 'requests'
  if (unit === 'concurrent-requests') return first.inFlight
  const isExact = first.admitted.requestsMin === first.admitted.requestsMax
  return unit === 'requests' && isExact ? first.admitted.requestsMin : null
}

/** The window as observed, for limiters that have one. */
export function observedWindowUsOf({ declared, first }: LimiterFinding): Micros | null {
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
