// Which shape and which lane request i uses: pure functions of (seed, i).

import { randomStream, uniformAt } from '../core/random.ts'

/** A shape (by name) and its weight in the mix. */
export interface MixEntry {
  readonly shape: string
  readonly weight: number
}

/** Picks the shape of request i, at random by weight. */
export function shapePicker(mix: readonly MixEntry[], seed: number): (i: number) => string {
  const total = mix.reduce((sum, { weight }) => sum + weight, 0)
  const stream = randomStream(seed, 'mix')
  const only = mix.length === 1 ? mix[0]!.shape : undefined
  return (i) => only ?? pick(mix, uniformAt(stream, i) * total)
}

/** Lanes take turns, so that each gets the same share of every stretch of the run. */
export function laneOf(lanes: readonly string[], i: number): string {
  return lanes[i % lanes.length]!
}

function pick(mix: readonly MixEntry[], point: number): string {
  let sum = 0
  for (const { shape, weight } of mix) {
    sum += weight
    if (point < sum) return shape
  }
  return mix.at(-1)!.shape
}
