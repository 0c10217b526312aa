import { describe, expect, test } from 'vitest'
import { emptyCounts, type RequestRecord } from '../core/record.ts'
import { presets } from '../gateway/presets.ts'
import { planHash } from '../load/plan.ts'
import { RunFolds } from '../recording/folds.ts'
import { RunRecorder } from '../recording/recorder.ts'
import {
  cheap,
  declaredBy,
  expensive,
  interplay,
  phase,
  plan,
  scenario,
  simulate,
} from '../testing/simulate.ts'
import { type GeneratorReadings, judgeGenerator } from './health.ts'
import { predictFirst, separationWarnings } from './separation.ts'
import { type Comparison, parseStatement, StatementError } from './statement.ts'
import { summarize } from './summary.ts'
import { verdictOf } from './verdict.ts'

const kuadrant = presets.kuadrant!

const thread = {
  loopDelayP50Us: 100,
  loopDelayP99Us: 900,
  loopDelayMaxUs: 3000,
  loopBusyShare: 0.3,
  loopBusyUs: 3_000_000,
  gcMaxUs: 1500,
  gcShare: 0.001,
}

const healthy: GeneratorReadings = {
  planned: 1000,
  sent: 1000,
  ended: 1000,
  records: 1000,
  lag: { count: 1000, p50Us: 3, p90Us: 20, p99Us: 400, maxUs: 2000 },
  pacing: 'spin',
  responseP50Us: 50_000,
  stalls: { overUs: 50_000, p99Us: 20, maxUs: 400 },
  thread,
  arrivalDistance: 0.004,
  ceilingPerS: 100_000,
  peakPerS: 1000,
  host: { stealShare: 0.001, busyShare: 0.4, descriptorsShare: 0.01, portsShare: 0.01 },
  sentinel: { count: 600, p90UsIdle: 200, p90Us: 400, p99Us: 3000 },
  lostRows: 0,
  isOver: true,
}

describe('the generator', () => {
  test('is VALID when nothing is wrong with it', () => {
    expect(judgeGenerator(healthy)).toMatchObject({ verdict: 'VALID', reasons: [] })
  })

  test.each([
    ['SUSPECT', { sent: 980, ended: 980 }, /only 98 % of the planned/],
    ['INVALID', { sent: 800, ended: 800 }, /only 80 %/],
    ['SUSPECT', { lag: { ...healthy.lag, p99Us: 3000 } }, /send lag p99 is 3 ms, above 1 ms/],
    ['INVALID', { lag: { ...healthy.lag, p99Us: 60_000 } }, /send lag p99 is 60 ms/],
    ['SUSPECT', { thread: { ...thread, loopDelayP99Us: 20_000 } }, /event loop was 20 ms late/],
    ['SUSPECT', { thread: { ...thread, loopDelayMaxUs: 2_000_000 } }, /stood still for 2 s/],
    ['INVALID', { thread: { ...thread, loopDelayMaxUs: 87e6 } }, /stood still for 87 s/],
    ['SUSPECT', { thread: { ...thread, gcMaxUs: 80_000 } }, /garbage collection .* for 80 ms/],
    ['SUSPECT', { thread: { ...thread, loopBusyShare: 0.99 } }, /busy 99 % of the time/],
    ['SUSPECT', { arrivalDistance: 0.05 }, /gaps between sends are 0.050 from those planned/],
    ['INVALID', { arrivalDistance: 0.4 }, /0.400/],
    ['SUSPECT', { arrivalDistance: 0.4, pacing: 'eco' }, /--pacing spin is more punctual/],
    ['SUSPECT', { peakPerS: 70_000 }, /70000\/s is 70 % of what this generator reaches/],
    ['INVALID', { peakPerS: 120_000 }, /120 %/],
    ['SUSPECT', { host: { ...healthy.host, stealShare: 0.2 } }, /took 20 % of the CPU/],
    ['SUSPECT', { host: { ...healthy.host, descriptorsShare: 0.95 } }, /ulimit -n/],
    ['SUSPECT', { host: { ...healthy.host, portsShare: 0.9 } }, /90 % of the ephemeral ports/],
    [
      'SUSPECT',
      { sentinel: { count: 600, p90UsIdle: 200, p90Us: 7000, p99Us: 9000 } },
      /a probe beside the run waited 7 ms at p90, 200 µs after it/,
    ],
    ['SUSPECT', { lostRows: 7 }, /7 requests are missing in requests.csv/],
    ['INVALID', { records: 999 }, /counts do not add up/],
  ] as const)('is %s when %j', (verdict, change, reason) => {
    const judged = judgeGenerator({ ...healthy, ...change })
    expect(judged.verdict).toBe(verdict)
    expect(judged.reasons.join()).toMatch(reason)
  })

  test('weighs its lag against the answers: a slow target forgives what a quick one does not', () => {
    const lag = { ...healthy.lag, p99Us: 8000 }
    expect(judgeGenerator({ ...healthy, lag, responseP50Us: 1_000_000 }).verdict).toBe('VALID')
    expect(judgeGenerator({ ...healthy, lag, responseP50Us: 10_000 }).verdict).toBe('SUSPECT')
  })

  test('may be less exact when it does not spin for its schedule', () => {
    expect(judgeGenerator({ ...healthy, arrivalDistance: 0.06, pacing: 'eco' }).verdict).toBe(
      'VALID',
    )
  })

  test('is not judged by the p99 of forty requests, which is their maximum', () => {
    const lag = { count: 40, p50Us: 5, p90Us: 4000, p99Us: 30_000, maxUs: 30_000 }
    expect(judgeGenerator({ ...healthy, lag }).verdict).toBe('VALID')
  })
})

