import { check, step } from 'limitscope'
import { api, customer, governance, remove, team, virtualKey } from './system.ts'

const budget = { budget: { max_limit: 100, reset_duration: '1d' } }
const within = check.time({ below: '2s' })

/** Everything of a customer, a team and a key: fields change alone, others stay, ids are gone. */
export const crud = governance('bifrost/crud', {
  title: 'virtual keys, teams and customers are created, shown, listed, changed and deleted',
  setup: [
    customer('customer', budget),
    team('team', { customer_id: '{{customer}}', ...budget }),
    virtualKey('key', {
      description: 'made by limitscope',
      team_id: '{{team}}',
      ...budget,
      rate_limit: { request_max_limit: 10, request_reset_duration: '1h' },
    }),
  ],
  steps: [
    step.get('show-customer', `${api}/customers/{{customer}}`, {
      check: [
        within,
        check.json('/customer/name', { equals: 'customer-{{run}}' }),
        check.json('/customer/budget/reset_duration', { equals: '1d' }),
        check.json('/customer/budget/current_usage', { equals: 0 }),
      ],
    }),
    step.get('list-teams-of-customer', `${api}/teams?customer_id={{customer}}`, {
      check: [
        within,
        check.json('/teams', { where: { id: '{{team}}' }, take: '/name', equals: 'team-{{run}}' }),
      ],
    }),
    step.get('list-virtual-keys', `${api}/virtual-keys`, {
      check: [
        within,
        check.json('/virtual_keys', {
          where: { id: '{{key}}' },
          take: '/name',
          equals: 'key-{{run}}',
        }),
        check.json('/count', { atLeast: 1 }),
      ],
    }),
    step.get('show-virtual-key', `${api}/virtual-keys/{{key}}`, {
      check: [within, check.json('/virtual_key/created_at', { lengthAtLeast: 10 })],
      capture: { created: '/virtual_key/created_at' },
    }),
    step.put('change-description-alone', `${api}/virtual-keys/{{key}}`, {
      body: { description: 'changed' },
      check: [
        check.json('/virtual_key/description', { equals: 'changed' }),
        check.json('/virtual_key/name', { equals: 'key-{{run}}' }),
        check.json('/virtual_key/team_id', { equals: '{{team}}' }),
        check.json('/virtual_key/rate_limit/request_max_limit', { equals: 10 }),
        check.json('/virtual_key/budget/max_limit', { equals: 100 }),
      ],
    }),
    step.put('change-rate-limit', `${api}/virtual-keys/{{key}}`, {
      body: { rate_limit: { request_max_limit: 20, request_reset_duration: '1h' } },
      check: [
        check.json('/virtual_key/rate_limit/request_max_limit', { equals: 20 }),
        check.json('/virtual_key/description', { equals: 'changed' }),
      ],
    }),
    step.put('change-nothing', `${api}/virtual-keys/{{key}}`, {
      body: {},
      check: [
        within,
        check.json('/virtual_key/description', { equals: 'changed' }),
        check.json('/virtual_key/rate_limit/request_max_limit', { equals: 20 }),
        check.json('/virtual_key/created_at', { equals: '{{created}}' }),
      ],
    }),
    step.put('null-is-no-change', `${api}/virtual-keys/{{key}}`, {
      body: { description: null, is_active: null },
      check: [
        check.json('/virtual_key/name', { equals: 'key-{{run}}' }),
        check.json('/virtual_key/is_active', { equals: true }),
      ],
    }),
    step.put('change-budget-of-team', `${api}/teams/{{team}}`, {
      body: { budget: { max_limit: 50, reset_duration: '1h' } },
      check: [
        check.json('/team/budget/max_limit', { equals: 50 }),
        check.json('/team/customer_id', { equals: '{{customer}}' }),
      ],
    }),
    step.put('rename-customer', `${api}/customers/{{customer}}`, {
      body: { name: 'renamed-{{run}}' },
      check: [check.json('/customer/name', { equals: 'renamed-{{run}}' })],
    }),
    step.delete('delete-key', `${api}/virtual-keys/{{key}}`, { status: 200 }),
    step.get('key-is-gone', `${api}/virtual-keys/{{key}}`, { status: 404 }),
    step.get('nobody-has-this-id', `${api}/teams/no-such-team`, { status: 404 }),
  ],
  teardown: [
    remove('virtual-keys', 'key'),
    remove('teams', 'team'),
    remove('customers', 'customer'),
  ],
})

