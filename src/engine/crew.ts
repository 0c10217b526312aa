// The engines of one run as one: several threads share the plan, start its phases together and are
// heard as if there were one of them.

import type { RunEvent } from '../core/event.ts'
import type { LimiterGauge, Progress } from '../core/progress.ts'
import type { RequestRecord } from '../core/record.ts'
import { RowDecoder, rowBytes } from '../core/requestRow.ts'
import type { Micros } from '../core/units.ts'
import type { ScenarioOutcome } from '../load/stepResults.ts'
import { FindingsFold } from '../recording/findings.ts'
import { findingEvents } from '../recording/folds.ts'
import type { JournalBatch } from '../recording/journalFormat.ts'
import type { LagSummary } from './engine.ts'
import type { EngineHealth, EngineThreadInput, Standing } from './messages.ts'
import {
  type EngineEnd,
  type EngineListener,
  type EngineThread,
  startEngineThread,
} from './thread.ts'

/** What the engines of a run start with, whoever they are. */
export type CrewInput = Omit<EngineThreadInput, 'ring' | 'share'>

/** What somebody who listens to a run hears. */
export type RunListener = Omit<EngineListener, 'ready'>

/** Runs a plan in `workers` threads. */
export function startEngines(
  input: CrewInput,
  workers: number,
  listener: RunListener,
): Omit<EngineThread, 'start'> {
  if (workers > 1) return new Crew(input, workers, listener)
  const share = { index: 0, of: 1 }
  return startEngineThread({ ...input, share }, { ...listener, ready() {} })
}

/** Between the last engine's being ready and the start of a phase: for the word to get around. */
const startLeadUs: Micros = 5_000

class Crew {
  readonly result: Promise<EngineEnd>
  readonly #members: readonly Member[]
  readonly #listener: RunListener
  readonly #findings: FindingsFold
  readonly #rowEvery: number
  #runEnded: RunEvent | null = null
  /** What tells apart the standing that was told last. */
  #standingTold = ''

