// The knobs of the MaaS gateway, by the names and defaults of its test suite and manifests.

import { z } from 'zod'
import { choice, count, type Mode, span, text, toggle, variable } from '../../knobs.ts'

export const maasKnobs = (mode: Mode) =>
  z.strictObject({
    MODEL_NAME: variable(text('facebook/opt-125m', 'the model in the catalogue')),
    RATE_LIMIT_BURST_FREE: variable(count(5, 'requests per window, free tier')),
    RATE_LIMIT_BURST_PREMIUM: variable(count(20, 'requests per window, premium tier')),
    RATE_LIMIT_BURST_ENTERPRISE: count(50, 'requests per window, enterprise tier'),
    RATE_LIMIT_WINDOW: span('2m', 'window of the request limiter'),
    TOKEN_LIMIT_FREE: variable(count(100, 'tokens per window, free tier')),
    TOKEN_LIMIT_PREMIUM: count(50_000, 'tokens per window, premium tier'),
    TOKEN_LIMIT_ENTERPRISE: count(100_000, 'tokens per window, enterprise tier'),
    TOKEN_LIMIT_WINDOW: span('1m', 'window of the token limiter'),
    TOKEN_LIMIT_MODE: choice(
      ['CheckReport', 'Reservation'],
      'CheckReport',
      'tokens are charged after the answer, or reserved before it',
    ),
    TOKEN_ESTIMATE: count(5_000, 'tokens that a reservation asks for'),
    RATE_LIMIT_HEADERS: choice(
      ['NONE', 'DRAFT_VERSION_03'],
      'NONE',
      "Limitador's --rate-limit-headers",
    ),
    USAGE_HEADERS: toggle(mode === 'documented', 'x-odhu-usage-* fields on answers'),
    AUTH_CACHE_TTL: span(
      mode === 'documented' ? '0s' : '600s',
      'how long a revoked or expired token may go on at the model route',
    ),
    TOKEN_TTL_MIN: span('10m', 'shortest life of a minted token'),
    STREAM_USAGE: choice(
      ['asked', 'always'],
      mode === 'documented' ? 'always' : 'asked',
      'streams are charged only when they ask for their usage, or always',
    ),
    TEMPLATE_TOKENS: count(mode === 'documented' ? 0 : 4, 'tokens that the chat template adds'),
  })

export type MaasKnobs = z.output<ReturnType<typeof maasKnobs>>
