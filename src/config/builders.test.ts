import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ArrivalProcess } from '../load/arrivals.ts'
import type { StopRule } from '../load/stop.ts'
import { arrivalsOf } from './arrivalsInput.ts'
import {
  burst,
  command,
  constant,
  defineConfig,
  defineScenario,
  env,
  file,
  forDuration,
  gamma,
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
  untilSpent,
  users,
} from './builders.ts'
import { laneOf } from './laneInput.ts'
import { limiterModelOf } from './limiterInput.ts'
import { configFromValue } from './load.ts'
import type { ArrivalsInput, LaneInput, ShapeInput, StopRuleInput } from './schema.ts'
import { shapeOf } from './shapeInput.ts'
import { stopRuleOf } from './stopInput.ts'

const cheap = shape.chat('cheap', { promptTokens: 8, outputTokensMax: 16 })

/** The value as a config module in another realm or a YAML file would give it. */
function accepted(parts: {
  arrivals?: ArrivalsInput
  until?: StopRuleInput
  lane?: LaneInput
  shape?: ShapeInput
}) {
  const config = defineConfig({
    scenarios: [
      defineScenario('s', {
        lanes: [parts.lane ?? lane('l')],
        mix: [parts.shape ?? cheap],
        arrivals: parts.arrivals ?? poisson('1/s'),
        until: parts.until ?? untilRequests(1),
      }),
    ],
  })
  const copy: unknown = JSON.parse(JSON.stringify(config))
  expect(copy).toEqual(config)
  return configFromValue(copy, 'test').scenarios[0]!.input
}

test.each<[string, ArrivalsInput, ArrivalProcess]>([
  ['constant', constant('50/s'), { kind: 'constant', perS: 50 }],
  ['poisson', poisson('60/min'), { kind: 'poisson', perS: 1 }],
  ['gamma', gamma('50/s', { burstiness: 4 }), { kind: 'gamma', perS: 50, burstiness: 4 }],
  [
    'ramp',
    ramp({ from: '1/s', to: '100/s', over: '30s' }),
    { kind: 'ramp', fromPerS: 1, toPerS: 100, overUs: 30e6 },
  ],
  [
    'steps',
    steps([
      ['10/s', '30s'],
      ['0/s', '1s'],
    ]),
    {
      kind: 'steps',
      steps: [
        { perS: 10, forUs: 30e6 },
        { perS: 0, forUs: 1e6 },
      ],
    },
  ],
  [
    'burst',
    burst(45, { every: '10s', count: 1 }),
    { kind: 'burst', size: 45, everyUs: 10e6, count: 1 },
  ],
  ['burst alone', burst(45), { kind: 'burst', size: 45, everyUs: 0, count: 1 }],
  [
    'burst without end',
    burst(45, { every: '10s' }),
    { kind: 'burst', size: 45, everyUs: 10e6, count: null },
  ],
  ['spaced', spaced('50ms', { concurrency: 2 }), { kind: 'spaced', gapUs: 50_000, count: 2 }],
  ['spaced alone', spaced('0s'), { kind: 'spaced', gapUs: 0, count: 1 }],
  ['replay', replay(['0ms', '5ms', 5000, 7001]), { kind: 'replay', atUs: [0, 5000, 5000, 7001] }],
  ['users', users(10, { think: '1s' }), { kind: 'users', count: 10, thinkUs: 1e6 }],
  ['users alone', users(10), { kind: 'users', count: 10, thinkUs: 0 }],
  ['saturate', saturate(64), { kind: 'saturate', connections: 64 }],
])('arrivals are plain data that the schema knows: %s', (_name, input, process) => {
  const { arrivals } = accepted({ arrivals: input })
  expect(arrivalsOf(arrivals!)).toEqual(process)
})

test.each<[string, StopRuleInput, StopRule]>([
  [
    'untilRejected',
    untilRejected('requests', { plus: 5 }),
    { kind: 'rejected', limiter: 'requests', plus: 5 },
  ],
  ['untilRejected by any', untilRejected(), { kind: 'rejected', limiter: '*', plus: 0 }],
  ['untilRequests', untilRequests(100), { kind: 'requests', count: 100 }],
  ['untilSpent', untilSpent('tokens', 5000), { kind: 'spent', unit: 'tokens', amount: 5000 }],
  ['forDuration', forDuration('60s'), { kind: 'duration', us: 60e6 }],
])('stop rules are plain data that the schema knows: %s', (_name, input, rule) => {
  const { until } = accepted({ until: input })
  expect(stopRuleOf(until as StopRuleInput)).toEqual(rule)
})

