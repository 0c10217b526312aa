// The state of a run as somebody watching wants to see it: a fold over slices, with a short
// memory. Snapshots are plain data; drawing them is somebody else's business.

import type { RunEvent } from '../core/event.ts'
import { LatencyHistogram } from '../core/histogram.ts'
import { valueAt } from '../core/latencyCounts.ts'
import type { LimiterGauge, Progress } from '../core/progress.ts'
import { type Confidence, emptyCounts, type Outcome } from '../core/record.ts'
import type { Micros } from '../core/units.ts'
import { addCounts } from './series.ts'
import type { SeriesCut, Slice } from './slice.ts'

/** One limiter on one lane. */
export interface LiveLimiter {
  readonly lane: string
  readonly limiter: string
  readonly gauge: LimiterGauge | null
  readonly rejections: number
  /** The first rejection in the scenario under way. */
  readonly first: {
    readonly us: Micros
    readonly seq: number
    readonly admittedRequests: number
    readonly admittedTokens: number
    readonly confidence: Confidence
  } | null
  /** When the target says to come back, by the last rejection; null when it does not say. */
  readonly retryAtUs: Micros | null
  /** Rejecting at the moment: the last answer of the lane was its rejection. */
  readonly isClosed: boolean
}

export interface LiveLatency {
  readonly count: number
  readonly p50Us: Micros | null
  readonly p90Us: Micros | null
  readonly p99Us: Micros | null
  readonly maxUs: Micros | null
}

/** One bar of the histogram: samples up to `upToUs`. */
export interface LiveBar {
  readonly upToUs: Micros
  readonly count: number
}

/** How the generator itself does. */
export interface LiveHealth {
  readonly verdict: 'VALID' | 'SUSPECT' | 'INVALID'
  readonly reasons: readonly string[]
  readonly lagP99Us: Micros | null
  readonly loopDelayP99Us: Micros | null
}

/** Everything the dashboard draws. */
export interface LiveSnapshot {
  readonly runId: string
  readonly target: string
  readonly scenarios: readonly { readonly name: string; readonly state: 'done' | 'now' | 'next' }[]
  readonly nowUs: Micros
  readonly progress: Progress | null
  readonly limiters: readonly LiveLimiter[]
  /** Response times of the scenario under way, of answers that were OK; and its bars. */
  readonly ok: LiveLatency
  readonly bars: readonly LiveBar[]
  /** Response times of rejections: never mixed with the above. */
  readonly limited: LiveLatency
  readonly counts: Readonly<Record<Outcome, number>>
  /** Over the last seconds. */
  readonly endedPerS: number
  readonly okPerS: number
  readonly tokensPerS: number
  /** Requests ended per second, one value per second, oldest first. */
  readonly history: readonly number[]
  readonly ttft: LiveLatency
  readonly events: readonly RunEvent[]
  readonly health: LiveHealth
}

/** Rates are taken over this long. */
const rateUs = 3_000_000
const historySeconds = 60
const eventsMax = 200

/** Edges of the bars: a factor of √2 apart, from 0.1 ms to some minutes. */
const barEdgesUs = Array.from({ length: 44 }, (_, i) => Math.round(100 * 2 ** (i / 2)))

interface Second {
  ended: number
  ok: number
  tokens: number
}

export interface LiveOptions {
  readonly runId: string
  readonly target: string
  readonly scenarios: readonly string[]
}

interface LimiterMemory {
  rejections: number
  first: LiveLimiter['first']
  retryAtUs: Micros | null
  lane: string
  limiter: string
}

/** Collects for the dashboard; `snapshot` may be called as often as anybody likes. */
export class LiveFold {
  readonly #options: LiveOptions
  readonly #counts = emptyCounts()
  readonly #seconds = new Map<number, Second>()
  readonly #events: RunEvent[] = []
  readonly #limiters = new Map<string, LimiterMemory>()
  readonly #lastLimiter = new Map<string, string | null>()
  readonly #ok = new LatencyHistogram()
  readonly #limited = new LatencyHistogram()
  readonly #ttft = new LatencyHistogram()
  readonly #bars = new Array<number>(barEdgesUs.length).fill(0)
  #scenario = ''
  #progress: Progress | null = null
  #nowUs: Micros = 0

  constructor(options: LiveOptions) {
    this.#options = options
  }

  slice(slice: Slice): void {
    for (const cut of slice.series) {
      this.#enter(cut.names.scenario)
      this.#series(cut, this.#second(slice.startUs))
    }
    for (const { lane, limiter, rejections, retryAtUs } of slice.limiters) {
      const memory = this.#limiterOf(lane, limiter)
      memory.rejections += rejections
      memory.retryAtUs = retryAtUs
    }
    for (const [lane, limiter] of slice.lastLimiters) this.#lastLimiter.set(lane, limiter)
  }

