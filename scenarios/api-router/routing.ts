import { capture, check, defineScenario, probe, spaced, step, untilRequests } from 'limitscope'
import { acme, apiRouter, burstSize, chat, chatShape, needsRouter, organisation } from './system.ts'

const degraded = 'mock-backend-1'

const inference = (name: string, decision: string) =>
  step.post(name, '/v1/inference', {
    lane: acme,
    cost: { promptTokens: 2, outputTokens: 10 },
    body: {
      request_id: '5f7f0c3e-6f0e-4b58-9d2b-0a4c1f6f2b11',
      model: '{{model}}',
      payload: 'hello',
    },
    check: [
      check.status(200),
      check.json('/output/text', { lengthAtLeast: 1 }),
      check.json('/usage/limit_state', { equals: 'WITHIN_LIMIT' }),
      check.header('x-routing-decision', { equals: decision }),
    ],
  })

export const routing = defineScenario('api-router/routing', {
  title: 'a degraded backend is routed around; OpenAI routes know one backend only',
  system: apiRouter,
  needs: needsRouter,
  lanes: [acme],
  setup: [inference('healthy', 'PRIMARY')],
  steps: [
    step.post('degrade', `/v1/admin/routing/backends/${degraded}/degrade`, { lane: acme }),
    inference('degraded', 'FAILOVER'),
    chat('chat', {
      check: [
        check.status(200),
        {
          header: 'x-routing-decision',
          equals: 'FAILOVER',
          actual: { equals: 'PRIMARY', note: 'OpenAI routes always go to the first backend' },
        },
      ],
    }),
    step.get('ready', '/v1/status/readyz', {
      status: 200,
      check: [check.json('/status', { equals: 'ready' })],
    }),
  ],
  teardown: [step.post('mend', `/v1/admin/routing/backends/${degraded}/healthy`, { lane: acme })],
})

const denials = (when: string) =>
  step.get(`metrics-${when}`, '/metrics', {
    check: [check.metric('api_router_rate_limit_denials_total', { exists: true })],
    capture: {
      [`denied_${when}`]: capture.metric('api_router_rate_limit_denials_total', {
        limit_type: 'org',
      }),
    },
  })

export const observability = defineScenario('api-router/observability', {
  title: 'its own counters agree with the 429s, and its health answers while it is loaded',
  system: apiRouter,
  needs: needsRouter,
  lanes: [organisation('metered')],
  setup: [denials('before')],
  mix: [chatShape('metered')],
  arrivals: spaced('0ms', { concurrency: 8 }),
  until: untilRequests(Math.ceil(burstSize * 1.5)),
  probes: [
    probe(
      step.get('healthz', '/v1/status/healthz', {
        check: [check.status(200), check.time({ below: '1s' })],
      }),
      { every: '100ms' },
    ),
  ],
  steps: [denials('after')],
  expect: ['value(denied_after) - value(denied_before) >= count(limited)', 'count(failed) == 0'],
})