describe('statements', () => {
  const comparison = (text: string) => parseStatement(text) as Comparison

  test('are taken apart', () => {
    const right = (text: string) => comparison(text).right.first
    expect(parseStatement('p99(response){shape=cheap, lane=free} < 800ms')).toMatchObject({
      left: {
        first: {
          name: 'p99',
          argument: 'response',
          filters: { shape: 'cheap', lane: 'free' },
        },
        rest: [],
      },
      operator: '<',
      right: { first: { kind: 'value', value: 800_000, text: '800ms' }, rest: [] },
    })
    expect(right('share(ok) >= 99.5%')).toMatchObject({ kind: 'value', value: 0.995 })
    expect(right('rate(ok) > 50/s')).toMatchObject({ kind: 'value', value: 50 })
    expect(right("first(a-b).limiter == 'my limiter'")).toMatchObject({ value: 'my limiter' })
    expect(right('share(ok){lane=premium} >= share(ok){lane=free}')).toMatchObject({
      kind: 'metric',
      filters: { lane: 'free' },
    })
  })

  test('may be about sums and products; names and units keep their dashes and slashes', () => {
    const { left, right } = comparison('value(after) - value(a - b) >= 2 * count(ok) / 50/s')
    expect(left).toMatchObject({
      first: { name: 'value', argument: 'after' },
      rest: [{ sign: '-', operand: { name: 'value', argument: 'a - b' } }],
    })
    expect(right).toMatchObject({
      first: { value: 2 },
      rest: [
        { sign: '*', operand: { name: 'count' } },
        { sign: '/', operand: { value: 50 } },
      ],
    })
    expect(comparison('first(many-cheap).limiter == status-429').right.rest).toEqual([])
  })

  test.each([
    ['p98(response) < 1s', "unknown metric 'p98': did you mean 'p90'?"],
    ['p99(respons) < 1s', "unknown argument of p99() 'respons': did you mean 'response'?"],
    ['first(x).limitr == a', "unknown field of first(…) 'limitr': did you mean 'limiter'?"],
    ['first(x) == a', 'expected first(…).limiter|seq'],
    ['share(ok){lan=free} > 1', "unknown filter 'lan': did you mean 'lane'?"],
    ['p99(response) < 10', "expected a duration with its unit, like '10ms', got '10'"],
    ['p99(response) < 10ms', null],
    ['p99(response)', "expected 'METRIC ==|!="],
    ['count(ok){phase=a, lane=free} > 1', 'expected {phase=…} alone'],
    ['p99(response){phase=a} > 1s', 'expected {phase=…} alone'],
    ['limit(x).window < 10', "expected a duration with its unit, like '10ms'"],
    ['goodputt / offered > 1', "unknown metric 'goodputt': did you mean 'goodput'?"],
    ['goodput(ok) > 1', "unknown argument of goodput() 'ok'"],
    ['5 < 6', 'expected a metric on the left'],
    ['p99(response) < ', 'expected a value after the operator'],
  ])('that cannot be understood say why: %s', (text, message) => {
    if (message === null) expect(() => parseStatement(text)).not.toThrow()
    else {
      expect(() => parseStatement(text)).toThrow(StatementError)
      expect(() => parseStatement(text)).toThrow(message)
    }
  })
})