  constructor(input: CrewInput, workers: number, listener: RunListener) {
    this.#listener = listener
    this.#rowEvery = input.rowEvery
    this.#findings = new FindingsFold(
      input.plan,
      findingEvents((event) => listener.event(event)),
    )
    this.#members = Array.from({ length: workers }, (_, index) => {
      return this.#member(input, { index, of: workers })
    })
    this.result = this.#end()
  }

  stop(): void {
    for (const { thread } of this.#members) thread.stop()
  }

  abort(): void {
    for (const { thread } of this.#members) thread.abort()
  }

  #member(input: CrewInput, share: EngineThreadInput['share']): Member {
    const member: Member = {
      thread: startEngineThread(
        // What limiters did is told from the rows of all engines: each of them has to be there.
        { ...input, share, rowEvery: 1 },
        {
          slice: (slice) => this.#listener.slice(slice),
          event: (event) => this.#event(event, member),
          rows: (batch, lost) => this.#rows(batch, lost, member),
          progress: (progress) => {
            member.progress = progress
            if (member === this.#members[0]) this.#listener.progress(this.#progress(progress))
          },
          health: (health) => {
            member.health = health
            this.#listener.health(healthOf(this.#members))
          },
          ready: (us) => {
            member.readyUs = us
            this.#meet()
          },
          reached: (us, standing) => {
            member.reachedUs = us
            member.scenarios = standing?.scenarios ?? member.scenarios
            this.#fold()
            this.#listener.reached(us, this.#standing())
          },
        },
      ),
      decoder: new RowDecoder(),
      records: [],
      scenarios: [],
      progress: null,
      health: null,
      lost: 0,
      readyUs: null,
      reachedUs: 0,
      isDone: false,
      phaseEnd: null,
    }
    return member
  }

  async #end(): Promise<EngineEnd> {
    const ends = await Promise.all(
      this.#members.map(async (member) => {
        const end = await member.thread.result
        member.isDone = true
        member.reachedUs = Number.POSITIVE_INFINITY
        // Where one has to give up, the others have no reason to go on.
        if (end.reason !== 'completed') this.stop()
        this.#meet()
        return end
      }),
    )
    this.#fold()
    const sum = (count: (end: EngineEnd) => number) =>
      ends.reduce((all, end) => all + count(end), 0)
    const reasons = ends.map(({ reason }) => reason)
    const reason =
      reasons.find((one) => one === 'target-died') ??
      reasons.find((one) => one === 'interrupted') ??
      'completed'
    if (this.#runEnded !== null) this.#listener.event({ ...this.#runEnded, text: reason })
    return {
      reason,
      planned: sum(({ planned }) => planned),
      sent: sum(({ sent }) => sent),
      unsent: sum(({ unsent }) => unsent),
      ended: sum(({ ended }) => ended),
      lag: worstLag(ends.map(({ lag }) => lag)),
      scenarios: ends[0]!.scenarios,
      findings: this.#findings.all(),
    }
  }

  /** Starts the next phase once nobody is busy with the last one. */
  #meet(): void {
    const waiting = this.#members.filter(({ isDone }) => !isDone)
    if (waiting.length === 0 || waiting.some(({ readyUs }) => readyUs === null)) return
    const startUs = Math.max(...waiting.map(({ readyUs }) => readyUs!)) + startLeadUs
    for (const member of waiting) {
      member.readyUs = null
      member.thread.start(startUs)
    }
  }

  /** What happens to all is told by the first; how a phase ended, when all have said so. */
  #event(event: RunEvent, member: Member): void {
    if (event.kind === 'phase-ended') {
      member.phaseEnd = event
      const ends = this.#members.flatMap(({ phaseEnd }) => phaseEnd ?? [])
      if (ends.length < this.#members.length) return
      for (const one of this.#members) one.phaseEnd = null
      this.#listener.event(joinedEnd(ends))
    } else if (member === this.#members[0] || event.kind === 'target-died') {
      // First rejections and recoveries are found here, from the requests of all.
      if (event.kind !== 'first-rejection' && event.kind !== 'recovered')
        this.#listener.event(event)
    }
  }

  #rows(batch: JournalBatch, lost: number, member: Member): void {
    const { buffer, byteOffset, length } = batch.rows
    const words = new Int32Array(buffer, byteOffset, length / 4)
    const doubles = new Float64Array(buffer, byteOffset, length / 8)
    member.lost = lost
    member.decoder.add(batch.texts)
    const wanted: number[] = []
    for (let row = 0; row < length / rowBytes; row++) {
      const record = member.decoder.read(words, doubles, row)
      member.records.push(record)
      if (this.#rowEvery > 0 && record.seq % this.#rowEvery === 0) wanted.push(row)
    }
    if (this.#rowEvery === 0) return
    const lostOfAll = this.#members.reduce((sum, one) => sum + one.lost, 0)
    this.#listener.rows({ ...batch, rows: rowsOf(batch.rows, wanted) }, lostOfAll)
  }

  /** Folds the records of all engines in the order of their ends, as far as all have got. */
  #fold(): void {
    const reachedUs = Math.min(...this.#members.map((member) => member.reachedUs))
    const ready = this.#members.flatMap((member) => {
      const end = member.records.findIndex((record) => endOf(record) > reachedUs)
      return member.records.splice(0, end < 0 ? member.records.length : end)
    })
    for (const record of ready.sort((a, b) => endOf(a) - endOf(b))) this.#findings.add(record)
  }

  #standing(): Standing | null {
    const { scenarios } = this.#members[0]!
    const version = `${this.#findings.revision} ${scenarios.length}`
    if (version === this.#standingTold) return null
    this.#standingTold = version
    return { findings: this.#findings.all(), scenarios }
  }

  #progress(progress: Progress): Progress {
    const all = this.#members.flatMap((member) => member.progress ?? [])
    const same = all.filter(({ phase, scenario }) => {
      return phase === progress.phase && scenario === progress.scenario
    })
    const sum = (count: (one: Progress) => number) => same.reduce((sum, one) => sum + count(one), 0)
    return {
      ...progress,
      inFlight: sum(({ inFlight }) => inFlight),
      planned: sum(({ planned }) => planned),
      sent: sum(({ sent }) => sent),
      unsent: sum(({ unsent }) => unsent),
      ended: sum(({ ended }) => ended),
      gauges: joinedGauges(same.flatMap(({ gauges }) => gauges)),
    }
  }
}

