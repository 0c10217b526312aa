// Rows of the result, folded from measurements: ratios of neighbours and plain values.

import { median } from './statistics.ts'
import type { Measurement, Row, Target, Unit, Verdict } from './types.ts'

export const subject = 'limitscope'

export const atLeast = (value: number): Target => ({ bound: 'least', value })
export const atMost = (value: number): Target => ({ bound: 'most', value })
export const above = (value: number): Target => ({ bound: 'above', value })
export const below = (value: number): Target => ({ bound: 'below', value })

export interface RatioOptions {
  readonly what: string
  readonly case: string
  readonly value: string
  /** Whose figure is divided; default limitscope. */
  readonly tool?: string
  /** By whose it is divided. */
  readonly rival: string
  readonly target: Target | null
  /** Said when there is nothing to divide. */
  readonly absence?: string | undefined
}

/** One ratio per pair of neighbours. */
export function ratioRow(measurements: readonly Measurement[], options: RatioOptions): Row {
  const { what, target, value, rival, tool = subject } = options
  const pairs = pairsOf(measurements, { case: options.case, tool, rival })
  const { chosen, note } = preferCalm(pairs, (pair) => pair.every(isCalm))
  const samples = chosen.flatMap(([mine, theirs]) => {
    const ratio = (mine.values[value] ?? Number.NaN) / (theirs.values[value] ?? Number.NaN)
    return Number.isFinite(ratio) ? [ratio] : []
  })
  const whyNone = options.absence ?? whyNot(measurements, options.case)
  return judged({ what, unit: 'ratio', target, samples, note: samples.length > 0 ? note : whyNone })
}

export interface PairOptions {
  readonly case: string
  readonly tool: string
  readonly rival: string
}

export type Pair = readonly [mine: Measurement, theirs: Measurement]

/** The usable runs of two tools that were neighbours. */
export function pairsOf(
  measurements: readonly Measurement[],
  options: PairOptions,
): readonly Pair[] {
  const mine = usable(measurements, options.case, options.tool)
  return usable(measurements, options.case, options.rival).flatMap((theirs) => {
    const my = mine.find((m) => m.round === theirs.round && m.pair === theirs.pair)
    return my === undefined ? [] : [[my, theirs] as const]
  })
}

/** The undisturbed ones if there are any; otherwise all of them, and a note that says so. */
export function preferCalm<T>(
  items: readonly T[],
  isUndisturbed: (item: T) => boolean,
): { readonly chosen: readonly T[]; readonly note: string } {
  const calm = items.filter(isUndisturbed)
  if (calm.length === items.length) return { chosen: items, note: '' }
  if (calm.length === 0) return { chosen: items, note: 'others used the CPUs in every run' }
  return {
    chosen: calm,
    note: `without ${items.length - calm.length} disturbed of ${items.length}`,
  }
}

/** Share of one CPU taken by others above which a run is repeated, and left out if it can be. */
export const foreignShareMax = 0.18

export function isCalm({ foreignShare }: { readonly foreignShare: number }): boolean {
  return foreignShare <= foreignShareMax
}

export interface ValueOptions {
  readonly what: string
  readonly case: string
  readonly value: string
  readonly unit: Unit
  readonly tool?: string
  readonly target: Target | null
}

/** One value per run. */
export function valueRow(measurements: readonly Measurement[], options: ValueOptions): Row {
  const { what, unit, target, value, tool = subject } = options
  const { chosen, note } = preferCalm(usable(measurements, options.case, tool), isCalm)
  const samples = chosen.flatMap((m) => m.values[value] ?? [])
  const whyNone = whyNot(measurements, options.case, tool)
  return judged({ what, unit, target, samples, note: samples.length > 0 ? note : whyNone })
}

/** The verdict is about the median. */
export function judged(row: Omit<Row, 'verdict'>): Row {
  return { ...row, verdict: verdictOf(row) }
}

function verdictOf({ target, samples }: Omit<Row, 'verdict'>): Verdict {
  const reached = median(samples)
  if (reached === null) return 'not measured'
  if (target === null) return 'for information'
  return satisfies(reached, target) ? 'met' : 'missed'
}

function satisfies(reached: number, { bound, value }: Target): boolean {
  switch (bound) {
    case 'least':
      return reached >= value
    case 'most':
      return reached <= value
    case 'above':
      return reached > value
    case 'below':
      return reached < value
  }
}

export function usable(
  measurements: readonly Measurement[],
  caseName: string,
  tool: string,
): readonly Measurement[] {
  return measurements.filter((m) => m.case === caseName && m.tool === tool && m.isUsable)
}

function whyNot(measurements: readonly Measurement[], caseName: string, tool?: string): string {
  const runs = measurements.filter(
    (m) => m.case === caseName && (tool === undefined || m.tool === tool),
  )
  if (runs.length === 0) return 'not run'
  return [...new Set(runs.flatMap((m) => m.problems))][0] ?? 'the tool does not tell it'
}
