// The knobs of LLM Server.

import { z } from 'zod'
import { choice, count, type Mode, span, text, toggle, variable } from '../../knobs.ts'

export const llmServerKnobs = (mode: Mode) => {
  const isDocumented = mode === 'documented'
  return z.strictObject({
    MODEL_ID: text('tiny-llm', 'the default model'),
    RATE_LIMIT_RPM: variable(count(60, 'requests per window and key', 1)),
    RATE_LIMIT_WINDOW: span('60s', 'window of the rate limiter, from the first request'),
    QUOTA_MONTHLY: count(20, "requests of keys that have 'quota' in them; others have no quota"),
    QUOTA_RESET: span(isDocumented ? '30d' : '0s', 'window of the quota; 0: it never resets'),
    QUOTA_ATOMIC: toggle(isDocumented, 'the quota is read and written in one go'),
    SINGLE_THREAD: toggle(!isDocumented, 'a generation stops everything else, /healthz included'),
    GENERATIONS: count(isDocumented ? 2 : 1, 'generations at the same time; the others wait', 1),
    ENVELOPE: choice(['detail', 'flat'], 'detail', 'errors inside of `detail`, or bare'),
    RATE_CODE: choice(
      ['rate_limited', 'rate_limit_exceeded'],
      isDocumented ? 'rate_limit_exceeded' : 'rate_limited',
      'the code of the rate limiter',
    ),
    VALIDATION: choice(
      ['types', 'ranges'],
      isDocumented ? 'ranges' : 'types',
      'what of the parameters is checked',
    ),
    CACHE_TTL: span('3600s', 'how long completions are cached; 0: they are not'),
    READYZ: choice(
      ['always-200', '503'],
      isDocumented ? '503' : 'always-200',
      'status of /readyz when something is down',
    ),
    DOWN: choice(['nothing', 'db', 'redis', 'llm'], 'nothing', 'the dependency that is down'),
    METRICS: toggle(isDocumented, '/metrics is served'),
  })
}

export type LlmServerKnobs = z.output<ReturnType<typeof llmServerKnobs>>
