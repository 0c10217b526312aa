// Searches against targets whose capacity is known, beside plain bisection on the same targets.

import { parentPort, Worker, workerData } from 'node:worker_threads'
import { type CapacityResult, capacityResult } from '../../src/capacity/search/result.ts'
import { Search, type SearchOptions } from '../../src/capacity/search/search.ts'
import type { CountedCriterion } from '../../src/capacity/search/stepFold.ts'
import { presets } from '../../src/gateway/presets.ts'
import type { GatewaySpec, LatencyModel } from '../../src/gateway/spec.ts'
import { fixedWindow, limiter } from '../../src/limiters/models.ts'
import { simulatedSteps, simulateSearch } from '../../src/testing/simulatedSteps.ts'
import { markdownTable, type Section, shareText } from './report.ts'
import { mm1Capacity, mmcCapacity, slowdownCapacity, windowCapacity } from './truths.ts'

interface Known {
  readonly name: string
  readonly truthPerS: number
  readonly spec: GatewaySpec
  readonly criteria: readonly CountedCriterion[]
  readonly warmupUs: number
  readonly coolDownUs: number
  readonly stepUs: number
  readonly startPerS: number
}

const exponential = (ttftUs: number, servers: number): LatencyModel => ({
  ttftUs,
  ttftSpread: 0,
  itlUs: 0,
  itlSpread: 0,
  slowdownPerInFlight: 0,
  servers,
  distribution: 'exponential',
})

const noLatency = presets.plain!.latency

const served = (latency: LatencyModel): GatewaySpec => ({
  ...presets.plain!,
  tiers: { free: [] },
  latency,
})

function within(quantile: number, seconds: number): CountedCriterion {
  return {
    name: `p${100 * quantile}(response) < ${seconds}s`,
    kind: 'latency',
    budget: 1 - quantile,
    about: { outcomes: ['ok'] },
    broken: { measure: 'response', aboveUs: seconds * 1e6 },
  }
}

const rejections: CountedCriterion = {
  name: 'share(limited) < 1 %',
  kind: 'rejections',
  budget: 0.01,
  about: { outcomes: 'all' },
  broken: { outcomes: ['limited'] },
}

const queue = {
  warmupUs: 20e6,
  coolDownUs: 1e6,
  stepUs: 100e6,
  startPerS: 1,
  criteria: [within(0.95, 0.3)],
}

function knownTargets(): Known[] {
  return [
    {
      ...queue,
      name: 'M/M/1',
      truthPerS: mm1Capacity(20, 0.95, 0.3),
      spec: served(exponential(50_000, 1)),
    },
    {
      ...queue,
      name: 'M/M/4',
      criteria: [within(0.95, 0.8)],
      truthPerS: mmcCapacity({ servers: 4, muPerS: 5 }, 0.95, 0.8),
      spec: served(exponential(200_000, 4)),
    },
    {
      ...queue,
      name: 'load-dependent latency',
      criteria: [within(0.95, 0.5)],
      truthPerS: slowdownCapacity({ baseS: 0.2, sigma: 0.3, slowdown: 0.1 }, 0.95, 0.5),
      spec: served({ ...noLatency, ttftUs: 200_000, ttftSpread: 0.3, slowdownPerInFlight: 0.1 }),
    },
    {
      ...queue,
      name: 'window of 100 per 10 s',
      criteria: [rejections, within(0.95, 0.3)],
      warmupUs: 10e6,
      coolDownUs: 10e6,
      truthPerS: windowCapacity(100, 10, 0.01),
      spec: {
        ...served(noLatency),
        tiers: { free: [{ name: 'requests', model: limiter(fixedWindow(100, 10e6)) }] },
      },
    },
  ]
}

interface Found {
  readonly inside: number
  readonly over: number
  readonly plainOver: number
  readonly plainErrors: readonly number[]
  readonly certifiedErrors: readonly number[]
  readonly estimatedErrors: readonly number[]
  readonly requests: number
  readonly plainRequests: number
}

/** A row of the table, and whether what was wanted was reached. */
interface TargetResult {
  readonly row: readonly string[]
  readonly isMet: boolean
}

/** Each target in a thread of its own: searches take seconds of computing each. */
export async function benchSearch(searches: number): Promise<Section> {
  const results = await Promise.all(knownTargets().map((_, index) => inThread({ index, searches })))
  return {
    title: 'Search: the interval and the claims against known capacities',
    lines: [
      `${searches} seeded searches each, through the engine and the embedded gateway in virtual time. Wanted: the true value in the interval ≥ 90 %, certified values more than 2 % above it ≤ 10 %. Errors are the 5th, 50th and 95th percentile. "Plain" is bisection with one step per load to within 1 %, claiming the last load that passed.`,
      '',
      ...markdownTable(
        [
          'target',
          'truth',
          'in the interval',
          'certified > 2 % above',
          'plain > 2 % above',
          'certified, error',
          'estimated, error',
          'plain, error',
          'requests',
          'plain requests',
        ],
        results.map(({ row }) => row),
      ),
    ],
    isMet: results.every((result) => result.isMet),
  }
}

