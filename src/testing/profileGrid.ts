// The published grid of the profiler: algorithm classes × parameter sets × seeds, each a target in
// virtual time behind a network that jitters and loses answers. Everything follows from the seed.

import { type LimiterAlgorithm, type LimiterModel, limitOf, windowUsOf } from '../core/limits.ts'
import type { ProfileDocument, ProfiledLimiter } from '../core/profileDocument.ts'
import { type RandomStream, randomStream, uniformAt } from '../core/random.ts'
import type { Micros } from '../core/units.ts'
import { limiter } from '../limiters/models.ts'
import type { ProfileEvent } from '../profile/contract.ts'
import { profile } from '../profile/profile.ts'
import { inVirtualTime, type VirtualTarget, virtualProber } from './virtualProber.ts'

/** One class of the grid. */
export interface GridClass {
  readonly name: string
  /** What a right answer says; a tie is right when it is named. */
  readonly right: Partial<ProfiledLimiter>
  readonly title: string
  readonly isStepped?: boolean
  readonly isLossy?: boolean
  readonly target?: Partial<VirtualTarget>
  algorithm(parameters: GridParameters): LimiterAlgorithm | null
  readonly chargesRejected?: boolean
}

export interface GridParameters {
  readonly limit: number
  readonly windowUs: Micros
  /** A number in [0, 1) for what else a class needs. */
  readonly extra: number
}

export interface GridCase {
  readonly of: GridClass
  readonly set: number
  readonly seed: number
  readonly parameters: GridParameters
  readonly model: LimiterModel | null
}

type Anchored = 'first-request' | 'wall-clock'

const fixed =
  (anchor: Anchored, extendedByRejected = false) =>
  ({ limit, windowUs }: GridParameters): LimiterAlgorithm => ({
    kind: 'fixed-window',
    limit,
    windowUs,
    anchor,
    extendedByRejected,
  })

const counter =
  (anchor: Anchored, isFloored = false) =>
  ({ limit, windowUs }: GridParameters): LimiterAlgorithm => ({
    kind: 'sliding-counter',
    limit,
    windowUs,
    anchor,
    isFloored,
  })

const log = ({ limit, windowUs }: GridParameters): LimiterAlgorithm => ({
  kind: 'sliding-log',
  limit,
  windowUs,
})

const bucket =
  (refillStyle: 'continuous' | 'lossy') =>
  ({ limit, windowUs }: GridParameters): LimiterAlgorithm => ({
    kind: 'token-bucket',
    capacity: limit,
    refillUnits: 1,
    refillUs: Math.round(windowUs / limit),
    refillStyle,
  })

/** From a tenth to half of the capacity at once. */
function stepped({ limit, windowUs, extra }: GridParameters): LimiterAlgorithm {
  const refillUnits = Math.max(2, Math.round(limit * (0.1 + 0.4 * extra)))
  const refillUs = Math.round((windowUs * refillUnits) / limit)
  const kind = 'token-bucket'
  return { kind, capacity: limit, refillUnits, refillUs, refillStyle: 'steps' }
}

const slots = (extra: number): LimiterAlgorithm => ({
  kind: 'concurrency',
  limit: 2 + Math.floor(24 * extra),
  queue: 0,
  queueTimeoutUs: null,
})

const queue = (extra: number): LimiterAlgorithm => ({
  kind: 'leaky-queue',
  capacity: 5 + Math.floor(20 * extra),
  refillUnits: 1,
  refillUs: Math.round(25_000 * 8 ** extra),
})

const windowed = { algorithm: 'fixed-window' } as const
const counted = { algorithm: 'sliding-counter' } as const

