// Forecasts against runs: random mixes of tiers, forecast from what a measurement would know of them,
// then run through engines and the embedded gateway in virtual time.

import { forecast } from '../../src/capacity/forecast/forecast.ts'
import type {
  ForecastSpec,
  Tier,
  TokenSource,
  Uncertainty,
} from '../../src/capacity/forecast/spec.ts'
import { tokenDraws } from '../../src/capacity/forecast/tokens.ts'
import { backtest } from '../../src/commands/backtest.ts'
import type { NamedLimiter } from '../../src/core/limits.ts'
import { normalAt, randomStream, uniformAt } from '../../src/core/random.ts'
import { fixedWindow, limiter, tokenBucket } from '../../src/limiters/models.ts'
import { likeliest } from '../../src/report/planTable.ts'
import { markdownTable, type Section, shareText } from './report.ts'

/** What a measurement of a minute or two leaves open. */
const uncertainty: Uncertainty = { limit: 0.01, tokens: 0.04, latency: 0.1, rate: 0.03 }
const sampled = 400
const futures = 200

export async function benchForecast(mixes: number): Promise<Section> {
  const rows: string[][] = []
  const sums = { tiers: 0, inside: 0, binding: 0, totalInside: 0 }
  for (let seed = 1; seed <= mixes; seed++) {
    const truth = randomMix(seed)
    const found = forecast(measuredMix(truth, seed))
    const real = await backtest(truth, 5_000 + seed)
    const total = real.reduce((sum, { carriedPerS }) => sum + carriedPerS, 0)
    const { p10, p90 } = found.total.carriedPerS
    if (total >= p10 && total <= p90) sums.totalInside++
    for (const [t, tier] of found.tiers.entries()) {
      const { carriedPerS, binding } = real[t]!
      const [expected, sure] = likeliest(tier.binding)
      const spread = tier.carriedPerS
      const isInside = carriedPerS >= spread.p10 && carriedPerS <= spread.p90
      sums.tiers++
      if (isInside) sums.inside++
      if (expected === binding) sums.binding++
      rows.push([
        `${seed} ${tier.name}`,
        truth.tiers[t]!.limiters.map(
          ({ name, model }) => `${name} (${model.algorithm.kind}, ${model.charge})`,
        ).join(', '),
        `${spread.p10.toFixed(2)} – ${spread.p50.toFixed(2)} – ${spread.p90.toFixed(2)}`,
        `${carriedPerS.toFixed(2)}${isInside ? '' : ' ✗'}`,
        `${expected} (${(100 * sure).toFixed(0)} %)`,
        `${binding}${binding === expected ? '' : ' ✗'}`,
      ])
    }
  }
  const { tiers, inside, binding, totalInside } = sums
  return {
    title: 'Forecast: P10 to P90 and the binding limiter against runs',
    lines: [
      `${mixes} random mixes of one to three tiers, forecast from parameters that are off as a measurement would be (limits 1 %, tokens 4 %, latency 10 %, rate 3 %), then run. The carried load of the mix was within P10 to P90 in ${totalInside} of ${mixes} (${shareText(totalInside, mixes)}), that of its tiers in ${inside} of ${tiers} (${shareText(inside, tiers)}); wanted ≥ 80 %. The limiter that bound most was the likeliest one in ${binding} of ${tiers} (${shareText(binding, tiers)}; wanted ≥ 95 %).`,
      '',
      ...markdownTable(
        ['mix', 'limiters', 'P10 – P50 – P90 carried/s', 'measured', 'likeliest to bind', 'bound'],
        rows,
      ),
    ],
    isMet: totalInside / mixes >= 0.8 && binding / tiers >= 0.95,
  }
}

function draws(seed: number, name: string) {
  const stream = randomStream(seed, name)
  let drawn = 0
  const draw = () => uniformAt(stream, drawn++)
  const between = (from: number, to: number) => from + draw() * (to - from)
  const pick = <T>(values: readonly T[]): T => values[Math.floor(draw() * values.length)]!
  return { between, pick, normal: () => normalAt(stream, 1_000 + drawn++) }
}

