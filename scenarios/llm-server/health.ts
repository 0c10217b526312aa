import {
  capture,
  check,
  defineScenario,
  documented,
  needs,
  probe,
  spaced,
  step,
  untilRequests,
  users,
} from 'limitscope'
import { cached, fresh, llmServer, needsKey, needsServer, user } from './system.ts'

export const health = defineScenario('llm-server/health', {
  title: 'alive and ready, in words as well as in statuses',
  system: llmServer,
  needs: needsServer,
  steps: [
    step.get('healthz', '/healthz', {
      check: [check.status(200), check.json('/status', { equals: 'ok' })],
    }),
    step.get('readyz', '/readyz', {
      check: [
        check.status(200),
        // The status alone says nothing there: it is 200 whatever is down.
        check.json('/status', { equals: 'ready' }),
        check.json('/db', { equals: 'ok' }),
      ],
    }),
    step.get('models', '/v1/models', {
      check: [check.status(200), check.json('/default_model', { lengthAtLeast: 1 })],
    }),
    step.get('metrics', '/metrics', {
      check: [
        { status: 200, actual: { status: 404, note: 'removed before the commit of the guide' } },
      ],
    }),
  ],
})

/** Half of a generation: longer than any answer that has nothing to wait for. */
const stall = process.env.API_BASE ? '250ms' : '20ms'

const rung = (count: number) => ({
  name: `users-${count}`,
  isolate: 'window' as const,
  mix: [fresh(`users-${count}`)],
  arrivals: users(count),
  until: untilRequests(16),
})

export const ladder = defineScenario('llm-server/ladder', {
  title: 'more and more generations at the same time: the server never rejects, it queues',
  system: llmServer,
  needs: needsKey,
  lanes: [user],
  phases: [rung(1), rung(4), rung(8)],
  probes: [
    probe(
      step.get('healthz', '/healthz', {
        check: [
          check.status(200),
          {
            time: true,
            below: stall,
            actual: {
              atLeast: stall,
              note: 'the model is called inside of the event loop: while it generates, nothing else is answered',
            },
          },
        ],
      }),
      { every: '50ms' },
    ),
  ],
  expect: [
    'ladder().kind == queues',
    'count(limited) == 0',
    documented('ladder().slots >= 1.7', {
      actual: 'ladder().slots < 1.7',
      note: 'a semaphore lets two in, but the event loop serves one at a time',
    }),
  ],
})

const counters = (when: string) =>
  step.get(`metrics-${when}`, '/metrics', {
    check: [check.metric('llm_api_request_total', { exists: true })],
    capture: { [`requests_${when}`]: capture.metric('llm_api_request_total') },
  })

export const metrics = defineScenario('llm-server/metrics', {
  title: 'the counters of the server agree with what was sent',
  system: llmServer,
  needs: [
    ...needsKey,
    needs.service(
      step.get('metrics', '/metrics', {
        status: 200,
        remedy: 'there are none in the version of the guide',
      }),
    ),
  ],
  // A counter without a sample is not shown.
  setup: [
    step.post('first', '/v1/generate', {
      lane: user,
      isolate: 'window',
      cost: {},
      body: { prompt: 'Say one word. {{run}}', max_new_tokens: 1 },
    }),
    counters('before'),
  ],
  lanes: [user],
  mix: [cached],
  arrivals: spaced('20ms'),
  until: untilRequests(10),
  steps: [
    counters('after'),
    step.get('labels', '/metrics', {
      check: [
        check.metric('llm_api_request_latency_seconds_count', { above: 0 }),
        check.metric('llm_tokens_total', { labels: { direction: 'completion' }, above: 0 }),
        check.metric('llm_redis_hits_total', { above: 0 }),
      ],
    }),
  ],
  expect: ['value(requests_after) - value(requests_before) >= count(ok)'],
})
