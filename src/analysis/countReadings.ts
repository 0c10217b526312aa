// What statements say of requests: how many ended how, and what share, rate and tokens that is.

import { formatCount, formatInteger, formatShare } from '../core/format.ts'
import { type CheckSubject, missing, numeric, type Reading } from './reading.ts'
import type { SeriesSummary } from './result.ts'
import type { Metric } from './statement.ts'

export function readCount(
  name: 'count' | 'share' | 'rate',
  metric: Metric,
  subject: CheckSubject,
): Reading {
  const { phase } = metric.filters
  const counted = phase === undefined ? countSeries(metric, subject) : countPhase(metric, subject)
  if (counted === null) return missing(`no request of phase ${phase}`)
  const { count, attempted, durationUs } = counted
  if (name === 'count') return numeric(count, `${count} requests`)
  if (name === 'share') {
    if (attempted === 0) return missing('no request matches')
    return numeric(
      count / attempted,
      `${formatShare(count / attempted)} (${count} of ${attempted})`,
    )
  }
  if (durationUs === 0) return missing('nothing was measured')
  const perS = (count / durationUs) * 1e6
  return numeric(perS, `${formatCount(perS)}/s`)
}

function countSeries(metric: Metric, subject: CheckSubject) {
  const sum = (series: readonly SeriesSummary[]) => series.reduce((n, { count }) => n + count, 0)
  const attempted = sum(pick({ ...metric, argument: 'all' }, subject))
  return { count: sum(pick(metric, subject)), attempted, durationUs: subject.durationUs }
}

function countPhase({ argument, filters }: Metric, { phases }: CheckSubject) {
  const phase = phases.find(({ name }) => name === filters.phase)
  if (phase === undefined) return null
  const all = Object.entries(phase.counts)
  const sum = (some: typeof all) => some.reduce((n, [, count]) => n + count, 0)
  const count = sum(all.filter(([outcome]) => isOutcome(argument, outcome)))
  return { count, attempted: sum(all), durationUs: phase.durationUs }
}

export function readTokens(metric: Metric, subject: CheckSubject): Reading {
  const series = pick(metric, subject)
  const sum = series.reduce((n, one) => n + one.promptTokens + one.completionTokens, 0)
  return numeric(sum, `${formatInteger(sum)} tokens`)
}

/** Completion tokens per second. */
export function readTokenRate(metric: Metric, subject: CheckSubject): Reading {
  const series = pick(metric, subject)
  const sum = series.reduce((total, { tokensPerS }) => total + (tokensPerS ?? 0), 0)
  return numeric(sum, `${formatCount(sum)} tokens/s`)
}

/** 'sent' is all but 'unsent'. */
function isOutcome(argument: string, outcome: string): boolean {
  if (argument === '' || argument === 'all' || outcome === argument) return true
  return argument === 'sent' && outcome !== 'unsent'
}

/** The series that a metric speaks of. */
function pick({ argument, filters }: Metric, { series }: CheckSubject): SeriesSummary[] {
  return series.filter(
    ({ outcome, lane, shape }) =>
      isOutcome(argument, outcome) &&
      (filters.lane === undefined || lane === filters.lane) &&
      (filters.shape === undefined || shape === filters.shape),
  )
}
