// What the gateway exposes on /metrics. Counts are kept as plain numbers and handed to prom-client
// when somebody scrapes, so that a request pays for additions only.

import { Counter, Gauge, Registry } from 'prom-client'
import type { GatewayDecision } from './decisionLog.ts'

/** Labels and value. */
export type Sample = readonly [Readonly<Record<string, string>>, number]

export class GatewayMetrics {
  readonly #registry = new Registry()
  readonly #decisions = new Map<string, Map<string, number>>()
  #promptTokens = 0
  #completionTokens = 0

  constructor(inFlight: () => number) {
    const registers = [this.#registry]
    const decisions = this.#decisions
    new Counter({
      name: 'limitscope_gateway_decisions_total',
      help: 'Requests decided, by tier and by the limiter that denied them (empty: allowed).',
      labelNames: ['tier', 'limiter'],
      registers,
      collect() {
        this.reset()
        for (const [tier, counts] of decisions) {
          for (const [limiter, count] of counts) this.inc({ tier, limiter }, count)
        }
      },
    })
    const tokens = () => ({ prompt: this.#promptTokens, completion: this.#completionTokens })
    new Counter({
      name: 'limitscope_gateway_tokens_total',
      help: 'Tokens of settled requests.',
      labelNames: ['kind'],
      registers,
      collect() {
        this.reset()
        for (const [kind, count] of Object.entries(tokens())) this.inc({ kind }, count)
      },
    })
    new Gauge({
      name: 'limitscope_gateway_in_flight',
      help: 'Requests being served.',
      registers,
      collect() {
        this.set(inFlight())
      },
    })
  }

  /** Another counter, with its samples as of a scrape. */
  counter(
    { name, help, labelNames }: { name: string; help: string; labelNames: readonly string[] },
    samples: () => readonly Sample[],
  ): void {
    new Counter({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.#registry],
      collect() {
        this.reset()
        for (const [labels, value] of samples()) this.inc(labels, value)
      },
    })
  }

  /** Requests let through so far. */
  get allowed(): number {
    return this.#sum((limiter) => limiter === '')
  }

  /** Requests that a limiter stopped so far. */
  get denied(): number {
    return this.#sum((limiter) => limiter !== '')
  }

  /** Requests that one limiter stopped so far. */
  deniedBy(name: string): number {
    return this.#sum((limiter) => limiter === name)
  }

  /** For what is measured elsewhere. */
  get registry(): Registry {
    return this.#registry
  }

  get promptTokens(): number {
    return this.#promptTokens
  }

  get completionTokens(): number {
    return this.#completionTokens
  }

  /** Tokens of all settled requests. */
  get tokens(): number {
    return this.#promptTokens + this.#completionTokens
  }

  #sum(isMeant: (limiter: string) => boolean): number {
    let sum = 0
    for (const counts of this.#decisions.values()) {
      for (const [limiter, count] of counts) if (isMeant(limiter)) sum += count
    }
    return sum
  }

  decided(tier: string, limiter: string | null): void {
    let counts = this.#decisions.get(tier)
    if (counts === undefined) {
      counts = new Map()
      this.#decisions.set(tier, counts)
    }
    const name = limiter ?? ''
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }

  settled({ promptTokens, completionTokens }: GatewayDecision): void {
    this.#promptTokens += promptTokens
    this.#completionTokens += completionTokens
  }

  /** The Prometheus text format. */
  text(): Promise<string> {
    return this.#registry.metrics()
  }
}
