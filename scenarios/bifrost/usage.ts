import { shape, spaced, step, untilRequests, users } from 'limitscope'
import { api, customer, governance, keyLane, remove, team, virtualKey } from './system.ts'

const streamed = shape.chat('streamed', { promptTokens: 4, outputTokensMax: 30, stream: true })
const whole = shape.chat('whole', { promptTokens: 4, outputTokensMax: 30 })

const limits = {
  rate_limit: {
    request_max_limit: 1000,
    request_reset_duration: '1h',
    token_max_limit: 100_000,
    token_reset_duration: '1h',
  },
}

/** What the API says of a key's use, once everything has been counted. */
function readBack(name: 'whole' | 'streamed', requests: number) {
  return step.get(`use-of-${name}`, `${api}/virtual-keys/{{${name}}}`, {
    check: [{ json: '/virtual_key/rate_limit/request_current_usage', atLeast: requests }],
    eventually: { within: '10s', every: '200ms' },
    capture: {
      [`${name}Tokens`]: '/virtual_key/rate_limit/token_current_usage',
      [`${name}Requests`]: '/virtual_key/rate_limit/request_current_usage',
    },
  })
}

export const usageReadBack = governance('bifrost/usage', {
  title: 'what the API says was used is what the answers said, streams included',
  setup: [virtualKey('whole', limits), virtualKey('streamed', limits)],
  phases: [
    {
      name: 'whole-answers',
      lanes: [keyLane('whole')],
      mix: [whole],
      arrivals: spaced('10ms', { concurrency: 2 }),
      until: untilRequests(20),
    },
    {
      name: 'streams',
      lanes: [keyLane('streamed')],
      mix: [streamed],
      arrivals: spaced('10ms', { concurrency: 2 }),
      until: untilRequests(10),
    },
  ],
  steps: [readBack('whole', 20), readBack('streamed', 10)],
  expect: [
    'share(ok) == 100%',
    'value(wholeTokens) == tokens(ok){shape=whole}',
    'value(wholeRequests) == count(ok){shape=whole}',
    'value(streamedTokens) == tokens(ok){shape=streamed}',
    'value(streamedRequests) == count(ok){shape=streamed}',
  ],
  teardown: [remove('virtual-keys', 'whole'), remove('virtual-keys', 'streamed')],
})

const get = (name: string, path: string) => shape.raw(name, { path: `${api}/${path}` })

/** Response times of every endpoint; those of the chat depend on the provider. */
export const responseTimes = governance('bifrost/response-times', {
  title: 'every endpoint of the API answers within two seconds, with four callers at a time',
  setup: [customer('customer'), team('team', { customer_id: '{{customer}}' }), virtualKey('key')],
  lanes: [keyLane('key')],
  mix: [
    get('list-keys', 'virtual-keys'),
    get('show-key', 'virtual-keys/{{key}}'),
    get('list-teams', 'teams'),
    get('show-team', 'teams/{{team}}'),
    get('show-customer', 'customers/{{customer}}'),
    get('list-customers', 'customers'),
    shape.chat('chat', { promptTokens: 4, outputTokensMax: 8 }),
  ],
  arrivals: users(4),
  until: untilRequests(600),
  expect: [
    'share(ok) == 100%',
    ...['list-keys', 'show-key', 'list-teams', 'show-team', 'list-customers', 'show-customer'].map(
      (name) => `p90(response){shape=${name}} < 2s`,
    ),
    'p90(response){shape=chat} < 30s',
  ],
  teardown: [
    remove('virtual-keys', 'key'),
    remove('teams', 'team'),
    remove('customers', 'customer'),
  ],
})

const ofRequests = (most: number) => ({
  request_max_limit: most,
  request_reset_duration: '1h',
})

const write = (description: string, most: number) =>
  shape.raw(description, {
    method: 'PUT',
    path: `${api}/virtual-keys/{{key}}`,
    body: { description, rate_limit: ofRequests(most) },
  })

export const concurrentUpdates = governance('bifrost/concurrent-updates', {
  title: 'two clients change one key over and over: each change is taken, and none destroys it',
  setup: [virtualKey('key', { rate_limit: ofRequests(1000) })],
  mix: [write('first-client', 1001), write('second-client', 1002)],
  arrivals: users(4),
  until: untilRequests(60),
  steps: [
    step.get('afterwards', `${api}/virtual-keys/{{key}}`, {
      check: [
        { json: '/virtual_key/description', oneOf: ['first-client', 'second-client'] },
        { json: '/virtual_key/rate_limit/request_max_limit', oneOf: [1001, 1002] },
        { json: '/virtual_key/name', equals: 'key-{{run}}' },
      ],
    }),
  ],
  expect: ['share(ok) == 100%'],
  teardown: [remove('virtual-keys', 'key')],
})
