import { expect, test } from 'vitest'
import { realClock } from '../core/realClock.ts'
import { phase, plan } from '../testing/simulate.ts'
import { measureCeiling, raisedCeiling } from './ceiling.ts'

const arrivals = { kind: 'constant', perS: 1000 } as const

test('the ceiling is known before steps have captured what requests need', async () => {
  const { lanes, shapes } = plan({})
  const [lane, shape] = [lanes[0]!, shapes[0]!]
  const needy = plan({
    lanes: [{ ...lane, credential: { from: 'capture', name: 'token' } }],
    shapes: [
      { ...shape, name: 'path', kind: 'raw', path: '/v1/{{id}}', body: '{"of":"{{seq}}"}' },
      { ...shape, name: 'origin', kind: 'raw', path: '{{url}}/v1', body: null },
    ],
  })
  for (const shape of ['path', 'origin']) {
    const one = phase({ arrivals, lanes: [lane.name], mix: [{ shape, weight: 1 }] })
    const parts = { clock: realClock(), epochMs: Date.now(), rowEvery: 1 }
    expect(await measureCeiling(needy, one, parts)).toBeGreaterThan(0)
  }
})

test('a run that sends more than the ceiling shows that it is higher, once it has worked enough', () => {
  const [measuredPerS, busyUs] = [8000, 2_000_000]
  expect(raisedCeiling(measuredPerS, 100_000, busyUs)).toBe(50_000)
  expect(raisedCeiling(measuredPerS, 1000, busyUs)).toBe(measuredPerS)
  expect(raisedCeiling(measuredPerS, 10_000, 99_999)).toBe(measuredPerS)
})
