// A comparison as cells of tables: the same words in a terminal and in Markdown.

import { type Change, type Comparison, changeVerdicts } from '../analysis/comparison.ts'
import type { MetricId, RunMetric } from '../analysis/runMetrics.ts'
import { formatRate, formatShare, formatSpan, unknown } from '../core/format.ts'
import { safeLine } from '../core/text.ts'

/** One table of a comparison; its first column is the verdict. */
export interface ComparisonTable {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** What changed about limiters. */
export function limiterCells({ limiters }: Comparison): ComparisonTable {
  return {
    head: ['verdict', 'limiter', 'parameter', 'base', 'candidate', 'change', 'p', 'n', 'why'],
    rows: limiters.map((change) => [
      change.verdict,
      safeLine(change.lane === '' ? change.limiter : `${change.limiter} on ${change.lane}`),
      change.parameter,
      safeLine(change.baseText),
      safeLine(change.candidateText),
      changeText(change.ratio),
      pText(change.p),
      String(change.n),
      change.reason,
    ]),
  }
}

/** Every metric, with what could have been seen. */
export function metricCells({ metrics }: Comparison): ComparisonTable {
  const titles = ['base', 'candidate', 'change', '95 % interval', 'p', 'sees', 'n', 'why']
  return {
    head: ['verdict', 'metric', ...titles],
    rows: metrics.map((change) => [
      change.verdict,
      metricText(change),
      valueText(change.unit, change.base),
      valueText(change.unit, change.candidate),
      changeText(change.ratio),
      intervalText(change),
      pText(change.p),
      change.detectable === null ? unknown : `≥ ${percent(change.detectable)}`,
      String(change.n),
      change.reason,
    ]),
  }
}

/** 'interplay, free, cheap: p99 response'. */
export function metricText({ scenario, lane, shape, name }: MetricId): string {
  return safeLine(`${[scenario, lane, shape].filter((part) => part !== '').join(', ')}: ${name}`)
}

/** One sentence for the whole. */
export function verdictText(comparison: Comparison): string {
  const { verdict, metrics, limiters, isPaired, tests, base, candidate } = comparison
  const all: readonly Change[] = [...metrics, ...limiters]
  const counted = changeVerdicts.map((word) => {
    return `${all.filter((change) => change.verdict === word).length} ${word.toLowerCase()}`
  })
  const sets = `${base.runIds.length} against ${candidate.runIds.length}`
  const how = isPaired ? `${base.runIds.length} pairs` : sets
  const tested = tests === 0 ? '' : `, ${tests} numbers tested together`
  return `${verdict}: ${counted.join(', ')}; ${how}${tested}`
}

/** Notes and what was left out, as lines. */
export function noteLines({ notes, base, candidate }: Comparison): string[] {
  const left = [...base.dropped, ...candidate.dropped]
  const lines = [...notes, ...left.map(({ runId, why }) => `left out: ${runId} (${why})`)]
  return lines.map((line) => safeLine(line, 400))
}

export function valueText(unit: RunMetric['unit'], value: number | null): string {
  if (value === null) return unknown
  if (unit === 'us') return formatSpan(value)
  return unit === 'perS' ? formatRate(value) : formatShare(value)
}

/** 1.08 → '+8.00 %'. */
export function changeText(ratio: number | null): string {
  if (ratio === null) return unknown
  const change = ratio - 1
  return `${change < 0 ? '−' : '+'}${percent(Math.abs(change))}`
}

function intervalText({ interval }: Change): string {
  if (interval === null) return unknown
  return interval.map(changeText).join(' to ')
}

function pText(p: number | null): string {
  if (p === null) return unknown
  if (p === 0) return '0'
  return p < 0.001 ? '< 0.001' : p.toFixed(3)
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 2 : 1)} %`
}