  #series({ names, count, completionTokens, measures }: SeriesCut, second: Second): void {
    const { outcome } = names
    this.#counts[outcome] += count
    second.ended += outcome === 'unsent' ? 0 : count
    second.tokens += completionTokens
    const { response, ttft } = measures
    if (outcome === 'limited' && response !== undefined) addCounts(this.#limited, response)
    if (outcome !== 'ok') return
    second.ok += count
    if (response !== undefined) {
      addCounts(this.#ok, response)
      for (const [i, index] of response.indices.entries()) {
        this.#bars[barOf(valueAt(index))]! += response.counts[i]!
      }
    }
    if (ttft !== undefined) addCounts(this.#ttft, ttft)
  }

  /** What a first rejection had before it is known to the findings, which report it as an event. */
  event(event: RunEvent): void {
    // What the last scenario found stays in view while the next one waits for clean windows.
    if (event.kind === 'phase-started') this.#enter(event.scenario!)
    this.#events.push(event)
    if (this.#events.length > eventsMax) this.#events.shift()
    this.#nowUs = Math.max(this.#nowUs, event.us)
    if (event.kind !== 'first-rejection') return
    const { lane, limiter, confidence, seq, requestsMin, tokensMin } = event.data
    const memory = this.#limiterOf(String(lane), String(limiter))
    memory.first ??= {
      us: event.us,
      seq: Number(seq),
      admittedRequests: Number(requestsMin),
      admittedTokens: Number(tokensMin),
      confidence: confidence as Confidence,
    }
  }

  progress(progress: Progress): void {
    this.#progress = progress
    this.#nowUs = Math.max(this.#nowUs, progress.us)
  }

  snapshot(health: LiveHealth): LiveSnapshot {
    const { runId, target } = this.#options
    const recent = this.#recent()
    const perS = (count: (second: Second) => number) =>
      recent.seconds.reduce((sum, second) => sum + count(second), 0) / recent.spanS
    return {
      runId,
      target,
      scenarios: this.#scenarios(),
      nowUs: this.#nowUs,
      progress: this.#progress,
      limiters: this.#limiterRows(),
      ok: latencyOf(this.#ok),
      bars: this.#barRows(),
      limited: latencyOf(this.#limited),
      counts: { ...this.#counts },
      endedPerS: perS(({ ended }) => ended),
      okPerS: perS(({ ok }) => ok),
      tokensPerS: perS(({ tokens }) => tokens),
      history: this.#history(),
      ttft: latencyOf(this.#ttft),
      events: [...this.#events],
      health,
    }
  }

  /** A new scenario starts on empty latencies and limiters. */
  #enter(scenario: string): void {
    if (scenario === this.#scenario) return
    this.#scenario = scenario
    this.#limiters.clear()
    this.#lastLimiter.clear()
    for (const histogram of [this.#ok, this.#limited, this.#ttft]) histogram.reset()
    this.#bars.fill(0)
  }

  #limiterOf(lane: string, limiter: string): LimiterMemory {
    const key = `${lane}\n${limiter}`
    let memory = this.#limiters.get(key)
    if (memory === undefined) {
      memory = { rejections: 0, first: null, retryAtUs: null, lane, limiter }
      this.#limiters.set(key, memory)
    }
    return memory
  }

  #limiterRows(): LiveLimiter[] {
    const gauges = this.#progress?.gauges ?? []
    for (const { lane, limiter } of gauges) this.#limiterOf(lane, limiter)
    return [...this.#limiters.values()].map((memory) => ({
      ...memory,
      gauge: gauges.find((g) => g.lane === memory.lane && g.limiter === memory.limiter) ?? null,
      isClosed: this.#lastLimiter.get(memory.lane) === memory.limiter,
    }))
  }

  #scenarios(): LiveSnapshot['scenarios'] {
    const { scenarios } = this.#options
    const now = scenarios.indexOf(this.#progress?.scenario ?? this.#scenario)
    return scenarios.map((name, i) => ({
      name,
      state: i < now ? 'done' : i === now ? 'now' : 'next',
    }))
  }

  #second(us: Micros): Second {
    const second = Math.floor(us / 1e6)
    let sums = this.#seconds.get(second)
    if (sums === undefined) {
      sums = { ended: 0, ok: 0, tokens: 0 }
      this.#seconds.set(second, sums)
      const oldest = this.#seconds.keys().next().value
      if (this.#seconds.size > historySeconds + 10) this.#seconds.delete(oldest!)
    }
    return sums
  }

  #recent(): { seconds: Second[]; spanS: number } {
    const first = Math.floor(Math.max(0, this.#nowUs - rateUs) / 1e6)
    const seconds = [...this.#seconds].filter(([s]) => s >= first).map(([, sums]) => sums)
    return { seconds, spanS: Math.max(0.1, this.#nowUs / 1e6 - first) }
  }

  #history(): number[] {
    const last = Math.floor(this.#nowUs / 1e6)
    const first = Math.max(0, last - historySeconds)
    return Array.from({ length: last - first }, (_, i) => this.#seconds.get(first + i)?.ended ?? 0)
  }

  #barRows(): LiveBar[] {
    const first = this.#bars.findIndex((count) => count > 0)
    const last = this.#bars.findLastIndex((count) => count > 0)
    if (first < 0) return []
    return this.#bars
      .slice(first, last + 1)
      .map((count, i) => ({ upToUs: barEdgesUs[first + i]!, count }))
  }
}

function barOf(us: Micros): number {
  const bar = us <= barEdgesUs[0]! ? 0 : Math.ceil(2 * Math.log2(us / 100))
  return Math.min(bar, barEdgesUs.length - 1)
}

function latencyOf(histogram: LatencyHistogram): LiveLatency {
  const [p50Us, p90Us, p99Us] = [0.5, 0.9, 0.99].map((q) => histogram.quantile(q))
  return {
    count: histogram.count,
    p50Us: p50Us!,
    p90Us: p90Us!,
    p99Us: p99Us!,
    maxUs: histogram.maxUs,
  }
}
