// For tests: copies of one chain of limiters that know nothing of each other, as behind a balancer that keeps a
// connection with the copy that it began with. Must not know requests.

import type { NamedLimiter } from '../core/limits.ts'
import { type ChainOptions, LimiterChain } from '../limiters/chain.ts'

export class Replicas {
  readonly #chains: readonly LimiterChain[]

  constructor(limiters: readonly NamedLimiter[], count: number, options: ChainOptions = {}) {
    this.#chains = Array.from({ length: count }, () => new LimiterChain(limiters, options))
  }

  /** The copy that a connection goes to. */
  chainOf(connection: number): LimiterChain {
    return this.#chains[connection % this.#chains.length]!
  }
}
