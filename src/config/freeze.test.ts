import { expect, test } from 'vitest'
import { UserError } from '../core/errors.ts'
import type { DeclaredLimiter } from '../load/plan.ts'
import {
  burst,
  constant,
  defineConfig,
  defineScenario,
  env,
  lane,
  poisson,
  ramp,
  replay,
  saturate,
  shape,
  spaced,
  steps,
  untilRejected,
  untilRequests,
  users,
} from './builders.ts'
import { type FreezeOptions, freezePlan } from './freeze.ts'
import { limiterModelOf } from './limiterInput.ts'
import { configFromValue } from './load.ts'
import type { ArrivalsInput, ConfigInput, ScenarioInput } from './schema.ts'
import { targetOf } from './target.ts'

const cheap = shape.chat('cheap', { promptTokens: 8, outputTokensMax: 16 })
const free = lane('free', { bearer: env('FREE') })
const premium = lane('premium', { bearer: env('PREMIUM') })

const scenario = (name: string, changes: Partial<ScenarioInput> = {}) =>
  defineScenario(name, { lanes: [free], mix: [cheap], arrivals: poisson('1/s'), ...changes })

function freeze(config: ConfigInput, options: Partial<FreezeOptions> = {}) {
  const loaded = configFromValue({ target: 'gateway:plain', ...config }, 'c')
  return freezePlan(loaded, { runId: 'r', scenarios: [], overrides: {}, ...options })
}

function phaseOf(changes: Partial<ScenarioInput>, overrides: FreezeOptions['overrides'] = {}) {
  const { plan } = freeze({ scenarios: [scenario('s', changes)] }, { overrides })
  return plan.scenarios[0]!.phases[0]!
}

function refusal(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof UserError) return `${error.code} ${error.message}`
    throw error
  }
  return 'nothing was refused'
}

test('a plan is frozen all the way down, and leaves what the user wrote alone', () => {
  const extra = { stop: ['x'] }
  const shaped = shape.chat('a', { promptTokens: 8, outputTokensMax: 16, extra })
  const { plan } = freeze({ scenarios: [scenario('s', { mix: [shaped] })] })
  expect(Object.isFrozen(plan.scenarios[0]!.phases[0]!.until)).toBe(true)
  expect(Object.isFrozen(plan.shapes[0]!.extra.stop)).toBe(true)
  extra.stop.push('y')
  expect(plan.shapes[0]!.extra).toEqual({ stop: ['x'] })
})

test('a plan holds the lanes and shapes of its scenarios, and no others', () => {
  const other = shape.embedding('other', { promptTokens: 1 })
  const config = defineConfig({
    lanes: [premium, free],
    shapes: [other, cheap],
    scenarios: [
      scenario('one', { lanes: ['free'], mix: ['cheap'] }),
      scenario('two', { mix: [[other, 2], 'cheap'] }),
    ],
  })
  const names = (chosen: string[]) => {
    const { plan } = freeze(config, { scenarios: chosen })
    return [plan.lanes.map(({ name }) => name), plan.shapes.map(({ name }) => name)]
  }
  expect(names(['one'])).toEqual([['free'], ['cheap']])
  expect(names(['two'])).toEqual([['free'], ['other', 'cheap']])
})

test('a scenario without lanes uses those of the config, or one that sends no credential', () => {
  const { lanes: _, ...bare } = scenario('s')
  const lanesOf = (config: ConfigInput) => freeze(config).plan.lanes.map(({ name }) => name)
  expect(lanesOf({ lanes: [free, premium], scenarios: [bare] })).toEqual(['free', 'premium'])
  expect(lanesOf({ scenarios: [bare] })).toEqual(['default'])
})

test.each<[string, ArrivalsInput, Partial<ScenarioInput>, number | null, number]>([
  ['poisson without a bound', poisson('1/s'), {}, 600e6, 1000],
  ['poisson with a bound', poisson('1/s'), { until: untilRequests(5) }, null, 1000],
  ['poisson with a rejection only', poisson('1/s'), { until: untilRejected() }, 600e6, 1000],
  ['poisson that is measured', poisson('1/s'), { measure: '1s' }, 1e6, 1000],
  ['users', users(5), {}, 600e6, 5],
  ['chains', spaced('1s', { concurrency: 3 }), {}, 600e6, 3],
  ['connections', saturate(7), {}, 600e6, 7],
  ['connections with a cap of their own', saturate(7), { inFlightMax: 9 }, 600e6, 9],
  ['a burst', burst(9), {}, null, 1000],
  ['bursts without end', burst(9, { every: '1s' }), {}, 600e6, 1000],
  ['a replay', replay([0]), {}, null, 1000],
  ['steps', steps([['1/s', '1s']]), {}, null, 1000],
  ['a ramp to something', ramp({ from: '0/s', to: '1/s', over: '1s' }), {}, 600e6, 1000],
  ['a ramp to nothing', ramp({ from: '1/s', to: '0/s', over: '1s' }), {}, null, 1000],
])('every phase ends, and has a bound in flight: %s', (_name, arrivals, more, us, inFlightMax) => {
  const phase = phaseOf({ arrivals, ...more })
  const durations = phase.until.flatMap((rule) => (rule.kind === 'duration' ? [rule.us] : []))
  expect(durations).toEqual(us === null ? [] : [us])
  expect(phase.inFlightMax).toBe(inFlightMax)
})