export const gridClasses: readonly GridClass[] = [
  {
    name: 'fixed window, first request',
    title: 'fixed window from the first request',
    right: { ...windowed, anchor: 'first-request', chargesRejected: null },
    algorithm: fixed('first-request'),
  },
  {
    name: 'fixed window, clock',
    title: 'fixed window on a clock',
    right: { ...windowed, anchor: 'wall-clock' },
    algorithm: fixed('wall-clock'),
  },
  {
    name: 'fixed window, extended by rejects',
    title: 'fixed window extended by rejected requests',
    right: { ...windowed, chargesRejected: true },
    algorithm: fixed('first-request', true),
  },
  {
    name: 'sliding log',
    title: 'sliding log',
    right: { algorithm: 'sliding-log', chargesRejected: false },
    algorithm: log,
  },
  {
    name: 'sliding log, charging rejects',
    title: 'sliding log that charges rejected requests',
    right: { algorithm: 'sliding-log', chargesRejected: true },
    algorithm: log,
    chargesRejected: true,
  },
  {
    name: 'sliding counter, clock',
    title: 'sliding counter on a clock',
    right: { ...counted, chargesRejected: false, anchor: 'wall-clock' },
    algorithm: counter('wall-clock'),
  },
  {
    name: 'sliding counter, first request',
    title: 'sliding counter from the first request',
    right: { ...counted, chargesRejected: false, anchor: 'first-request' },
    algorithm: counter('first-request'),
  },
  {
    name: 'sliding counter, charging rejects',
    title: 'sliding counter from the first request that charges rejected requests',
    right: { ...counted, chargesRejected: true, anchor: 'first-request' },
    algorithm: counter('first-request'),
    chargesRejected: true,
  },
  {
    name: 'sliding counter, whole units, charging',
    title: 'sliding counter in whole units that charges rejected requests',
    right: { ...counted, chargesRejected: true, anchor: 'first-request' },
    algorithm: counter('first-request', true),
    chargesRejected: true,
  },
  {
    name: 'token bucket',
    title: 'token bucket',
    right: { algorithm: 'token-bucket' },
    algorithm: bucket('continuous'),
  },
  {
    name: 'token bucket, in steps',
    title: 'token bucket refilled in steps',
    right: { algorithm: 'token-bucket' },
    isStepped: true,
    algorithm: stepped,
  },
  {
    name: 'token bucket, lossy',
    title: 'token bucket that loses fractions of its refill',
    right: { algorithm: 'token-bucket' },
    isLossy: true,
    algorithm: bucket('lossy'),
  },
  {
    name: 'concurrency',
    title: 'concurrency',
    right: { algorithm: 'concurrency' },
    target: { serviceUs: 60_000 },
    algorithm: ({ extra }) => slots(extra),
  },
  {
    name: 'leaky queue',
    title: 'leaky queue',
    right: { algorithm: 'leaky-queue' },
    algorithm: ({ extra }) => queue(extra),
  },
  { name: 'none', title: 'none', right: {}, algorithm: () => null },
  {
    name: 'none, 5 % random 500 and 503',
    title: 'none',
    right: {},
    target: { failedShare: 0.05 },
    algorithm: () => null,
  },
]

/** Limits from 20 to 500 and windows from 2 s to 1 h, none of them round. */
function parametersOf(random: RandomStream, set: number): GridParameters {
  const limit = Math.round(20 * 25 ** uniformAt(random, 3 * set))
  const windowUs = Math.round(2e6 * 1800 ** uniformAt(random, 3 * set + 1))
  return {
    limit,
    windowUs: Math.max(windowUs, limit * 60_000),
    extra: uniformAt(random, 3 * set + 2),
  }
}

export interface GridSize {
  readonly sets: number
  readonly seeds: number
}

/** All cases, class by class. */
export function gridCases({ sets, seeds }: GridSize, seed: number): readonly GridCase[] {
  return gridClasses.flatMap((of) => {
    const random = randomStream(seed, of.name)
    return Array.from({ length: sets }, (_, set) => parametersOf(random, set)).flatMap(
      (parameters, set) =>
        Array.from({ length: seeds }, (_, i) => {
          const algorithm = of.algorithm(parameters)
          const { chargesRejected = false } = of
          const model = algorithm === null ? null : limiter(algorithm, { chargesRejected })
          return { of, set, seed: seed * 1000 + set * 10 + i, parameters, model }
        }),
    )
  })
}

/** What came of a case. */
export interface GridOutcome {
  readonly name: string
  readonly set: number
  readonly seed: number
  readonly verdict: 'right' | 'tie' | 'wrong' | 'undetermined'
  /** Null where a class has no such figure, or it was not found. */
  readonly isLimitExact: boolean | null
  readonly spanError: number | null
  readonly refillError: number | null
  readonly isCovered: boolean | null
  readonly cost: number
  readonly requests: number
  readonly said: string
}

