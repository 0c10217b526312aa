import { describe, expect, test } from 'vitest'
import type { Rejection } from './dialect.ts'
import { nowUnixMs, responseView } from './fixtures/denials.ts'
import { responseReader } from './read.ts'

const read = responseReader({ dialect: 'auto', rules: [] })

interface Case {
  readonly says: string
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: unknown
  readonly dialect: string
  readonly rejection: Partial<Rejection>
}

const error = (message: string, further = {}) => ({ error: { message, ...further } })
const anthropicError = (message: string, type = 'rate_limit_error') => ({
  type: 'error',
  error: { type, message },
})
const quotaFailure = (...quotas: readonly [string, string][]) => ({
  error: {
    code: 429,
    status: 'RESOURCE_EXHAUSTED',
    details: [
      {
        '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
        violations: quotas.map(([quotaId, metric]) => ({
          quotaId,
          quotaMetric: `generativelanguage.googleapis.com/${metric}`,
          quotaValue: '15',
        })),
      },
      { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '38s' },
    ],
  },
})

const cases: readonly Case[] = [
  {
    says: 'OpenAI: no money left',
    status: 429,
    body: error('You exceeded your current quota', { code: 'insufficient_quota' }),
    dialect: 'openai',
    rejection: { limiter: 'usd', unit: 'usd' },
  },
  {
    says: 'Azure: tokens',
    status: 429,
    headers: { 'retry-after': '86400', 'x-ms-region': 'East US' },
    body: error(
      'Requests to the ChatCompletions_Create Operation under Azure OpenAI API version 2024-02-01 have exceeded token rate limit of your current OpenAI S0 pricing tier. Please retry after 86400 seconds.',
      { code: '429' },
    ),
    dialect: 'azure-openai',
    rejection: { limiter: 'tokens', unit: 'tokens', retryAfterUs: 86_400e6 },
  },
  {
    says: 'Azure: calls, newer text',
    status: 429,
    body: error('Your requests to gpt-5.1 for gpt-5.1 have exceeded the **call** rate limit for …'),
    dialect: 'azure-openai',
    rejection: { limiter: 'requests', unit: 'requests' },
  },
  {
    says: 'Azure: overload',
    status: 429,
    body: error(
      'The system is currently experiencing high demand and cannot process your request.',
    ),
    dialect: 'azure-openai',
    rejection: { limiter: 'overloaded', unit: null },
  },
  {
    says: 'Azure API Management: rate of tokens',
    status: 429,
    headers: { 'retry-after': '42' },
    body: { statusCode: 429, message: 'Token limit is exceeded. Try again in 42 seconds.' },
    dialect: 'azure-openai',
    rejection: { limiter: 'tokens', unit: 'tokens', retryAfterUs: 42e6 },
  },
  {
    says: 'Azure API Management: quota of calls',
    status: 403,
    body: {
      statusCode: 403,
      message: 'Out of call volume quota. Quota will be replenished in 14.07:13:56.',
    },
    dialect: 'azure-openai',
    rejection: {
      limiter: 'requests-quota',
      unit: 'requests',
      retryAfterUs: (((14 * 24 + 7) * 60 + 13) * 60 + 56) * 1e6,
    },
  },
  {
    says: 'Anthropic: input tokens',
    status: 429,
    headers: { 'retry-after': '17' },
    body: anthropicError(
      "This request would exceed your organization's rate limit of 30,000 input tokens per minute (org: x, model: y).",
    ),
    dialect: 'anthropic',
    rejection: { limiter: 'prompt-tokens', unit: 'prompt-tokens', retryAfterUs: 17e6 },
  },
  {
    says: 'Anthropic: requests',
    status: 429,
    body: anthropicError(
      'This request would exceed the rate limit for your organization of 50 requests per minute.',
    ),
    dialect: 'anthropic',
    rejection: { limiter: 'requests', unit: 'requests' },
  },
  {
    says: 'Anthropic: connections',
    status: 429,
    body: anthropicError('Number of concurrent connections has exceeded your rate limit.'),
    dialect: 'anthropic',
    rejection: { limiter: 'concurrent-requests', unit: 'concurrent-requests' },
  },
  {
    says: 'Anthropic: overloaded',
    status: 529,
    body: anthropicError('Overloaded', 'overloaded_error'),
    dialect: 'anthropic',
    rejection: { limiter: 'overloaded', unit: null },
  },
  {
    says: 'Gemini: requests per minute',
    status: 429,
    body: quotaFailure([
      'GenerateRequestsPerMinutePerProjectPerModel-FreeTier',
      'generate_content_free_tier_requests',
    ]),
    dialect: 'gemini',
    rejection: {
      limiter: 'GenerateRequestsPerMinutePerProjectPerModel-FreeTier',
      unit: 'requests',
      retryAfterUs: 38e6,
    },
  },
  {
    says: 'Gemini: input tokens, in the array of its OpenAI endpoints, the first of two',
    status: 429,
    body: [
      quotaFailure(
        ['GenerateContentInputTokensPerModelPerMinute', 'generate_content_input_token_count'],
        ['GenerateRequestsPerDay', 'generate_requests'],
      ),
    ],
    dialect: 'gemini',
    rejection: {
      limiter: 'GenerateContentInputTokensPerModelPerMinute',
      unit: 'prompt-tokens',
      evidence: [
        'body:/error/status: RESOURCE_EXHAUSTED',
        'quotaId: GenerateContentInputTokensPerModelPerMinute',
        'quotaId: GenerateRequestsPerDay',
        'retryDelay: duration',
      ],
    },
  },
  {
    says: 'Gemini: exhausted without a name',
    status: 429,
    body: { error: { code: 429, status: 'RESOURCE_EXHAUSTED', message: 'Please retry in 8.5s.' } },
    dialect: 'gemini',
    rejection: { limiter: null, retryAfterUs: 8.5e6 },
  },
  {
    says: 'LiteLLM: parallel requests',
    status: 429,
    headers: { 'retry-after': '60', rate_limit_type: 'max_parallel_requests' },
    body: error(
      'Rate limit exceeded for api_key: 88dc28. Limit type: max_parallel_requests. Current limit: 2, Remaining: 0. Limit resets at: 2026-11-20 18:09:09 UTC',
      { type: 'None', param: 'None', code: '429' },
    ),
    dialect: 'litellm',
    rejection: { limiter: 'concurrent-requests', retryAfterUs: 60e6 },
  },
  ...[400, 429].map((status) => ({
    says: `LiteLLM: budget as ${status}`,
    status,
    body: error('Budget has been exceeded! Current cost: 0.00080844, Max budget: 0.0008', {
      type: 'budget_exceeded',
      code: String(status),
    }),
    dialect: 'litellm',
    rejection: { limiter: 'usd', unit: 'usd' as const },
  })),
  {
    says: 'LiteLLM: every deployment cools down',
    status: 429,
    body: error('No deployments available for selected model, Try again in 60 seconds'),
    dialect: 'litellm',
    rejection: { limiter: 'cooldown', unit: null, retryAfterUs: 60e6 },
  },
  {
    says: 'Bifrost: tokens',
    status: 429,
    body: {
      type: 'token_limited',
      is_bifrost_error: false,
      status_code: 429,
      ...error(
        'Rate limit check failed: rate limit violated for VK: token limit exceeded (1200/1000, resets every 1m)',
      ),
    },
    dialect: 'bifrost',
    rejection: { limiter: 'tokens', evidence: ['body:/type: token_limited', 'level: VK'] },
  },
  {
    says: 'Bifrost: budget of a team',
    status: 402,
    body: {
      type: 'budget_exceeded',
      is_bifrost_error: false,
      ...error('Budget check failed: Team budget exceeded: 0.0120 > 0.0100 dollars'),
    },
    dialect: 'bifrost',
    rejection: { limiter: 'Team usd', evidence: ['body:/type: budget_exceeded', 'level: Team'] },
  },
  {
    says: 'Bifrost: queue',
    status: 400,
    body: { is_bifrost_error: false, ...error('request dropped: queue is full') },
    dialect: 'bifrost',
    rejection: { limiter: 'concurrent-requests', unit: 'concurrent-requests' },
  },
  {
    says: 'Kong: the only window',
    status: 429,
    headers: {
      'x-ratelimit-limit-minute': '5',
      'x-ratelimit-remaining-minute': '0',
      'ratelimit-limit': '5',
      'ratelimit-remaining': '0',
      'ratelimit-reset': '31',
      'retry-after': '31',
    },
    body: { message: 'API rate limit exceeded', request_id: 'x' },
    dialect: 'kong',
    rejection: { limiter: 'requests', unit: 'requests', retryAfterUs: 31e6 },
  },
  {
    says: 'Kong: one of two windows',
    status: 429,
    headers: {
      'x-ratelimit-limit-second': '5',
      'x-ratelimit-remaining-second': '3',
      'x-ratelimit-limit-hour': '100',
      'x-ratelimit-remaining-hour': '0',
    },
    body: { message: 'API rate limit exceeded' },
    dialect: 'kong',
    rejection: { limiter: 'requests-per-hour', unit: 'requests' },
  },
  {
    says: 'Kong: what upstreams count',
    status: 429,
    body: { message: "API rate limit exceeded for 'videos'" },
    dialect: 'kong',
    rejection: { strength: 'shape', limiter: 'videos', unit: null },
  },
  {
    says: 'Kong AI: by body',
    status: 429,
    headers: { 'x-ai-ratelimit-retry-after': '47', 'x-ai-ratelimit-limit-30-azure': '1000' },
    body: { message: 'API rate limit exceeded for provider azure, cohere' },
    dialect: 'kong-ai',
    rejection: { limiter: 'azure', retryAfterUs: 47e6 },
  },
  {
    says: 'Kong AI: by what remains',
    status: 429,
    headers: {
      'x-ai-ratelimit-limit-minute-policy-1': '40',
      'x-ai-ratelimit-remaining-minute-policy-1': '0',
      'x-ai-ratelimit-limit-minute-policy-2': '0.1',
      'x-ai-ratelimit-remaining-minute-policy-2': '0.085',
    },
    body: { message: 'AI token rate limit exceeded' },
    dialect: 'kong-ai',
    rejection: { limiter: 'policy-1' },
  },
  {
    says: 'APISIX: limit-req, by its page alone',
    status: 503,
    body: '<html>\r\n<hr><center>openresty</center>\r\n<p><em>Powered by <a href="https://apisix.apache.org/">APISIX</a>.</em></p></body>\r\n</html>\r\n',
    dialect: 'apisix',
    rejection: { limiter: null },
  },
  {
    says: 'APISIX: the second rule',
    status: 429,
    headers: {
      server: 'APISIX/3.14.0',
      'x-1-ratelimit-limit': '100',
      'x-1-ratelimit-remaining': '80',
      'x-1-ratelimit-reset': '3.5',
      'x-2-ratelimit-limit': '20',
      'x-2-ratelimit-remaining': '0',
      'x-2-ratelimit-reset': '12.34',
    },
    body: { error_msg: 'slow down' },
    dialect: 'apisix',
    rejection: { limiter: '2' },
  },
  {
    says: 'Limitador: the closest of two quotas',
    status: 429,
    headers: {
      'x-ratelimit-limit': '2, 2;w=60;name="per user", 100;w=3600;name="per ip"',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': '42',
    },
    body: 'Too Many Requests\n',
    dialect: 'limitador',
    rejection: { strength: 'signature', limiter: 'per user', retryAfterUs: null },
  },
  {
    says: 'Envoy: global',
    status: 429,
    headers: {
      'x-envoy-ratelimited': 'true',
      'x-ratelimit-limit': '10, 1000;w=3600, 10;w=1;name="per-ip"',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': '1',
    },
    body: '',
    dialect: 'envoy',
    rejection: { strength: 'signature', limiter: 'per-ip' },
  },
  {
    says: 'Envoy: local',
    status: 429,
    headers: {
      'x-ratelimit-limit': '1',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': '3598',
    },
    body: 'local_rate_limited',
    dialect: 'envoy',
    rejection: { limiter: null },
  },
  {
    says: 'Kuadrant: bare',
    status: 429,
    headers: { 'content-type': 'text/plain' },
    body: 'Too Many Requests\n',
    dialect: 'kuadrant',
    rejection: { strength: 'shape', limiter: null, retryAfterUs: null },
  },
]

