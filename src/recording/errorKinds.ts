// What went wrong in a run, by kind: a fold that stays small however many texts a target makes up.

import { type Outcome, otherName, type RequestRecord } from '../core/record.ts'
import { safeLine } from '../core/text.ts'
import type { Micros } from '../core/units.ts'

/** Requests that went wrong in one way. */
export interface ErrorKind {
  readonly scenario: string
  readonly outcome: Outcome
  readonly status: number | null
  /** What the first of them said; digits and ids make no other kind. */
  readonly sample: string
  readonly count: number
  readonly firstUs: Micros
  readonly lastUs: Micros
}

type OpenKind = { -readonly [K in keyof ErrorKind]: ErrorKind[K] }

/** Kinds that are kept apart; the rest is counted together, for each outcome. */
const kindsMax = 100
const sampleCharactersMax = 200

export class ErrorFold {
  readonly #kinds = new Map<string, OpenKind>()

  /** Answers that are fine, rejections and requests that were not sent are no errors. */
  record(record: RequestRecord): void {
    const { outcome } = record
    if (outcome === 'ok' || outcome === 'limited' || outcome === 'unsent') return
    const us = record.endUs ?? record.intendedUs
    this.add({
      scenario: record.scenario,
      outcome,
      status: record.status,
      sample: safeLine(record.error ?? '', sampleCharactersMax),
      count: 1,
      firstUs: us,
      lastUs: us,
    })
  }

  add(kind: ErrorKind): void {
    const open = this.#find(kind)
    open.count += kind.count
    open.lastUs = Math.max(open.lastUs, kind.lastUs)
    if (kind.firstUs >= open.firstUs) return
    open.firstUs = kind.firstUs
    if (open.sample !== otherName) open.sample = kind.sample
  }

  /** In the order of their first requests. */
  all(): readonly ErrorKind[] {
    return [...this.#kinds.values()].sort((a, b) => a.firstUs - b.firstUs)
  }

  /** What was added since the last cut. */
  cut(): readonly ErrorKind[] {
    if (this.#kinds.size === 0) return []
    const kinds = this.all()
    this.#kinds.clear()
    return kinds
  }

  #find(kind: ErrorKind): OpenKind {
    const key = keyOf(kind)
    const known = this.#kinds.get(key)
    if (known !== undefined) return known
    const isFull = this.#kinds.size >= kindsMax
    const other = { ...kind, sample: otherName, status: null }
    if (isFull && key !== keyOf(other)) return this.#find(other)
    const open = { ...kind, count: 0 }
    this.#kinds.set(key, open)
    return open
  }
}

/** Ids, ports, addresses and times differ from one request to the next, and are not what went wrong. */
function keyOf({ scenario, outcome, status, sample }: ErrorKind): string {
  const text = sample.replace(/[0-9a-f-]*\d[0-9a-f-]*/gi, '#')
  return `${scenario}\n${outcome}\n${status}\n${text}`
}