describe('a summary', () => {
  const interplayPlan = plan({
    limiters: declaredBy(kuadrant),
    scenarios: [
      {
        ...interplay(),
        expectations: [
          'first(cheap-first).limiter == requests',
          'first(cheap-first).admitted == 40',
          'first(expensive-first).limiter == requests',
          'limit(tokens).overshoot <= 1200',
          'p50(response){shape=cheap} < 1s',
          'p99(response){shape=cheap} < 1s',
          'count(failed) == 0',
          'share(limited){shape=cheap} < 10%',
          'first(nowhere).seq == 1',
          'count(limited){phase=cheap-first} == 3',
          'count(ok) - count(ok){phase=cheap-first} * 1 == 4',
          'tokens(ok){shape=cheap} == 24 * count(ok){shape=cheap}',
          'value(used) == 960',
          'value(missing) == 1',
          'limit(requests).retry_after > 1s',
          'first_rejection(requests).admitted == 40',
          'goodput / offered > 0.85',
          'goodput{shape=cheap} == rate(ok){shape=cheap}',
        ],
        differences: [
          {
            statement: 'first(expensive-first).limiter == requests',
            actual: 'first(expensive-first).limiter == tokens',
            note: 'the document is wrong',
          },
        ],
      },
    ],
  })

  async function summaryOf(change: Partial<Parameters<typeof summarize>[0]> = {}) {
    const { records, gaps } = await simulate({ plan: interplayPlan, spec: kuadrant })
    const recorder = new RunRecorder({
      plan: interplayPlan,
      folder: null,
      startedMs: 0,
      redact: (text) => text,
      hasRows: false,
      hasJournal: false,
      onWriteError: () => {},
    })
    const folds = new RunFolds(interplayPlan, {
      slice: (slice) => recorder.slice(slice),
      event: () => {},
    })
    for (const record of records as RequestRecord[]) folds.record(record)
    for (const some of gaps) folds.gaps(some, some.gapsUs)
    folds.close()
    recorder.findings = folds.findings.all()
    return summarize({
      plan: interplayPlan,
      planHash: planHash(interplayPlan),
      target: 'gateway:kuadrant',
      startedMs: 0,
      durationUs: 20e6,
      reason: 'completed',
      health: { verdict: 'VALID', reasons: [], readings: healthy },
      outcomes: [
        { scenario: 'interplay', skipped: null, broken: null, checks: [], values: { used: 960 } },
      ],
      recorder,
      ...change,
    })
  }

  test('judges every statement, and says what it found', async () => {
    const summary = await summaryOf()
    const { checks } = summary.scenarios[0]!
    expect(checks.map(({ verdict }) => verdict)).toEqual([
      'passed',
      'passed',
      'known',
      'passed',
      'passed',
      'inconclusive',
      'passed',
      'passed',
      'inconclusive',
      'passed',
      'passed',
      'passed',
      'passed',
      'inconclusive',
      'inconclusive',
      'passed',
      'passed',
      'passed',
    ])
    expect(checks[10]!.actual).toBe('4 (44 requests - 40 requests * 1)')
    expect(checks[2]!.reason).toBe(
      'the document is wrong (first(expensive-first).limiter == tokens)',
    )
    expect(checks[2]!.actual).toBe('tokens (inferred)')
    expect(checks[5]!.reason).toBe('p99 needs at least 662 requests, had 40')
    expect(checks[8]!.reason).toBe('no rejection in nowhere')
    expect(verdictOf(summary)).toMatchObject({ word: 'INCONCLUSIVE', exitCode: 3 })
  })

  test('counts a known difference as the user expects it', async () => {
    const strict = await summaryOf({ expects: 'documented' })
    expect(strict.scenarios[0]!.checks[2]).toMatchObject({
      verdict: 'failed',
      reason: expect.stringMatching(/^not as documented: the document is wrong/),
    })
    expect(verdictOf(strict)).toMatchObject({ word: 'FAILED', exitCode: 1 })
    const lenient = await summaryOf({ expects: 'actual' })
    expect(lenient.scenarios[0]!.checks[2]!.verdict).toBe('passed')
  })

  test('finds limits, overshoot and what was admitted before', async () => {
    const { limiters, counts } = (await summaryOf()).scenarios[0]!
    const [requests, tokens] = limiters
    expect(requests).toMatchObject({ limiter: 'requests', observedLimit: 40, overshoot: 0 })
    expect(requests!.first).toMatchObject({
      seq: 41,
      admitted: { requestsMin: 40, tokensMin: 960 },
    })
    expect(tokens).toMatchObject({ limiter: 'tokens', overshoot: 800 })
    expect(tokens!.first!.admitted).toMatchObject({ requestsMin: 4, tokensMin: 4800 })
    expect(counts).toMatchObject({ ok: 44, limited: 6 })
  })

  test('prints no quantile below its sample floor', async () => {
    const series = (await summaryOf()).scenarios[0]!.series
    const ok = series.find(({ shape, outcome }) => shape === 'cheap' && outcome === 'ok')!
    expect(ok.response.p50Us).not.toBe(null)
    expect(ok.response).toMatchObject({ count: 40, p90Us: null, p99Us: null })
  })

  test('judges nothing when the generator was not fit or the target died', async () => {
    const unfit = await summaryOf({
      health: { verdict: 'INVALID', reasons: ['late'], readings: healthy },
    })
    expect(new Set(unfit.scenarios[0]!.checks.map(({ verdict }) => verdict))).toEqual(
      new Set(['inconclusive']),
    )
    expect(verdictOf(unfit)).toMatchObject({ word: 'INCONCLUSIVE', exitCode: 3 })
    const died = await summaryOf({ reason: 'target-died' })
    expect(verdictOf(died)).toMatchObject({ exitCode: 3, why: 'the target stopped answering' })
    const counts = { ...emptyCounts(), broken: 5 }
    expect(verdictOf({ ...died, counts }).why).toBe('the target did not answer')
  })
})

