// The result of comparing runs as plain data.

import type { MetricId, RunMetric } from './runMetrics.ts'

export const comparisonSchema = 'limitscope.comparison/1'

/**
 * EQUIVALENT: shown to differ by less than the margin. INCONCLUSIVE: neither shown to differ nor shown
 * not to.
 */
export const changeVerdicts = ['REGRESSION', 'IMPROVEMENT', 'EQUIVALENT', 'INCONCLUSIVE'] as const
export type ChangeVerdict = (typeof changeVerdicts)[number]

/** What is known about the change of one number between two sets of runs. */
export interface Change {
  readonly verdict: ChangeVerdict
  /** Medians of the runs; null: none of them has it. */
  readonly base: number | null
  readonly candidate: number | null
  /** Candidate over base (Hodges-Lehmann), with its 95 % interval where there are enough runs. */
  readonly ratio: number | null
  readonly interval: readonly [number, number] | null
  /** One-sided, in the direction of the change; 0 where it is exact. */
  readonly p: number | null
  /** The rate of false discoveries at which it would be one, among all that were tested. */
  readonly falseDiscoveryRate: number | null
  /** The least relative change that so many runs with so much noise show four times in five. */
  readonly detectable: number | null
  /** Pairs, or runs of the smaller set. */
  readonly n: number
  /** What decided, in a few words. */
  readonly reason: string
}

export interface MetricChange extends Change, MetricId {
  readonly unit: RunMetric['unit']
  readonly worse: RunMetric['worse']
}

/** One property of one limiter on one lane. */
export interface LimiterChange extends Change {
  readonly scenario: string
  readonly lane: string
  readonly limiter: string
  readonly parameter: string
  /** Both sides with their units, for people. */
  readonly baseText: string
  readonly candidateText: string
}

export interface ComparedSet {
  readonly runIds: readonly string[]
  /** Runs that were left out, and why. */
  readonly dropped: readonly { readonly runId: string; readonly why: string }[]
}

export interface Comparison {
  readonly schema: typeof comparisonSchema
  readonly verdict: ChangeVerdict
  readonly base: ComparedSet
  readonly candidate: ComparedSet
  /** Whether runs were taken in pairs, which were measured one after the other. */
  readonly isPaired: boolean
  readonly notes: readonly string[]
  /** How many numbers were tested at once. */
  readonly tests: number
  readonly metrics: readonly MetricChange[]
  readonly limiters: readonly LimiterChange[]
}
