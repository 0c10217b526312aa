// Real runs against the embedded gateway in processes of its own, with something made worse in it, or
// nothing: what `limitscope compare` says about them.

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type ComparedRun, compareRuns } from '../../src/analysis/compare.ts'
import type { Comparison } from '../../src/analysis/comparison.ts'
import { isBaseFirst } from '../../src/analysis/confirmation.ts'
import { readRun } from '../../src/analysis/storedRun.ts'
import { main } from '../../src/cli.ts'
import type { NamedLimiter } from '../../src/core/limits.ts'
import { presets } from '../../src/gateway/presets.ts'
import { type RunningGateway, startGateway } from '../../src/gateway/server.ts'
import type { GatewaySpec, LatencyModel } from '../../src/gateway/spec.ts'
import { fixedWindow, limiter, tokenBucket } from '../../src/limiters/models.ts'
import { workplace } from '../../src/testing/commandIo.ts'

const second = 1_000_000

/** What is compared: two gateways, under one scenario. */
interface Case {
  readonly name: string
  readonly base: GatewaySpec
  readonly candidate: GatewaySpec
  readonly scenario: string
  /** Limiters that the config declares. */
  readonly declared: string
  readonly pairs: number
  /** What has to come out. */
  readonly isAlarm: boolean
}

/** Its times vary by a quarter, and grow with what is in flight: no two runs are alike. */
const latency: LatencyModel = {
  ttftUs: 20_000,
  ttftSpread: 0.25,
  itlUs: 4_000,
  itlSpread: 0.1,
  slowdownPerInFlight: 0.05,
}
const unlimited: GatewaySpec = { ...presets.kuadrant!, tiers: { free: [] }, latency }
const slower: GatewaySpec = {
  ...unlimited,
  latency: { ...latency, ttftUs: latency.ttftUs * 1.08, itlUs: latency.itlUs * 1.08 },
}
const quick: GatewaySpec = { ...presets.plain!, dialect: 'kuadrant' }
const limitedBy = (...free: NamedLimiter[]): GatewaySpec => ({ ...quick, tiers: { free } })
const requests = (limit: number, windowS: number) =>
  limitedBy({ name: 'requests', model: limiter(fixedWindow(limit, windowS * second)) })
const tokens = (chargesRejected: boolean) =>
  limitedBy({
    name: 'tokens',
    model: limiter(tokenBucket(400, 400, 2 * second), { unit: 'tokens', chargesRejected }),
  })

const window60 = "limiters: { requests: { limit: 60, window: '60s' } },"
const steady = (seconds: number) => `arrivals: poisson('100/s'), measure: '${seconds}s'`
const probing = (gap: string, count: number) =>
  `arrivals: spaced('${gap}'), until: untilRequests(${count})`

const cases: readonly Case[] = [
  {
    name: 'latency +8 %',
    base: unlimited,
    candidate: slower,
    // Rank tests bear with some pairs that something else disturbed if there are enough others.
    scenario: steady(3),
    declared: '',
    pairs: 20,
    isAlarm: true,
  },
  {
    name: 'limit 60 → 58',
    base: requests(60, 60),
    candidate: requests(58, 60),
    scenario: probing('5ms', 80),
    declared: window60,
    pairs: 1,
    isAlarm: true,
  },
  {
    name: 'window 60 s → 66 s',
    base: requests(60, 60),
    candidate: requests(60, 66),
    scenario: probing('200ms', 345),
    declared: window60,
    pairs: 1,
    isAlarm: true,
  },
  {
    name: 'rejections charge tokens',
    base: tokens(false),
    candidate: tokens(true),
    scenario: probing('10ms', 300),
    declared: '',
    pairs: 8,
    isAlarm: true,
  },
  {
    name: 'nothing',
    base: unlimited,
    candidate: unlimited,
    scenario: steady(6),
    declared: '',
    pairs: 10,
    isAlarm: false,
  },
  {
    name: 'nothing, limited',
    base: requests(60, 60),
    candidate: requests(60, 60),
    scenario: probing('5ms', 80),
    declared: window60,
    pairs: 10,
    isAlarm: false,
  },
]

export interface RealOptions {
  /** Only cases whose name has this. */
  readonly which: string
  /** How often each is measured. */
  readonly times: number
}