interface Member {
  readonly thread: EngineThread
  readonly decoder: RowDecoder
  /** Not folded yet. */
  readonly records: RequestRecord[]
  scenarios: readonly ScenarioOutcome[]
  progress: Progress | null
  health: EngineHealth | null
  lost: number
  readyUs: Micros | null
  reachedUs: Micros
  isDone: boolean
  phaseEnd: RunEvent | null
}

function endOf({ endUs, intendedUs }: RequestRecord): Micros {
  return endUs ?? intendedUs
}

function rowsOf(rows: Uint8Array, wanted: readonly number[]): Uint8Array {
  if (wanted.length * rowBytes === rows.length) return rows
  const some = new Uint8Array(wanted.length * rowBytes)
  for (const [i, row] of wanted.entries()) {
    some.set(rows.subarray(row * rowBytes, (row + 1) * rowBytes), i * rowBytes)
  }
  return some
}

/** A lane that only one engine sends on is the same in all of them but that one. */
function joinedGauges(gauges: readonly LimiterGauge[]): LimiterGauge[] {
  const byName = Map.groupBy(gauges, ({ lane, limiter }) => `${lane}\n${limiter}`)
  return [...byName.values()].map((same) => {
    return same.reduce((most, gauge) => (gauge.used > most.used ? gauge : most))
  })
}

function joinedEnd(ends: readonly RunEvent[]): RunEvent {
  const last = ends.reduce((a, b) => (b.us > a.us ? b : a))
  const sum = (name: string) => ends.reduce((all, { data }) => all + Number(data[name] ?? 0), 0)
  const names = ['planned', 'sent', 'unsent', 'ended']
  const counts = Object.fromEntries(names.map((name) => [name, sum(name)]))
  const text = `${counts.sent} sent, ${counts.unsent} unsent; ended by ${last.data.reason}`
  return { ...last, text, data: { ...last.data, ...counts } }
}

/** The engine that was latest speaks for all. */
function worstLag(lags: readonly LagSummary[]): LagSummary {
  const worst = lags.reduce((a, b) => ((b.p99Us ?? 0) > (a.p99Us ?? 0) ? b : a))
  return { ...worst, count: lags.reduce((sum, { count }) => sum + count, 0) }
}

/** What the engines of a run say of themselves, as one; those that have said nothing yet are not in it. */
export function healthOf(members: readonly Pick<Member, 'health'>[]): EngineHealth {
  const all = members.flatMap(({ health }) => health ?? [])
  const worst = all.reduce((a, b) => (b.thread.loopDelayP99Us > a.thread.loopDelayP99Us ? b : a))
  const ceilings = all.flatMap(({ ceilingPerS }) => ceilingPerS ?? [])
  const distances = all.flatMap(({ arrivalDistance }) => arrivalDistance ?? [])
  const loopDelayMaxUs = Math.max(...all.map(({ thread }) => thread.loopDelayMaxUs))
  return {
    ...worst,
    thread: { ...worst.thread, loopDelayMaxUs },
    lag: worstLag(all.map(({ lag }) => lag)),
    arrivalDistance: distances.length === 0 ? null : Math.max(...distances),
    // Each has its own, and all of them send at once.
    ceilingPerS: ceilings.length < members.length ? null : ceilings.reduce((a, b) => a + b),
  }
}
