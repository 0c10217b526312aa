// From an exchange to an outcome and, for rejections, to the limiter behind it: by what the response
// says, else by what the lane's ledger allows. Must not know how requests are made.

import type { Clock } from '../core/clock.ts'
import type { NamedLimiter, RequestCost } from '../core/limits.ts'
import {
  type Confidence,
  type Outcome,
  otherName,
  type RequestRecord,
  type UsageSource,
} from '../core/record.ts'
import type { Micros } from '../core/units.ts'
import type { LimitSignal, Rejection, ResponseView } from '../dialects/dialect.ts'
import { outcomeOf, type Reading, type ResponseReader } from '../dialects/read.ts'
import { usageMark, usageOfBody, usageOfFields, usageOfJson } from '../dialects/usage.ts'
import type { Exchange } from '../drivers/driver.ts'
import { Ledger, type LedgerEntry } from '../limiters/ledger.ts'
import { advertisedLimiters } from './advertised.ts'

/** What became of one request. */
export interface Attribution {
  readonly outcome: Outcome
  readonly limiter: string | null
  readonly confidence: Confidence | null
  readonly retryAfterUs: Micros | null
  readonly promptTokens: number | null
  readonly completionTokens: number | null
  readonly usageSource: UsageSource | null
  readonly error: string | null
  readonly evidence: readonly string[]
  readonly signals: readonly LimitSignal[]
  /** Who recognised the response; null: nobody had to. */
  readonly dialect: Reading['dialect']
}

/** Limiters that responses may name, per lane; the rest go by one name. */
const namesMax = 100

const nothing = {
  limiter: null,
  confidence: null,
  retryAfterUs: null,
  promptTokens: null,
  completionTokens: null,
  usageSource: null,
  error: null,
  evidence: [],
  signals: [],
  dialect: null,
} as const

const noEntry: LedgerEntry = []

const noReading: Reading = { dialect: null, rejection: null, signals: [] }

const plainSuccess: Attribution = { ...nothing, outcome: 'ok' }

/** The instants of an exchange that has ended. */
type ExchangeTimes = Pick<RequestRecord, 'sentUs' | 'firstByteUs' | 'endUs'>

/** Attributes the exchanges of one lane, in the order of their ends. */
export class Attributor {
  readonly #read: ResponseReader
  readonly #epochMs: number
  readonly #isDeclared: boolean
  readonly #names = new Set<string>()
  readonly #memory = new ReadingMemory()
  #ledger: Ledger

  constructor(read: ResponseReader, limiters: readonly NamedLimiter[], epochMs: number) {
    this.#read = read
    this.#epochMs = epochMs
    this.#isDeclared = limiters.length > 0
    this.#ledger = new Ledger(limiters)
  }

  /** How long after a request was sent the target may have decided, by the slowest first byte. */
  slackUs: Micros = 0

  get ledger(): Ledger {
    return this.#ledger
  }

  /** A request is sent now. */
  sent(estimate: RequestCost, clock: Clock): LedgerEntry {
    if (this.#ledger.limiters.length === 0) return noEntry
    return this.#ledger.sent(estimate, clock.nowUs())
  }

  /** A success that says nothing new about limits, or of usage: many are, and must cost nothing. */
  isPlainSuccess(exchange: Exchange): boolean {
    const { status, stream, failure } = exchange
    if (status === null || status >= 400 || failure !== null) return false
    if (stream !== null || exchange.hasUsageFields) return false
    return !this.#isOfInterest(exchange) && !exchange.bodyHas(usageMark)
  }

  /** Whether what a success may say about limits is asked for: by a rule, or to learn them. */
  #isOfInterest(exchange: Exchange): boolean {
    return !this.#read.ignoresPlainSuccess || (exchange.hasLimitFields && this.#isLearning)
  }

  /** A plain success: nothing more than its times is needed. */
  succeeded(estimate: RequestCost, entry: LedgerEntry, times: ExchangeTimes): Attribution {
    this.#waited(times)
    if (entry.length > 0) this.#admitted(entry, estimate, times)
    return plainSuccess
  }