test('phases take from their scenario what they do not say themselves', () => {
  const { lanes, mix, arrivals } = scenario('s')
  const { plan } = freeze({
    scenarios: [
      {
        name: 's',
        lanes: lanes!,
        timeout: '5s',
        phases: [
          { name: 'a', mix: mix!, arrivals: arrivals! },
          { name: 'b', mix: mix!, arrivals: arrivals!, timeout: '9s', lanes: [premium] },
        ],
      },
    ],
  })
  const told = plan.scenarios[0]!.phases.map(({ lanes, timeoutUs, drainUs }) => {
    return [lanes, timeoutUs, drainUs]
  })
  expect(told).toEqual([
    [['free'], 5e6, 30e6],
    [['premium'], 9e6, 30e6],
  ])
})

test('scenarios are chosen by name or pattern, in the order of the words', () => {
  const config = { scenarios: ['maas/a', 'maas/b', 'other'].map((name) => scenario(name)) }
  const chosen = (...scenarios: string[]) =>
    freeze(config, { scenarios }).plan.scenarios.map(({ name }) => name)
  expect(chosen()).toEqual(['maas/a', 'maas/b', 'other'])
  expect(chosen('other', 'maas/*')).toEqual(['other', 'maas/a', 'maas/b'])
  expect(chosen('maas/b', '*')).toEqual(['maas/b', 'maas/a', 'other'])
  expect(refusal(() => chosen('othr', 'x*', 'other'))).toBe(
    "scenario scenarios: expected one of maas/a, maas/b, other, got 'othr'; did you mean 'other'?\n" +
      "scenarios: expected one of maas/a, maas/b, other, got 'x*'",
  )
  expect(refusal(() => freeze({}))).toMatch(/^scenario scenarios: expected at least one, got none/)
})

test('a phase of a scenario in a folder goes by the last part of the name', () => {
  const { plan } = freeze({ scenarios: [scenario('maas/a')] })
  expect(plan.scenarios[0]!.phases[0]!.name).toBe('a')
})

test('flags come before the config', () => {
  const config = {
    seed: 3,
    caps: { requests: 100, rate: '60/min', duration: '1m' },
    lanes: [premium],
    scenarios: [scenario('s')],
  }
  const { plan: own } = freeze(config)
  expect(own.seed).toBe(3)
  expect(own.caps).toEqual({
    requestsMax: 100,
    ratePerSMax: 1,
    durationUsMax: 60e6,
    tokensMax: null,
  })
  const overrides = {
    target: 'https://example.test/v2/',
    seed: 4,
    caps: { requestsMax: 5, ratePerSMax: undefined, tokensMax: 9 },
    lanes: ['premium'],
    concurrency: undefined,
  }
  const { plan } = freeze(config, { overrides })
  expect(plan.target).toEqual({
    kind: 'url',
    url: 'https://example.test/v2',
    tls: { caPath: null, verify: true },
  })
  expect(plan.seed).toBe(4)
  expect(plan.caps).toEqual({
    requestsMax: 5,
    ratePerSMax: 1,
    durationUsMax: 60e6,
    tokensMax: 9,
  })
  expect(plan.lanes.map(({ name }) => name)).toEqual(['premium'])
  expect(refusal(() => freeze(config, { overrides: { lanes: ['premum'] } }))).toBe(
    "usage lanes: expected some of premium, free, default, got 'premum'; did you mean 'premium'?",
  )
})

test('concurrency replaces that of closed arrivals only', () => {
  const at = (arrivals: ArrivalsInput) => {
    const phase = phaseOf({ arrivals }, { concurrency: 9 })
    return [phase.arrivals, phase.inFlightMax]
  }
  expect(at(users(1))).toEqual([{ kind: 'users', count: 9, thinkUs: 0 }, 9])
  expect(at(spaced('1s'))).toEqual([{ kind: 'spaced', gapUs: 1e6, count: 9 }, 9])
  expect(at(saturate(1))).toEqual([{ kind: 'saturate', connections: 9 }, 9])
  expect(at(constant('1/s'))).toEqual([{ kind: 'constant', perS: 1 }, 1000])
})