/** Profiles one case in virtual time. */
export async function runCase({
  of,
  set,
  seed,
  parameters,
  model,
}: GridCase): Promise<GridOutcome> {
  const prober = virtualProber({
    limiters: model === null ? [] : [{ name: 'limiter', model }],
    seed,
    lostShare: 0.01,
    ...of.target,
  })
  const limit = model === null ? 100 : limitOf(model.algorithm)
  const budget = {
    requestsMax: 15 * limit + 300,
    tokensMax: null,
    durationUsMax: 60 * parameters.windowUs + 600e6,
  }
  // What it costs to identify: what is measured afterwards is not part of it.
  let requests = 0
  let spent: number | null = null
  const onEvent = (event: ProfileEvent) => {
    if (event.kind === 'observation') requests++
    if (event.kind === 'note' && event.text.startsWith('identified')) spent ??= requests
  }
  const work = profile(prober, { target: 'virtual', seed, budget, onEvent })
  const { document } = await inVirtualTime(prober, work)
  const [found] = document.limiters
  const isClaimed = document.conclusion !== 'undetermined'
  const verdict = isClaimed ? verdictOf(of, document) : 'undetermined'
  const isRight = verdict === 'right' || verdict === 'tie'
  return {
    name: of.name,
    set,
    seed,
    verdict,
    ...(isRight && found !== undefined && model !== null ? figures(found, model) : noFigures),
    cost: (spent ?? requests) / limit,
    requests: spent ?? requests,
    said: saidOf(document.conclusion, document.reasons, found),
  }
}

const noFigures = { isLimitExact: null, spanError: null, refillError: null, isCovered: null }

function verdictOf(
  of: GridClass,
  { conclusion, limiters, warnings }: ProfileDocument,
): GridOutcome['verdict'] {
  if (Object.keys(of.right).length === 0) return conclusion === 'none' ? 'right' : 'wrong'
  const [found] = limiters
  if (found === undefined) return 'wrong'
  const isLossy = warnings.some(({ code }) => code === 'lossy-refill')
  const isRight =
    Object.entries(of.right).every(
      ([key, value]) => found[key as keyof ProfiledLimiter] === value,
    ) &&
    (found.refillStep !== null && !isLossy) === (of.isStepped === true) &&
    isLossy === (of.isLossy === true)
  if (isRight) return found.equivalents.some(isRival) ? 'tie' : 'right'
  return found.equivalents.includes(of.title) ? 'tie' : 'wrong'
}

/** Named equivalents that are the same by definition are no ties. */
function isRival(name: string): boolean {
  return !['gcra', 'leaky-bucket-meter', 'token-bucket refilled as a whole'].includes(name)
}

function figures(found: ProfiledLimiter, { algorithm }: LimiterModel) {
  const limit = limitOf(algorithm)
  const isBucket = 'refillUs' in algorithm
  const truth = isBucket ? (1e6 * algorithm.refillUnits) / algorithm.refillUs : null
  const windowMs = isBucket ? null : (windowUsOf(algorithm) ?? 0) / 1e3
  const interval = found.intervals[isBucket ? 'refillPerS' : 'windowMs']
  return {
    isLimitExact: (found.limit ?? found.burst) === limit,
    spanError: windowMs === null ? null : errorOf(found.windowMs, windowMs),
    refillError: truth === null ? null : errorOf(found.refillPerS, truth),
    isCovered: interval === undefined ? null : isWithin(interval, truth ?? windowMs!),
  }
}

function errorOf(found: number | null, truth: number): number | null {
  return found === null || truth === 0 ? null : Math.abs(found / truth - 1)
}

function isWithin([low, high]: readonly [number, number], value: number): boolean {
  return low * 0.9999 <= value && value <= high * 1.0001
}

function saidOf(
  conclusion: string,
  reasons: readonly string[],
  found: ProfiledLimiter | undefined,
): string {
  if (found === undefined) return `${conclusion}: ${reasons.join('; ')}`
  const { algorithm, limit, burst, windowMs, refillPerS, anchor, equivalents, confidence } = found
  const size = limit ?? burst
  const speed = windowMs === null ? `${refillPerS?.toPrecision(5)}/s` : `${windowMs.toFixed(1)} ms`
  const limits = found.intervals.limit ?? found.intervals.burst
  return [
    conclusion,
    algorithm,
    anchor,
    size,
    `[${limits}]`,
    speed,
    confidence.toFixed(3),
    ...equivalents,
  ].join(' ')
}
