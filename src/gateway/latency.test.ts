import { describe, expect, test } from 'vitest'
import { exponentialAt, randomStream } from '../core/random.ts'
import { ServiceLine, serviceTimes } from './latency.ts'

const model = {
  ttftUs: 50_000,
  ttftSpread: 0,
  itlUs: 0,
  itlSpread: 0,
  slowdownPerInFlight: 0,
  distribution: 'exponential',
} as const

/** Shares of Poisson arrivals that are in the system for longer than `aboveUs`. */
function shareAbove(servers: number, perS: number, aboveUs: number): number {
  const times = serviceTimes(model, 7)
  const line = new ServiceLine(servers)
  const gaps = randomStream(7, 'gaps')
  const requests = 40_000
  let nowUs = 0
  let above = 0
  for (let i = 0; i < requests; i++) {
    nowUs += (exponentialAt(gaps, i) / perS) * 1e6
    const { ttftUs } = times(i, 0)
    if (line.waitUs(nowUs, ttftUs) + ttftUs > aboveUs) above++
  }
  return above / requests
}

describe('a line of servers', () => {
  test('is M/M/1: P(T > t) = e^(−(μ−λ)t)', () => {
    expect(shareAbove(1, 10, 300_000)).toBeCloseTo(Math.exp(-(20 - 10) * 0.3), 2)
  })

  test('is M/M/2, by Erlang', () => {
    // a = 1, so that C = 1/3 and P(T > t) = e^(−μt) (1 + C μt).
    const x = 20 * 0.1
    expect(shareAbove(2, 20, 100_000)).toBeCloseTo(Math.exp(-x) * (1 + x / 3), 2)
  })

  test('serves first come, first served, by whoever is free first', () => {
    const line = new ServiceLine(2)
    expect([
      line.waitUs(0, 10),
      line.waitUs(0, 30),
      line.waitUs(5, 10),
      line.waitUs(6, 10),
    ]).toEqual([0, 0, 5, 14])
  })
})
