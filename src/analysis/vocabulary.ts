// The words of statements: metrics, their arguments, fields and filters. A word that is not among
// them is answered with the nearest one that is.

import { outcomes } from '../core/record.ts'
import { nearest } from '../core/text.ts'

/** A statement that cannot be understood, with what was expected. */
export class StatementError extends Error {
  override readonly name = 'StatementError'
}

const fieldsOfFirst = ['limiter', 'seq', 'admitted', 'tokens', 'at', 'status', 'confidence']
const fieldsOfLimit = [
  ...['overshoot', 'observed', 'rejections', 'recovered', 'window'],
  ...['retry_after', 'retry_error'],
]
/** Whether concurrency beyond a number of slots queues or is rejected, over the phases of a ladder. */
const fieldsOfLadder = ['kind', 'slots']
export const quantileMeasures = ['response', 'service', 'ttft', 'tpot', 'itl'] as const
const outcomeArguments: readonly string[] = [...outcomes, 'sent', 'all']

interface MetricWords {
  /** Null: any name. ['']: none, and the brackets may be left out. */
  readonly arguments: readonly string[] | null
  readonly fields: readonly string[]
}

const limiterWords: MetricWords = { arguments: null, fields: fieldsOfFirst }
const outcomeWords: MetricWords = { arguments: outcomeArguments, fields: [] }
const plainWords: MetricWords = { arguments: [''], fields: [] }
const quantileWords: MetricWords = { arguments: quantileMeasures, fields: [] }

const metrics = {
  first: limiterWords,
  first_rejection: limiterWords,
  limit: { arguments: null, fields: fieldsOfLimit },
  count: outcomeWords,
  share: outcomeWords,
  rate: outcomeWords,
  tokens: outcomeWords,
  tokens_per_s: plainWords,
  goodput: plainWords,
  offered: plainWords,
  value: { arguments: null, fields: [] },
  ladder: { arguments: [''], fields: fieldsOfLadder },
  min: quantileWords,
  mean: quantileWords,
  p50: quantileWords,
  p90: quantileWords,
  p95: quantileWords,
  p99: quantileWords,
  p999: quantileWords,
  max: quantileWords,
} as const satisfies Record<string, MetricWords>

export type MetricName = keyof typeof metrics

/** What happens once: 'rejected(tokens) within 60s of start'. */
export const eventNames = ['rejected', 'recovered'] as const
export type EventName = (typeof eventNames)[number]

const filterNames = ['shape', 'lane', 'outcome', 'phase'] as const
export type FilterName = (typeof filterNames)[number]

/** The fields that are spans of time. */
export const timeFields: readonly string[] = [
  ...['at', 'window', 'recovered'],
  ...['retry_after', 'retry_error'],
]

/** The fields that are words. */
export const textFields: readonly string[] = ['limiter', 'confidence', 'kind']

export function metricNamed(name: string): MetricName {
  if (Object.hasOwn(metrics, name)) return name as MetricName
  throw new StatementError(unknownWord('metric', name, Object.keys(metrics)))
}

/** Whether a metric takes no argument, and so needs no brackets: 'goodput'. */
export function isPlainMetric(name: string): name is MetricName {
  return Object.hasOwn(metrics, name) && metrics[name as MetricName].arguments?.[0] === ''
}

export function checkArgument(name: MetricName, argument: string): void {
  const allowed = metrics[name].arguments
  if (allowed === null ? argument !== '' : allowed.includes(argument as never)) return
  const expected = allowed ?? ['the name of a phase or limiter']
  throw new StatementError(unknownWord(`argument of ${name}()`, argument, expected))
}

export function checkField(name: MetricName, field: string | null, text: string): void {
  const { fields } = metrics[name] as MetricWords
  if (field === null) {
    if (fields.length === 0) return
    throw new StatementError(`expected ${name}(…).${fields.join('|')}, got '${text}'`)
  }
  if (!fields.includes(field)) {
    throw new StatementError(unknownWord(`field of ${name}(…)`, field, fields))
  }
}

export function eventNamed(name: string): EventName {
  if ((eventNames as readonly string[]).includes(name)) return name as EventName
  throw new StatementError(unknownWord('event', name, eventNames))
}

export function filterNamed(name: string): FilterName {
  if ((filterNames as readonly string[]).includes(name)) return name as FilterName
  throw new StatementError(
    `${unknownWord('filter', name, filterNames)}; write {shape=cheap, lane=free}`,
  )
}

/** "unknown shape 'chep': did you mean 'cheap'?" */
export function unknownWord(what: string, got: string, known: readonly string[]): string {
  const suggestion = nearest(got, known)
  const hint =
    suggestion === undefined ? `expected ${known.join(', ')}` : `did you mean '${suggestion}'?`
  return `unknown ${what} '${got}': ${hint}`
}
