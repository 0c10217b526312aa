import { defineScenario, shape, spaced, step, untilRequests, users } from 'limitscope'
import { api, bifrost, keyLane, remove, serverRunning, virtualKey } from './system.ts'

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

export const usageReadBack = defineScenario('bifrost/usage', {
  title: 'what the API says was used is what the answers said, streams included',
  system: bifrost,
  needs: [serverRunning],
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
export const responseTimes = defineScenario('bifrost/response-times', {
  title: 'every endpoint of the API answers within two seconds, with four callers at a time',
  system: bifrost,
  needs: [serverRunning],
  setup: [virtualKey('key')],
  lanes: [keyLane('key')],
  mix: [
    get('list-keys', 'virtual-keys'),
    get('show-key', 'virtual-keys/{{key}}'),
    get('list-teams', 'teams'),
    get('list-customers', 'customers'),
    shape.chat('chat', { promptTokens: 4, outputTokensMax: 8 }),
  ],
  arrivals: users(4),
  until: untilRequests(600),
  expect: [
    'share(ok) == 100%',
    ...['list-keys', 'show-key', 'list-teams', 'list-customers'].map(
      (name) => `p90(response){shape=${name}} < 2s`,
    ),
    'p90(response){shape=chat} < 30s',
  ],
  teardown: [remove('virtual-keys', 'key')],
})
