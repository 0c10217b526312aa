import { packTests } from '../../testing/packTests.ts'

packTests('maas', [
  {
    breaks: 'off-by-one',
    // Without a chat template: with one, the token limiter says no at the very same call.
    profile: 'documented',
    words: ['maas/request-burst'],
    red: ['first(burst).admitted == 5', 'limit(requests).overshoot == 0'],
  },
  {
    breaks: 'window-doubled',
    words: ['maas/request-burst'],
    red: ['limit(requests).window <= 1.25 * 4s'],
  },
  { breaks: 'no-done', words: ['maas/streaming'], red: ['stream: stream last == [DONE]'] },
  {
    breaks: 'premium-below-free',
    words: ['maas/tiers'],
    red: ['count(ok){lane=premium} >= count(ok){lane=free}'],
  },
  {
    breaks: 'wrong-error-code',
    words: ['maas/request-burst'],
    red: ['first(burst).limiter == requests', 'count(refused) == 0'],
  },
  { breaks: 'auth-off', words: ['maas/tokens'], red: ['mint-nobody: status in 401, 403'] },
  {
    breaks: 'empty-content',
    words: ['maas/smoke'],
    red: ['chat: /choices/0/message/content has a length >= 1'],
  },
  { breaks: 'usage-zero', words: ['maas/smoke'], red: ['chat: /usage/total_tokens > 0'] },
])