const refused = (name: string, body: unknown, status: number, says: string) =>
  step.post(name, `${api}/virtual-keys`, {
    body: body as Record<string, unknown>,
    check: [check.status(status), check.json('/error/message', { contains: says })],
  })

/** What cannot be is refused, and says why. */
export const validation = governance('bifrost/validation', {
  title: 'names, budgets, durations and references that cannot be are refused',
  steps: [
    refused('without-name', {}, 400, 'name is required'),
    refused(
      'budget-below-zero',
      { name: 'negative-{{run}}', budget: { max_limit: -1, reset_duration: '1h' } },
      400,
      'negative',
    ),
    refused(
      'duration-that-is-none',
      { name: 'eon-{{run}}', budget: { max_limit: 1, reset_duration: 'eon' } },
      400,
      'Invalid reset duration format: eon',
    ),
    step.post('budget-of-nothing', `${api}/virtual-keys`, {
      body: { name: 'nothing-{{run}}', budget: { max_limit: 0, reset_duration: '1h' } },
      status: [400, 500],
    }),
    refused('name-that-is-no-text', { name: 7 }, 400, 'Invalid'),
    refused(
      'limit-that-is-no-number',
      {
        name: 'word-{{run}}',
        rate_limit: { request_max_limit: 'many', request_reset_duration: '1h' },
      },
      400,
      'Invalid',
    ),
    step.post('no-json', `${api}/virtual-keys`, { body: '{', status: 400 }),
    step.post('team-that-does-not-exist', `${api}/virtual-keys`, {
      body: { name: 'orphan-{{run}}', team_id: 'no-such-team' },
      check: [check.status(400, 404, 500)],
    }),
  ],
})

/** A key belongs to a team or to a customer. */
export const exclusivity = governance('bifrost/mutual-exclusion', {
  title: 'a virtual key has a team or a customer, never both, and can change from one to the other',
  setup: [customer('customer'), team('team')],
  steps: [
    step.post('both-at-once', `${api}/virtual-keys`, {
      body: { name: 'both-{{run}}', team_id: '{{team}}', customer_id: '{{customer}}' },
      check: [check.status(400), check.json('/error/message', { contains: 'both' })],
    }),
    virtualKey('key', { team_id: '{{team}}' }),
    step.put('from-team-to-customer', `${api}/virtual-keys/{{key}}`, {
      body: { customer_id: '{{customer}}' },
      check: [
        check.json('/virtual_key/customer_id', { equals: '{{customer}}' }),
        check.json('/virtual_key/team_id', { equals: null }),
      ],
    }),
    step.put('both-at-once-of-key-that-exists', `${api}/virtual-keys/{{key}}`, {
      body: { team_id: '{{team}}', customer_id: '{{customer}}' },
      status: 400,
    }),
  ],
  teardown: [
    remove('virtual-keys', 'key'),
    remove('teams', 'team'),
    remove('customers', 'customer'),
  ],
})

const absent = {
  status: [404],
  note: 'never served by any version of the server; usage is in GET virtual-keys/{id}',
}

const monitoring = (name: string, path: string) =>
  step.get(name, `${api}/${path}`, {
    check: [{ status: 200, actual: absent }, within],
  })

/** Endpoints that the suite calls and the server has never had. */
export const monitoringEndpoints = governance('bifrost/monitoring', {
  title: 'usage-stats and debug endpoints, as the suite has them',
  setup: [virtualKey('key')],
  teardown: [remove('virtual-keys', 'key')],
  steps: [
    monitoring('usage-statistics', 'usage-stats'),
    monitoring('debug-statistics', 'debug/stats'),
    monitoring('usage-counters', 'debug/counters'),
    monitoring('debug-health', 'debug/health'),
    step.post('usage-reset', `${api}/usage-reset`, {
      body: { virtual_key_id: '{{key}}' },
      check: [{ status: 200, actual: absent }, within],
    }),
  ],
})
