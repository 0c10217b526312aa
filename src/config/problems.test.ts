import { expect, test } from 'vitest'
import { UserError } from '../core/errors.ts'
import {
  burst,
  constant,
  env,
  gamma,
  lane,
  poisson,
  ramp,
  replay,
  shape,
  steps,
  untilRequests,
  untilSpent,
} from './builders.ts'
import { configFromValue } from './load.ts'

const cheap = shape.chat('cheap', { promptTokens: 8, outputTokensMax: 16 })
const minimal = { name: 's', mix: [cheap], arrivals: poisson('1/s') }
const scenario = (changes: object) => ({ scenarios: [{ ...minimal, ...changes }] })
const limiters = (changes: object) => ({ limiters: changes })
const canary = 'canary-4711'

function problems(config: unknown): string[] {
  try {
    configFromValue(config, 'c')
    return []
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    expect(error.code).toBe('config')
    return error.message.split('\n')
  }
}

const nameExpected = 'expected a name of up to 64 letters, digits, dots, dashes and underscores'
const durationExpected = "expected a duration with a unit, like '250ms', '1.5s' or '2m'"
const rateExpected = "expected a rate that says per what, like '50/s' or '60/min'"
const targetExpected = "expected an http:// or https:// URL or 'gateway:NAME'"
const credentialExpected = 'expected where the credential comes from'
const credentialHint = `write env('NAME'), file('path') or command('…') (in YAML \${env:NAME}), never the credential itself`

