// What the scenarios of Bifrost's governance share: where it is, what is created before the load and
// deleted after it. Windows and limits are those of its own test suite.

import {
  capture,
  captured,
  check,
  defineScenario,
  defineSystem,
  lane,
  needs,
  type ScenarioInput,
  shape,
  step,
} from 'limitscope'

/** The model that costs what the budgets below are reckoned with. */
export const gpt35 = 'openai/gpt-3.5-turbo'

/** What differs between deployments; the budgets are in the unit that `max_limit` is read in. */
const variables = {
  /** Windows of limits that are to be seen to fire. */
  window: '1m',
  /** Budgets of a key, a team and a customer: 3.5, 5.5 and 7.5 calls of a tenth of a cent. */
  keyBudget: 0.0035,
  teamBudget: 0.0055,
  customerBudget: 0.0075,
}

export const bifrost = defineSystem('bifrost', {
  profiles: {
    // Its ticker takes a minute; here, nobody waits that long.
    embedded: {
      target: 'gateway:bifrost',
      gateway: { knobs: { RESET_TICKER: '20s' } },
      variables,
    },
    documented: {
      target: 'gateway:bifrost',
      gateway: { mode: 'documented' },
      // The document has budgets in cents.
      variables: { ...variables, keyBudget: 0.35, teamBudget: 0.55, customerBudget: 0.75 },
    },
    real: { target: process.env.BIFROST_BASE_URL ?? 'http://localhost:8080', variables },
  },
  dialect: 'bifrost',
  model: gpt35,
})

/** The suite's own remedy. */
const serverRunning = needs.service(
  step.get('health', '/health', {
    status: 200,
    remedy: 'Server Not Running: Ensure Bifrost server is running on localhost:8080',
  }),
)

export const api = '/api/governance'

/** Deadline of requests. */
const timeout = `${process.env.GOVERNANCE_TEST_TIMEOUT ?? 300}s`

/** Whether what was made stays. */
const isKept = /^(0|false|no)$/i.test(process.env.GOVERNANCE_TEST_CLEANUP ?? '')

/** A scenario of this system; what it makes is deleted at its end, unless somebody wants to look at it. */
export function governance(name: string, scenario: Omit<ScenarioInput, 'name'>) {
  const all = { system: bifrost, needs: [serverRunning], timeout, ...scenario }
  return defineScenario(name, isKept ? { ...all, teardown: [] } : all)
}

/** Statuses of what has been created: it is 200, whatever the suite expects. */
const created = [200, 201]

type Body = Readonly<Record<string, unknown>>

/** Creates a customer; its id is kept as `{{name}}`. */
export function customer(name: string, body: Body = {}) {
  return step.post(`create-customer-${name}`, `${api}/customers`, {
    body: { name: `${name}-{{run}}`, ...body },
    status: created,
    capture: { [name]: '/customer/id' },
  })
}

/** Creates a team; its id is kept as `{{name}}`. */
export function team(name: string, body: Body = {}) {
  return step.post(`create-team-${name}`, `${api}/teams`, {
    body: { name: `${name}-{{run}}`, ...body },
    status: created,
    capture: { [name]: '/team/id' },
  })
}

/** Creates a virtual key; its id is kept as `{{name}}`, its value for the lane of that name. */
export function virtualKey(name: string, body: Body = {}) {
  return step.post(`create-virtual-key-${name}`, `${api}/virtual-keys`, {
    body: { name: `${name}-{{run}}`, provider_configs: anyModel, ...body },
    status: created,
    capture: {
      [name]: '/virtual_key/id',
      [`${name}Value`]: capture.json('/virtual_key/value', { secret: true }),
    },
  })
}

/** Newer versions let a key without provider_configs ask for nothing. */
export const anyModel = [{ provider: 'openai', weight: 1, allowed_models: [] }]

export function remove(path: 'virtual-keys' | 'teams' | 'customers', name: string) {
  return step.delete(`delete-${name}`, `${api}/${path}/{{${name}}}`, { status: [200, 404] })
}

/** Sends with the value of the virtual key of that name. */
export function keyLane(name: string) {
  return lane(name, { credential: captured(`${name}Value`), header: 'x-bf-vk' })
}

/** Two prompt and few completion tokens. */
export const cheap = shape.chat('cheap', { promptTokens: 2, outputTokensMax: 8 })

/** A tenth of a cent at the prices of gpt-3.5-turbo: 2 + 2 · 499 millionths of a dollar. */
export const tenthOfACent = shape.chat('tenth-of-a-cent', { promptTokens: 2, outputTokensMax: 499 })

/** Rate limits as the API takes them. */
export function rates(limits: { requests?: number; tokens?: number; window?: string }) {
  const { requests, tokens, window = '{{window}}' } = limits
  return {
    rate_limit: {
      ...(requests !== undefined && {
        request_max_limit: requests,
        request_reset_duration: window,
      }),
      ...(tokens !== undefined && { token_max_limit: tokens, token_reset_duration: window }),
    },
  }
}

export const budgetOf = (variable: string) => ({
  budget: { max_limit: `{{${variable}}}`, reset_duration: '1h' },
})

/** What a refusal says. */
export const typed = (status: number | number[], type: string) => [
  check.status(...[status].flat()),
  check.json('/type', { equals: type }),
]
