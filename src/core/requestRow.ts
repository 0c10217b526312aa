// Request records as rows of fixed size, so that a thread hands over thousands of them as bytes and
// a file holds them as they are. Texts are numbers of a table that travels beside the rows.

import { assert } from './errors.ts'
import {
  type Confidence,
  confidences,
  type Outcome,
  otherName,
  outcomes,
  type RequestRecord,
  type UsageSource,
  usageSources,
} from './record.ts'

/** Raised when the meaning of a word changes. */
export const rowVersion = 1

/** Bytes of a row: `wordsPerRow` 32-bit words, of which two pairs are doubles. */
export const rowBytes = 72
const wordsPerRow = rowBytes / 4
const doublesPerRow = rowBytes / 8

// Words of a row. Instants after the intended one are spans from it; none holds -1.
const seqWord = 0
const scenarioWord = 1
const intendedDouble = 1
const sentWord = 4
const firstByteWord = 5
const firstTokenWord = 6
const endWord = 7
const inFlightWord = 8
const flagsWord = 9
const retryAfterDouble = 5
const phaseWord = 12
const laneAndShapeWord = 13
const limiterAndErrorWord = 14
const promptTokensWord = 15
const completionTokensWord = 16
const bytesInWord = 17

const none = -1
const none16 = 0xffff
const wordMax = 2 ** 31 - 1

// Ids of one generation of texts: with `errorIdsMax`, the next cut starts a new one, so that error
// texts cannot fill memory. What servers say must not use up the ids before the plan has named its
// scenarios, phases, lanes and shapes, so the servers' texts beyond their part become `otherName`.
const errorIdsMax = 20_000
const limiterIdsMax = 30_000
const idsMax = none16

/** Texts that rows refer to: what was added to the table since the last cut. */
export interface RowTexts {
  /** The table starts anew with these. */
  readonly isNew: boolean
  readonly texts: readonly string[]
}

/** Writes records as rows into any memory, and keeps the table of their texts. */
export class RowEncoder {
  readonly #ids = new Map<string, number>()
  #added: string[] = []
  #isNew = true

  /** Writes a record as row number `row`. */
  write(words: Int32Array, doubles: Float64Array, row: number, record: RequestRecord): void {
    const at = row * wordsPerRow
    const { intendedUs } = record
    words[at + seqWord] = record.seq
    words[at + scenarioWord] = this.#idOf(record.scenario)
    doubles[row * doublesPerRow + intendedDouble] = intendedUs
    words[at + sentWord] = spanFrom(intendedUs, record.sentUs)
    words[at + firstByteWord] = spanFrom(intendedUs, record.firstByteUs)
    words[at + firstTokenWord] = spanFrom(intendedUs, record.firstTokenUs)
    words[at + endWord] = spanFrom(intendedUs, record.endUs)
    words[at + inFlightWord] = record.inFlight
    words[at + flagsWord] = flagsOf(record)
    doubles[row * doublesPerRow + retryAfterDouble] = record.retryAfterUs ?? Number.NaN
    words[at + phaseWord] = this.#idOf(record.phase)
    words[at + laneAndShapeWord] = this.#idOf(record.lane) | (this.#idOf(record.shape) << 16)
    const limiter = this.#idWithin(limiterIdsMax, record.limiter)
    const error = this.#idWithin(errorIdsMax, record.error)
    words[at + limiterAndErrorWord] = limiter | (error << 16)
    words[at + promptTokensWord] = countWord(record.promptTokens)
    words[at + completionTokensWord] = countWord(record.completionTokens)
    words[at + bytesInWord] = Math.min(record.bytesIn, 2 ** 32 - 1)
  }

  /** The texts that came with the rows since the last cut; rows of both go together. */
  cut(): RowTexts {
    const texts = { isNew: this.#isNew, texts: this.#added }
    this.#added = []
    this.#isNew = this.#ids.size >= errorIdsMax
    if (this.#isNew) this.#ids.clear()
    return texts
  }

  /** The id of a server's text, of which the first `max` ids of all have room for new ones. */
  #idWithin(max: number, text: string | null): number {
    if (text === null) return none16
    return this.#ids.size < max ? this.#idOf(text) : (this.#ids.get(text) ?? this.#idOf(otherName))
  }

  #idOf(text: string): number {
    const known = this.#ids.get(text)
    if (known !== undefined) return known
    const id = this.#ids.size
    assert(id < idsMax, `expected fewer than ${idsMax} names between two cuts`)
    this.#ids.set(text, id)
    this.#added.push(text)
    return id
  }
}