const badConfigs: [unknown, ...string[]][] = [
  [5, 'c: expected a config, got 5'],
  [null, 'c: expected a config, got null'],
  [[], 'c: expected a config, got an empty list'],
  [{ lane: [] }, "c: lane: unknown key; did you mean 'lanes'?"],
  [
    { caps: { speed: 1 } },
    'c: caps.speed: unknown key; known keys are requests, rate, duration, tokens',
  ],
  [{ seed: -1 }, 'c: seed: expected a whole number from 0, got -1'],
  [{ seed: '7' }, "c: seed: expected a whole number from 0, got '7'"],
  [
    { target: 'localhost:8080' },
    `c: target: ${targetExpected}, got 'localhost:8080'; did you mean 'http://localhost:8080'?`,
  ],
  [{ target: 'ftp://x' }, `c: target: ${targetExpected}, got 'ftp://x'`],
  [
    { target: `https://user:${canary}@x` },
    'c: target: expected a URL without a user and password, got ***; give the lane a credential instead',
  ],
  [
    { target: `http://x/?key=${canary}` },
    'c: target: expected a URL without a query, got ***; write it into the paths of shapes',
  ],
  [
    { target: { url: 'http://x', insecur: true } },
    "c: target.insecur: unknown key; did you mean 'insecure'?",
  ],
  [{ lanes: [lane('a b')] }, `c: lanes[0].name: ${nameExpected}, got 'a b'`],
  [
    { lanes: [lane('a', { bearer: canary })] },
    `c: lanes[0].bearer: ${credentialExpected}, got ***; ${credentialHint}`,
  ],
  [
    { lanes: [lane('a', { bearer: env('A'), apiKey: env('B') })] },
    'c: lanes[0].apiKey: expected one credential per lane, got an object; remove all but one of bearer, apiKey, credential',
  ],
  [
    { lanes: [lane('a', { headers: { Authorization: `Bearer ${canary}` } })] },
    "c: lanes[0].headers.Authorization: expected headers that are no secret, got ***; give the lane a credential instead: bearer, apiKey or credential with 'header'",
  ],
  [
    { lanes: [lane('a', { headers: { [`x-key: ${canary}`]: 'x' } })] },
    'c: lanes[0].headers: expected a header name, got ***',
  ],
  [
    { lanes: [lane('a', { headers: { x: `${canary}\n` } })] },
    'c: lanes[0].headers.x: expected a header value: one line of text, got ***',
  ],
  [
    { shapes: [{ kind: 'chats' }] },
    "c: shapes[0].kind: expected 'chat', 'completion', 'embedding' or 'raw', got 'chats'; did you mean 'chat'?",
  ],
  [
    { shapes: [shape.chat('a', { promptTokens: -1, outputTokensMax: 0.5 })] },
    'c: shapes[0].promptTokens: expected a whole number above 0, got -1',
    'c: shapes[0].outputTokensMax: expected a whole number above 0, got 0.5',
  ],
  [
    { shapes: [shape.raw('a', { path: 'v1' })] },
    "c: shapes[0].path: expected a path like '/v1/chat/completions', a URL, or '{{variable}}…', got 'v1'",
  ],
  [scenario({ mix: [] }), 'c: scenarios[0].mix: expected at least one shape, got an empty list'],
  [
    scenario({ mix: [['cheap', 0]] }),
    'c: scenarios[0].mix[0][1]: expected a number above 0, got 0',
  ],
  [
    scenario({ mix: [cheap, 9] }),
    'c: scenarios[0].mix[1]: expected a shape, or [shape, weight], got 9',
  ],
  [
    scenario({ mix: [cheap, 'cheep'], lanes: ['free'] }),
    "c: scenarios[0].lanes[0]: expected the name of a lane, got 'free'; define it under lanes",
    "c: scenarios[0].mix[1]: expected the name of a shape, got 'cheep'; did you mean 'cheap'?",
  ],
  [
    { scenarios: [{ name: 's' }] },
    "c: scenarios[0].arrivals: expected arrivals like poisson('50/s'), or as data { kind: poisson, rate: 50/s }, got nothing; a scenario has arrivals and mix, or phases that have them, or steps",
    'c: scenarios[0].mix: expected at least one shape, got nothing; a scenario has arrivals and mix, or phases that have them, or steps',
  ],
  [
    scenario({ timeout: '10' }),
    `c: scenarios[0].timeout: ${durationExpected}, got '10'; did you mean '10s'?`,
  ],
  [
    scenario({ timeout: 10 }),
    `c: scenarios[0].timeout: ${durationExpected}, got 10; did you mean '10s'?`,
  ],
  [scenario({ timeout: '0s' }), "c: scenarios[0].timeout: expected a duration above 0, got '0s'"],
  [
    scenario({ drain: '5 parsecs' }),
    `c: scenarios[0].drain: ${durationExpected}, got '5 parsecs'; unknown unit 'parsecs'; units are us, ms, s, m (or min), h, d`,
  ],
  [
    scenario({ isolate: 'windows' }),
    "c: scenarios[0].isolate: expected 'none' or 'window', got 'windows'; did you mean 'window'?",
  ],
  [
    scenario({ until: untilRequests(0) }),
    'c: scenarios[0].until.count: expected a whole number above 0, got 0',
  ],
  [
    scenario({ until: untilSpent('token' as 'tokens', 1) }),
    "c: scenarios[0].until.unit: expected 'tokens', 'prompt-tokens' or 'completion-tokens', got 'token'; did you mean 'tokens'?",
  ],
  [
    scenario({ phases: [{ ...minimal, name: 'p' }] }),
    'c: scenarios[0].arrivals: expected no arrivals beside phases, got an object; move it into the phases that it is for',
    'c: scenarios[0].mix: expected no mix beside phases, got a list; move it into the phases that it is for',
  ],
  [
    { scenarios: [{ name: 's', phases: [1, 2].map(() => ({ ...minimal, name: 'p' })) }] },
    "c: scenarios[0].phases[1].name: expected a name of its own, got 'p'; rename the phase",
  ],
  [
    scenario({ arrivals: poisson('50') }),
    `c: scenarios[0].arrivals.rate: ${rateExpected}, got '50'; did you mean '50/s'?`,
  ],
  [
    scenario({ arrivals: poisson('0/s') }),
    "c: scenarios[0].arrivals.rate: expected a rate above 0/s, got '0/s'",
  ],
  [
    scenario({ arrivals: constant('5/0s') }),
    `c: scenarios[0].arrivals.rate: ${rateExpected}, got '5/0s'`,
  ],
  [
    scenario({ arrivals: gamma('1/s', { burstiness: 0 }) }),
    'c: scenarios[0].arrivals.burstiness: expected a number above 0, got 0',
  ],
  [
    scenario({ arrivals: ramp({ from: '0/s', to: '0/s', over: '1s' }) }),
    'c: scenarios[0].arrivals: expected arrivals with a rate above 0/s somewhere, got an object',
  ],
  [
    scenario({ arrivals: steps([['0/s', '1s']]) }),
    'c: scenarios[0].arrivals.steps: expected arrivals with a rate above 0/s somewhere, got a list',
  ],
  [
    scenario({ arrivals: burst(5, { count: 2 }) }),
    "c: scenarios[0].arrivals.every: expected a duration between bursts, like '10s', got nothing",
  ],
  [
    scenario({ arrivals: replay(['5ms', 1000]) }),
    'c: scenarios[0].arrivals.at: expected instants in order, got a list',
  ],
  [
    scenario({ arrivals: { kind: 'poison', rate: '1/s' } }),
    "c: scenarios[0].arrivals.kind: expected 'constant', 'poisson', 'gamma', 'ramp', 'steps', 'burst', 'spaced', 'replay', 'users' or 'saturate', got 'poison'; did you mean 'poisson'?",
  ],
  [
    limiters({ requests: { limit: 5 }, tokens: { limit: 1.5, window: '1m' } }),
    "c: limiters.requests.window: expected a duration like '1m', got nothing",
    'c: limiters.tokens.limit: expected a whole number of tokens, got 1.5',
  ],
  [
    limiters({ slots: { kind: 'concurrency', limit: 5, window: '1m' }, y: { limit: '5' } }),
    "c: limiters.y.limit: expected a number above 0, got '5'",
    "c: limiters.slots.window: expected no window for kind concurrency, got '1m'; it is for fixed-window, sliding-log, sliding-counter, token-bucket, leaky-queue, budget",
  ],
  [
    limiters({ b: { kind: 'token-bucket', burst: 5 }, c: { kind: 'leaky-queue', refill: '1/s' } }),
    "c: limiters.b.refill: expected a rate like '10/s', got nothing; or give limit and window",
    'c: limiters.c.burst: expected a whole number above 0, got nothing',
  ],
  [
    {
      ...limiters({ r: { limit: 1, window: '1m' } }),
      tiers: { free: { limiters: { r: { limit: 2, window: '1m' } } } },
    },
    'c: tiers.free.limiters.r: expected each limiter once per tier, got it twice; limiters.r holds for this tier, too, remove or rename one of them',
  ],
  [
    { rules: [{ when: {} }] },
    'c: rules[0].limiter: expected the name of a limiter, got nothing; or never: true for what is no rejection',
  ],
  [
    { rules: [{ limiter: 'a', when: { header: { 'x-a': `(${canary}` } } }] },
    'c: rules[0].when.header.x-a: expected a regular expression that parses, got ***; Unterminated group',
  ],
  [
    { rules: [{ limiter: 'a', when: { json: { error: 'x' } } }] },
    "c: rules[0].when.json.error: expected a JSON pointer like '/error/code', got 'error'; begin it with '/'",
  ],
  [
    { rules: [{ never: true, when: {} }] },
    'c: rules[0].when: expected at least one condition, got none',
  ],
  [{ gateway: { f() {} } }, 'c: gateway.f: expected plain data, got a function'],
  [
    { gateway: JSON.parse('{"a": {"__proto__": 1}, "constructor": 2}') },
    "c: gateway.a.__proto__: expected another key, got '__proto__'",
    "c: gateway.constructor: expected another key, got 'constructor'",
  ],
  [{ gateway: { at: new Date() } }, 'c: gateway.at: expected plain data, got an instance of Date'],
  [
    { scenarios: [minimal, { ...minimal, title: 'another' }] },
    "c: scenarios[1].name: expected a scenario name of its own, got 's'; c, scenarios[0] has it already, rename one of them",
  ],
  [
    { shapes: [shape.chat('cheap', { promptTokens: 9, outputTokensMax: 16 })], ...scenario({}) },
    "c: scenarios[0].mix[0]: expected the same shape 'cheap' as in c, shapes[0], got another one; rename one of them",
  ],
]

