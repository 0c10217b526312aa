// The order of runs in a round: every rival directly before or after a run of the subject.

import { subject } from './rows.ts'

export interface Turn {
  readonly tool: string
  /** Neighbours share a number. */
  readonly pair: number
}

/**
 * One run of the subject between every two rivals (A S B, C S D, …). Each round begins one rival
 * later and turns the order round, so that nobody always comes first.
 */
export function alternate(rivals: readonly string[], round: number): readonly Turn[] {
  const start = rivals.length === 0 ? 0 : round % rivals.length
  const rotated = [...rivals.slice(start), ...rivals.slice(0, start)]
  const turns: Turn[] = []
  for (let i = 0; i < Math.max(1, rotated.length); i += 2) {
    const couple = rotated.slice(i, i + 2)
    const between = [...couple.slice(0, 1), subject, ...couple.slice(1)]
    const order = round % 2 === 0 ? between : between.toReversed()
    turns.push(...order.map((tool) => ({ tool, pair: i / 2 })))
  }
  return turns
}
