// The one flat record of a request and its one column list; everything else is a fold over these.

import type { Micros } from './units.ts'

/** How a planned request ended; decided by the dialect, never by the status alone. */
export const outcomes = [
  'ok',
  'limited',
  'refused',
  'failed',
  'timeout',
  'broken',
  'aborted',
  'unsent',
] as const
export type Outcome = (typeof outcomes)[number]

/** Something for every outcome. */
export function byOutcome<T>(make: (outcome: Outcome) => T): Record<Outcome, T> {
  const entries: [string, T][] = outcomes.map((outcome) => [outcome, make(outcome)])
  return Object.fromEntries(entries) as Record<Outcome, T>
}

/** A zero for every outcome. */
export function emptyCounts(): Record<Outcome, number> {
  return byOutcome(() => 0)
}

/** How sure we are which limiter rejected. */
export const confidences = ['named', 'inferred', 'ambiguous', 'unknown'] as const
export type Confidence = (typeof confidences)[number]

/** Stands for all names beyond the number that is kept apart. */
export const otherName = '__other__'

/** Where token counts came from. */
export const usageSources = ['header', 'body', 'stream', 'estimate'] as const
export type UsageSource = (typeof usageSources)[number]

/** Warm-up requests are recorded, but not reported. */
export type Stage = 'warmup' | 'measure'

/** Instants are µs since the run's epoch; null is "missing", never 0. */
export interface RequestRecord {
  readonly seq: number
  readonly scenario: string
  readonly phase: string
  readonly lane: string
  readonly shape: string
  readonly intendedUs: Micros
  readonly sentUs: Micros | null
  readonly firstByteUs: Micros | null
  readonly firstTokenUs: Micros | null
  readonly endUs: Micros | null
  /** Other requests in flight when this one was sent. */
  readonly inFlight: number
  readonly outcome: Outcome
  readonly status: number | null
  readonly limiter: string | null
  readonly confidence: Confidence | null
  readonly retryAfterUs: Micros | null
  readonly promptTokens: number | null
  readonly completionTokens: number | null
  readonly usageSource: UsageSource | null
  readonly bytesIn: number
  readonly error: string | null
  readonly stage: Stage
}

type Field = keyof RequestRecord

interface RecordColumn {
  readonly field: Field
  readonly column: string
  readonly kind: 'number' | 'text'
  /** The CSV cell is the field divided by this. */
  readonly divisor: number
}

const text = (field: Field, column: string): RecordColumn => ({
  field,
  column,
  kind: 'text',
  divisor: 1,
})
const number = (field: Field, column: string, divisor = 1): RecordColumn => ({
  field,
  column,
  kind: 'number',
  divisor,
})

/** Columns of `requests.csv` after `run_id`, in order; every field is there once. */
export const recordColumns: readonly RecordColumn[] = [
  number('seq', 'seq'),
  text('scenario', 'scenario'),
  text('phase', 'phase'),
  text('lane', 'lane'),
  text('shape', 'shape'),
  number('intendedUs', 'intended_us'),
  number('sentUs', 'sent_us'),
  number('firstByteUs', 'first_byte_us'),
  number('firstTokenUs', 'first_token_us'),
  number('endUs', 'end_us'),
  number('inFlight', 'in_flight'),
  text('outcome', 'outcome'),
  number('status', 'status'),
  text('limiter', 'limiter'),
  text('confidence', 'limiter_confidence'),
  number('retryAfterUs', 'retry_after_ms', 1000),
  number('promptTokens', 'prompt_tokens'),
  number('completionTokens', 'completion_tokens'),
  text('usageSource', 'usage_source'),
  number('bytesIn', 'bytes_in'),
  text('error', 'error'),
  text('stage', 'stage'),
]

/** A record that stays as it is: the engine uses its own again. */
export function copyRecord(record: RequestRecord): RequestRecord {
  const cells = recordColumns.map(({ field }) => [field, record[field]])
  return Object.fromEntries(cells) as RequestRecord
}

/** Response time: from the intended start, so that the generator's own delays count. */
export function responseUs(record: RequestRecord): Micros | null {
  return record.endUs === null ? null : record.endUs - record.intendedUs
}

/** Service time: from the actual send. */
export function serviceUs(record: RequestRecord): Micros | null {
  return record.endUs === null || record.sentUs === null ? null : record.endUs - record.sentUs
}

/** How late the generator was. */
export function sendLagUs(record: RequestRecord): Micros | null {
  return record.sentUs === null ? null : record.sentUs - record.intendedUs
}

/** Time to first token, from the actual send. */
export function ttftUs(record: RequestRecord): Micros | null {
  return record.firstTokenUs === null || record.sentUs === null
    ? null
    : record.firstTokenUs - record.sentUs
}

/** Time per output token after the first: (end − first token) / (tokens − 1). */
export function tpotUs(record: RequestRecord): Micros | null {
  const { firstTokenUs, endUs, completionTokens } = record
  if (firstTokenUs === null || endUs === null || completionTokens === null) return null
  return completionTokens < 2 ? null : Math.round((endUs - firstTokenUs) / (completionTokens - 1))
}
