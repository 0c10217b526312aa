// The knobs of the API router, by the names and defaults of its configuration.

import { z } from 'zod'
import { choice, count, type Mode, span, text, toggle, variable } from '../../knobs.ts'

export const apiRouterKnobs = (mode: Mode) =>
  z.strictObject({
    RATE_LIMIT_DEFAULT_RPS: variable(count(100, 'requests per second and organisation', 1)),
    RATE_LIMIT_BURST_SIZE: variable(count(200, 'requests at once')),
    LIMITER: choice(
      ['lossy', 'exact'],
      mode === 'documented' ? 'exact' : 'lossy',
      'a bucket that forgets fractions of its interval at every request, or one that does not',
    ),
    MONTHLY_BUDGET: count(10_000, 'budget of an organisation, dollars'),
    DAILY_QUOTA: count(1_000, 'requests per day of an organisation'),
    BACKEND: choice(['mock', 'real'], 'mock', 'the model in this gateway, or VLLM_BACKEND_URL'),
    VLLM_BACKEND_URL: variable(text('', 'base URL of a real OpenAI-compatible backend')),
    VLLM_MODEL_NAME: variable(text('gpt-4o', 'the model that is routed')),
    MOCK_LATENCY: span('20ms', 'how long the mock takes to answer'),
    STREAMING: choice(
      ['broken', 'works'],
      mode === 'documented' ? 'works' : 'broken',
      'streams end in 502, or work',
    ),
    AUTH_CONTEXT_BUG: toggle(
      false,
      'every inference ends in 401 after the limiters, as at its HEAD',
    ),
    VALIDATION_CACHE_CRASH: toggle(
      false,
      'two keys that are validated at the same time end the process',
    ),
    BACKEND_LIMIT: count(0, 'requests per second that the mock lets in; 0: all'),
  })

export type ApiRouterKnobs = z.output<ReturnType<typeof apiRouterKnobs>>
