// The plane of tokens per call × calls per minute: which limiter says no first at each point, by
// playing the limiters through in virtual time.

import type { NamedLimiter, RequestCost } from '../../core/limits.ts'
import type { Micros } from '../../core/units.ts'
import { type FirstDenial, firstDenial } from '../../limiters/firstDenial.ts'
import { type ServiceModel, serviceUsOf } from './service.ts'

/** Values from `from` to `to`, evenly spaced on a logarithmic scale. */
export interface Axis {
  readonly from: number
  readonly to: number
  readonly count: number
}

/** What is in front of the target, and how traffic is spread. */
export interface PlaneTarget {
  /** In the order in which they are asked. */
  readonly limiters: readonly NamedLimiter[]
  readonly service: ServiceModel
  /** Share of a call's tokens that are prompt. */
  readonly promptShare: number
}

export interface PlaneSpec extends PlaneTarget {
  readonly tokens: Axis
  readonly perMin: Axis
  /** How long a key sends at each point before "none" is the answer. */
  readonly horizonUs: Micros
}

/** A point of the plane: steady traffic of one key. */
export interface Point {
  readonly tokens: number
  readonly perMin: number
}

export interface Plane {
  readonly spec: PlaneSpec
  /** Tokens per call of each column, rising. */
  readonly tokens: readonly number[]
  /** Calls per minute of each row, rising. */
  readonly perMin: readonly number[]
  /** `winners[row][column]`: index of the limiter that says no first, or `none`. */
  readonly winners: readonly (readonly number[])[]
  /** Points that were played; the others lie between points that agree. */
  readonly played: number
  /** Played points where "none" stands for more requests than are played. */
  readonly uncertain: number
}

/** Index of "no limiter says no". */
export const none = -1

/** Requests that are played at one point at most. */
const requestsMax = 50_000

/** Rectangles of at most so many cells a side are taken as uniform when their border is. */
const uniformSide = 8

/** Plays the whole plane: borders between limiters exactly, what they enclose by its border. */
export function playPlane(spec: PlaneSpec): Plane {
  const tokens = valuesOf(spec.tokens).map((value) => Math.max(2, Math.round(value)))
  const perMin = valuesOf(spec.perMin)
  let uncertain = 0
  const grid = new Grid(tokens.length, perMin.length, (column, row) => {
    const point = { tokens: tokens[column]!, perMin: perMin[row]! }
    const { limiter, isCertain } = playPoint(spec, point, { untilUs: spec.horizonUs })
    if (!isCertain) uncertain++
    return spec.limiters.findIndex(({ name }) => name === limiter)
  })
  for (let row = 0; row < perMin.length; row += uniformSide) {
    for (let column = 0; column < tokens.length; column += uniformSide) {
      grid.fill({
        left: column,
        bottom: row,
        right: Math.min(column + uniformSide, tokens.length) - 1,
        top: Math.min(row + uniformSide, perMin.length) - 1,
      })
    }
  }
  return { spec, tokens, perMin, winners: grid.rows, played: grid.played, uncertain }
}

/** Plays one point for `untilUs`, from `startUs` on. */
export function playPoint(
  target: PlaneTarget,
  { tokens, perMin }: Point,
  { untilUs, startUs = 0 }: { readonly untilUs: Micros; readonly startUs?: Micros },
): FirstDenial {
  const cost = costOf(target, tokens)
  const serviceUs = serviceUsOf(target.service, cost.completionTokens)
  const stream = { estimate: cost, actual: cost, gapUs: 60e6 / perMin, serviceUs }
  return firstDenial(target.limiters, stream, { requestsMax, untilUs, startUs })
}

/** Prompt and completion of a call; each has at least one token. */
export function costOf({ promptShare }: PlaneTarget, tokens: number): RequestCost {
  const promptTokens = Math.min(tokens - 1, Math.max(1, Math.round(tokens * promptShare)))
  return { promptTokens, completionTokens: tokens - promptTokens, usd: 0 }
}

export function valuesOf({ from, to, count }: Axis): number[] {
  const step = count > 1 ? Math.log(to / from) / (count - 1) : 0
  return Array.from({ length: count }, (_, i) => from * Math.exp(step * i))
}

interface Rectangle {
  readonly left: number
  readonly right: number
  readonly bottom: number
  readonly top: number
}

/** Winners by column and row, played when they are first needed. */
class Grid {
  readonly rows: number[][]
  played = 0
  readonly #play: (column: number, row: number) => number

  constructor(columns: number, rows: number, play: (column: number, row: number) => number) {
    this.rows = Array.from({ length: rows }, () => Array<number>(columns).fill(Number.NaN))
    this.#play = play
  }

  /** A rectangle whose border has one winner has it inside, too; else its quarters are filled. */
  fill({ left, right, bottom, top }: Rectangle): void {
    const winners = new Set<number>()
    for (let column = left; column <= right; column++) {
      winners.add(this.#at(column, bottom)).add(this.#at(column, top))
    }
    for (let row = bottom; row <= top; row++) {
      winners.add(this.#at(left, row)).add(this.#at(right, row))
    }
    if (right - left < 2 || top - bottom < 2) return
    const [winner] = winners
    const inner = { left: left + 1, right: right - 1, bottom: bottom + 1, top: top - 1 }
    if (winners.size > 1) return this.#quarter(inner)
    for (let row = inner.bottom; row <= inner.top; row++) {
      this.rows[row]!.fill(winner!, inner.left, inner.right + 1)
    }
  }

  #quarter({ left, right, bottom, top }: Rectangle): void {
    const column = (left + right) >> 1
    const row = (bottom + top) >> 1
    for (const [a, b] of [
      [left, column],
      [column + 1, right],
    ] as const) {
      if (a > b) continue
      this.fill({ left: a, right: b, bottom, top: row })
      if (row + 1 <= top) this.fill({ left: a, right: b, bottom: row + 1, top })
    }
  }

  #at(column: number, row: number): number {
    const known = this.rows[row]![column]!
    if (!Number.isNaN(known)) return known
    this.played++
    const winner = this.#play(column, row)
    this.rows[row]![column] = winner
    return winner
  }
}
