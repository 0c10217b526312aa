// The final summary as text: the same in a terminal, in a pipe and in a CI log.

import type {
  CheckResult,
  LimiterSummary,
  RunSummary,
  ScenarioSummary,
  SeriesSummary,
} from '../analysis/result.ts'
import { verdictOf } from '../analysis/verdict.ts'
import {
  formatCount,
  formatInstant,
  formatInteger,
  formatRate,
  formatShare,
  formatSpan,
  unknown,
} from '../core/format.ts'
import { limitOf } from '../core/limits.ts'
import { foldedLines } from './fold.ts'
import { type Paint, painter } from './paint.ts'
import { type TableLayout, textTable } from './textTable.ts'

export interface SummaryTextOptions {
  readonly colour: boolean
  /** Of the terminal; infinity where lines may be as long as they like. */
  readonly columns: number
  /** Where the files are; null when none were written. */
  readonly folder: string | null
}

/** Several lines, the last without a line feed. */
export function summaryText(summary: RunSummary, options: SummaryTextOptions): string {
  const layout = { paint: painter(options.colour), columns: options.columns }
  const { paint, columns } = layout
  const lines = [
    ...foldedLines(headline(summary, paint), columns),
    ...summary.scenarios.flatMap((scenario) => ['', ...scenarioLines(scenario, layout)]),
    '',
    ...foldedLines(generatorLine(summary, paint), columns),
  ]
  // As it is, to be copied.
  if (options.folder !== null) lines.push(`${paint('dim', 'results   ')} ${options.folder}`)
  return lines.join('\n')
}

function headline(summary: RunSummary, paint: Paint): string {
  const { word, why } = verdictOf(summary)
  const style = word === 'PASSED' ? 'green' : word === 'FAILED' ? 'red' : 'yellow'
  const reason = why === '' ? '' : ` (${why})`
  return `${paint(style, word)}${reason}  ${summary.target}  ${formatSpan(summary.durationUs)}, seed ${summary.seed}`
}

function scenarioLines(scenario: ScenarioSummary, layout: TableLayout): string[] {
  const { paint, columns } = layout
  const name = paint('bold', scenario.name)
  if (scenario.skipped !== null) {
    return foldedLines(`${name}  ${paint('yellow', 'skipped')}: ${scenario.skipped}`, columns)
  }
  return [
    ...foldedLines(name + paint('dim', `  ${countsText(scenario)}`), columns),
    ...textTable(limiterHead, scenario.limiters.map(limiterCells), layout),
    ...textTable(seriesHead, scenario.series.filter(hasTimes).map(seriesCells), layout),
    ...folded(scenario.checks).flatMap((check) =>
      foldedLines(checkLine(check, paint), columns, '  '),
    ),
  ]
}

function countsText({ attempted, counts }: ScenarioSummary): string {
  const parts = Object.entries(counts).filter(([, count]) => count > 0)
  if (attempted === 0) return 'no requests'
  const shares = parts.map(
    ([outcome, count]) => `${formatInteger(count)} ${outcome} (${formatShare(count / attempted)})`,
  )
  return `${formatInteger(attempted)} requests: ${shares.join(', ')}`
}

const limiterHead = [
  'limiter',
  'lane',
  'first rejection',
  'after',
  'rejected',
  'declared',
  'confidence',
]

function limiterCells(limiter: LimiterSummary): string[] {
  const { first, declared } = limiter
  const limit =
    declared === null
      ? unknown
      : `${formatInteger(limitOf(declared.model.algorithm))} ${declared.model.unit}`
  if (first === null) return [limiter.limiter, limiter.lane, 'never', '', '0', limit, '']
  const { requestsMin, requestsMax, tokensMin } = first.admitted
  const requests = requestsMin === requestsMax ? `${requestsMin}` : `${requestsMin}–${requestsMax}`
  return [
    limiter.limiter,
    limiter.lane,
    `${formatInstant(first.us)}, request ${first.seq}`,
    `${requests} requests, ${formatInteger(tokensMin)} tokens`,
    formatInteger(limiter.rejections),
    limit,
    first.confidence,
  ]
}

const seriesHead = [
  'shape',
  'lane',
  'outcome',
  'n',
  'rate',
  'p50',
  'p90',
  'p99',
  'max',
  'ttft p50',
  'tokens/s',
]

function hasTimes(series: SeriesSummary): boolean {
  return series.response.count > 0
}

function seriesCells(series: SeriesSummary): string[] {
  const { response, ttft } = series
  return [
    series.shape,
    series.lane,
    series.outcome,
    formatInteger(series.count),
    formatRate(series.ratePerS),
    formatSpan(response.p50Us),
    formatSpan(response.p90Us),
    formatSpan(response.p99Us),
    formatSpan(response.maxUs),
    formatSpan(ttft.p50Us),
    series.tokensPerS === null ? unknown : formatCount(series.tokensPerS),
  ]
}

/** Statements that are open one after the other, for the same reason and with nothing found, are one line. */
function folded(checks: readonly CheckResult[]): CheckResult[] {
  const isBare = ({ verdict, actual }: CheckResult) => verdict === 'inconclusive' && actual === ''
  const isMore = (check: CheckResult, first: CheckResult | undefined) =>
    first !== undefined && isBare(first) && isBare(check) && first.reason === check.reason
  return checks.flatMap((check, i) => {
    if (isMore(check, checks[i - 1])) return []
    const end = checks.findIndex((other, j) => j > i && !isMore(other, check))
    const more = (end === -1 ? checks.length : end) - i - 1
    return [more === 0 ? check : { ...check, statement: `${check.statement}, and ${more} more` }]
  })
}

function checkLine({ statement, verdict, actual, reason }: CheckResult, paint: Paint): string {
  const mark = {
    passed: paint('green', 'passed'),
    failed: paint('red', 'FAILED'),
    inconclusive: paint('yellow', 'open  '),
    known: paint('yellow', 'known '),
    skipped: paint('dim', 'skipped'),
  }[verdict]
  const told = [actual, reason].filter((text) => text !== '').join('; ')
  return `${mark}  ${statement}${told === '' ? '' : paint('dim', `  → ${told}`)}`
}

function generatorLine({ health }: RunSummary, paint: Paint): string {
  const style =
    health.verdict === 'VALID' ? 'green' : health.verdict === 'SUSPECT' ? 'yellow' : 'red'
  const reasons = health.reasons.length === 0 ? '' : `: ${health.reasons.join('; ')}`
  return `${paint('dim', 'generator ')} ${paint(style, health.verdict)}${reasons}`
}
