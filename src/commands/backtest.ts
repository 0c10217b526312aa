// The back-test of a forecast: the same tiers as real requests, sent by an engine per key through the
// embedded gateway, in virtual time; what was carried is read from its decision log.

import { bindingOf } from '../capacity/forecast/forecast.ts'
import type { CallTokens, ForecastSpec, Tier } from '../capacity/forecast/spec.ts'
import { tokenDraws } from '../capacity/forecast/tokens.ts'
import { VirtualClock } from '../core/clock.ts'
import type { Micros } from '../core/units.ts'
import { inProcessDriver } from '../drivers/inProcess.ts'
import { Engine } from '../engine/engine.ts'
import type { GatewayDecision } from '../gateway/decisionLog.ts'
import { presets } from '../gateway/presets.ts'
import { GatewayService } from '../gateway/service.ts'
import { bareScenario, type Phase, type Plan, planVersion } from '../load/plan.ts'
import type { RequestShape } from '../load/shapes.ts'

/** What one tier was carried in a run. */
export interface Measured {
  readonly name: string
  readonly offered: number
  readonly carriedPerS: number
  /** The limiter that rejected most, or 'none'. */
  readonly binding: string
}

/** Shapes that stand for the spread of a tier's tokens. */
const shapesPerTier = 48
/** Requests of a back-test at most, and keys that send them. */
export const backtestRequestsMax = 200_000
export const backtestKeysMax = 500

const drainUs: Micros = 3600e6
/** Virtual time between looks at whether the engines have ended. */
const pieceUs: Micros = 1e6

/** Runs the mix of a spec once; `seed` is the day it is run on. */
export async function backtest(spec: ForecastSpec, seed: number): Promise<Measured[]> {
  const clock = new VirtualClock()
  const tiers = Object.fromEntries(spec.tiers.map(({ name, limiters }) => [name, limiters]))
  const first = spec.tiers[0]!.name
  const service = new GatewayService(
    {
      ...presets.plain!,
      seed,
      tiers,
      defaultTier: first,
      keys: Object.fromEntries(spec.tiers.flatMap(keysOf)),
      latency: spec.service,
      price: spec.price,
      decisionsMax: 2 * backtestRequestsMax,
    },
    clock,
  )
  const driver = inProcessDriver(service, clock)
  const runs = spec.tiers.flatMap((tier, t) =>
    keysOf(tier).map(([key], k) => {
      const plan = planOf(tier, key, { spec, seed: seed * 1_000_003 + 10_007 * t + k })
      const engine = new Engine({
        plan,
        secrets: new Map([[key, { authorization: `Bearer ${key}` }]]),
        clock,
        driverOf: () => driver,
        sink: { record() {}, gaps() {}, event() {}, progress() {} },
        epochMs: 0,
        userAgent: 'limitscope',
        origin: 'http://in-process',
        pathPrefix: '',
        stepDriverTo: () => driver,
        meet: null,
        saturate: null,
      })
      return engine.run()
    }),
  )
  await clock.runInPieces(Promise.all(runs), pieceUs)
  return spec.tiers.map((tier) => measured(tier, spec, service.decisions.all()))
}

function keysOf({ name, keys }: Tier): [key: string, tier: string][] {
  return Array.from({ length: keys }, (_, i) => [`${name}-${i}`, name])
}

function planOf(
  tier: Tier,
  key: string,
  { spec, seed }: { spec: ForecastSpec; seed: number },
): Plan {
  const shapes = shapesOf(tier, spec.seed)
  const us = spec.warmupUs + spec.horizonUs
  const phase: Phase = {
    name: tier.name,
    arrivals: arrivalsOf(tier, key),
    mix: shapes.map(({ name }) => ({ shape: name, weight: 1 })),
    lanes: [key],
    driver: 'auto',
    isolate: 'none',
    warmupUs: 0,
    until: [{ kind: 'duration', us }],
    drainUs,
    timeoutUs: drainUs,
    inFlightMax: backtestRequestsMax,
    before: [],
  }
  return {
    version: planVersion,
    runId: key,
    seed,
    target: { kind: 'gateway', preset: 'plain' },
    dialect: 'plain',
    rules: [],
    lanes: [
      {
        name: key,
        credential: { from: 'none' },
        header: 'authorization',
        prefix: 'Bearer ',
        tier: tier.name,
        headers: {},
      },
    ],
    limiters: [],
    shapes,
    scenarios: [{ ...bareScenario, name: 'backtest', title: 'backtest', phases: [phase] }],
    caps: { requestsMax: null, ratePerSMax: null, durationUsMax: null, tokensMax: null },
    variables: {},
  }
}

function arrivalsOf({ arrivals, keys }: Tier, key: string): Phase['arrivals'] {
  if (arrivals.kind === 'poisson') return { kind: 'poisson', perS: arrivals.perKeyPerS }
  // Keys of a log are spread over the keys of the tier in the order in which they come.
  const names = [...new Set(arrivals.calls.map((call) => call.key))]
  const index = Number(key.slice(key.lastIndexOf('-') + 1))
  const own = arrivals.calls.filter((call) => names.indexOf(call.key) % keys === index)
  return { kind: 'replay', atUs: own.map(({ us }) => us) }
}

/** Shapes of equal weight, whose tokens are those of calls drawn from the tier's source. */
function shapesOf(tier: Tier, seed: number): RequestShape[] {
  const draw = tokenDraws(tier.tokens, seed, 1)
  const drawn = Array.from({ length: 40 * shapesPerTier }, (_, i) => draw(i))
  return evenly(drawn, shapesPerTier).map(({ promptTokens, completionTokens }, i) => ({
    name: `${tier.name}-${i}`,
    kind: 'chat',
    method: 'POST',
    path: '/v1/chat/completions',
    headers: {},
    model: 'limitscope-small',
    promptTokens,
    outputTokensMax: completionTokens,
    stream: false,
    extra: {},
    body: null,
  }))
}

/** Calls sorted by size, and the mean of each of so many equal groups: the mean of all is kept. */
function evenly(calls: readonly CallTokens[], groups: number): CallTokens[] {
  const total = (call: CallTokens) => call.promptTokens + call.completionTokens
  const sorted = [...calls].sort((a, b) => total(a) - total(b))
  const size = sorted.length / groups
  return Array.from({ length: groups }, (_, g) => {
    const own = sorted.slice(Math.round(g * size), Math.round((g + 1) * size))
    const mean = (of: (call: CallTokens) => number) =>
      Math.max(1, Math.round(own.reduce((sum, call) => sum + of(call), 0) / own.length))
    return {
      promptTokens: mean(({ promptTokens }) => promptTokens),
      completionTokens: mean(({ completionTokens }) => completionTokens),
    }
  })
}

function measured(tier: Tier, spec: ForecastSpec, decisions: readonly GatewayDecision[]): Measured {
  const own = decisions.filter((one) => one.tier === tier.name && one.arrivedUs >= spec.warmupUs)
  const rejected = new Map<string, number>()
  for (const { limiter } of own) {
    if (limiter !== null) rejected.set(limiter, (rejected.get(limiter) ?? 0) + 1)
  }
  const carried = own.filter(({ outcome }) => outcome === 'allowed').length
  return {
    name: tier.name,
    offered: own.length,
    carriedPerS: carried / (spec.horizonUs / 1e6),
    binding: bindingOf({ offered: own.length, rejected }),
  }
}
