import {
  burst,
  check,
  defineScenario,
  env,
  lane,
  needs,
  spaced,
  step,
  untilRequests,
} from 'limitscope'
import { acme, apiRouter, chat, chatShape, needsRouter } from './system.ts'

const stranger = lane('stranger', {
  apiKey: env('ROUTER_STRANGER_KEY', 'no-such-key'),
  embeddedKey: 'no-such-key',
})

const withCode = (code: string) => [
  check.json('/code', { equals: code }),
  check.json('/error', { lengthAtLeast: 1 }),
]

export const errors = defineScenario('api-router/errors', {
  title: 'requests that are wrong are refused, each with its status and its code',
  system: apiRouter,
  needs: needsRouter,
  lanes: [acme, stranger],
  steps: [
    step.post('no-key', '/v1/chat/completions', {
      body: {},
      status: 401,
      check: withCode('AUTH_INVALID'),
    }),
    step.post('wrong-key', '/v1/chat/completions', {
      lane: stranger,
      body: {},
      status: 401,
      check: withCode('AUTH_INVALID'),
    }),
    step.post('no-json', '/v1/chat/completions', {
      lane: acme,
      headers: { 'content-type': 'application/json' },
      body: '{"model":',
      status: 400,
      check: withCode('INVALID_REQUEST'),
    }),
    step.post('not-valid', '/v1/inference', {
      lane: acme,
      body: { model: '{{model}}' },
      status: 400,
      check: withCode('VALIDATION_ERROR'),
    }),
    chat('no-such-model', {
      body: { model: 'no-such-model', messages: [{ role: 'user', content: 'hi' }] },
      status: 500,
      check: withCode('ROUTING_ERROR'),
    }),
    chat('too-large', {
      body: { model: '{{model}}', messages: [{ role: 'user', content: 'x'.repeat(70_000) }] },
      status: 413,
    }),
    chat('stream', {
      body: {
        model: '{{model}}',
        messages: [{ role: 'user', content: 'hi' }],
        max_tokens: 5,
        stream: true,
      },
      check: [
        {
          status: 200,
          actual: { status: 502, note: 'the router decodes the event stream as JSON, and fails' },
        },
      ],
    }),
  ],
})

/** Keys that are no stubs: the router asks its user service about them, and remembers the answer. */
const realKeys = Array.from({ length: 8 }, (_, i) => `ROUTER_KEY_${i + 1}`)

export const newKeys = defineScenario('api-router/new-keys', {
  title: 'keys that are new at the same moment do not bring the router down',
  system: apiRouter,
  needs: [
    ...needsRouter,
    ...realKeys.map((name) => needs.env(name, { remedy: `export ${name}=…` })),
  ],
  lanes: realKeys.map((name, i) =>
    lane(`key-${i + 1}`, { apiKey: env(name), embeddedKey: `key-new-${i + 1}` }),
  ),
  phases: [
    { name: 'at-once', mix: [chatShape('new')], arrivals: burst(16, { count: 1 }) },
    // Long enough to tell a router that is gone from one that has had a bad moment.
    {
      name: 'afterwards',
      mix: [chatShape('later')],
      arrivals: spaced('100ms'),
      until: untilRequests(30),
    },
  ],
  expect: ['count(broken) == 0', 'count(ok) == 46'],
})
