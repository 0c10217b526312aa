// What LLM Server tells Prometheus.

import { Histogram } from 'prom-client'
import type { RequestCost } from '../../../core/limits.ts'
import type { Micros } from '../../../core/units.ts'
import type { GatewayMetrics, Sample } from '../../metrics.ts'
import type { Cache } from './cache.ts'

const route = '/v1/generate'

export class LlmServerMetrics {
  readonly #model: string
  readonly #latency: Histogram
  #requests = 0
  #promptTokens = 0
  #completionTokens = 0

  constructor(metrics: GatewayMetrics, model: string, cache: Cache) {
    this.#model = model
    this.#latency = new Histogram({
      name: 'llm_api_request_latency_seconds',
      help: 'Latency of requests.',
      labelNames: ['route', 'model_id', 'cached'],
      registers: [metrics.registry],
    })
    const add = (name: string, labelNames: readonly string[], samples: () => readonly Sample[]) =>
      metrics.counter({ name, help: `${name} so far.`, labelNames }, samples)
    add('llm_api_request_total', ['route', 'model_id'], () => [
      [{ route, model_id: model }, this.#requests],
    ])
    add('llm_tokens_total', ['direction', 'model_id'], () => [
      [{ direction: 'prompt', model_id: model }, this.#promptTokens],
      [{ direction: 'completion', model_id: model }, this.#completionTokens],
    ])
    add('llm_redis_hits_total', [], () => [[{}, cache.hits]])
    add('llm_redis_misses_total', [], () => [[{}, cache.misses]])
  }

  served(cost: RequestCost, { isCached, us }: { isCached: boolean; us: Micros }): void {
    this.#requests++
    this.#promptTokens += cost.promptTokens
    this.#completionTokens += isCached ? 0 : cost.completionTokens
    const labels = { route, model_id: this.#model, cached: String(isCached) }
    this.#latency.observe(labels, us / 1e6)
  }
}
