import { describe, expect, test } from 'vitest'
import { UserError } from '../core/errors.ts'
import { responseView } from './fixtures/denials.ts'
import { outcomeOf, responseReader } from './read.ts'
import type { ResponseRule } from './rules.ts'

// The rules for five known services, in the order in which they are tried.
const known: readonly ResponseRule[] = [
  {
    limiter: 'requests',
    unit: 'requests',
    when: { status: 429, json: { '/type': 'request_limited' } },
  },
  { limiter: 'tokens', unit: 'tokens', when: { status: 429, json: { '/type': 'token_limited' } } },
  { limiter: 'requests+tokens', when: { status: 429, json: { '/type': 'rate_limited' } } },
  { limiter: 'budget', unit: 'usd', when: { status: 402, json: { '/type': 'budget_exceeded' } } },
  { limiter: 'queue', unit: 'concurrent-requests', when: { status: 400, body: 'queue is full' } },
  ...['/detail/code', '/code', '/error/code'].map((pointer) => ({
    limiter: 'rpm',
    unit: 'requests' as const,
    when: { status: 429, json: { [pointer]: '/^(rate_limited|rate_limit_exceeded)$/' } },
    retryAfter: ['/detail/retry_after', '/extra/retry_after'],
  })),
  {
    limiter: 'quota',
    unit: 'requests',
    when: { status: 402, json: { '/detail/code': 'quota_exhausted' } },
  },
  {
    limiter: 'quota',
    unit: 'requests',
    when: { status: 402, json: { '/code': 'quota_exhausted' } },
  },
  {
    limiter: 'slots',
    unit: 'concurrent-requests',
    when: { status: 503, body: '/queue is full|QUEUE_FULL/i' },
    retryAfter: ['header:Retry-After', '/retry_after_seconds'],
  },
  { limiter: 'pressure', when: { status: 503, json: { '/reason': 'backpressure' } } },
  {
    limiter: 'router',
    unit: 'requests',
    when: { status: 429, json: { '/code': 'RATE_LIMIT_EXCEEDED' } },
    retryAfter: ['header:retry-after', '/retry_after_seconds'],
  },
  {
    limiter: 'router-budget',
    unit: 'usd',
    when: { status: 402, json: { '/code': 'BUDGET_EXCEEDED' } },
  },
  { limiter: 'router-quota', when: { status: 402, json: { '/code': 'QUOTA_EXCEEDED' } } },
  { limiter: 'upstream', when: { status: 502, body: 'backend returned status 429' } },
  { limiter: 'kuadrant', when: { status: 429, body: '^Too Many Requests\n?$' } },
]

const read = responseReader({ dialect: 'auto', rules: known })

describe('rules for known services', () => {
  test.each([
    ['Bifrost, requests', 429, { type: 'request_limited' }, 'requests', null],
    ['Bifrost, tokens', 429, { type: 'token_limited' }, 'tokens', null],
    ['Bifrost, both', 429, { type: 'rate_limited' }, 'requests+tokens', null],
    ['Bifrost, budget', 402, { type: 'budget_exceeded' }, 'budget', null],
    [
      'Bifrost, queue',
      400,
      { error: { message: 'request dropped: queue is full' } },
      'queue',
      null,
    ],
    ['LLM server', 429, { detail: { code: 'rate_limited', retry_after: 37 } }, 'rpm', 37e6],
    ['LLM server, flat', 429, { code: 'rate_limited', extra: { retry_after: 37 } }, 'rpm', 37e6],
    ['LLM server, documented', 429, { error: { code: 'rate_limit_exceeded' } }, 'rpm', null],
    ['LLM server, quota', 402, { detail: { code: 'quota_exhausted' } }, 'quota', null],
    [
      'inference queue',
      503,
      { detail: 'Inference Queue Is Full.', retry_after_seconds: 5 },
      'slots',
      5e6,
    ],
    ['gateway under pressure', 503, { reason: 'backpressure' }, 'pressure', null],
    ['router', 429, { code: 'RATE_LIMIT_EXCEEDED', retry_after_seconds: 1 }, 'router', 1e6],
    ['router, budget', 402, { code: 'BUDGET_EXCEEDED' }, 'router-budget', null],
    ['router, quota', 402, { code: 'QUOTA_EXCEEDED' }, 'router-quota', null],
    ['a hidden 429', 502, { error: 'backend returned status 429: …' }, 'upstream', null],
    ['Kuadrant', 429, 'Too Many Requests\n', 'kuadrant', null],
  ])('%s', (_, status, body, limiter, retryAfterUs) => {
    const reading = read(responseView(status, {}, body))
    expect(reading.dialect).toBe('rule')
    expect(reading.rejection).toMatchObject({ limiter, retryAfterUs })
    expect(outcomeOf(status, reading)).toBe('limited')
  })

  test('a 429 that no rule knows is still a rejection', () => {
    const reading = read(responseView(429, {}, 'slow down'))
    expect([reading.dialect, reading.rejection?.limiter]).toEqual(['plain', null])
  })

  test.each([401, 403, 404, 422, 500, 502, 503, 504])(
    'status %d without a rule is no limiter',
    (status) => {
      const reading = read(responseView(status, {}, { error: 'something else' }))
      expect(outcomeOf(status, reading)).toBe(status < 500 ? 'refused' : 'failed')
    },
  )
})

