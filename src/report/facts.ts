// The tables of a report in words, the same in HTML and Markdown.

import type { CheckResult, LimiterSummary, RunSummary, SeriesSummary } from '../analysis/result.ts'
import {
  formatCount,
  formatInstant,
  formatInteger,
  formatRate,
  formatShare,
  formatSpan,
  unknown,
} from '../core/format.ts'
import { limitOf, windowUsOf } from '../core/limits.ts'
import { otherName } from '../core/record.ts'
import { safeLine } from '../core/text.ts'
import type { ErrorKind } from '../recording/errorKinds.ts'

/** A column; `text` is free text of any length, `verdict` one of the words of checks. */
export interface FactColumn {
  readonly title: string
  readonly kind: 'name' | 'number' | 'text' | 'verdict'
}

export interface FactTable {
  readonly title: string
  readonly columns: readonly FactColumn[]
  readonly rows: readonly (readonly string[])[]
}

/** Rows of a table; what is beyond them is counted in a last row. */
const rowsMax = 200

/** `titles` as in 'name:limiter number:rejected'. */
export function factTable(
  title: string,
  titles: readonly `${FactColumn['kind']}:${string}`[],
  rows: readonly (readonly string[])[],
): FactTable {
  const columns = titles.map((text) => {
    const [kind, ...rest] = text.split(':')
    return { kind: kind as FactColumn['kind'], title: rest.join(':') }
  })
  const clean = rows.slice(0, rowsMax).map((row) => row.map((cell) => safeLine(cell, 400)))
  const more = rows.length - clean.length
  const last = [`and ${formatInteger(more)} more`, ...columns.slice(1).map(() => '')]
  return { title, columns, rows: more > 0 ? [...clean, last] : clean }
}

/** Every limiter that was declared or seen, with what is known about it. */
export function limiterFacts({ scenarios }: RunSummary): FactTable {
  return factTable(
    'Limiters',
    [
      'name:limiter',
      'name:scenario, lane',
      'text:declared',
      'number:observed',
      'text:first rejection',
      'text:admitted before',
      'number:overshoot',
      'number:admits again',
      'text:Retry-After',
      'number:rejections',
      'text:evidence',
    ],
    scenarios
      .flatMap(({ limiters }) => limiters)
      .map((limiter) => [
        limiter.limiter,
        placeOf(limiter),
        declaredText(limiter),
        limiter.observedLimit === null ? unknown : formatInteger(limiter.observedLimit),
        firstText(limiter),
        admittedText(limiter),
        limiter.overshoot === null ? unknown : formatCount(limiter.overshoot),
        formatSpan(limiter.first?.recoveredAfterUs ?? null),
        retryAfterText(limiter),
        formatInteger(limiter.rejections),
        limiter.first === null ? '' : `${limiter.first.confidence}: ${limiter.first.evidence}`,
      ]),
  )
}

function placeOf({ scenario, lane }: { scenario: string; lane: string }): string {
  return `${scenario}, ${lane}`
}

function declaredText({ declared }: LimiterSummary): string {
  if (declared === null) return unknown
  const { algorithm, unit, charge } = declared.model
  const windowUs = windowUsOf(algorithm)
  const window = windowUs === null ? '' : ` per ${formatSpan(windowUs)}`
  const charged = unit === 'requests' ? '' : `, charged ${charge}`
  return `${formatInteger(limitOf(algorithm))} ${unit}${window}, ${algorithm.kind}${charged}`
}

function firstText({ first }: LimiterSummary): string {
  if (first === null) return 'never'
  return `${formatInstant(first.us)}, request ${formatInteger(first.seq)}`
}

/** '60 requests, 1,440 tokens', as brackets where requests overlapped. */
export function admittedText({ first }: LimiterSummary): string {
  if (first === null) return ''
  const { requestsMin, requestsMax, tokensMin, tokensMax } = first.admitted
  return `${bracket(requestsMin, requestsMax)} requests, ${bracket(tokensMin, tokensMax)} tokens`
}

function bracket(least: number, most: number): string {
  return least === most ? formatInteger(least) : `${formatInteger(least)}–${formatInteger(most)}`
}

/** Servers round to whole seconds: less than that is no lie. */
const toleranceUs = 1_000_000

/** Whether the target kept what its Retry-After said. */
export function retryAfterText({ first }: LimiterSummary): string {
  if (first === null) return ''
  const { retryAfterUs, recoveredAfterUs, rejectedAfterWait } = first
  if (retryAfterUs === null) return 'not sent'
  const asked = formatSpan(retryAfterUs)
  if (rejectedAfterWait > 0) {
    return `${asked}: too short, ${formatInteger(rejectedAfterWait)} rejected after waiting`
  }
  if (recoveredAfterUs === null) return `${asked}: not tested`
  const earlyUs = retryAfterUs - recoveredAfterUs
  if (earlyUs > toleranceUs) return `${asked}: too long, admitted ${formatSpan(earlyUs)} before`
  return `${asked}: kept`
}

