// The outcomes of the grid as a table, and whether they are what was asked for.

import { median } from '../../src/core/statistics.ts'
import type { ChainOutcome } from '../../src/testing/profileChains.ts'
import type { GridOutcome } from '../../src/testing/profileGrid.ts'

export interface GridReport {
  readonly text: string
  readonly isMet: boolean
}

const header = [
  '| limiter | n | right | of these ties | undetermined | wrong | limit exact | window or refill error, median | p95 | cost, median (× limit) |',
  '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
]

/** What the project set out to reach. */
const asked: readonly (readonly [string, (all: readonly GridOutcome[]) => boolean])[] = [
  ['right class, or the tie named: at least 99 %', (all) => shareOf(all, isRight) >= 0.99],
  [
    'wrong claims: below 0.5 %',
    (all) => shareOf(all, ({ verdict }) => verdict === 'wrong') < 0.005,
  ],
  ['limit exact: at least 99.5 %', (all) => shareOf(withLimit(all), isExact) >= 0.995],
  ['window and refill error: median at most 0.5 %', (all) => quantile(errorsOf(all), 0.5) <= 0.005],
  ['window and refill error: p95 at most 2 %', (all) => quantile(errorsOf(all), 0.95) <= 0.02],
  ['cost: median at most 4 × the limit', (all) => median(costsOf(all))! <= 4],
]

interface ReportSize {
  readonly sets: number
  readonly seeds: number
  readonly seed: number
  readonly chains: number
}

/** The document that is published. */
export function gridReport(
  outcomes: readonly GridOutcome[],
  chains: readonly ChainOutcome[],
  size: ReportSize,
): GridReport {
  const names = [...new Set(outcomes.map(({ name }) => name))].sort()
  const rows = names.map((name) =>
    rowOf(
      name,
      outcomes.filter((each) => each.name === name),
    ),
  )
  const met = [
    ...asked.map(([text, isReached]) => ({ text, isReached: isReached(outcomes) })),
    {
      text: 'two limiters in a row, both identified: at least 95 %',
      isReached: shareOf(chains, ({ found }) => found === 2) >= 0.95,
    },
  ]
  const lines = [
    '# What the profiler is worth',
    '',
    `Printed by \`npm run bench:profile -- --write\`: ${names.length} classes, ${size.sets} parameter sets each (limits 20 to 500, windows 2 s to 1 h, none round), ${size.seeds} ${size.seeds === 1 ? 'seed' : 'seeds'} each, from seed ${size.seed}. In virtual time, behind a network whose round trips jitter (8 ms, log-normal, σ 0.25; a request arrives anywhere within), whose timers are up to 5 % late, and that loses 1 % of the answers. A fail is listed by \`--verbose\` with its seed.`,
    '',
    ...header,
    ...rows,
    rowOf('all', outcomes),
    '',
    '*Ties*: the truth is named among those that the probes sent could not tell apart; they count as right. *Wrong*: claimed, and not so; *undetermined* is no claim. Errors and limits are those of the right ones and the ties.',
    '',
    ...chainLines(chains, size),
    '## What was asked for',
    '',
    ...met.map(({ text, isReached }) => `- ${text}: ${isReached ? 'met' : '**not met**'}`),
    '',
  ]
  return { text: lines.join('\n'), isMet: met.every(({ isReached }) => isReached) }
}

const chainHeader = [
  '| chain | n | both identified | one of them | wrong claims | requests, median | (× both limits) |',
  '| --- | --- | --- | --- | --- | --- | --- |',
]

/** Both limiters have to be named with class, limit and window: nothing less counts. */
function chainLines(chains: readonly ChainOutcome[], size: ReportSize): string[] {
  const names = [...new Set(chains.map(({ name }) => name))].sort()
  return [
    '## Two limiters in a row',
    '',
    `${size.chains} sets of each, over the same network, with the defaults: a window of 10 to 40 requests in 1 to 4 s, or a bucket of that size and rate, before a window of 5 to 9 times as many in 20 to 40 times as long; and 20 to 60 requests per 10 to 60 s before a window of tokens, charged after the response, which cheap requests stay below and 5 to 11 dear ones exhaust. *Identified*: right class, window or refill within 2 %, limit exact; a limit of tokens lies in its interval, which is no wider than the dearest request.`,
    '',
    ...chainHeader,
    ...names.map((name) =>
      chainRow(
        name,
        chains.filter((each) => each.name === name),
      ),
    ),
    chainRow('all', chains),
    '',
  ]
}

function chainRow(name: string, chains: readonly ChainOutcome[]): string {
  const cells = [
    name,
    String(chains.length),
    percent(shareOf(chains, ({ found }) => found === 2)),
    percent(shareOf(chains, ({ found }) => found === 1)),
    String(chains.reduce((sum, { wrong }) => sum + wrong, 0)),
    String(median(chains.map(({ requests }) => requests)) ?? 0),
    (median(chains.map(({ cost }) => cost)) ?? 0).toFixed(1),
  ]
  return `| ${cells.join(' | ')} |`
}

function rowOf(name: string, outcomes: readonly GridOutcome[]): string {
  const of = (is: (outcome: GridOutcome) => boolean) => percent(shareOf(outcomes, is))
  const limited = withLimit(outcomes)
  const errors = errorsOf(outcomes)
  const cells = [
    name,
    String(outcomes.length),
    of(isRight),
    of(({ verdict }) => verdict === 'tie'),
    of(({ verdict }) => verdict === 'undetermined'),
    of(({ verdict }) => verdict === 'wrong'),
    limited.length === 0 ? '' : percent(shareOf(limited, isExact)),
    errors.length === 0 ? '' : percent(quantile(errors, 0.5), 2),
    errors.length === 0 ? '' : percent(quantile(errors, 0.95), 2),
    limited.length === 0 ? '' : (median(costsOf(outcomes)) ?? 0).toFixed(1),
  ]
  return `| ${cells.join(' | ')} |`
}

/** The class is right, or named in a tie. */
export function isRight({ verdict }: GridOutcome): boolean {
  return verdict === 'right' || verdict === 'tie'
}

function isExact({ isLimitExact }: GridOutcome): boolean {
  return isLimitExact === true
}

function withLimit(outcomes: readonly GridOutcome[]): readonly GridOutcome[] {
  return outcomes.filter(({ isLimitExact }) => isLimitExact !== null)
}

function errorsOf(outcomes: readonly GridOutcome[]): readonly number[] {
  return outcomes
    .map(({ spanError, refillError }) => spanError ?? refillError)
    .filter((error) => error !== null)
}

/** Costs of those whose limit says something about them: concurrency is found by other means. */
function costsOf(outcomes: readonly GridOutcome[]): readonly number[] {
  return withLimit(outcomes)
    .filter(({ spanError, name }) => spanError !== null || name.includes('bucket'))
    .map(({ cost }) => cost)
}

function shareOf<T>(values: readonly T[], is: (value: T) => boolean): number {
  return values.length === 0 ? 1 : values.filter(is).length / values.length
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0
}

function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`
}