describe('a rule', () => {
  function readBy(rule: ResponseRule, view: ReturnType<typeof responseView>) {
    return responseReader({ dialect: 'auto', rules: [rule] })(view)
  }

  test('needs every condition to hold', () => {
    const rule = { limiter: 'x', when: { status: [429, 503], header: { 'X-Kind': '^quota' } } }
    const matching = responseView(503, { 'x-kind': 'quota:day' })
    expect(readBy(rule, matching).rejection?.limiter).toBe('x')
    expect(readBy(rule, responseView(503, {})).rejection).toBeNull()
    expect(readBy(rule, responseView(500, { 'x-kind': 'quota' })).rejection).toBeNull()
  })

  test('with `never` takes a 429 out of all limiters', () => {
    const rule: ResponseRule = { never: true, when: { status: 429, body: 'captcha' } }
    const view = responseView(429, {}, 'captcha required')
    expect(readBy(rule, view)).toMatchObject({ dialect: 'rule', rejection: null })
    expect(outcomeOf(429, readBy(rule, view))).toBe('refused')
  })

  test('may see a rejection in a response of status 200', () => {
    const rule = { limiter: 'soft', when: { json: { '/limited': true } } }
    const reading = readBy(rule, responseView(200, {}, { limited: true }))
    expect(outcomeOf(200, reading)).toBe('limited')
  })

  test('compares numbers and booleans by type, texts between slashes as patterns', () => {
    const rule = { limiter: 'x', when: { json: { '/code': 7, '/name': '/^A/i' } } }
    expect(readBy(rule, responseView(400, {}, { code: 7, name: 'abc' })).rejection).not.toBeNull()
    expect(readBy(rule, responseView(400, {}, { code: '7', name: 'abc' })).rejection).toBeNull()
  })

  test('takes the first advice that there is, in milliseconds where its name says so', () => {
    const retryAfter = ['/none', 'header:X-Wait-Ms', 'header:retry-after']
    const rule = { limiter: 'x', when: { status: 429 }, retryAfter }
    const view = responseView(429, { 'x-wait-ms': '250', 'retry-after': '9' })
    expect(readBy(rule, view).rejection?.retryAfterUs).toBe(250e3)
  })

  test('falls back to Retry-After', () => {
    const rule = { limiter: 'x', when: { status: 429 }, retryAfter: ['/none'] }
    expect(readBy(rule, responseView(429, { 'retry-after': '9' })).rejection?.retryAfterUs).toBe(
      9e6,
    )
  })

  test.each([
    ['a pattern that is none', { limiter: 'x', when: { body: '(' } }, 'rules[0].when.body'],
    ['a pointer that is none', { limiter: 'x', when: { json: { code: 1 } } }, "begin it with '/'"],
    ['no condition', { limiter: 'x', when: {} }, 'at least one condition'],
  ])('%s is a mistake that names its place', (_, rule, text) => {
    const compile = () => responseReader({ dialect: 'auto', rules: [rule as ResponseRule] })
    expect(compile).toThrow(UserError)
    expect(compile).toThrow(text)
  })
})