test.each(badConfigs.map(([config, ...lines]) => ({ config, lines, told: lines.join(' | ') })))(
  'a bad config is told: $told',
  ({ config, lines }) => {
    expect(problems(config)).toEqual(lines)
  },
)

test('every problem of a config is told at once', () => {
  const config = {
    seed: 'x',
    lane: [],
    lanes: [lane('a', { bearer: 'b' })],
    limiters: { r: { limit: 0 }, t: { limit: 1 } },
    scenarios: [
      { ...minimal, timeout: 1 },
      { ...minimal, mix: [] },
    ],
  }
  expect(problems(config)).toHaveLength(7)
})

test('a value that leads back to itself is refused', () => {
  const gateway: Record<string, unknown> = {}
  gateway.again = gateway
  expect(problems({ gateway })[0]).toMatch(/: expected at most 32 levels, got more$/)
})

test('what may be a secret is never shown', () => {
  const config = {
    [`lane${canary.length}`]: canary,
    target: { url: `https://u:${canary}@host`, caPath: { secret: canary } },
    lanes: [
      lane('a', { bearer: canary, apiKey: canary, credential: canary }),
      lane('b', { bearer: env(canary, canary) }),
      { name: 'c', bearer: { from: 'env', name: 'X', fallback: [canary], more: canary } },
      { name: 'd', bearer: { from: 'file', path: [canary] }, token: canary },
      { name: 'e', bearer: { from: 'command', command: '', secret: canary } },
      lane('f', { headers: { authorization: canary, Cookie: canary, x: `${canary}\n` } }),
      lane('g', { headers: { [`authorization: ${canary}`]: '' }, prefix: `${canary}\n` }),
      lane('h', { headers: [`authorization: ${canary}`] as unknown as Record<string, string> }),
      lane('i', { bearer: env('A'), header: `authorization: ${canary}` }),
    ],
    shapes: [shape.raw('a', { path: '/', headers: { 'x-api-key': canary } })],
    rules: [
      { limiter: 'a', when: { header: { authorization: `(${canary}` } } },
      { limiter: 'a', when: { header: { authorization: [canary] } } },
    ],
    gateway: { keys: { secret: () => canary } },
    password: canary,
  }
  const lines = problems(config)
  expect(lines.length).toBeGreaterThan(20)
  expect(lines.filter((line) => line.includes(canary))).toEqual([])
})
