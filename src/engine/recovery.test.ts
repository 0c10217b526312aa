import { expect, test } from 'vitest'
import { gatewaySpec } from '../gateway/overrides.ts'
import { FindingsFold } from '../recording/findings.ts'
import { phase, plan, scenario, simulate } from '../testing/simulate.ts'

test('a probe after a burst finds the window, and how honest Retry-After was', async () => {
  const spec = gatewaySpec('openai', { requests: '5/10s', ttft: '1ms', itl: '0ms' })
  const burst = phase({ name: 'burst', until: [{ kind: 'rejected', limiter: '*', plus: 2 }] })
  const recovery = phase({
    name: 'recovery',
    arrivals: { kind: 'spaced', gapUs: 200_000, count: 1 },
    until: [{ kind: 'admitted', count: 1 }],
  })
  const run = plan({ scenarios: [scenario('one', burst, recovery)] })
  const { records } = await simulate({ plan: run, spec })
  expect(records.at(-1)!.outcome).toBe('ok')
  const findings = new FindingsFold(run)
  for (const record of records) findings.add(record)
  const first = findings.all()[0]!.first!
  expect(first.windowUs).toBeGreaterThanOrEqual(10e6)
  expect(first.windowUs).toBeLessThan(10.3e6)
  expect(Math.abs(first.recoveredAfterUs! - first.retryAfterUs!)).toBeLessThan(1.3e6)
})
