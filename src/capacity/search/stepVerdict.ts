// Whether a load keeps a promise: yes, no, or not known from what was seen so far.

import { BlockSample, sortedQuantile } from '../../core/bootstrap.ts'
import { randomStream, uniformAt } from '../../core/random.ts'
import { sampleFloor } from '../../core/statistics.ts'
import type { BootstrapOptions, LoadCounts } from './crossing.ts'

export type StepVerdict = 'pass' | 'fail' | 'extend'

const draws = 300
const tail = 0.025

/** The verdict on the pooled seconds of one load. */
export function stepVerdict(
  { bad, all }: Pick<LoadCounts, 'bad' | 'all'>,
  budget: number,
  { blockSeconds, seed }: BootstrapOptions,
): StepVerdict {
  const sample = new BlockSample([bad, all], blockSeconds)
  const [badTotal, allTotal] = sample.totals() as [number, number]
  if (allTotal === 0) return 'extend'
  // Without enough requests for the quantile even a clean sheet says nothing.
  const isEnough = allTotal >= sampleFloor(1 - budget)
  if (badTotal === 0) return isEnough ? 'pass' : 'extend'
  const stream = randomStream(seed, 'verdict')
  let drawn = 0
  const shares = Array.from({ length: draws }, () => {
    const [badDrawn, allDrawn] = sample.draw(() => uniformAt(stream, drawn++)) as [number, number]
    return (badDrawn + 0.5) / (allDrawn + 1)
  }).sort((a, b) => a - b)
  if (sortedQuantile(shares, tail) > budget) return 'fail'
  return isEnough && sortedQuantile(shares, 1 - tail) <= budget ? 'pass' : 'extend'
}

/** One verdict of several: any failure fails, any doubt extends. */
export function worstVerdict(verdicts: readonly StepVerdict[]): StepVerdict {
  if (verdicts.includes('fail')) return 'fail'
  return verdicts.includes('extend') ? 'extend' : 'pass'
}
