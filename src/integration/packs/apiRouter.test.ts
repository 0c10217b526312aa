import { expect, test } from 'vitest'
import { runPack } from '../../testing/packRun.ts'
import { packOf } from '../../testing/packs.ts'
import { packTests } from '../../testing/packTests.ts'

packTests(
  'api-router',
  [
    {
      breaks: 'off-by-one',
      words: ['api-router/burst'],
      red: ['advertised: header x-ratelimit-limit == 200'],
    },
    {
      breaks: 'window-doubled',
      profile: 'documented',
      words: ['api-router/sustained'],
      red: ['rate(ok){phase=even} >= 90/s', 'rate(ok){phase=random} >= 90/s'],
    },
    {
      breaks: 'wrong-error-code',
      words: ['api-router/budget'],
      red: ['budget: status == 402', 'budget: /code == BUDGET_EXCEEDED', 'count(limited) == 10'],
    },
    {
      breaks: 'empty-content',
      words: ['api-router/paris'],
      red: ['paris-1: /choices/0/message/content contains paris'],
    },
    {
      breaks: 'usage-zero',
      words: ['api-router/paris'],
      red: ['paris-1: /usage/prompt_tokens > 0'],
    },
    { breaks: 'auth-off', words: ['api-router/errors'], red: ['no-key: status == 401'] },
  ],
  // They need a backend of their own.
  { skipped: { embedded: ['api-router/overhead'], documented: ['api-router/overhead'] } },
)

test('a router that dies of new keys is told as dead, not as many failures', async () => {
  const { summary, events } = await runPack({
    scenarios: await packOf('api-router'),
    words: ['api-router/new-keys'],
    profile: 'embedded',
    gateway: { knobs: { VALIDATION_CACHE_CRASH: true } },
  })
  expect(summary.reason).toBe('target-died')
  expect(events.map(({ text }) => text).join('\n')).toMatch(/target died|the target/)
})
