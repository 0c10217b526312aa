import { packTests } from '../../testing/packTests.ts'

packTests(
  'llm-server',
  [
    {
      breaks: 'off-by-one',
      words: ['llm-server/rpm'],
      red: ['count(ok){phase=many} == 60', 'first(many).admitted == 60'],
    },
    {
      breaks: 'window-doubled',
      words: ['llm-server/rpm'],
      red: ['limit(requests).window <= 1.25 * 8s'],
    },
    {
      breaks: 'cache-always-misses',
      words: ['llm-server/cache'],
      red: ['again: /cached == true', 'and-again: /cached == true'],
    },
    {
      breaks: 'cache-always-misses',
      words: ['llm-server/cache-speed'],
      red: ['mean(service){shape=hits} < 0.5 * mean(service){shape=misses}'],
    },
    {
      breaks: 'quota-non-atomic',
      profile: 'documented',
      words: ['llm-server/quota-race'],
      red: ['count(ok) <= 20'],
      expects: 'documented',
    },
    {
      breaks: 'no-done',
      words: ['llm-server/generate'],
      red: ['stream: stream end matches data: \\[DONE\\]\\n\\n$'],
    },
    {
      breaks: 'rejects-when-busy',
      profile: 'documented',
      words: ['llm-server/ladder'],
      red: ['ladder().kind == queues', 'count(limited) == 0'],
    },
    {
      breaks: 'wrong-error-code',
      words: ['llm-server/quota'],
      red: ['exhausted: status == 402', 'first(quota).limiter == quota'],
    },
    { breaks: 'auth-off', words: ['llm-server/auth'], red: ['no-key: status == 401'] },
  ],
  // The version of the guide has no metrics.
  { skipped: { embedded: ['llm-server/metrics'] } },
)
