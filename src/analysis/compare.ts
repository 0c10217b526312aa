// Compares two sets of runs: every metric, every parameter of every limiter, judged together. The
// unit is the run; requests of different runs are never pooled.

import { UserError } from '../core/errors.ts'
import type { Manifest } from '../recording/manifest.ts'
import { differencesOf } from './comparable.ts'
import {
  type Change,
  type ChangeVerdict,
  type ComparedSet,
  type Comparison,
  comparisonSchema,
  type LimiterChange,
  type MetricChange,
} from './comparison.ts'
import { type LimiterDraft, limiterDrafts } from './limiterChanges.ts'
import type { RunSummary } from './result.ts'
import { metricKey, metricsOf, type RunMetric } from './runMetrics.ts'
import {
  defaultThresholds,
  judgeChanges,
  type Tested,
  type Thresholds,
  testChange,
} from './shifts.ts'

/** What of a run is compared. */
export interface ComparedRun {
  readonly manifest: Manifest
  readonly summary: RunSummary
}

export interface CompareOptions {
  readonly thresholds?: Thresholds
  /** Compare what does not compare: differences become notes. */
  readonly isForced?: boolean
}

/** Throws `UserError` when the runs did not do the same. */
export function compareRuns(
  base: readonly ComparedRun[],
  candidate: readonly ComparedRun[],
  { thresholds = defaultThresholds, isForced = false }: CompareOptions = {},
): Comparison {
  const notes = comparabilityNotes([...base, ...candidate], isForced)
  const sets = { base: inOrder(base), candidate: inOrder(candidate) }
  const isPaired = isInterleaved(sets)
  const [before, after] = isPaired ? siftPairs(sets) : [sift(sets.base), sift(sets.candidate)]
  const summaries = { base: before.used, candidate: after.used, isPaired }
  const metrics = metricDrafts(before.used, after.used, isPaired)
  const limiters = limiterDrafts(summaries, thresholds)
  const tested = [...metrics.map((draft) => draft.known), ...limiters.flatMap(testedOf)]
  const judged = judgeChanges(tested, thresholds)
  const metricChanges = metrics.map(({ named }, i) => ({ ...named, ...judged[i]! }))
  const limiterChanges = withJudged(limiters, judged.slice(metrics.length))
  return {
    schema: comparisonSchema,
    verdict: worstOf([...metricChanges, ...limiterChanges]),
    base: before.set,
    candidate: after.set,
    isPaired,
    notes,
    tests: tested.filter(({ shift }) => shift !== null).length,
    metrics: metricChanges,
    limiters: limiterChanges,
  }
}

function comparabilityNotes(runs: readonly ComparedRun[], isForced: boolean): string[] {
  const [first, ...others] = runs
  const all = others.map((run) => differencesOf(first!.manifest, run.manifest))
  const refusals = [...new Set(all.flatMap((differences) => differences.refusals))]
  if (refusals.length > 0 && !isForced) {
    const message = `compare: these runs did not do the same, so their numbers say nothing about each other:\n${refusals.map((refusal) => `  ${refusal}`).join('\n')}\n--force compares them all the same`
    throw new UserError('usage', message)
  }
  return [...new Set([...refusals, ...all.flatMap(({ notes }) => notes)])]
}

interface Sifted {
  readonly used: readonly RunSummary[]
  readonly set: ComparedSet
}

function inOrder(runs: readonly ComparedRun[]): RunSummary[] {
  return runs
    .map(({ summary }) => summary)
    .sort((a, b) => a.startedAt.localeCompare(b.startedAt) || a.runId.localeCompare(b.runId))
}

/** Runs that cannot be believed, or did not end, never enter. */
function sift(runs: readonly RunSummary[], whyLeftOut = whyNot): Sifted {
  const used = runs.filter((run) => whyLeftOut(run) === null)
  const dropped = runs.flatMap((run) => {
    const why = whyLeftOut(run)
    return why === null ? [] : [{ runId: run.runId, why }]
  })
  return { used, set: { runIds: used.map(({ runId }) => runId), dropped } }
}

/** A run that is left out takes the other of its pair with it: the rest are pairs still. */
function siftPairs({ base, candidate }: RunSets): [Sifted, Sifted] {
  const spoilt = new Set(
    base.flatMap((run, i) => {
      const pair = [run, candidate[i]!]
      return pair.some((one) => whyNot(one) !== null) ? pair : []
    }),
  )
  const why = (run: RunSummary) =>
    whyNot(run) ?? (spoilt.has(run) ? 'the other run of its pair is left out' : null)
  return [sift(base, why), sift(candidate, why)]
}

function whyNot({ health, reason }: RunSummary): string | null {
  if (health.verdict === 'INVALID') return `INVALID: ${health.reasons.join('; ')}`
  return reason === 'completed' ? null : reason
}

interface RunSets {
  readonly base: readonly RunSummary[]
  readonly candidate: readonly RunSummary[]
}

/** Pairs are runs that were measured one after the other, one of each side, in whichever order. */
function isInterleaved({ base, candidate }: RunSets): boolean {
  if (base.length !== candidate.length || base.length < 2) return false
  const starts = [
    ...base.map(({ startedAt }) => ({ startedAt, side: 0 })),
    ...candidate.map(({ startedAt }) => ({ startedAt, side: 1 })),
  ].sort((a, b) => a.startedAt.localeCompare(b.startedAt))
  return starts.every(({ side }, i) => i % 2 === 0 || side !== starts[i - 1]!.side)
}

interface MetricDraft {
  readonly named: Omit<MetricChange, keyof Change>
  readonly known: Tested
}

function metricDrafts(
  base: readonly RunSummary[],
  candidate: readonly RunSummary[],
  isPaired: boolean,
): MetricDraft[] {
  const [before, after] = [base.map(byKey), candidate.map(byKey)]
  const names = new Map([...before, ...after].flatMap((metrics) => [...metrics]))
  return [...names].map(([key, { value: _, ...named }]) => {
    const valuesOf = (runs: readonly Map<string, RunMetric>[]) =>
      runs.flatMap((metrics) => metrics.get(key)?.value ?? [])
    const [a, b] = [valuesOf(before), valuesOf(after)]
    const isWhole = a.length === before.length && b.length === after.length
    const values = { base: a, candidate: b, isPaired: isPaired && isWhole, worse: named.worse }
    return { named, known: testChange(values) }
  })
}

function byKey(summary: RunSummary): Map<string, RunMetric> {
  return new Map(metricsOf(summary).map((metric) => [metricKey(metric), metric]))
}

function testedOf({ known }: LimiterDraft): Tested[] {
  return 'verdict' in known ? [] : [known]
}

/** The drafts with their verdicts: those that were known, and in order those that were judged. */
function withJudged(drafts: readonly LimiterDraft[], judged: readonly Change[]): LimiterChange[] {
  let at = 0
  return drafts.map(({ named, known }) => {
    return { ...named, ...('verdict' in known ? known : judged[at++]!) }
  })
}

/** One regression is one; else everything has to be shown equivalent, or better. */
export function worstOf(changes: readonly Change[]): ChangeVerdict {
  const has = (verdict: ChangeVerdict) => changes.some((change) => change.verdict === verdict)
  if (has('REGRESSION')) return 'REGRESSION'
  if (changes.length === 0 || has('INCONCLUSIVE')) return 'INCONCLUSIVE'
  return has('IMPROVEMENT') ? 'IMPROVEMENT' : 'EQUIVALENT'
}
