// What a night comes to: which metrics are suspicious after tonight's run, and what pairs of runs say
// about them. Pure; who measures the pairs is a parameter.

import { falseDiscoveryRates } from '../core/detectable.ts'
import type { LimiterChange } from './comparison.ts'
import { type Confirmation, confirmation } from './confirmation.ts'
import { type MetricSeries, worseningOf } from './metricHistory.ts'
import { type Trigger, triggerOf } from './nightTrigger.ts'
import type { RunSummary } from './result.ts'
import { type MetricId, metricKey, metricsOf } from './runMetrics.ts'

/** A metric that deserves a second look. */
export interface Suspicion extends MetricId {
  readonly worse: MetricSeries['worse']
  readonly trigger: Trigger
}

/** A metric after its second look. */
export interface NightFinding extends Suspicion {
  readonly confirmation: Confirmation | null
}

/** What a night comes to. */
export interface NightResult {
  readonly runId: string
  readonly findings: readonly NightFinding[]
  /** Exact changes of limiters since the last night. */
  readonly limiters: readonly LimiterChange[]
}

/** One pair of runs of the same night. */
export interface RunPair {
  readonly base: RunSummary
  readonly candidate: RunSummary
}

/** `starts`: by metric, the runs with which a level began that was confirmed before. */
export function suspicionsOf(
  series: readonly MetricSeries[],
  starts: ReadonlyMap<string, ReadonlySet<string>>,
): Suspicion[] {
  return series.flatMap((one) => {
    const began = starts.get(metricKey(one))
    const known = one.points.flatMap(({ runId }, i) => (began?.has(runId) ? [i] : []))
    const trigger = triggerOf({ values: worseningOf(one), known })
    const { scenario, lane, shape, name, worse } = one
    return trigger === null ? [] : [{ scenario, lane, shape, name, worse, trigger }]
  })
}

/** ln of how much worse the candidate was, for each pair that has the metric. */
export function logRatiosOf(
  { worse, ...id }: MetricId & Pick<Suspicion, 'worse'>,
  pairs: readonly RunPair[],
): number[] {
  const key = metricKey(id)
  const metricIn = (run: RunSummary) => metricsOf(run).find((one) => metricKey(one) === key)?.value
  return pairs.flatMap(({ base, candidate }) => {
    const [a, b] = [metricIn(base), metricIn(candidate)]
    if (a === undefined || b === undefined || a <= 0 || b <= 0) return []
    return [worse === 'higher' ? Math.log(b / a) : Math.log(a / b)]
  })
}

/** What the pairs so far say about each; null where more of them are needed. */
export function confirmationsOf(
  suspicions: readonly Suspicion[],
  pairs: readonly RunPair[],
): NightFinding[] {
  return suspicions.map((suspicion) => {
    return { ...suspicion, confirmation: confirmation(logRatiosOf(suspicion, pairs)) }
  })
}

/** Several metrics at once give chance several chances: Benjamini-Hochberg at 5 %. */
export function withoutFalseDiscoveries(findings: readonly NightFinding[]): NightFinding[] {
  const rates = falseDiscoveryRates(findings.map((finding) => finding.confirmation?.p ?? 1))
  return findings.map((finding, i) => {
    if (finding.confirmation === null || rates[i]! <= 0.05) return finding
    return { ...finding, confirmation: { ...finding.confirmation, verdict: 'NOISE' } }
  })
}
