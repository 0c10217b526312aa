// One future: the tiers' traffic played through their limiters and the service, in virtual time, with
// everything that was measured as it may really be.

import { VirtualClock } from '../../core/clock.ts'
import type { LimiterAlgorithm, NamedLimiter } from '../../core/limits.ts'
import { exponentialAt, normalAt, randomStream, uniformAt } from '../../core/random.ts'
import type { Micros } from '../../core/units.ts'
import { ServiceLine, serviceTimes } from '../../gateway/latency.ts'
import { LimiterChain } from '../../limiters/chain.ts'
import { Play } from '../../limiters/play.ts'
import type { CallTokens, ForecastSpec, Tier, TimedCall } from './spec.ts'
import { tokenDraws } from './tokens.ts'

/** What became of one tier in one future, within the time that is forecast. */
export interface TierFuture {
  readonly offered: number
  readonly carried: number
  readonly tokens: number
  readonly usd: number
  /** Rejections by limiter. */
  readonly rejected: ReadonlyMap<string, number>
}

interface Count {
  offered: number
  carried: number
  tokens: number
  usd: number
  readonly rejected: Map<string, number>
}

/** Plays future number `index`; in the order of the tiers. */
export function playFuture(spec: ForecastSpec, index: number): TierFuture[] {
  const seed = spec.seed * 1_000_003 + index
  const guess = guesses(spec, seed)
  const clock = new VirtualClock()
  const play = new Play(clock)
  const endUs = spec.warmupUs + spec.horizonUs
  const serviceUs = serviceOf(spec, seed, guess.latency(), clock)
  const counts = spec.tiers.map((tier, t): Count => {
    const count: Count = { offered: 0, carried: 0, tokens: 0, usd: 0, rejected: new Map() }
    const chain = new LimiterChain(tier.limiters.map((one) => scaledLimiter(one, guess.limit())))
    const calls = callsOf(tier, {
      seed: seed + 7919 * t,
      rate: guess.rate(),
      tokens: guess.tokens(),
      endUs,
    })
    const send = () => {
      const { value: call } = calls.next()
      if (call === undefined) return
      clock.at(call.us, () => {
        const isMeasured = call.us >= spec.warmupUs
        if (isMeasured) count.offered++
        const actual = { ...call, usd: usdOf(spec, call) }
        const estimate = { ...actual, completionTokens: tier.maxTokens ?? call.completionTokens }
        const request = {
          subject: { key: call.key, tier: tier.name },
          estimate,
          actual,
          serviceUs: (others: number) => serviceUs(others, call.completionTokens),
        }
        play.send(chain, request, ({ denier }) => {
          if (isMeasured) countEnd(count, denier, actual)
        })
        send()
      })
    }
    send()
    return count
  })
  // What was let in by the end is carried, however long its answer takes.
  clock.advanceTo(endUs + 3600e6)
  return counts
}

function countEnd(
  count: Count,
  denier: NamedLimiter | null,
  actual: CallTokens & { readonly usd: number },
): void {
  if (denier !== null) {
    count.rejected.set(denier.name, (count.rejected.get(denier.name) ?? 0) + 1)
    return
  }
  count.carried++
  count.tokens += actual.promptTokens + actual.completionTokens
  count.usd += actual.usd
}

interface CallOptions {
  readonly seed: number
  readonly rate: number
  readonly tokens: number
  readonly endUs: Micros
}

function* callsOf(
  tier: Tier,
  { seed, rate, tokens, endUs }: CallOptions,
): Generator<TimedCall, undefined> {
  if (tier.arrivals.kind === 'replay') {
    for (const call of tier.arrivals.calls) if (call.us < endUs) yield call
    return undefined
  }
  const draw = tokenDraws(tier.tokens, seed, tokens)
  const gaps = randomStream(seed, 'gaps')
  const keys = randomStream(seed, 'keys')
  const perS = tier.arrivals.perKeyPerS * tier.keys * rate
  let us = 0
  for (let i = 0; perS > 0; i++) {
    us += (exponentialAt(gaps, i) / perS) * 1e6
    if (us >= endUs) return undefined
    // Independent callers together are one Poisson process with callers at random.
    yield {
      us: Math.round(us),
      key: `key-${Math.floor(uniformAt(keys, i) * tier.keys)}`,
      ...draw(i),
    }
  }
  return undefined
}

/** Factors by which what was measured may be off, one after the other. */
function guesses({ uncertainty }: ForecastSpec, seed: number) {
  const stream = randomStream(seed, 'guesses')
  let drawn = 0
  const factor = (sd: number) => Math.max(0.05, 1 + sd * normalAt(stream, drawn++))
  return {
    limit: () => factor(uncertainty.limit),
    rate: () => factor(uncertainty.rate),
    tokens: () => factor(uncertainty.tokens),
    latency: () => factor(uncertainty.latency),
  }
}

function scaledLimiter({ name, model }: NamedLimiter, factor: number): NamedLimiter {
  if (factor === 1 || model.algorithm.kind === 'concurrency') return { name, model }
  return { name, model: { ...model, algorithm: scaledAlgorithm(model.algorithm, factor) } }
}

function scaledAlgorithm<A extends LimiterAlgorithm>(algorithm: A, factor: number): A {
  const times = (value: number) => Math.max(1, Math.round(value * factor))
  if ('limit' in algorithm) {
    // Dollars are no whole numbers.
    const limit = Number.isInteger(algorithm.limit)
      ? times(algorithm.limit)
      : algorithm.limit * factor
    return { ...algorithm, limit }
  }
  const { capacity, refillUnits } = algorithm as Extract<LimiterAlgorithm, { capacity: number }>
  return { ...algorithm, capacity: times(capacity), refillUnits: times(refillUnits) }
}

function serviceOf({ service }: ForecastSpec, seed: number, factor: number, clock: VirtualClock) {
  const times = serviceTimes(service, seed)
  const line = service.servers === undefined ? null : new ServiceLine(service.servers)
  let served = 0
  return (others: number, completionTokens: number): Micros => {
    const { ttftUs, itlUs } = times(served++, others)
    const us = factor * (ttftUs + itlUs * Math.max(0, completionTokens - 1))
    return (line?.waitUs(clock.nowUs(), us) ?? 0) + us
  }
}

function usdOf({ price }: ForecastSpec, { promptTokens, completionTokens }: CallTokens): number {
  return promptTokens * price.promptUsd + completionTokens * price.completionUsd
}
