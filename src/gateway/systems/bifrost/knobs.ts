// The knobs of Bifrost's governance.

import { z } from 'zod'
import { choice, count, type Mode, span, toggle } from '../../knobs.ts'

export const bifrostKnobs = (mode: Mode) => {
  const isDocumented = mode === 'documented'
  return z.strictObject({
    COUNTING: choice(
      ['async', 'reserve'],
      isDocumented ? 'reserve' : 'async',
      'requests are counted after their answers, or when they are let in',
    ),
    COUNT_DELAY: span('5ms', 'how long after an answer it is counted, when async'),
    RESET_TICKER: span(
      isDocumented ? '0s' : '60s',
      'expired rate limits are reset only this often; 0: at once',
    ),
    BUDGET_DENIES: choice(
      ['above', 'at'],
      isDocumented ? 'at' : 'above',
      'a budget denies when it is overspent, or when it is spent',
    ),
    BUDGET_UNIT: choice(
      ['dollars', 'cents'],
      isDocumented ? 'cents' : 'dollars',
      'the unit of max_limit',
    ),
    PRICES: toggle(true, 'models have prices; without them nothing costs anything'),
    CREATED_STATUS: choice(
      ['200', '201'],
      isDocumented ? '201' : '200',
      'status of what has been created',
    ),
    MONITORING: toggle(isDocumented, 'usage-stats, usage-reset and debug/* are served'),
    TOP_LEVEL_ALLOWED: choice(
      ['ignored', 'used'],
      isDocumented ? 'used' : 'ignored',
      'allowed_models and allowed_providers of a virtual key itself',
    ),
    EMPTY_PROVIDERS: choice(
      ['allow', 'deny'],
      'allow',
      'what a virtual key without provider_configs may ask',
    ),
    ENFORCE_GOVERNANCE_HEADER: toggle(true, 'requests without x-bf-vk are refused'),
    MISSING_STATUS: choice(['400', '401'], '400', 'status of requests without x-bf-vk'),
    CONCURRENCY: count(1_000, 'requests in flight per provider', 1),
    BUFFER_SIZE: count(5_000, 'requests that may wait per provider'),
    DROP_EXCESS_REQUESTS: toggle(false, 'a full queue refuses; else it grows'),
  })
}

export type BifrostKnobs = z.output<ReturnType<typeof bifrostKnobs>>