  ended(estimate: RequestCost, entry: LedgerEntry, exchange: Exchange): Attribution {
    if (this.isPlainSuccess(exchange)) return this.succeeded(estimate, entry, exchange)
    const { endUs, failure } = exchange
    this.#waited(exchange)
    if (failure !== null) {
      this.#ledger.lost(entry, endUs)
      return { ...nothing, outcome: failure.kind, error: failure.message }
    }
    const view = new ExchangeView(exchange, this.#epochMs)
    const reading = this.#reading(exchange, view)
    const outcome = outcomeOf(view.status, reading)
    if (outcome === 'limited') return this.#limited(entry, view, reading, endUs)
    if (outcome === 'ok') {
      const usage = usageIn(exchange, view)
      const actual = actualCost(usage, estimate)
      this.#admitted(entry, actual, exchange)
      this.#learn(reading.signals, endUs)
      return { ...nothing, outcome, ...usage, signals: reading.signals, dialect: reading.dialect }
    }
    this.#ledger.lost(entry, endUs)
    const { signals, dialect } = reading
    return { ...nothing, outcome, error: errorText(view), signals, dialect }
  }

  #admitted(entry: LedgerEntry, actual: RequestCost, { firstByteUs, endUs }: ExchangeTimes): void {
    this.#ledger.admitted(entry, actual, endUs!, firstByteUs ?? endUs!)
  }

  #reading(exchange: Exchange, view: ExchangeView): Reading {
    if (view.status < 400 && !this.#isOfInterest(exchange)) return noReading
    return (
      this.#memory.recall(exchange, view) ?? this.#memory.keep(exchange, view, this.#read(view))
    )
  }

  /** Whether advertised limits are still of use. */
  get #isLearning(): boolean {
    return !this.#isDeclared && this.#ledger.limiters.length === 0
  }

  #waited({ sentUs, firstByteUs, endUs }: ExchangeTimes): void {
    const waitedUs = (firstByteUs ?? endUs!) - (sentUs ?? endUs!)
    if (waitedUs > this.slackUs) this.slackUs = waitedUs
  }

  #limited(entry: LedgerEntry, view: ResponseView, reading: Reading, endUs: Micros): Attribution {
    const rejection = reading.rejection!
    const named = this.#nameOf(rejection)
    const told = this.#ledger.rejected(entry, endUs, named)
    const { signals, dialect } = reading
    const common = {
      ...nothing,
      outcome: 'limited',
      retryAfterUs: rejection.retryAfterUs,
      signals,
      dialect,
    } as const
    const evidence = [...rejection.evidence, ...told.evidence]
    if (told.limiter !== null) {
      return { ...common, limiter: told.limiter, confidence: told.confidence, evidence }
    }
    const spent = signals.filter(({ remaining }) => remaining !== null && remaining <= 0)
    const spentName = spent[0]?.name ?? spent[0]?.unit
    if (spent.length === 1 && spentName) {
      const why = [...evidence, `nothing remains: ${spent[0]!.evidence}`]
      return { ...common, limiter: spentName, confidence: 'inferred', evidence: why }
    }
    return { ...common, limiter: `status-${view.status}`, confidence: 'unknown', evidence }
  }

  /** The limiter a response names, by the name it was declared under where the unit tells. */
  #nameOf(rejection: Rejection): string | undefined {
    if (rejection.limiter === null) return undefined
    const { limiters } = this.#ledger
    if (limiters.some(({ name }) => name === rejection.limiter)) return rejection.limiter
    const sameUnit = limiters.filter(({ model }) => model.unit === rejection.unit)
    return sameUnit.length === 1 ? sameUnit[0]!.name : this.#bounded(rejection.limiter)
  }

  /** A target that makes up a name per rejection must not make us remember them all. */
  #bounded(name: string): string {
    if (this.#names.size >= namesMax && !this.#names.has(name)) return otherName
    this.#names.add(name)
    return name
  }

  /** Without declared limits, the first advertised ones are taken at their word. */
  #learn(signals: readonly LimitSignal[], nowUs: Micros): void {
    if (!this.#isLearning || signals.length === 0) return
    const advertised = advertisedLimiters(signals)
    if (advertised.length === 0) return
    this.#ledger = new Ledger(advertised.map(({ limiter }) => limiter))
    for (const [i, { used }] of advertised.entries()) this.#ledger.spend(i, used, nowUs)
  }
}

