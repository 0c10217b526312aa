// For tests and benches: random chains of two or three limiters, as data.

import type { ChargeTime, LimiterAlgorithm, NamedLimiter } from '../core/limits.ts'
import { randomStream, uniformAt } from '../core/random.ts'
import { concurrency, fixedWindow, limiter, tokenBucket } from '../limiters/models.ts'

/** Chain number `seed`: a request limiter, and a token limiter, a limit in flight, or both. */
export function randomChain(seed: number): NamedLimiter[] {
  const stream = randomStream(seed, 'chain')
  let draws = 0
  const draw = () => uniformAt(stream, draws++)
  const pick = <T>(values: readonly T[]): T => values[Math.floor(draw() * values.length)]!
  const windowUs = () => pick([5, 10, 20, 60]) * 1e6
  const algorithm = (limit: number): LimiterAlgorithm => {
    const span = windowUs()
    return pick<() => LimiterAlgorithm>([
      () => fixedWindow(limit, span),
      () => ({ kind: 'sliding-log', limit, windowUs: span }),
      () => ({ kind: 'sliding-counter', limit, windowUs: span, anchor: 'wall-clock' }),
      () => tokenBucket(limit, limit, span),
    ])()
  }
  const count = Math.round(20 + draw() * 80)
  const requests: NamedLimiter = { name: 'requests', model: limiter(algorithm(count)) }
  const charge = pick<ChargeTime>(['pre', 'post', 'reserve'])
  const tokens: NamedLimiter = {
    name: 'tokens',
    model: limiter(algorithm(Math.round(count * (30 + draw() * 300))), { unit: 'tokens', charge }),
  }
  const slots: NamedLimiter = {
    name: 'concurrency',
    model: limiter(concurrency(Math.round(3 + draw() * 10))),
  }
  const kinds = [
    [requests, tokens],
    [slots, requests],
    [slots, requests, tokens],
  ]
  return [...pick(kinds)].sort((a, b) => rank(a) - rank(b))
}

/** Slots first, as gateways ask for them; requests before tokens. */
function rank({ name }: NamedLimiter): number {
  return ['concurrency', 'requests', 'tokens'].indexOf(name)
}
