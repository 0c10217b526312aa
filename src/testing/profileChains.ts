// Two limiters in a row, for the published grid of the profiler: windows in windows, and requests with
// tokens. Everything follows from the seed.

import {
  costIn,
  type LimiterAlgorithm,
  type LimiterModel,
  limitOf,
  type NamedLimiter,
  type RequestCost,
  windowUsOf,
} from '../core/limits.ts'
import type { ProfileDocument, ProfiledLimiter } from '../core/profileDocument.ts'
import { randomStream, uniformAt } from '../core/random.ts'
import type { Micros } from '../core/units.ts'
import { limiter } from '../limiters/models.ts'
import type { ProbeShape } from '../profile/observation.ts'
import { profile } from '../profile/profile.ts'
import { inVirtualTime, virtualProber } from './virtualProber.ts'

/** One kind of chain. */
export interface ChainClass {
  readonly name: string
  chain(draw: (i: number) => number): Pick<ChainCase, 'limiters' | 'shapes'>
}

export interface ChainCase {
  readonly name: string
  readonly set: number
  readonly seed: number
  readonly limiters: readonly NamedLimiter[]
  readonly shapes: readonly ProbeShape[]
}

/** What came of a chain: how many of its two limiters were identified, each with limit and window. */
export interface ChainOutcome {
  readonly name: string
  readonly set: number
  readonly seed: number
  readonly found: number
  /** Limiters that are claimed and are not there, or not like that. */
  readonly wrong: number
  readonly requests: number
  /** Requests over both limits together, those of tokens in cheap requests. */
  readonly cost: number
  readonly said: string
}

const cheap: RequestCost = { promptTokens: 8, completionTokens: 16, usd: 0 }
const cheapTokens = cheap.promptTokens + cheap.completionTokens
const tiny: ProbeShape = { name: 'tiny', estimate: cheap }

const fixed = (limit: number, windowUs: Micros): LimiterAlgorithm => ({
  kind: 'fixed-window',
  limit,
  windowUs: Math.round(windowUs),
  anchor: 'first-request',
  extendedByRejected: false,
})

const bucket = (capacity: number, unitUs: Micros): LimiterAlgorithm => ({
  kind: 'token-bucket',
  capacity,
  refillUnits: 1,
  refillUs: Math.round(unitUs),
  refillStyle: 'continuous',
})

const requests = (name: string, algorithm: LimiterAlgorithm): NamedLimiter => ({
  name,
  model: limiter(algorithm, {}),
})

/** Some of 10 to 40 in 1 to 4 s, and 5 to 9 times that in a window 20 to 40 times as long. */
function nested(draw: (i: number) => number) {
  const limit = Math.round(10 + 30 * draw(0))
  const windowUs = 1e6 + 3e6 * draw(1)
  const slow = fixed(Math.round(limit * (5 + 4 * draw(2))), windowUs * (20 + 20 * draw(3)))
  return { limit, windowUs, slow: requests('slow', slow) }
}

export const chainClasses: readonly ChainClass[] = [
  {
    name: 'window in a longer window',
    chain(draw) {
      const { limit, windowUs, slow } = nested(draw)
      return { limiters: [requests('fast', fixed(limit, windowUs)), slow], shapes: [tiny] }
    },
  },
  {
    name: 'token bucket in a longer window',
    chain(draw) {
      const { limit, windowUs, slow } = nested(draw)
      const fast = requests('fast', bucket(limit, windowUs / limit))
      return { limiters: [fast, slow], shapes: [tiny] }
    },
  },
  {
    name: 'requests and tokens',
    chain(draw) {
      const limit = Math.round(20 + 40 * draw(0))
      const windowUs = 10e6 + 50e6 * draw(1)
      const tokens = Math.round(limit * cheapTokens * (3 + 3 * draw(2)))
      const byTokens = limiter(fixed(tokens, windowUs * (0.4 + 0.8 * draw(3))), {
        unit: 'tokens',
        charge: 'post',
      })
      const promptTokens = Math.round(tokens / (5 + 6 * draw(4)))
      const big: ProbeShape = { name: 'big', estimate: { ...cheap, promptTokens } }
      return {
        limiters: [
          requests('requests', fixed(limit, windowUs)),
          { name: 'tokens', model: byTokens },
        ],
        shapes: [tiny, big],
      }
    },
  },
]