interface ThreadInput {
  readonly index: number
  readonly searches: number
}

function inThread(workerData: ThreadInput): Promise<TargetResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData })
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}

async function benchTarget({ index, searches }: ThreadInput): Promise<TargetResult> {
  const known = knownTargets()[index]!
  const found = await searchAll(known, searches)
  return {
    row: rowOf(known, found, searches),
    isMet: found.inside / searches >= 0.9 && found.over / searches <= 0.1,
  }
}

function rowOf({ name, truthPerS }: Known, found: Found, searches: number): string[] {
  return [
    name,
    `${truthPerS.toFixed(2)}/s`,
    shareText(found.inside, searches),
    shareText(found.over, searches),
    shareText(found.plainOver, searches),
    spreadText(found.certifiedErrors),
    spreadText(found.estimatedErrors),
    spreadText(found.plainErrors),
    String(Math.round(found.requests / searches)),
    String(Math.round(found.plainRequests / searches)),
  ]
}

async function searchAll(known: Known, searches: number): Promise<Found> {
  const { truthPerS: truth } = known
  const results: CapacityResult[] = []
  const plain: { claim: number; requests: number }[] = []
  for (let seed = 1; seed <= searches; seed++) {
    results.push(await searchOnce(known, seed))
    plain.push(await plainBisection(known, seed))
  }
  const errors = (values: readonly (number | null)[]) =>
    values.flatMap((value) => (value === null ? [] : [value / truth - 1])).sort((a, b) => a - b)
  const certified = results.map(({ certifiedPerS }) => certifiedPerS)
  return {
    inside: results.filter((result) => holds(result, truth)).length,
    over: certified.filter((value) => value !== null && value > 1.02 * truth).length,
    plainOver: plain.filter(({ claim }) => claim > 1.02 * truth).length,
    plainErrors: errors(plain.map(({ claim }) => claim)),
    certifiedErrors: errors(certified),
    estimatedErrors: errors(results.map(({ estimatedPerS }) => estimatedPerS)),
    requests: results.reduce((sum, { requests }) => sum + requests, 0),
    plainRequests: plain.reduce((sum, { requests }) => sum + requests, 0),
  }
}

function holds({ certifiedPerS, refutedPerS }: CapacityResult, truth: number): boolean {
  return (certifiedPerS ?? 0) <= truth && truth <= (refutedPerS ?? Number.POSITIVE_INFINITY)
}

async function searchOnce(known: Known, seed: number): Promise<CapacityResult> {
  const { criteria, spec, warmupUs, coolDownUs, stepUs, startPerS } = known
  const options: SearchOptions = {
    criteria,
    startPerS,
    maxPerS: 1000,
    stepUs,
    stepUsMax: 5 * stepUs,
    tolerance: 0.06,
    stepsMax: 60,
    blockSeconds: 10,
    seed,
  }
  const search = new Search(options)
  const target = { spec: { ...spec, seed }, warmupUs, coolDownUs, seed }
  await simulateSearch(search, criteria, target)
  return capacityResult(known.name, search)
}

/** What Nighthawk's step controller does: ×2, then halving until 1 %, one step per load. */
async function plainBisection(known: Known, seed: number) {
  const { criteria, spec, warmupUs, coolDownUs, stepUs, startPerS } = known
  const run = simulatedSteps(criteria, { spec: { ...spec, seed }, warmupUs, coolDownUs, seed })
  let requests = 0
  const passes = async (loadPerS: number) => {
    const move = { kind: 'bisect', loadPerS, measureUs: stepUs, coolsDown: true } as const
    const { counts, attempted } = await run(move)
    requests += attempted
    return counts.every(({ bad, all }, c) => sum(bad) <= criteria[c]!.budget * sum(all))
  }
  let low = 0
  let high = startPerS
  while (await passes(high)) {
    low = high
    high *= 2
  }
  while ((high - low) / high > 0.01) {
    const middle = (low + high) / 2
    if (await passes(middle)) low = middle
    else high = middle
  }
  return { claim: low, requests }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function spreadText(sorted: readonly number[]): string {
  const at = (q: number) => sorted[Math.round(q * (sorted.length - 1))]
  return [0.05, 0.5, 0.95]
    .map((q) => (at(q) === undefined ? '–' : `${(100 * at(q)!).toFixed(1)} %`))
    .join(' / ')
}

if (parentPort !== null) parentPort.postMessage(await benchTarget(workerData as ThreadInput))
