import {
  burst,
  documented,
  shape,
  spaced,
  untilAdmitted,
  untilRejected,
  untilRequests,
} from 'limitscope'
import {
  budgetOf,
  cheap,
  customer,
  governance,
  keyLane,
  rates,
  remove,
  team,
  tenthOfACent,
  virtualKey,
} from './system.ts'

/** Pause between sequential calls, as the suite has it: counting happens after answers. */
const pause = spaced('100ms')

export const budgetHierarchy = governance('bifrost/budget-hierarchy', {
  title: 'a cost is charged to key, team and customer; the first budget that is spent says no',
  setup: [
    customer('customer', budgetOf('customerBudget')),
    team('team', { customer_id: '{{customer}}', ...budgetOf('teamBudget') }),
    virtualKey('first', { team_id: '{{team}}', ...budgetOf('keyBudget') }),
    virtualKey('second', { team_id: '{{team}}', ...budgetOf('keyBudget') }),
    virtualKey('third', { customer_id: '{{customer}}', ...budgetOf('keyBudget') }),
  ],
  phases: (['first', 'second', 'third'] as const).map((name) => ({
    name,
    lanes: [keyLane(name)],
    mix: [tenthOfACent],
    arrivals: pause,
    until: [untilRejected('*', { plus: 1 }), untilRequests(12)],
  })),
  expect: [
    'first(first).limiter == usd',
    'first(first).status == 402',
    'count(ok){phase=first} == 4',
    "first(second).limiter == 'Team usd'",
    'count(ok){phase=second} == 2',
    "first(third).limiter == 'Customer usd'",
    'count(ok){phase=third} == 2',
  ],
  teardown: [
    remove('virtual-keys', 'first'),
    remove('virtual-keys', 'second'),
    remove('virtual-keys', 'third'),
    remove('teams', 'team'),
    remove('customers', 'customer'),
  ],
})

const untilNo = [untilRejected('*', { plus: 2 }), untilRequests(40)]

export const independentLimits = governance('bifrost/independent-limits', {
  title: 'token and request limits count on their own, at the key and at its provider',
  setup: [
    virtualKey('many', rates({ requests: 5, tokens: 1000 })),
    virtualKey('few', rates({ requests: 5, tokens: 1000 })),
    virtualKey('provider', {
      provider_configs: [{ provider: 'openai', allowed_models: [], ...rates({ tokens: 300 }) }],
    }),
  ],
  phases: [
    { name: 'many-cheap', lanes: [keyLane('many')], mix: [cheap], arrivals: pause, until: untilNo },
    {
      name: 'few-expensive',
      lanes: [keyLane('few')],
      mix: [tenthOfACent],
      arrivals: pause,
      until: untilNo,
    },
    {
      name: 'of-the-provider',
      lanes: [keyLane('provider')],
      mix: [tenthOfACent],
      arrivals: pause,
      until: untilNo,
    },
  ],
  expect: [
    'first(many-cheap).limiter == requests',
    'count(ok){phase=many-cheap} == 5',
    'first(few-expensive).limiter == tokens',
    // Checked before, charged after: the call that crosses the limit is served.
    'count(ok){phase=few-expensive} == 2',
    "first(of-the-provider).limiter == 'Provider tokens'",
    'count(ok){phase=of-the-provider} == 1',
    'first(many-cheap).status == 429',
  ],
  teardown: [
    remove('virtual-keys', 'many'),
    remove('virtual-keys', 'few'),
    remove('virtual-keys', 'provider'),
  ],
})

const longStream = shape.chat('long-stream', {
  promptTokens: 2,
  outputTokensMax: 200,
  stream: true,
})

export const streamed = governance('bifrost/streamed-tokens', {
  title: 'a stream that crosses the token limit is served to its end, and the next one is refused',
  setup: [virtualKey('key', rates({ tokens: 50 }))],
  phases: [
    {
      name: 'streams',
      lanes: [keyLane('key')],
      mix: [longStream],
      arrivals: pause,
      until: untilNo,
    },
  ],
  expect: [
    'count(ok) == 1',
    'first(streams).limiter == tokens',
    'first(streams).status == 429',
    'tokens(ok) >= 200',
  ],
  teardown: [remove('virtual-keys', 'key')],
})

export const order = governance('bifrost/order', {
  title: 'where a rate limit and a budget are both spent, the rate limit answers',
  setup: [virtualKey('key', { ...rates({ requests: 4 }), ...budgetOf('keyBudget') })],
  phases: [
    {
      name: 'both-spent',
      lanes: [keyLane('key')],
      mix: [tenthOfACent],
      arrivals: pause,
      until: untilNo,
    },
  ],
  expect: ['first(both-spent).limiter == requests', 'first(both-spent).status == 429'],
  teardown: [remove('virtual-keys', 'key')],
})

export const overshoot = governance('bifrost/overshoot', {
  title: '15 requests at once on a limit of 10',
  setup: [virtualKey('key', rates({ requests: 10 }))],
  lanes: [keyLane('key')],
  mix: [cheap],
  arrivals: burst(15, { every: '1s', count: 1 }),
  until: untilRequests(15),
  expect: [
    documented('count(ok) <= 10', {
      actual: 'count(ok) <= 15',
      note: 'requests are counted after their answers: all that are in flight pass',
    }),
    'count(failed) == 0',
    'count(ok) >= 10',
  ],
  teardown: [remove('virtual-keys', 'key')],
})

export const reset = governance('bifrost/reset', {
  title: 'a limit of 1 per 5 s admits again after 5 s',
  setup: [virtualKey('key', rates({ requests: 1, window: '5s' }))],
  phases: [
    {
      name: 'until-rejected',
      lanes: [keyLane('key')],
      mix: [cheap],
      arrivals: pause,
      until: [untilRejected('requests'), untilRequests(5)],
    },
    {
      name: 'until-admitted',
      lanes: [keyLane('key')],
      mix: [cheap],
      arrivals: spaced('500ms'),
      until: [untilAdmitted(), untilRequests(200)],
    },
  ],
  expect: [
    'count(ok){phase=until-admitted} >= 1',
    documented('limit(requests).recovered <= 6s', {
      actual: 'limit(requests).recovered <= 70s',
      note: 'expired limits are reset by a ticker, once a minute',
    }),
  ],
  teardown: [remove('virtual-keys', 'key')],
})

export const budgetReset = governance('bifrost/budget-reset', {
  title: 'a budget of 5 s is whole again after 5 s',
  setup: [virtualKey('key', { budget: { max_limit: '{{keyBudget}}', reset_duration: '5s' } })],
  phases: [
    {
      name: 'until-spent',
      lanes: [keyLane('key')],
      mix: [tenthOfACent],
      arrivals: spaced('20ms'),
      until: [untilRejected('usd'), untilRequests(12)],
    },
    {
      name: 'until-admitted',
      lanes: [keyLane('key')],
      mix: [cheap],
      arrivals: spaced('500ms'),
      until: [untilAdmitted(), untilRequests(30)],
    },
  ],
  expect: ['first(until-spent).limiter == usd', 'limit(usd).recovered <= 7s'],
  teardown: [remove('virtual-keys', 'key')],
})
