// Completions that LLM Server has made before, by model, prompt and parameters.

import type { Clock } from '../../../core/clock.ts'
import type { Micros } from '../../../core/units.ts'
import type { Generation } from './generate.ts'

/** Completions kept; the oldest go first. */
const entriesMax = 10_000

export class Cache {
  readonly #clock: Clock
  readonly #ttlUs: Micros
  readonly #madeUs = new Map<string, Micros>()
  hits = 0
  misses = 0

  constructor(clock: Clock, ttlUs: Micros) {
    this.#clock = clock
    this.#ttlUs = ttlUs
  }

  /** Whether every prompt of a generation was completed before. */
  has(generation: Generation): boolean {
    if (this.#ttlUs === 0 || !generation.isCached) return false
    const isHit = keysOf(generation).every((key) => this.#isFresh(key))
    if (isHit) this.hits++
    else this.misses++
    return isHit
  }

  keep(generation: Generation): void {
    if (this.#ttlUs === 0 || !generation.isCached) return
    for (const key of keysOf(generation)) this.#madeUs.set(key, this.#clock.nowUs())
    if (this.#madeUs.size > entriesMax) this.#madeUs.delete(this.#madeUs.keys().next().value!)
  }

  #isFresh(key: string): boolean {
    const madeUs = this.#madeUs.get(key)
    return madeUs !== undefined && this.#clock.nowUs() < madeUs + this.#ttlUs
  }
}

function keysOf({ model, prompts, params }: Generation): string[] {
  return prompts.map((prompt) => JSON.stringify([model, prompt, params]))
}
