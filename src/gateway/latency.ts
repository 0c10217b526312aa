// How long the model takes, drawn from a seed: request i always gets the same draw.

import { exponentialAt, normalAt, type RandomStream, randomStream } from '../core/random.ts'
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
    const spread =
      model.distribution === 'exponential'
        ? exponentialAt(ttft, i)
        : logNormal(ttft, i, model.ttftSpread)
    return {
      ttftUs: model.ttftUs * spread * slowdown,
      itlUs: model.itlUs * logNormal(itl, i, model.itlSpread) * slowdown,
    }
  }
}

function logNormal(stream: RandomStream, i: number, sigma: number): number {
  return sigma === 0 ? 1 : Math.exp(sigma * normalAt(stream, i))
}

/** A line in front of `servers`, first come, first served. */
export class ServiceLine {
  /** When each server is free. */
  readonly #freeUs: Float64Array

  constructor(servers: number) {
    this.#freeUs = new Float64Array(servers)
  }

  /** How long a request that comes at `nowUs` and takes `serviceUs` waits for its server. */
  waitUs(nowUs: Micros, serviceUs: Micros): Micros {
    let first = 0
    for (let i = 1; i < this.#freeUs.length; i++) {
      if (this.#freeUs[i]! < this.#freeUs[first]!) first = i
    }
    const startUs = Math.max(nowUs, this.#freeUs[first]!)
    this.#freeUs[first] = startUs + serviceUs
    return startUs - nowUs
  }
}
