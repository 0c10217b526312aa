import { describe, expect, test } from 'vitest'
import { denialBy, limiterOf, responseView } from './fixtures/denials.ts'
import { openai } from './openai.ts'
import { viewOf } from './view.ts'

function errorView(message: string, type = 'tokens') {
  return responseView(
    429,
    {},
    { error: { message, type, param: null, code: 'rate_limit_exceeded' } },
  )
}

// As published in issues of micro-agent, codel, MetaGPT and continue.
const published = [
  ['gpt-4o in organization org-uOtiSEwvUnroadaOnJJquBEC', 30_000, 29_937, 385, '644ms', 0.644],
  ['gpt-4o in organization XXXXXXXXX', 30_000, 14_567, 24_754, '18.642s', 18.642],
  ['gpt-4 in organization org-uVqpjtJiKqvVJMVfvpaounIh', 10_000, 8_554, 3_082, '9.816s', 9.816],
  ['gpt-4o in organization org-x', 30_000, 18_928, 11_159, '174ms', 0.174],
  ['gpt-4o in organization org-x', 30_000, 28_039, 3_906, '3.89s', 3.89],
] as const

describe('published messages', () => {
  test.each(published)('%s: limit %d, used %d, requested %d, again in %s', (...row) => {
    const [who, limit, used, requested, wait, waitS] = row
    const view = errorView(
      `Rate limit reached for ${who} on tokens per min (TPM): Limit ${limit}, Used ${used}, ` +
        `Requested ${requested}. Please try again in ${wait}. ` +
        'Visit https://platform.openai.com/account/rate-limits to learn more.',
    )
    expect(openai.rejection(view)).toMatchObject({
      strength: 'signature',
      limiter: 'tokens',
      unit: 'tokens',
      retryAfterUs: waitS * 1e6,
    })
    expect(openai.signals(view)).toMatchObject([
      { name: 'tokens', limit, remaining: limit - used, windowUs: 60e6 },
    ])
  })

  test('the wait is what a bucket that refills its limit in a minute needs', () => {
    for (const [, limit, used, requested, , waitS] of published) {
      expect((used + requested - limit) / (limit / 60)).toBeCloseTo(waitS, 2)
    }
  })

  test.each([
    'Request too large for gpt-4o in organization org-78 on tokens per min (TPM): Limit 30000, Requested 31538. The input or output tokens must be reduced in order to run successfully.',
    'Request too large for model `llama3-70b-8192` in organization `org_01` service tier `on_demand` on tokens per minute (TPM): Limit 6000, Requested 6042, please reduce your message size and try again.',
  ])('what is too large is never admissible: %s', (message) => {
    const rejection = openai.rejection(errorView(message))
    expect(rejection).toMatchObject({ limiter: 'tokens', retryAfterUs: null })
    expect(rejection?.evidence).toContain('never admissible')
  })

  test('a gateway in front may quote the message', () => {
    const view = errorView(
      'litellm.RateLimitError: RateLimitError: OpenAIException - Rate limit reached for gpt-4o in organization org-x on requests per day (RPD): Limit 200, Used 200, Requested 1. Please try again in 7m12s.',
      'throttling_error',
    )
    expect(openai.rejection(view)).toMatchObject({ limiter: 'requests', retryAfterUs: 432e6 })
    expect(openai.signals(view)[0]?.windowUs).toBe(86_400e6)
  })

  test('the older form has its figures elsewhere', () => {
    const view = errorView(
      'Rate limit reached for 10KTPM-200RPM in organization org-x on tokens per min. Limit: 10000 / min. Please try again in 6ms.',
    )
    expect(openai.rejection(view)).toMatchObject({ limiter: 'tokens', retryAfterUs: 6000 })
    expect(openai.signals(view)[0]).toMatchObject({ limit: 10_000, windowUs: 60e6 })
  })
})

describe('fields', () => {
  const headers = {
    'x-ratelimit-limit-requests': '500',
    'x-ratelimit-limit-tokens': '30000',
    'x-ratelimit-remaining-requests': '499',
    'x-ratelimit-remaining-tokens': '29999',
    'x-ratelimit-reset-requests': '120ms',
    'x-ratelimit-reset-tokens': '6m0s',
    'x-ratelimit-remaining-tokens_usage_based': '7',
  }

  test('each dimension is a limit', () => {
    expect(openai.signals(responseView(200, headers))).toMatchObject([
      { name: 'requests', unit: 'requests', limit: 500, remaining: 499, resetUs: 120e3 },
      {
        name: 'tokens',
        unit: 'tokens',
        limit: 30_000,
        remaining: 29_999,
        resetUs: 360e6,
        evidence: 'x-ratelimit-reset-tokens: duration',
      },
      { name: 'tokens_usage_based', unit: 'tokens', limit: null, remaining: 7 },
    ])
  })

  test('the finer of two kinds of advice counts', () => {
    const view = responseView(
      429,
      { ...headers, 'retry-after': '1', 'retry-after-ms': '644' },
      { error: { type: 'tokens', code: 'rate_limit_exceeded' } },
    )
    expect(openai.rejection(view)?.retryAfterUs).toBe(644e3)
  })

  test('without a telling body, the dimension with nothing left is meant', () => {
    const view = responseView(429, { ...headers, 'x-ratelimit-remaining-requests': '0' })
    expect(openai.rejection(view)).toMatchObject({ strength: 'shape', limiter: 'requests' })
  })
})

test('a denial is written as the service writes it', () => {
  const denial = denialBy(limiterOf('tpm', 'tokens', 30_000), {
    others: [limiterOf('rpm', 'requests', 500)],
    retryAfterUs: 644e3,
  })
  const written = openai.rejected({ ...denial, requested: 385 })
  expect(written.status).toBe(429)
  expect(Object.entries(written.headers)).toEqual([
    ['content-type', 'application/json'],
    ['x-ratelimit-limit-requests', '500'],
    ['x-ratelimit-limit-tokens', '30000'],
    ['x-ratelimit-remaining-requests', '41'],
    ['x-ratelimit-remaining-tokens', '0'],
    ['x-ratelimit-reset-requests', '30s'],
    ['x-ratelimit-reset-tokens', '30s'],
    ['retry-after-ms', '644'],
    ['retry-after', '1'],
  ])
  expect(JSON.parse(written.body)).toEqual({
    error: {
      message:
        'Rate limit reached for limitscope-small in organization org-limitscope on tokens per min (TPM): Limit 30000, Used 30000, Requested 385. Please try again in 644ms. Visit https://platform.openai.com/account/rate-limits to learn more.',
      type: 'tokens',
      param: null,
      code: 'rate_limit_exceeded',
    },
  })
})

test('a request that never fits is written without a wait', () => {
  const denial = denialBy(limiterOf('tpm', 'tokens', 30_000), { retryAfterUs: null })
  const decision = { ...denial.decision, until: 'never' as const }
  const view = viewOf(openai.rejected({ ...denial, decision, requested: 31_538 }), 0)
  expect(view.body).toContain('Request too large for limitscope-small')
  expect(view.headers).not.toHaveProperty('retry-after')
  expect(openai.rejection(view)).toMatchObject({ limiter: 'tokens', retryAfterUs: null })
})