describe('before a run', () => {
  const limiters = kuadrant.tiers.free!
  const cost = (tokens: number) => ({ promptTokens: tokens, completionTokens: 0, usd: 0 })

  test('the first limiter of a shape is predicted by playing the limits through', () => {
    expect(predictFirst(limiters, cost(24), 0)).toEqual({ limiter: 'requests', admitted: 40 })
    expect(predictFirst(limiters, cost(1200), 0)).toEqual({ limiter: 'tokens', admitted: 4 })
  })

  const warnings = (shape: typeof cheap, limiter: string) =>
    separationWarnings(
      plan({
        limiters: declaredBy(kuadrant),
        shapes: [{ ...shape, name: 'x' }],
        scenarios: [
          scenario(
            's',
            phase({
              mix: [{ shape: 'x', weight: 1 }],
              until: [{ kind: 'rejected', limiter, plus: 0 }],
            }),
          ),
        ],
      }),
    )

  test('a shape that meets another limiter than the phase waits for is warned about', () => {
    expect(warnings(cheap, 'tokens').join()).toMatch(
      /x \(24 tokens\) is expected to meet requests before tokens \(crossover: 100 tokens per request\)/,
    )
    expect(warnings(expensive, 'tokens')).toEqual([])
  })

  test('a shape near the crossover does not separate the limiters', () => {
    const near = { ...cheap, promptTokens: 50, outputTokensMax: 45 }
    expect(warnings(near, 'requests').join()).toMatch(/does not separate the limiters/)
    expect(warnings(cheap, 'requests')).toEqual([])
  })
})