describe('every rejection is read by its own dialect', () => {
  test.each(cases)('$says', ({ status, headers, body, dialect, rejection }) => {
    const reading = read(responseView(status, headers, body))
    expect(reading.dialect).toBe(dialect)
    expect(reading.rejection).toMatchObject(rejection)
  })
})

describe('what an error body says about its limit is a signal', () => {
  test('Bifrost prints use, limit and window', () => {
    const tokens = cases.find(({ says }) => says === 'Bifrost: tokens')!
    const { signals } = read(responseView(429, {}, tokens.body))
    expect(signals).toMatchObject([
      { name: 'tokens', limit: 1000, remaining: 0, windowUs: 60e6, resetUs: null },
    ])
  })

  test('Gemini has the window in the id of the quota', () => {
    const requests = cases.find(({ says }) => says === 'Gemini: requests per minute')!
    const { signals } = read(responseView(429, {}, requests.body))
    expect(signals).toMatchObject([{ unit: 'requests', limit: 15, windowUs: 60e6 }])
  })
})

test('Anthropic says by an instant when a limit is full again', () => {
  const headers = {
    'anthropic-ratelimit-input-tokens-limit': '30000',
    'anthropic-ratelimit-input-tokens-remaining': '28000',
    'anthropic-ratelimit-input-tokens-reset': new Date(nowUnixMs + 4000).toISOString(),
  }
  expect(read(responseView(200, headers)).signals).toEqual([
    {
      name: 'prompt-tokens',
      unit: 'prompt-tokens',
      limit: 30_000,
      remaining: 28_000,
      windowUs: null,
      resetUs: 4e6,
      evidence: 'anthropic-ratelimit-input-tokens-reset: RFC 3339',
    },
  ])
})

test("an instant counts from the server's clock where that is another one", () => {
  const headers = {
    date: new Date(nowUnixMs + 60_000).toUTCString(),
    'anthropic-ratelimit-requests-remaining': '3',
    'anthropic-ratelimit-requests-reset': new Date(nowUnixMs + 64_000).toISOString(),
  }
  const [signal] = read(responseView(200, headers)).signals
  expect(signal?.resetUs).toBe(4e6)
  expect(signal?.evidence).toContain("by the server's clock (60 s from ours)")
})

test('LiteLLM counts per descriptor, and each of them is a limit', () => {
  const headers = {
    'x-ratelimit-api_key-limit-requests': '2',
    'x-ratelimit-api_key-remaining-requests': '1',
    'x-ratelimit-team-limit-requests': '50',
    'x-ratelimit-team-remaining-requests': '40',
  }
  const { dialect, signals } = read(responseView(200, headers))
  expect(dialect).toBe('litellm')
  expect(signals.map(({ name, limit, remaining }) => [name, limit, remaining])).toEqual([
    ['requests', 2, 1],
    ['requests', 50, 40],
  ])
})
