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
import type { GatewaySpec } from '../../src/gateway/spec.ts'
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

const unlimited: GatewaySpec = { ...presets.kuadrant!, tiers: { free: [] } }
const slower: GatewaySpec = {
  ...unlimited,
  latency: {
    ...unlimited.latency,
    ttftUs: unlimited.latency.ttftUs * 1.08,
    itlUs: unlimited.latency.itlUs * 1.08,
  },
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
const steady = "arrivals: poisson('60/s'), measure: '3s'"
const probing = (gap: string, count: number) =>
  `arrivals: spaced('${gap}'), until: untilRequests(${count})`

const cases: readonly Case[] = [
  {
    name: 'latency +8 %',
    base: unlimited,
    candidate: slower,
    scenario: steady,
    declared: '',
    pairs: 8,
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
    scenario: steady,
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

/** Those whose name has `which`. */
export async function realTable(which: string): Promise<string> {
  const head = ['made worse', 'pairs', 'verdict', 'what decided', 'as it should']
  const chosen = cases.filter(({ name }) => name.includes(which))
  const lines: string[][] = []
  for (const one of chosen) {
    const comparison = await compared(one)
    const isRight = (comparison.verdict === 'REGRESSION') === one.isAlarm
    lines.push([
      one.name,
      String(one.pairs),
      comparison.verdict,
      deciding(comparison),
      isRight ? 'yes' : 'NO',
    ])
    process.stderr.write(`${one.name}: ${comparison.verdict}\n`)
  }
  const rows = [head, head.map(() => '---'), ...lines]
  return `## Real runs\n\nAgainst the embedded gateway over loopback, pairs in the order ABBA.\n\n${rows.map((row) => `| ${row.join(' | ')} |`).join('\n')}\n`
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
  const sees = metrics.find(({ name }) => name === 'p50 response')?.detectable
  return sees == null ? '' : `p50 would show ≥ ${(sees * 100).toFixed(1)} %`
}

async function compared({ base, candidate, scenario, declared, pairs }: Case): Promise<Comparison> {
  const sides: { base: ComparedRun[]; candidate: ComparedRun[] } = { base: [], candidate: [] }
  const config = configOf(scenario, declared)
  for (let pair = 0; pair < pairs; pair++) {
    const measureBase = async () => sides.base.push(await run({ ...base, seed: 2 * pair }, config))
    const measureCandidate = async () => {
      return sides.candidate.push(await run({ ...candidate, seed: 2 * pair + 1 }, config))
    }
    const order = isBaseFirst(pair)
      ? [measureBase, measureCandidate]
      : [measureCandidate, measureBase]
    // A single pair is exact in what it shows; its two runs may go on together.
    if (pairs === 1) await Promise.all(order.map((measure) => measure()))
    else for (const measure of order) await measure()
  }
  return compareRuns(sides.base, sides.candidate, { isForced: true })
}

/** One run, against a gateway that nobody has asked before. */
async function run(spec: GatewaySpec, config: string): Promise<ComparedRun> {
  const gateway: RunningGateway = await startGateway(spec)
  const place = workplace()
  try {
    place.write('bench.config.ts', config)
    await main(
      ['node', 'limitscope', 'run', '--target', gateway.url, '--reporter', 'silent'],
      place.io,
    )
    const { folder, summary } = readRun(join(place.path, 'results', place.runs()[0]!))
    return { manifest: folder.manifest, summary }
  } finally {
    await gateway.close()
    rmSync(place.path, { recursive: true })
  }
}

function configOf(scenario: string, declared: string): string {
  return `
import { defineConfig, defineScenario, lane, poisson, shape, spaced, untilRequests } from 'limitscope'
const cheap = shape.chat('cheap', { promptTokens: 8, outputTokensMax: 4, stream: true })
export default defineConfig({
  ${declared}
  scenarios: [defineScenario('s', { lanes: [lane('free', {})], mix: [cheap], ${scenario} })],
})`
}
