// Thresholds: what can be written, what is refused, and how dependent samples are judged.

import { describe, expect, test } from 'vitest'
import { presets } from '../gateway/presets.ts'
import { requestRecord } from '../testing/requestRecords.ts'
import { declaredBy, interplay, phase, plan, scenario } from '../testing/simulate.ts'
import { madeUp, storeRun, storeSimulation } from '../testing/storedRuns.ts'
import { parseStatement } from './statement.ts'
import { checkNames } from './statementNames.ts'
import { readRun } from './storedRun.ts'
import { StatementError } from './vocabulary.ts'

const kuadrant = presets.kuadrant!
const withLimits = plan({ limiters: declaredBy(kuadrant), scenarios: [interplay()] })

async function judged(...expectations: string[]) {
  const scenarios = [{ ...interplay(), expectations }]
  const path = await storeRun({ spec: kuadrant, plan: { ...withLimits, scenarios } })
  return readRun(path).summary.scenarios[0]!.checks
}

test('the words of the README are judged', async () => {
  const checks = await judged(
    'first_rejection(requests).admitted == 40',
    'limit(tokens).overshoot <= 1200',
    'goodput / offered > 0.85',
    'goodput{shape=cheap} / offered{shape=cheap} >= 99%',
    'rejected(tokens) within 60s of start',
    'rejected(requests) within 10ms of start',
    'rejected(tokens) within 15s of rejected(requests)',
    'recovered(tokens) within 1s of rejected(tokens)',
  )
  expect(checks.map(({ verdict, actual }) => [verdict, actual])).toEqual([
    ['passed', '40 requests'],
    ['passed', '800'],
    ['passed', expect.stringMatching(/^0\.88 \(.*\/s \/ .*\/s\)$/)],
    ['failed', expect.stringMatching(/^0\.9/)],
    ['passed', expect.stringMatching(/^after \d/)],
    ['failed', expect.stringMatching(/^after \d/)],
    ['passed', expect.stringMatching(/^after \d/)],
    ['inconclusive', 'never'],
  ])
  expect(checks.at(-1)!.reason).toMatch(/^not until the end of the scenario, .* later$/)
})

describe('a statement', () => {
  test.each([
    'p99(response){shape=cheap} < 800ms',
    'first_rejection(requests).admitted == 60',
    'limit(tokens).overshoot <= 1200',
    'goodput / offered > 0.95',
    'rejected(tokens) within 60s of start',
  ])('is understood, and its names are those of the plan: %s', (text) => {
    expect(named(text)).not.toThrow()
  })

  test.each([
    ['goodputt / offered > 1', "unknown metric 'goodputt': did you mean 'goodput'?"],
    ['goodputt > 1', "unknown metric 'goodputt': did you mean 'goodput'?"],
    ['rate(ok) > offred', "unknown metric 'offred': did you mean 'offered'?"],
    ['goodput / offred > 1', "unknown metric 'offred': did you mean 'offered'?"],
    ['first_rejection(x).admited == 1', "did you mean 'admitted'?"],
    ['limit(x).overshot < 1', "did you mean 'overshoot'?"],
    ['rejectd(tokens) within 60s of start', "unknown event 'rejectd': did you mean 'rejected'?"],
    ['rejected(tokens) within 60 of start', "did you mean '60s'?"],
    ['rejected(tokens) within 60s of begin', "expected an event, like 'rejected(tokens)'"],
    ['limit(tokens).window < 60', "like '60ms'"],
    ['goodput > ', 'expected a value after the operator'],
    ['share(ok){lane} > 1', 'expected {lane=NAME}'],
    ['rejected(tokens){shape=cheap} within 1s of start', 'expected {lane=…} at most'],
  ])('that cannot be understood says why: %s', (text, message) => {
    expect(() => parseStatement(text)).toThrow(message)
  })

  const named = (text: string) => () => checkNames(parseStatement(text), withLimits, interplay())

  test.each([
    ['p99(response){shape=chaep} < 1s', "unknown shape 'chaep': did you mean 'cheap'?"],
    ['share(ok){lane=fre} > 1%', "unknown lane 'fre': did you mean 'free'?"],
    ['p50(response){outcome=limitd} > 1ms', "unknown outcome 'limitd': did you mean 'limited'?"],
    ['first_rejection(requets).admitted == 1', "did you mean 'requests'?"],
    ['rejected(tokns) within 1s of start', "did you mean 'tokens'?"],
    ['first(cheap-frst).seq == 1', "did you mean 'cheap-first'?"],
    ['first(cheap-first).limiter == requets', "did you mean 'requests'?"],
    ['count(ok){phase=cheap-frst} > 1', "unknown phase 'cheap-frst': did you mean 'cheap-first'?"],
    ['goodput / offered{lane=premium} > 1', "unknown lane 'premium': expected free"],
  ])('names what its scenario has: %s', (text, message) => {
    expect(named(text)).toThrow(StatementError)
    expect(named(text)).toThrow(message)
  })

  test('may name limiters that only the target knows', () => {
    expect(named('limit(daily-budget).overshoot == 0')).not.toThrow()
    expect(named('first(cheap-first).limiter == none')).not.toThrow()
  })
})