test.each<[string, ArrivalsInput, string]>([
  ['constant', constant('11/s'), '11/s'],
  ['ramp', ramp({ from: '1/s', to: '12/s', over: '1s' }), '12/s'],
  [
    'steps',
    steps([
      ['10/s', '1s'],
      ['13/s', '1s'],
    ]),
    '13/s',
  ],
  ['burst', burst(14), '14/s'],
  ['bursts', burst(4, { every: '250ms', count: 9 }), '16/s'],
  ['replay', replay(Array.from({ length: 17 }, (_, i) => i * 50_000)), '17/s'],
])('open arrivals above the cap on the rate are refused: %s', (_name, arrivals, perS) => {
  const config = { caps: { rate: '10/s' }, scenarios: [scenario('s', { arrivals })] }
  expect(refusal(() => freeze(config))).toBe(
    `config c: scenarios[0].arrivals: expected arrivals of at most 10/s, the cap on the rate, got ${perS}; lower the rate or raise the cap`,
  )
  expect(freeze(config, { overrides: { caps: { ratePerSMax: 17 } } }).plan.caps.ratePerSMax).toBe(
    17,
  )
})

test('under a cap on the rate our own driver stands in for autocannon', () => {
  const saturating = scenario('s', { arrivals: saturate(5), driver: 'autocannon' })
  const { plan, warnings } = freeze({ caps: { rate: '10/s' }, scenarios: [saturating] })
  expect(plan.scenarios[0]!.phases[0]!.driver).toBe('wire')
  expect(warnings).toEqual([
    's/s cannot saturate under a cap on the rate: its connections take turns',
  ])
})

test('limiters keep the order in which they are asked, those of tiers after the common ones', () => {
  const { plan } = freeze({
    limiters: { tokens: { limit: 9, window: '1m' }, requests: { limit: 1, window: '1m' } },
    tiers: { free: { limiters: { concurrency: { limit: 2 } } } },
    scenarios: [scenario('s')],
  })
  expect(plan.limiters.map(({ name, tier }) => [name, tier])).toEqual([
    ['tokens', null],
    ['requests', null],
    ['concurrency', 'free'],
  ])
})

test('what the target tells of its limiters stands in for what the config says', () => {
  const model = limiterModelOf('requests', { limit: 5, window: '1s' })
  const declared: DeclaredLimiter[] = [{ name: 'requests', tier: 'free', model }]
  const config = {
    limiters: { tokens: { limit: 9, window: '1m' } },
    scenarios: [scenario('s', { isolate: 'window' })],
  }
  const { plan, warnings } = freeze(config, { declared })
  expect(plan.limiters).toEqual(declared)
  expect(warnings).toEqual([
    'limiters and tiers of the config are not used: those of --limits, or of the embedded gateway (changed under gateway), stand in for them',
  ])
})

test('what is probably not meant is a warning', () => {
  const config = {
    target: 'https://example.test/v1',
    tiers: { gold: { limiters: { requests: { limit: 1, window: '1s' } } } },
    scenarios: [scenario('s', { isolate: 'window', until: untilRejected('reqests') })],
  }
  expect(freeze(config).warnings).toEqual([
    "isolate: 'window' waits for nothing in s/s: no limiters are declared for free; declare them under limiters or tiers",
    "s/s waits for a rejection by 'reqests', which is not declared; did you mean 'requests'?",
    "tiers.gold: no lane is of this tier; give one tier: 'gold'",
    "model: 'limitscope-small' is asked for by cheap; set model to one that the target has",
    "target: 'https://example.test/v1' and the path of cheap give …/v1/v1/chat/completions; leave '/v1' out of the target",
  ])
})

test('statements of slo and expect are one list, and rules are kept', () => {
  const rules = [{ limiter: 'queue', when: { status: 400, body: 'queue is full' } }]
  const { plan } = freeze({ rules, scenarios: [scenario('s', { slo: ['a'], expect: ['b'] })] })
  expect(plan.scenarios[0]!.expectations).toEqual(['a', 'b'])
  expect(plan.rules).toEqual(rules)
})

test('targets are gateways or URLs without secrets', () => {
  expect(targetOf('gateway:kuadrant')).toEqual({ kind: 'gateway', preset: 'kuadrant' })
  expect(targetOf({ url: 'http://h:8080/', caPath: 'ca.pem', insecure: true })).toEqual({
    kind: 'url',
    url: 'http://h:8080',
    tls: { caPath: 'ca.pem', verify: false },
  })
  const expected = "usage target: expected an http:// or https:// URL or 'gateway:NAME'"
  expect(refusal(() => targetOf('host:80'))).toBe(
    `${expected}, got 'host:80'; did you mean 'http://host:80'?`,
  )
  expect(refusal(() => targetOf(undefined))).toBe(
    `${expected}, got nothing; set target, or use --target`,
  )
  expect(refusal(() => targetOf('https://user:canary@host'))).toBe(
    'usage target: expected a URL without a user and password, got ***; give the lane a credential instead',
  )
})