test.each<[string, LaneInput, object]>([
  [
    'a bearer token',
    lane('a', { bearer: env('T') }),
    { header: 'authorization', prefix: 'Bearer ' },
  ],
  ['an API key', lane('a', { apiKey: file('k') }), { header: 'x-api-key', prefix: '' }],
  [
    'an API key in a header of its own',
    lane('a', { apiKey: env('K', 'none'), header: 'Api-Key' }),
    { header: 'api-key', prefix: '', credential: { from: 'env', name: 'K', fallback: 'none' } },
  ],
  [
    'any credential',
    lane('a', { credential: command('oc whoami -t'), prefix: 'Token ', tier: 'gold' }),
    {
      header: 'authorization',
      prefix: 'Token ',
      tier: 'gold',
      credential: { from: 'command', command: 'oc whoami -t' },
    },
  ],
  ['no credential', lane('a'), { credential: { from: 'none' }, tier: 'a', headers: {} }],
  [
    'a variable as YAML writes it',
    lane('a', { bearer: `\${env:T:-x}` }),
    { credential: { from: 'env', name: 'T', fallback: 'x' } },
  ],
])('lanes are plain data that the schema knows: %s', (_name, input, expected) => {
  const { lanes } = accepted({ lane: input })
  expect(laneOf(lanes![0] as LaneInput)).toMatchObject({ name: 'a', ...expected })
})

test.each<[string, ShapeInput, object]>([
  [
    'chat',
    shape.chat('a', { promptTokens: 8, outputTokensMax: 16, stream: true, extra: { top_p: 1 } }),
    { method: 'POST', path: '/v1/chat/completions', stream: true, extra: { top_p: 1 }, model: 'm' },
  ],
  [
    'completion',
    shape.completion('a', { promptTokens: 8, outputTokensMax: 16, path: '/c', model: 'own' }),
    { method: 'POST', path: '/c', stream: false, model: 'own', outputTokensMax: 16 },
  ],
  [
    'embedding',
    shape.embedding('a', { promptTokens: 8 }),
    { path: '/v1/embeddings', outputTokensMax: 0, stream: false },
  ],
  ['raw', shape.raw('a', { path: '/health?x=1' }), { method: 'GET', body: null, promptTokens: 0 }],
  [
    'raw with text',
    shape.raw('a', { path: '/', body: 'x', method: 'put' }),
    { method: 'PUT', body: 'x', headers: {} },
  ],
  [
    'raw with JSON',
    shape.raw('a', { path: '/', body: { q: '{{prompt}}' }, promptTokens: 5 }),
    {
      method: 'POST',
      body: '{"q":"{{prompt}}"}',
      headers: { 'content-type': 'application/json' },
      promptTokens: 5,
    },
  ],
])('shapes are plain data that the schema knows: %s', (_name, input, expected) => {
  const { mix } = accepted({ shape: input })
  expect(shapeOf(mix![0] as ShapeInput, 'm')).toMatchObject({ name: 'a', ...expected })
})

test('rates and durations of any size survive the way into a plan', () => {
  const positive = fc.integer({ min: 1, max: 1_000_000 })
  fc.assert(
    fc.property(positive, positive, positive, (from, to, ms) => {
      const input = ramp({ from: `${from}/s`, to: `${to}/min`, over: `${ms}ms` })
      expect(arrivalsOf(accepted({ arrivals: input }).arrivals!)).toEqual({
        kind: 'ramp',
        fromPerS: from,
        toPerS: to / 60,
        overUs: ms * 1000,
      })
    }),
  )
})

test.each([
  ['requests', {}, 'fixed-window', 'requests'],
  ['tokens', {}, 'fixed-window', 'tokens'],
  ['daily-token-budget', {}, 'fixed-window', 'tokens'],
  ['prompt-tokens', {}, 'fixed-window', 'prompt-tokens'],
  ['concurrency', {}, 'concurrency', 'concurrent-requests'],
  ['slots', { kind: 'concurrency' }, 'concurrency', 'concurrent-requests'],
  ['budget', {}, 'budget', 'usd'],
  ['bursts', { kind: 'token-bucket' }, 'token-bucket', 'requests'],
  ['anything', { unit: 'usd', kind: 'sliding-log' }, 'sliding-log', 'usd'],
] as const)('what a limiter counts follows from its name: %s %j', (name, more, kind, unit) => {
  const model = limiterModelOf(name, { limit: 5, window: '1m', ...more })
  expect([model.algorithm.kind, model.unit, model.charge]).toEqual([kind, unit, 'pre'])
})

test('buckets refill as they are written, exactly', () => {
  const bucket = (input: object) =>
    limiterModelOf('r', { kind: 'token-bucket', ...input }).algorithm
  const kind = 'token-bucket'
  expect(bucket({ burst: 20, refill: '100/min' })).toEqual({
    kind,
    capacity: 20,
    refillUnits: 100,
    refillUs: 60e6,
    refillStyle: 'continuous',
  })
  expect(bucket({ limit: 60, window: '1m', burst: 5 })).toMatchObject({
    capacity: 5,
    refillUnits: 60,
    refillUs: 60e6,
  })
  expect(bucket({ limit: 7, refill: '1/s' })).toMatchObject({ capacity: 7, refillUs: 1e6 })
  expect(bucket({ limit: 7, refill: '1/s', refillStyle: 'lossy' })).toMatchObject({
    refillStyle: 'lossy',
  })
})

test('who shares a counter is said by per', () => {
  const scope = (per?: 'all' | 'lane' | ('lane' | 'model')[]) =>
    limiterModelOf('r', { limit: 1, window: '1s', ...(per && { per }) }).scope
  expect([scope(), scope('lane'), scope('all'), scope(['lane', 'model'])]).toEqual([
    ['key'],
    ['key'],
    [],
    ['key', 'model'],
  ])
})
