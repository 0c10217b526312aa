// How long the model takes, drawn from a seed: request i always gets the same draw.

import { normalAt, type RandomStream, randomStream } from '../core/random.ts'
import type { Micros } from '../core/units.ts'
import type { LatencyModel } from './spec.ts'

/** Delays of one answer, from the start of its service. */
export interface ServiceTimes {
  readonly ttftUs: Micros
  readonly itlUs: Micros
}

export type ServiceTimesOf = (i: number, othersInFlight: number) => ServiceTimes

export function serviceTimes(model: LatencyModel, seed: number): ServiceTimesOf {
  const ttft = randomStream(seed, 'ttft')
  const itl = randomStream(seed, 'itl')
  return (i, othersInFlight) => {
    const slowdown = 1 + model.slowdownPerInFlight * othersInFlight
    return {
      ttftUs: model.ttftUs * logNormal(ttft, i, model.ttftSpread) * slowdown,
      itlUs: model.itlUs * logNormal(itl, i, model.itlSpread) * slowdown,
    }
  }
}

function logNormal(stream: RandomStream, i: number, sigma: number): number {
  return sigma === 0 ? 1 : Math.exp(sigma * normalAt(stream, i))
}
