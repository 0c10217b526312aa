// For tests and benches: response times of queues, whose distributions are known.

import { type CountsCut, LatencyCounts } from '../core/latencyCounts.ts'
import { exponentialAt, randomStream } from '../core/random.ts'

export interface QueueOptions {
  readonly seed: number
  readonly arrivalsPerS: number
  readonly servedPerS: number
  readonly seconds: number
}

/** What each second of an M/M/1 queue that starts empty counts, by the arrivals' seconds. */
export function queueSeconds(options: QueueOptions): (CountsCut | null)[] {
  const { seed, arrivalsPerS, servedPerS, seconds } = options
  const gaps = randomStream(seed, 'gaps')
  const services = randomStream(seed, 'services')
  const cuts: (CountsCut | null)[] = []
  const counts = new LatencyCounts()
  let arrivalS = exponentialAt(gaps, 0) / arrivalsPerS
  let freeS = 0
  for (let i = 0; cuts.length < seconds; i++) {
    while (cuts.length < Math.min(seconds, Math.floor(arrivalS))) cuts.push(counts.cut())
    freeS = Math.max(arrivalS, freeS) + exponentialAt(services, i) / servedPerS
    counts.record((freeS - arrivalS) * 1e6)
    arrivalS += exponentialAt(gaps, i + 1) / arrivalsPerS
  }
  return cuts
}

/** Quantile `q` of its response times: they are exponential. */
export function queueQuantileUs(q: number, { arrivalsPerS, servedPerS }: QueueOptions): number {
  return (-Math.log(1 - q) / (servedPerS - arrivalsPerS)) * 1e6
}
