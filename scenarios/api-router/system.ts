// The API router of ai-aas: what all its scenarios share. Stub keys ('dev-<organisation>-key') need no
// user service; the limits are those of its configuration.

import { check, defineSystem, env, lane, needs, type StepInput, shape, step } from 'limitscope'

const variable = (name: string, fallback: string) => process.env[name] ?? fallback

export const rps = Number(variable('RATE_LIMIT_DEFAULT_RPS', '100'))
export const burstSize = Number(variable('RATE_LIMIT_BURST_SIZE', '200'))

const model = variable('VLLM_MODEL_NAME', 'gpt-4o')
const backend = variable('VLLM_BACKEND_URL', 'http://localhost:8000').replace(/\/+$/, '')
const router = variable('API_ROUTER_URL', 'http://localhost:8080').replace(/\/+$/, '')

export const apiRouter = defineSystem('api-router', {
  profiles: {
    // The mock backend, with the router as its code is, and as its documents say.
    embedded: { target: 'gateway:api-router', variables: { model, backend, slowest: '1s' } },
    documented: {
      target: 'gateway:api-router',
      gateway: { mode: 'documented' },
      variables: { model, backend, slowest: '1s' },
    },
    // The router of this package in front of a real model.
    vllm: {
      target: 'gateway:api-router',
      gateway: { knobs: { BACKEND: 'real' } },
      variables: { model, backend, slowest: '30s' },
    },
    real: { target: router, variables: { model, backend, slowest: '30s' } },
  },
  profile: process.env.API_ROUTER_URL ? 'real' : 'embedded',
  model,
  // The router makes a 502 of whatever its backend answers: a limiter behind it shows in the text.
  rules: [
    {
      limiter: 'backend',
      when: { status: 502, body: 'backend returned status 429' },
    },
  ],
  limiters: { requests: { kind: 'token-bucket', burst: burstSize, refill: `${rps}/s` } },
  interpretations: [
    { when: { embedded: 'passed', vllm: 'passed' }, says: 'All good! Safe to deploy.' },
    { when: { embedded: 'passed', real: 'passed' }, says: 'All good! Safe to deploy.' },
    {
      when: { embedded: 'passed', vllm: 'failed' },
      says: 'CRITICAL! Real integration issue detected. Fix it before deploying.',
    },
    {
      when: { embedded: 'passed', real: 'failed' },
      says: 'CRITICAL! Real integration issue detected. Fix it before deploying.',
    },
    {
      when: { embedded: 'failed' },
      says: 'Logic error in API router. Fix the code, mocks caught a bug early!',
    },
  ],
})

/** An organisation of its own for each purpose: buckets are per organisation. */
export const organisation = (name: string) =>
  lane(name, {
    apiKey: env(`ROUTER_${name.toUpperCase().replaceAll('-', '_')}_KEY`, `dev-${name}-key`),
  })

export const acme = organisation('acme')

export const needsRouter = [
  needs.service(
    step.get('reachable', '/v1/status/healthz', {
      timeout: '5s',
      check: [check.status(200), check.json('/status', { equals: 'healthy' })],
      remedy: 'start the router, or say where it is: export API_ROUTER_URL=http://localhost:8080',
    }),
  ),
]

export const portForward =
  'kubectl port-forward svc/vllm-service 8000:8000, then export VLLM_BACKEND_URL=http://localhost:8000'

export const needsBackend = [
  needs.env('VLLM_BACKEND_URL', {
    on: ['vllm', 'real'],
    remedy: portForward,
  }),
]

export const chatShape = (name: string, outputTokensMax = 10) =>
  shape.chat(name, { promptTokens: 8, outputTokensMax })

/** A chat to look at as a whole. */
export function chat(name: string, options: Omit<StepInput, 'name' | 'path'> = {}): StepInput {
  return step.post(name, '/v1/chat/completions', {
    lane: acme,
    timeout: '30s',
    cost: { promptTokens: 16, outputTokens: 10 },
    body: {
      model: '{{model}}',
      messages: [
        {
          role: 'user',
          content: 'In one word, can you provide me the capital of France?',
        },
      ],
      max_tokens: 10,
      temperature: 0.1,
    },
    ...options,
  })
}
