import {
  burst,
  capture,
  check,
  defineScenario,
  documented,
  spaced,
  step,
  untilAdmitted,
  untilRequests,
} from 'limitscope'
import {
  cached,
  detail,
  generate,
  llmServer,
  needsKey,
  needsQuota,
  quotaKey,
  quotaLimit,
  raceKey,
  rpm,
  user,
} from './system.ts'

export const rate = defineScenario('llm-server/rpm', {
  title: 'a key is let in so many times a minute, then 429; and the window opens again',
  system: llmServer,
  needs: needsKey,
  lanes: [user],
  phases: [
    {
      name: 'many',
      isolate: 'window',
      mix: [cached],
      arrivals: spaced('20ms'),
      until: untilRequests(rpm + 5),
    },
    {
      name: 'recovery',
      before: [
        generate('rejected', {
          isolate: 'none',
          body: { prompt: 'x' },
          check: [
            check.status(429),
            {
              json: `${detail}/code`,
              equals: 'rate_limit_exceeded',
              actual: {
                equals: 'rate_limited',
                note: 'the guide and a docstring say rate_limit_exceeded; the code sends rate_limited',
              },
            },
            check.json(`${detail}/retry_after`, { above: 0 }),
          ],
        }),
      ],
      mix: [cached],
      arrivals: spaced('500ms'),
      until: untilAdmitted(),
    },
  ],
  expect: [
    `count(ok){phase=many} == ${rpm}`,
    'first(many).limiter == requests',
    `first(many).admitted == ${rpm}`,
    'first(many).status == 429',
    'limit(requests).window >= {{window}}',
    'limit(requests).window <= 1.25 * {{window}}',
    // It says whole seconds, and the next try may be half a second late.
    'limit(requests).retry_error >= -1s',
    'limit(requests).retry_error <= 1.6s',
  ],
})

export const quota = defineScenario('llm-server/quota', {
  title: 'a key with a quota is let in that often, cached answers included, then 402',
  system: llmServer,
  needs: needsQuota('QUOTA_API_KEY'),
  lanes: [quotaKey],
  mix: [cached],
  arrivals: spaced('20ms'),
  until: untilRequests(quotaLimit + 5),
  steps: [
    generate('exhausted', {
      lane: quotaKey,
      isolate: 'none',
      body: { prompt: 'x' },
      check: [check.status(402), check.json(`${detail}/code`, { equals: 'quota_exhausted' })],
    }),
  ],
  expect: [
    `count(ok) == ${quotaLimit}`,
    'first(quota).limiter == quota',
    'first(quota).status == 402',
    'count(limited) == 5',
  ],
})

export const quotaRace = defineScenario('llm-server/quota-race', {
  title: 'a quota under concurrency: requests at the same moment must not share one unit',
  system: llmServer,
  needs: needsQuota('QUOTA_RACE_API_KEY'),
  lanes: [raceKey],
  mix: [cached],
  arrivals: burst(2 * quotaLimit, { count: 1 }),
  expect: [
    documented(`count(ok) <= ${quotaLimit}`, {
      actual: `count(ok) > ${quotaLimit}`,
      note: 'the quota is read, and written back later: what others write meanwhile is lost',
    }),
    'count(failed) == 0',
  ],
})

const used = (when: string) =>
  step.get(`usage-${when}`, '/v1/me/usage', {
    lane: user,
    cost: {},
    isolate: when === 'before' ? 'window' : 'none',
    check: [check.status(200), check.json('/total_requests', { atLeast: 0 })],
    capture: { [`requests_${when}`]: capture.json('/total_requests') },
  })

export const usage = defineScenario('llm-server/usage', {
  title: 'what the server says of the use of a key agrees with what was sent',
  system: llmServer,
  needs: needsKey,
  setup: [used('before')],
  lanes: [user],
  mix: [cached],
  arrivals: spaced('20ms'),
  until: untilRequests(10),
  steps: [used('after')],
  // Looking at the use is a use, too.
  expect: [
    'value(requests_after) - value(requests_before) >= count(ok)',
    'value(requests_after) - value(requests_before) <= count(ok) + 1',
  ],
})
