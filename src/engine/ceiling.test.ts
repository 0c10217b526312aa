import { expect, test } from 'vitest'
import { realClock } from '../core/realClock.ts'
import { phase, plan } from '../testing/simulate.ts'
import { measureCeiling } from './ceiling.ts'

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
