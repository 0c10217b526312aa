// LLM Server: what all its scenarios share. API_BASE says where it is, as for its own test suite.

import { check, defineSystem, env, lane, needs, type StepInput, shape, step } from 'limitscope'

const variable = (name: string, fallback: string) => process.env[name] ?? fallback

/** Requests per minute and key: hard-coded there, whatever RATE_LIMIT_RPM says. */
export const rpm = Number(variable('RATE_LIMIT_RPM', '60'))

/** What the key of the quota scenario was seeded with: seed_api_key.py --quota N. */
export const quotaLimit = Number(variable('QUOTA_MONTHLY', '20'))

/** Errors are inside of `detail`; newer versions have them bare. */
export const detail = process.env.LLM_SERVER_ENVELOPE === 'flat' ? '' : '/detail'

/** A window of the embedded server is seconds, so that nobody waits for minutes. */
const short = { ttft: '40ms', itl: '0ms', knobs: { RATE_LIMIT_WINDOW: '8s' } }

export const llmServer = defineSystem('llm-server', {
  profiles: {
    // As the code behaves, and as its guide says.
    embedded: { target: 'gateway:llm-server', gateway: short, variables: { window: '8s' } },
    documented: {
      target: 'gateway:llm-server',
      gateway: { ...short, mode: 'documented' },
      variables: { window: '8s' },
    },
    real: {
      target: variable('API_BASE', 'http://localhost:8000').replace(/\/+$/, ''),
      variables: { window: '60s' },
    },
  },
  profile: process.env.API_BASE ? 'real' : 'embedded',
  dialect: 'llm-server',
  limiters: { requests: { limit: rpm, window: '60s' } },
  tiers: { quota: { limiters: { quota: { kind: 'budget', limit: quotaLimit } } } },
})

const key = (name: string, variable: string, tier: string) =>
  lane(name, { apiKey: env(variable), tier })

export const user = key('user', 'API_KEY', 'user')
export const quotaKey = key('quota', 'QUOTA_API_KEY', 'quota')
export const raceKey = key('quota-race', 'QUOTA_RACE_API_KEY', 'quota')

const remedy = 'python scripts/seed_api_key.py'

export const needsServer = [
  needs.service(
    step.get('alive', '/healthz', {
      timeout: '5s',
      check: [check.status(200), check.json('/status', { equals: 'ok' })],
      remedy: 'start the stack with: make up, then API_BASE=http://localhost:8000',
    }),
  ),
]

export const needsKey = [
  ...needsServer,
  needs.env('API_KEY', { remedy: `${remedy}, then export API_KEY=…` }),
]

export const needsQuota = (variable: string) => [
  ...needsServer,
  needs.env(variable, { remedy: `${remedy} --quota ${quotaLimit}, then export ${variable}=…` }),
]

/** Generations that are all the same: after the first one they come from the cache. */
export const cached = shape.raw('cached', {
  path: '/v1/generate',
  body: { prompt: 'Say one word. {{run}}', max_new_tokens: 1 },
})

/** Generations that are all different: none comes from the cache. */
export const fresh = (name: string) =>
  shape.raw(name, {
    path: '/v1/generate',
    promptTokens: 8,
    body: { prompt: '{{prompt}}', max_new_tokens: 8 },
  })

/** A generation to look at as a whole, on a clean window. */
export function generate(name: string, options: Partial<StepInput> = {}): StepInput {
  return step.post(name, '/v1/generate', {
    lane: user,
    isolate: 'window',
    timeout: '60s',
    cost: { promptTokens: 8, outputTokens: 8 },
    ...options,
  })
}
