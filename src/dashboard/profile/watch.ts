// What a watcher of a profile has to know, folded from its events. Must not know how it is drawn.

import type { Outcome } from '../../core/record.ts'
import type { Micros } from '../../core/units.ts'
import type { ProfileBudget, ProfileEvent, ProfileSnapshot } from '../../profile/contract.ts'
import type { Observation } from '../../profile/observation.ts'

export interface ProfileNote {
  readonly atUs: Micros
  readonly text: string
}

/** One instant of a profile. */
export interface ProfileWatch {
  readonly target: string
  readonly budget: ProfileBudget
  readonly elapsedUs: Micros
  readonly requests: number
  readonly tokens: number
  /** Null until the first conclusion of any kind. */
  readonly snapshot: ProfileSnapshot | null
  /** The newest answers, the last one last. */
  readonly answers: readonly Outcome[]
  readonly notes: readonly ProfileNote[]
}

const answersMax = 400
const notesMax = 500

export interface ProfileFoldParts extends Pick<ProfileWatch, 'target' | 'budget'> {
  /** Time since the profile began. */
  readonly nowUs: () => Micros
}

/** Folds the events of one profile. */
export class ProfileFold {
  readonly #parts: ProfileFoldParts
  #snapshot: ProfileSnapshot | null = null
  #requests = 0
  #tokens = 0
  readonly #answers: Outcome[] = []
  readonly #seen = new Set<Outcome>()
  readonly #notes: ProfileNote[] = []

  constructor(parts: ProfileFoldParts) {
    this.#parts = parts
  }

  /** Takes an event; returns what is new in the log because of it. */
  add(event: ProfileEvent): readonly ProfileNote[] {
    const news = this.#newsOf(event)
    for (const note of news) keep(this.#notes, note, notesMax)
    if (event.kind === 'snapshot') this.#snapshot = event.snapshot
    if (event.kind === 'observation') this.#count(event.observation)
    return news
  }

  #newsOf(event: ProfileEvent): readonly ProfileNote[] {
    switch (event.kind) {
      case 'note':
        return [{ atUs: event.atUs, text: event.text }]
      case 'snapshot': {
        const atUs = this.#parts.nowUs()
        return changesOf(this.#snapshot, event.snapshot).map((text) => ({ atUs, text }))
      }
      case 'observation': {
        const { outcome, status, receivedUs } = event.observation
        if (outcome === 'ok' || this.#seen.has(outcome)) return []
        this.#seen.add(outcome)
        const text = `request ${this.#requests + 1} is the first ${outcome}${status === null ? '' : `, status ${status}`}`
        return [{ atUs: receivedUs, text }]
      }
    }
  }

  #count({ outcome, cost }: Observation): void {
    this.#requests++
    this.#tokens += (cost?.promptTokens ?? 0) + (cost?.completionTokens ?? 0)
    keep(this.#answers, outcome, answersMax)
  }

  watch(): ProfileWatch {
    const { target, budget, nowUs } = this.#parts
    return {
      target,
      budget,
      elapsedUs: nowUs(),
      requests: this.#requests,
      tokens: this.#tokens,
      snapshot: this.#snapshot,
      answers: this.#answers,
      notes: this.#notes,
    }
  }
}

/** Odds from which on a leader is worth a line. */
const leadMin = 0.5

function changesOf(before: ProfileSnapshot | null, now: ProfileSnapshot): string[] {
  const [leader, former] = [now.hypotheses[0], before?.hypotheses[0]]
  const isNew = leader !== undefined && leader.odds >= leadMin && leader.title !== former?.title
  const { next } = now
  const isAsked = next !== null && next.what !== before?.next?.what
  return [
    ...now.found.slice(before?.found.length ?? 0).map((text) => `found ${text}`),
    ...(isNew ? [`in the lead: ${leader.title} (${(leader.odds * 100).toFixed(0)} %)`] : []),
    ...(isAsked ? [`ask: ${next.what}`] : []),
  ]
}

function keep<T>(values: T[], value: T, most: number): void {
  values.push(value)
  if (values.length > most) values.splice(0, values.length - most)
}
