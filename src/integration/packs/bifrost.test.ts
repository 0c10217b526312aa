import { packTests } from '../../testing/packTests.ts'

packTests('bifrost', [
  {
    breaks: 'off-by-one',
    words: ['bifrost/independent-limits'],
    red: ['count(ok){phase=many-cheap} == 5'],
  },
  {
    breaks: 'window-doubled',
    words: ['bifrost/budget-reset'],
    red: ['limit(usd).recovered <= 7s'],
  },
  {
    breaks: 'order-swapped',
    words: ['bifrost/order'],
    red: ['first(both-spent).limiter == requests', 'first(both-spent).status == 429'],
  },
  {
    breaks: 'quota-non-atomic',
    profile: 'documented',
    expects: 'documented',
    words: ['bifrost/overshoot'],
    red: ['count(ok) <= 10'],
  },
  {
    breaks: 'team-budget-ignored',
    words: ['bifrost/budget-hierarchy'],
    red: ["first(second).limiter == 'Team usd'"],
  },
  {
    breaks: 'wrong-error-code',
    words: ['bifrost/budget-hierarchy'],
    red: ['first(first).limiter == usd'],
  },
  {
    breaks: 'both-owners-accepted',
    words: ['bifrost/mutual-exclusion'],
    red: ['both-at-once: status == 400', 'both-at-once-of-key-that-exists: status == 400'],
  },
  {
    breaks: 'usage-read-back-stale',
    words: ['bifrost/usage'],
    red: ['use-of-whole: /virtual_key/rate_limit/request_current_usage >= 20'],
  },
  {
    breaks: 'auth-off',
    words: ['bifrost/authz'],
    red: ['without-key: status in 400, 401', 'malformed-sql: status == 403'],
  },
])
