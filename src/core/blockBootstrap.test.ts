import { describe, expect, test } from 'vitest'
import { queueQuantileUs, queueSeconds } from '../testing/queues.ts'
import { quantileInterval } from './blockBootstrap.ts'
import { LatencyCounts } from './latencyCounts.ts'
import { exponentialAt, randomStream } from './random.ts'

/** Seconds of independent exponential samples. */
function independent(seed: number, seconds: number, perSecond: number) {
  const stream = randomStream(seed, 'samples')
  const counts = new LatencyCounts()
  return Array.from({ length: seconds }, (_, second) => {
    for (let i = 0; i < perSecond; i++) {
      counts.record(1e5 * exponentialAt(stream, second * perSecond + i))
    }
    return counts.cut()
  })
}

describe('the interval of a quantile', () => {
  test('of independent samples is that of the binomial, and they count in full', () => {
    const { effective, count, lowUs, highUs, estimateUs } = quantileInterval(
      independent(3, 300, 100),
      0.99,
    )!
    expect(count).toBe(30_000)
    expect(effective).toBeGreaterThan(15_000)
    // Exponential: half-width 1.96 sqrt(0.99 / 0.01 / n) / ln 100 = 2.4 %.
    expect((highUs - lowUs) / 2 / estimateUs).toBeGreaterThan(0.015)
    expect((highUs - lowUs) / 2 / estimateUs).toBeLessThan(0.035)
  })

  test('of a queue is much wider: its samples are worth a fraction of their number', () => {
    const queue = { seed: 5, arrivalsPerS: 160, servedPerS: 200, seconds: 300 }
    const { effective, count, lowUs, highUs } = quantileInterval(queueSeconds(queue), 0.99)!
    expect(effective).toBeLessThan(count / 10)
    expect(highUs / lowUs).toBeGreaterThan(1.15)
  })

  test('holds the true p99 of a queue about as often as it says', () => {
    const runs = Array.from({ length: 40 }, (_, i) => i)
    const queue = { arrivalsPerS: 100, servedPerS: 200, seconds: 120 }
    const held = runs.filter((seed) => {
      const options = { ...queue, seed }
      const { lowUs, highUs } = quantileInterval(queueSeconds(options), 0.99)!
      const truth = queueQuantileUs(0.99, options)
      return lowUs <= truth && truth <= highUs
    })
    expect(held.length).toBeGreaterThanOrEqual(34)
  })

  test('is not there for too few samples or seconds, and does not mind quiet seconds', () => {
    expect(quantileInterval(independent(1, 60, 10), 0.99)).toBeNull()
    expect(quantileInterval(independent(1, 30, 100), 0.99)).toBeNull()
    expect(quantileInterval([], 0.5)).toBeNull()
    const gappy = independent(1, 60, 100).map((cut, second) => (second % 3 === 0 ? null : cut))
    expect(quantileInterval(gappy, 0.99)!.count).toBe(4000)
  })
})