describe('a quantile', () => {
  /** Requests every 10 ms for some time, of which each takes as long as `tookUs` says. */
  async function check(seconds: number, tookUs: (i: number) => number, statement: string) {
    const records = Array.from({ length: seconds * 100 }, (_, i) => {
      const sentUs = i * 10_000
      const endUs = sentUs + tookUs(i)
      return requestRecord({ seq: i + 1, scenario: 's', intendedUs: sentUs, sentUs, endUs })
    })
    const own = { ...scenario('s', phase({})), expectations: [statement] }
    const sorted = records.toSorted((a, b) => a.endUs! - b.endUs!)
    const path = await storeSimulation(madeUp(sorted), { plan: plan({ scenarios: [own] }) })
    return readRun(path).summary.scenarios[0]!.checks[0]!
  }
  const uneven = (i: number) => 1000 + ((i * 7919) % 1000) * 10
  /** Slow for whole stretches of 8 s: each says as much as one sample. */
  const bursts = (i: number) => (Math.floor(i / 800) % 3 === 0 ? 50_000 : 1000) + (i % 7)

  test('passes or fails where its whole interval does, and says the interval', async () => {
    expect(await check(60, uneven, 'p99(response) < 20ms')).toMatchObject({
      verdict: 'passed',
      actual: expect.stringMatching(
        /^10\.9 ms \(95 % interval 10\.\d ms to 1[01](\.\d)? ms, n = 6,000, 10 blocks\)$/,
      ),
    })
    expect((await check(60, uneven, 'p99(response) < 5ms')).verdict).toBe('failed')
  })

  test('is open where the bound lies within the interval', async () => {
    const found = await check(120, bursts, 'p50(response) < 10ms')
    expect(found.verdict).toBe('inconclusive')
    expect(found.reason).toMatch(/^the 95 % interval is .*; measure for longer$/)
  })

  test('needs as many independent requests as its floor says, not as many requests', async () => {
    const rare = (i: number) => (Math.floor(i / 400) === 5 ? 9e4 + (i % 400) * 100 : 1000)
    const found = await check(60, rare, 'p99(response) < 200ms')
    expect(found).toMatchObject({
      verdict: 'inconclusive',
      reason: expect.stringMatching(
        /^p99 needs at least 662 independent requests; these 6,000 say as much as \d+$/,
      ),
    })
  })

  test('keeps its interval in a sum', async () => {
    const found = await check(60, uneven, 'p99(response) - p50(response) < 6ms')
    expect(found).toMatchObject({ verdict: 'passed', actual: expect.stringMatching(/^4\.9/) })
    const open = await check(120, bursts, '2 * p50(response) < 20ms')
    expect(open).toMatchObject({
      verdict: 'inconclusive',
      reason: expect.stringMatching(/^the 95 % interval is /),
    })
  })

  test('of a run too short for an interval holds where every answer holds', async () => {
    expect((await check(3, uneven, 'p50(response) < 20ms')).verdict).toBe('passed')
    expect((await check(3, uneven, 'p50(response) > 20ms')).verdict).toBe('failed')
    expect(await check(3, uneven, 'p50(response) < 8ms')).toMatchObject({
      verdict: 'inconclusive',
      reason: expect.stringMatching(/^too short a run for an interval; answers took 1 ms to/),
    })
  })
})