/** All chains, class by class. */
export function chainCases(
  { sets, seeds }: { readonly sets: number; readonly seeds: number },
  seed: number,
): readonly ChainCase[] {
  return chainClasses.flatMap(({ name, chain }) => {
    const random = randomStream(seed, name)
    return Array.from({ length: sets }, (_, set) =>
      chain((i) => uniformAt(random, 8 * set + i)),
    ).flatMap((parts, set) =>
      Array.from({ length: seeds }, (_, i) => ({
        ...parts,
        name,
        set,
        seed: seed * 1000 + set * 10 + i,
      })),
    )
  })
}

/** Profiles one chain in virtual time, with nothing but the defaults. */
export async function runChain(each: ChainCase): Promise<ChainOutcome> {
  const { name, set, seed, limiters, shapes } = each
  const prober = virtualProber({ limiters, shapes, seed, lostShare: 0.01 })
  const budget = { requestsMax: 4_000, tokensMax: null, durationUsMax: 3 * 3600e6 }
  const work = profile(prober, { target: 'virtual', seed, budget })
  const { document } = await inVirtualTime(prober, work)
  const right = limiters.map((truth) =>
    document.limiters.filter((found) => isLike(found, truth, shapes)),
  )
  const found = right.filter((matches) => matches.length > 0).length
  const claimed = document.limiters.filter(({ confidence }) => confidence >= 0.9)
  const wrong = claimed.filter((claim) => !right.flat().includes(claim)).length
  const limits = limiters.reduce(
    (sum, { model }) => sum + limitOf(model.algorithm) / costIn(model.unit, cheap),
    0,
  )
  const { requests: sent } = document
  return {
    name,
    set,
    seed,
    found,
    wrong,
    requests: sent,
    cost: sent / limits,
    said: saidOf(document),
  }
}

const spanTolerance = 0.02

function isLike(
  found: ProfiledLimiter,
  { model }: NamedLimiter,
  shapes: ChainCase['shapes'],
): boolean {
  const { algorithm, unit } = model
  const isUnitRight = (unit === 'requests') === (found.unit === 'requests')
  if (found.algorithm !== algorithm.kind || !isUnitRight) return false
  if (!isLimitRight(found, model, shapes)) return false
  const [span, truth] =
    'refillUs' in algorithm
      ? [found.refillPerS, (1e6 * algorithm.refillUnits) / algorithm.refillUs]
      : [found.windowMs, (windowUsOf(algorithm) ?? 0) / 1e3]
  return span !== null && Math.abs(span / truth - 1) <= spanTolerance
}

/** Exact; a limit of tokens lies in its interval, which is no wider than the dearest request. */
function isLimitRight(
  found: ProfiledLimiter,
  { algorithm, unit }: LimiterModel,
  shapes: ChainCase['shapes'],
): boolean {
  const truth = limitOf(algorithm)
  if (unit === 'requests') return (found.limit ?? found.burst) === truth
  const [low, high] = found.intervals.limit ??
    found.intervals.burst ?? [0, Number.POSITIVE_INFINITY]
  const dearest = Math.max(...shapes.map(({ estimate }) => costIn(unit, estimate)))
  return low <= truth && truth <= high && high - low <= dearest
}

function saidOf({ conclusion, reasons, limiters }: ProfileDocument): string {
  const each = limiters.map(
    ({ algorithm, unit, limit, burst, windowMs, refillPerS, confidence }) =>
      `${algorithm} ${limit ?? burst} ${unit} ${windowMs === null ? `${refillPerS?.toPrecision(4)}/s` : `${windowMs.toFixed(0)} ms`} (${confidence.toFixed(2)})`,
  )
  return [conclusion, ...each, ...reasons].join('; ')
}
