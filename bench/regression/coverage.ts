// How often the interval of a quantile holds the truth, on queues whose truth is known.

import { quantileInterval } from '../../src/core/blockBootstrap.ts'
import { shareInterval } from '../../src/core/statistics.ts'
import { queueQuantileUs, queueSeconds } from '../../src/testing/queues.ts'

const servedPerS = 200
const loads = [0.5, 0.8]
const lengths = [300, 600]

/** `scale` 1: 600 runs of each kind. */
export function coverageTable(scale: number): string {
  const runs = Math.max(10, Math.round(600 * scale))
  const head = ['M/M/1 at', 'seconds', 'requests', 'worth', 'p99 ±', '95 % interval holds the p99']
  const lines = loads.flatMap((load) => lengths.map((seconds) => line({ load, seconds, runs })))
  const rows = [head, head.map(() => '---'), ...lines]
  const table = rows.map((row) => `| ${row.join(' | ')} |`).join('\n')
  return `## Coverage\n\n${runs} runs of each kind, started empty, ${servedPerS} served per second; in brackets the 95 % interval of the share itself.\n\n${table}\n`
}

function line(kind: { load: number; seconds: number; runs: number }): string[] {
  const { load, seconds, runs } = kind
  const sums = { held: 0, width: 0, count: 0, effective: 0 }
  for (let seed = 1; seed <= runs; seed++) {
    const queue = { seed, arrivalsPerS: load * servedPerS, servedPerS, seconds }
    const interval = quantileInterval(queueSeconds(queue), 0.99)!
    const truthUs = queueQuantileUs(0.99, queue)
    sums.held += interval.lowUs <= truthUs && truthUs <= interval.highUs ? 1 : 0
    sums.width += (interval.highUs - interval.lowUs) / 2 / interval.estimateUs / runs
    sums.count += interval.count / runs
    sums.effective += interval.effective / runs
  }
  const [low, high] = shareInterval(sums.held, runs)
  const percent = (share: number) => (100 * share).toFixed(1)
  const held = `${percent(sums.held / runs)} % (${percent(low)}–${percent(high)})`
  const numbers = [Math.round(sums.count), Math.round(sums.effective)].map(String)
  return [`ρ ${load}`, String(seconds), ...numbers, `${percent(sums.width)} %`, held]
}
