// What the groups of load measurements share: steps in alternating order.

import { alternate } from '../lib/alternate.ts'
import type { Context } from '../lib/context.ts'
import { type LoadOptions, measureLoad } from '../lib/observe.ts'
import { subject } from '../lib/rows.ts'
import type { Step } from '../lib/types.ts'

export type Load = Omit<LoadOptions, 'tool'>

export interface Alternation {
  readonly case: string
  readonly rivals: readonly string[]
  readonly rounds: number
  load(tool: string): Load
}

/** Runs of one case: limitscope directly before or after each rival that is here. */
export function alternating(context: Context, alternation: Alternation): readonly Step[] {
  const { case: name, rivals, rounds, load } = alternation
  const present = rivals.filter((rival) => context.tools.has(rival))
  return roundsUpTo(rounds).flatMap((round) =>
    alternate(present, round).map(({ tool, pair }) => ({
      case: name,
      tool,
      round,
      pair,
      seconds: load(tool).spec.seconds + 1.5,
      run: () => measureLoad(context, { tool, ...load(tool) }),
    })),
  )
}

/** Runs of limitscope alone. */
export function alone(context: Context, alternation: Omit<Alternation, 'rivals'>): readonly Step[] {
  return alternating(context, { ...alternation, rivals: [] })
}

export function roundsUpTo(rounds: number): readonly number[] {
  return Array.from({ length: rounds }, (_, i) => i)
}

/** A closed loop of the length that was asked for. */
export function closedLoop({ options }: Context, connections: number): Load['spec'] {
  return { connections, seconds: options.seconds, ratePerS: null }
}

/** Why a rival has no figures; undefined when it is here. */
export function absence({ absent }: Context, rival: string): string | undefined {
  const why = absent.get(rival)
  return why === undefined ? undefined : `${rival} is ${why}`
}

/** Text for people: what limitscope is compared with. */
export const against = (rival: string) => `${subject} ÷ ${rival}`
