// Request records and their rows for tests.

import fc from 'fast-check'
import { confidences, outcomes, type RequestRecord, usageSources } from '../core/record.ts'
import { type RowEncoder, rowBytes } from '../core/requestRow.ts'
import type { JournalBatch } from '../recording/journalFormat.ts'

export function requestRecord(changes: Partial<RequestRecord> = {}): RequestRecord {
  return {
    seq: 1,
    scenario: 'many-cheap',
    phase: 'steady',
    lane: 'free',
    shape: 'cheap',
    intendedUs: 1_000_000,
    sentUs: 1_000_020,
    firstByteUs: 1_000_900,
    firstTokenUs: null,
    endUs: 1_001_000,
    inFlight: 40,
    outcome: 'ok',
    status: 200,
    limiter: null,
    confidence: null,
    retryAfterUs: null,
    promptTokens: 8,
    completionTokens: 16,
    usageSource: 'body',
    bytesIn: 500,
    error: null,
    stage: 'measure',
    ...changes,
  }
}

const anyName = fc.oneof(fc.constantFrom('a', 'b', 'c'), fc.string({ unit: 'grapheme' }))
const anySpanUs = fc.option(fc.nat(2 ** 31 - 1))
const anyCount = fc.option(fc.nat(2 ** 31 - 1))
const anyText = fc.option(fc.oneof(fc.constantFrom('=1', 'x', ''), fc.string({ unit: 'binary' })))

/** Any record that a row can hold exactly. */
export const anyRecord: fc.Arbitrary<RequestRecord> = fc
  .record({
    seq: fc.nat(2 ** 32 - 1),
    scenario: anyName,
    phase: anyName,
    lane: anyName,
    shape: anyName,
    intendedUs: fc.nat(2 ** 45),
    sentUs: anySpanUs,
    firstByteUs: anySpanUs,
    firstTokenUs: anySpanUs,
    endUs: anySpanUs,
    inFlight: fc.nat(1e6),
    outcome: fc.constantFrom(...outcomes),
    status: fc.option(fc.integer({ min: 1, max: 65_535 })),
    limiter: anyText,
    confidence: fc.option(fc.constantFrom(...confidences)),
    retryAfterUs: fc.option(fc.nat(2 ** 52)),
    promptTokens: anyCount,
    completionTokens: anyCount,
    usageSource: fc.option(fc.constantFrom(...usageSources)),
    bytesIn: fc.nat(2 ** 32 - 1),
    error: anyText,
    stage: fc.constantFrom('warmup', 'measure'),
  })
  .map((record) => {
    const at = (spanUs: number | null) => (spanUs === null ? null : record.intendedUs + spanUs)
    const { sentUs, firstByteUs, firstTokenUs, endUs } = record
    return {
      ...record,
      sentUs: at(sentUs),
      firstByteUs: at(firstByteUs),
      firstTokenUs: at(firstTokenUs),
      endUs: at(endUs),
    }
  })

/** The records as the next batch of an engine thread, whose encoder is given. */
export function batchOf(
  source: number,
  encoder: RowEncoder,
  records: readonly RequestRecord[],
): JournalBatch {
  const rows = new Uint8Array(records.length * rowBytes)
  const words = new Int32Array(rows.buffer)
  const doubles = new Float64Array(rows.buffer)
  for (const [row, record] of records.entries()) encoder.write(words, doubles, row, record)
  return { source, texts: encoder.cut(), rows }
}