/** Reads rows back; give it the texts of every cut, in order. */
export class RowDecoder {
  #texts: string[] = []

  add({ isNew, texts }: RowTexts): void {
    if (isNew) this.#texts = []
    for (const text of texts) this.#texts.push(text)
  }

  /** Row number `row` as a record. */
  read(words: Int32Array, doubles: Float64Array, row: number): RequestRecord {
    const at = row * wordsPerRow
    const flags = words[at + flagsWord]!
    const intendedUs = doubles[row * doublesPerRow + intendedDouble]!
    const retryAfterUs = doubles[row * doublesPerRow + retryAfterDouble]!
    const laneAndShape = words[at + laneAndShapeWord]!
    const limiterAndError = words[at + limiterAndErrorWord]!
    const status = flags >>> 16
    return {
      seq: words[at + seqWord]! >>> 0,
      scenario: this.#text(words[at + scenarioWord]!)!,
      phase: this.#text(words[at + phaseWord]!)!,
      lane: this.#text(laneAndShape & none16)!,
      shape: this.#text(laneAndShape >>> 16)!,
      intendedUs,
      sentUs: instantAt(intendedUs, words[at + sentWord]!),
      firstByteUs: instantAt(intendedUs, words[at + firstByteWord]!),
      firstTokenUs: instantAt(intendedUs, words[at + firstTokenWord]!),
      endUs: instantAt(intendedUs, words[at + endWord]!),
      inFlight: words[at + inFlightWord]!,
      outcome: outcomes[flags & 15]!,
      status: status === 0 ? null : status,
      limiter: this.#text(limiterAndError & none16),
      confidence: confidences[((flags >>> 4) & 15) - 1] ?? null,
      retryAfterUs: Number.isNaN(retryAfterUs) ? null : retryAfterUs,
      promptTokens: countAt(words[at + promptTokensWord]!),
      completionTokens: countAt(words[at + completionTokensWord]!),
      usageSource: usageSources[((flags >>> 8) & 15) - 1] ?? null,
      bytesIn: words[at + bytesInWord]! >>> 0,
      error: this.#text(limiterAndError >>> 16),
      stage: ((flags >>> 12) & 1) === 1 ? 'warmup' : 'measure',
    }
  }

  #text(id: number): string | null {
    return id === none16 ? null : (this.#texts[id] ?? null)
  }
}

const outcomeIds = idsOf<Outcome>(outcomes)
const confidenceIds = idsOf<Confidence>(confidences)
const usageSourceIds = idsOf<UsageSource>(usageSources)

function idsOf<T extends string>(names: readonly T[]): Readonly<Record<T, number>> {
  return Object.fromEntries(names.map((name, id) => [name, id])) as Record<T, number>
}

/** outcome: 4 bits; confidence and usage source: 4 bits each, 0 is none; warm-up: 1; status: 16. */
function flagsOf({ outcome, confidence, usageSource, stage, status }: RequestRecord): number {
  const sure = confidence === null ? 0 : confidenceIds[confidence] + 1
  const source = usageSource === null ? 0 : usageSourceIds[usageSource] + 1
  const warmup = stage === 'warmup' ? 1 : 0
  return outcomeIds[outcome] | (sure << 4) | (source << 8) | (warmup << 12) | ((status ?? 0) << 16)
}

function spanFrom(intendedUs: number, us: number | null): number {
  return us === null ? none : Math.min(Math.max(us - intendedUs, 0), wordMax)
}

function instantAt(intendedUs: number, spanUs: number): number | null {
  return spanUs === none ? null : intendedUs + spanUs
}

/** Servers say how many tokens they used, and may say anything. */
function countWord(count: number | null): number {
  return count === null ? none : Math.min(count, wordMax)
}

function countAt(word: number): number | null {
  return word === none ? null : word
}