export function checkFacts({ scenarios }: RunSummary): FactTable {
  return factTable(
    'Expectations',
    ['text:expectation', 'name:scenario', 'verdict:verdict', 'text:found'],
    scenarios.flatMap(({ name, checks }) =>
      checks.map((check) => [check.statement, name, check.verdict, againText(check)]),
    ),
  )
}

/** What was found, and how to ask for it again where a step has failed. */
function againText(check: CheckResult): string {
  const found = foundText(check)
  return check.request === undefined ? found : `${found}; again: ${check.request}`
}

/** What was found, or why nothing could be told. */
export function foundText({ actual, reason }: CheckResult): string {
  if (actual === '' || actual === reason) return reason
  return reason === '' ? actual : `${actual}: ${reason}`
}

export function seriesFacts({ scenarios }: RunSummary): FactTable {
  return factTable(
    'Requests',
    [
      'name:shape',
      'name:scenario, lane',
      'name:outcome',
      'number:requests',
      'number:share',
      'number:rate',
      'number:p50',
      'number:p90',
      'number:p99',
      'number:p99.9',
      'number:max',
      'number:ttft p50',
      'number:ttft p99',
      'number:itl p50',
      'number:tokens/s',
    ],
    scenarios.flatMap(({ series }) => series).map(seriesRow),
  )
}

function seriesRow(series: SeriesSummary): string[] {
  const { response, ttft, itl } = series
  return [
    series.shape,
    placeOf(series),
    series.outcome,
    formatInteger(series.count),
    formatShare(series.share),
    formatRate(series.ratePerS),
    formatSpan(response.p50Us),
    formatSpan(response.p90Us),
    formatSpan(response.p99Us),
    formatSpan(response.p999Us),
    formatSpan(response.maxUs),
    formatSpan(ttft.p50Us),
    formatSpan(ttft.p99Us),
    formatSpan(itl.p50Us),
    series.tokensPerS === null ? unknown : formatCount(series.tokensPerS),
  ]
}

export function errorFacts({ scenarios }: RunSummary): FactTable {
  return factTable(
    'Errors',
    [
      'name:outcome',
      'name:scenario',
      'number:status',
      'number:requests',
      'number:first',
      'number:last',
      'text:sample',
    ],
    scenarios
      .flatMap(({ errors }) => errors)
      .map((kind) => [
        kind.outcome,
        kind.scenario,
        kind.status === null ? '' : String(kind.status),
        formatInteger(kind.count),
        formatInstant(kind.firstUs),
        formatInstant(kind.lastUs),
        sampleText(kind),
      ]),
  )
}

function sampleText({ sample }: ErrorKind): string {
  return sample === otherName ? 'errors of more kinds than are kept apart' : sample
}

/** What steps captured. */
export function valueFacts({ scenarios }: RunSummary): FactTable {
  return factTable(
    'Captured by steps',
    ['name:value', 'name:scenario', 'text:is'],
    scenarios.flatMap(({ name, values }) =>
      Object.entries(values).map(([key, value]) => [key, name, String(value)]),
    ),
  )
}

/** What the generator measured about itself. */
export function healthFacts({ health }: RunSummary): FactTable {
  const { readings } = health
  const { thread, host, lag, stalls, sentinel } = readings
  const rows: [string, string][] = [
    ['planned, sent', `${formatInteger(readings.planned)}, ${formatInteger(readings.sent)}`],
    ['send lag p50, p99, max', spans(lag.p50Us, lag.p99Us, lag.maxUs)],
    ["the machine's own stalls p99, max", spans(stalls?.p99Us, stalls?.maxUs)],
    ['pacing', readings.pacing],
    ['event loop late p50, p99, max', threadSpans(thread)],
    ['event loop busy', formatShare(thread?.loopBusyShare ?? null)],
    ['longest garbage collection', formatSpan(thread?.gcMaxUs ?? null)],
    ['distance of the gaps from the plan', readings.arrivalDistance?.toFixed(4) ?? unknown],
    ['highest rate asked for', formatRate(readings.peakPerS)],
    ['highest rate it could send here', formatRate(readings.ceilingPerS)],
    ['probe beside the run p90, idle p90', spans(sentinel?.p90Us, sentinel?.p90UsIdle)],
    ['CPU busy, stolen', `${formatShare(host.busyShare)}, ${formatShare(host.stealShare)}`],
    ['file descriptors in use', formatShare(host.descriptorsShare)],
    ['ephemeral ports in use', formatShare(host.portsShare)],
    ['rows missing in requests.csv', formatInteger(readings.lostRows)],
  ]
  return factTable('Generator', ['name:reading', 'number:value'], rows)
}

type Thread = RunSummary['health']['readings']['thread']

function threadSpans(thread: Thread): string {
  return spans(thread?.loopDelayP50Us, thread?.loopDelayP99Us, thread?.loopDelayMaxUs)
}

function spans(...values: readonly (number | null | undefined)[]): string {
  return values.map((us) => formatSpan(us ?? null)).join(', ')
}