export async function realTable({ which, times }: RealOptions): Promise<string> {
  const head = ['made worse', 'pairs', 'verdicts', 'what decided, the last time', 'as it should']
  const chosen = cases.filter(({ name }) => name.includes(which))
  const lines: string[][] = []
  for (const one of chosen) {
    const comparisons: Comparison[] = []
    for (let i = 0; i < times; i++) {
      comparisons.push(await compared(one))
      process.stderr.write(`${one.name}: ${comparisons.at(-1)!.verdict}\n`)
    }
    const right = comparisons.filter(({ verdict }) => (verdict === 'REGRESSION') === one.isAlarm)
    lines.push([
      one.name,
      String(one.pairs),
      verdictsText(comparisons),
      deciding(comparisons.at(-1)!),
      `${right.length} of ${times}`,
    ])
  }
  const rows = [head, head.map(() => '---'), ...lines]
  return `## Real runs\n\nAgainst the embedded gateway over loopback, pairs in the order ABBA.\n\n${rows.map((row) => `| ${row.join(' | ')} |`).join('\n')}\n`
}

/** '4 REGRESSION, 1 INCONCLUSIVE' */
function verdictsText(comparisons: readonly Comparison[]): string {
  const byVerdict = Map.groupBy(comparisons, ({ verdict }) => verdict)
  return [...byVerdict].map(([verdict, same]) => `${same.length} ${verdict}`).join(', ')
}

function deciding({ metrics, limiters, verdict }: Comparison): string {
  const worse = <T extends { verdict: string }>(all: readonly T[]) =>
    all.filter((change) => change.verdict === 'REGRESSION')
  const exact = worse(limiters).map(({ parameter, baseText, candidateText }) => {
    return `${parameter}: ${baseText} → ${candidateText} (p 0)`
  })
  const tested = worse(metrics).map(({ name, ratio, p }) => {
    return `${name} ×${ratio!.toFixed(3)} (p ${p!.toFixed(4)})`
  })
  if (verdict === 'REGRESSION') return [...exact, ...tested].slice(0, 3).join('; ')
  const changes = [...metrics, ...limiters]
  const same = changes.filter((change) => change.verdict === 'EQUIVALENT').length
  const open = metrics
    .filter((change) => change.verdict === 'INCONCLUSIVE')
    .map(({ name, detectable }) =>
      detectable === null ? name : `${name} would show ≥ ${(detectable * 100).toFixed(1)} %`,
    )
  return [`${same} of ${changes.length} EQUIVALENT`, ...open.slice(0, 3)].join('; ')
}

/** Pairs of which a run could not be believed are measured again, up to this many times. */
const spoiltMost = 10

async function compared(one: Case): Promise<Comparison> {
  const sides: { base: ComparedRun[]; candidate: ComparedRun[] } = { base: [], candidate: [] }
  for (let at = 0; sides.base.length < one.pairs && at < one.pairs + spoiltMost; at++) {
    const [base, candidate] = await measuredPair(one, at)
    if (base === null || candidate === null) continue
    sides.base.push(base)
    sides.candidate.push(candidate)
  }
  return compareRuns(sides.base, sides.candidate, { isForced: true })
}

async function measuredPair(
  one: Case,
  at: number,
): Promise<readonly [ComparedRun | null, ComparedRun | null]> {
  const config = configOf(one.scenario, one.declared)
  const measureBase = () => run({ ...one.base, seed: 2 * at }, config)
  const measureCandidate = () => run({ ...one.candidate, seed: 2 * at + 1 }, config)
  // A single pair is exact in what it shows; its two runs may go on together.
  if (one.pairs === 1) return Promise.all([measureBase(), measureCandidate()])
  if (isBaseFirst(at)) return [await measureBase(), await measureCandidate()]
  const candidate = await measureCandidate()
  return [await measureBase(), candidate]
}

/** One run, against a gateway that nobody has asked before; null where it cannot be believed. */
async function run(spec: GatewaySpec, config: string): Promise<ComparedRun | null> {
  const gateway: RunningGateway = await startGateway(spec)
  const place = workplace()
  try {
    place.write('bench.config.ts', config)
    await main(
      ['node', 'limitscope', 'run', '--target', gateway.url, '--reporter', 'silent'],
      place.io,
    )
    const { folder, summary } = readRun(join(place.path, 'results', place.runs()[0]!))
    const { reason, health } = summary
    if (reason === 'completed' && health.verdict !== 'INVALID') {
      return { manifest: folder.manifest, summary }
    }
    process.stderr.write(`measured again: ${reason}, ${health.reasons.join('; ')}\n`)
    return null
  } catch (error) {
    process.stderr.write(`measured again: ${error}; ${place.stderr()}\n`)
    return null
  } finally {
    await gateway.close()
    rmSync(place.path, { recursive: true })
  }
}

function configOf(scenario: string, declared: string): string {
  return `
import { defineConfig, defineScenario, lane, poisson, shape, spaced, untilRequests } from 'limitscope'
const cheap = shape.chat('cheap', { promptTokens: 8, outputTokensMax: 6, stream: true })
export default defineConfig({
  ${declared}
  scenarios: [defineScenario('s', { lanes: [lane('free', {})], mix: [cheap], ${scenario} })],
})`
}