/** Tokens as the response tells them; a stream without usage still shows how many came. */
export function usageIn(
  exchange: Exchange,
  view: ResponseView,
): Pick<Attribution, 'promptTokens' | 'completionTokens' | 'usageSource'> {
  const { stream } = exchange
  const usage =
    (exchange.hasUsageFields ? usageOfFields(view) : null) ??
    usageOfBody(view) ??
    (stream === null ? null : usageOfJson(stream.usage, 'stream'))
  if (usage !== null) {
    const { promptTokens, completionTokens, source } = usage
    return { promptTokens, completionTokens, usageSource: source }
  }
  const completionTokens = stream?.tokenEvents ?? null
  const usageSource = completionTokens === null ? null : 'estimate'
  return { promptTokens: null, completionTokens, usageSource }
}

/** What the ledger charges: what was used, else what was expected. */
function actualCost(
  { promptTokens, completionTokens }: ReturnType<typeof usageIn>,
  estimate: RequestCost,
): RequestCost {
  return {
    promptTokens: promptTokens ?? estimate.promptTokens,
    completionTokens: completionTokens ?? estimate.completionTokens,
    usd: 0,
  }
}

/** An exchange as dialects see it; notes whether the time of its receipt was looked at. */
export class ExchangeView implements ResponseView {
  readonly status: number
  readonly body: string
  readonly #exchange: Exchange
  readonly #epochMs: number
  #headers: Readonly<Record<string, string>> | null = null
  /** What was read depends on when it was read. */
  isTimed = false

  constructor(exchange: Exchange, epochMs: number) {
    this.#exchange = exchange
    this.#epochMs = epochMs
    const errorBody = exchange.stream?.errorBody ?? null
    // An error inside a 200 stream is read as the response it would have been.
    this.status = errorBody === null ? (exchange.status ?? 0) : statusOfError(errorBody)
    this.body = errorBody ?? exchange.body
  }

  get headers(): Readonly<Record<string, string>> {
    this.#headers ??= this.#exchange.headers
    return this.#headers
  }

  get receivedUnixMs(): number {
    this.isTimed = true
    return this.#epochMs + this.#exchange.endUs / 1000
  }
}

/**
 * The last reading, for responses that are the same byte for byte: rejections come in thousands, and
 * to read one costs more than to send a request.
 */
class ReadingMemory {
  #headKey: object | null = null
  #body = ''
  #reading: Reading = noReading

  recall({ headKey }: Exchange, { body }: ExchangeView): Reading | null {
    return headKey !== null && headKey === this.#headKey && body === this.#body
      ? this.#reading
      : null
  }

  keep({ headKey }: Exchange, { body, isTimed }: ExchangeView, reading: Reading): Reading {
    if (headKey !== null && !isTimed) {
      this.#headKey = headKey
      this.#body = body
      this.#reading = reading
    }
    return reading
  }
}

/** The status an error event would have had: as it says, 429 for rate limits, else 500. */
function statusOfError(body: string): number {
  const error = (JSON.parse(body) as { error?: Record<string, unknown> | null }).error
  const said = [error?.status, error?.code, error?.status_code].map(Number)
  const status = said.find((code) => Number.isInteger(code) && code >= 400 && code <= 599)
  if (status !== undefined) return status
  return /rate.?limit|quota|too many|overloaded|exhausted/i.test(body) ? 429 : 500
}

function errorText(view: ResponseView): string {
  const text = view.body.trim()
  return text === '' ? `status ${view.status}` : `status ${view.status}: ${text}`
}