function randomMix(seed: number): ForecastSpec {
  const { between, pick } = draws(seed, 'mix')
  const tiers = Array.from({ length: pick([1, 2, 3]) }, (_, t): Tier => {
    const promptMean = Math.round(between(50, 400))
    const completionMean = Math.round(between(50, 300))
    const requests = Math.round(between(10, 60))
    const windowS = pick([20, 60])
    const crossover = (promptMean + completionMean) * Math.exp(between(-0.9, 0.9))
    const charge = pick(['pre', 'post', 'reserve'] as const)
    const algorithm = (limit: number) =>
      pick([fixedWindow(limit, windowS * 1e6), tokenBucket(limit, limit, windowS * 1e6)])
    const limiters: NamedLimiter[] = [
      { name: 'requests', model: limiter(algorithm(requests)) },
      {
        name: 'tokens',
        model: limiter(algorithm(Math.round(requests * crossover)), { unit: 'tokens', charge }),
      },
    ]
    return {
      name: ['free', 'pro', 'team'][t]!,
      keys: Math.round(between(3, 15)),
      arrivals: { kind: 'poisson', perKeyPerS: (requests / windowS) * Math.exp(between(-1, 1)) },
      tokens: {
        kind: 'log-normal',
        promptMean,
        promptCv: between(0.2, 1),
        completionMean,
        completionCv: between(0.2, 0.8),
      },
      maxTokens: null,
      limiters,
    }
  })
  return {
    tiers,
    service: {
      ttftUs: 50_000,
      ttftSpread: 0.2,
      itlUs: 2_000,
      itlSpread: 0.1,
      slowdownPerInFlight: 0.005,
    },
    price: { promptUsd: 0, completionUsd: 0 },
    horizonUs: 300e6,
    warmupUs: 60e6,
    uncertainty: { limit: 0, tokens: 0, latency: 0, rate: 0 },
    futures,
    seed,
  }
}

/** A mix as a measurement knows it: a sample of calls, and everything else off by its error. */
function measuredMix(truth: ForecastSpec, seed: number): ForecastSpec {
  const { normal } = draws(seed, 'measurement')
  const off = (sd: number) => 1 + sd * normal()
  const tiers = truth.tiers.map((tier, t): Tier => {
    const draw = tokenDraws(tier.tokens, 900 + seed + 31 * t, off(uncertainty.tokens / 2))
    const calls = Array.from({ length: sampled }, (_, i) => draw(i))
    const { arrivals } = tier
    return {
      ...tier,
      tokens: { kind: 'sample', calls } satisfies TokenSource,
      arrivals:
        arrivals.kind === 'poisson'
          ? { kind: 'poisson', perKeyPerS: arrivals.perKeyPerS * off(uncertainty.rate) }
          : arrivals,
      limiters: tier.limiters.map((one) => measuredLimiter(one, off(uncertainty.limit))),
    }
  })
  const { service } = truth
  const latency = off(uncertainty.latency)
  const measured = { ...service, ttftUs: service.ttftUs * latency, itlUs: service.itlUs * latency }
  return { ...truth, tiers, service: measured, uncertainty }
}

function measuredLimiter({ name, model }: NamedLimiter, factor: number): NamedLimiter {
  const times = (value: number) => Math.max(1, Math.round(value * factor))
  const { algorithm } = model
  if (algorithm.kind === 'fixed-window') {
    return { name, model: { ...model, algorithm: { ...algorithm, limit: times(algorithm.limit) } } }
  }
  if (algorithm.kind !== 'token-bucket') return { name, model }
  const { capacity, refillUnits } = algorithm
  const scaled = { ...algorithm, capacity: times(capacity), refillUnits: times(refillUnits) }
  return { name, model: { ...model, algorithm: scaled } }
}
