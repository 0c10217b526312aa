// What the scenarios of inference-service share: where it is, who calls it, its models.

import { check, defineSystem, env, lane, needs, shape, step } from 'limitscope'

const seconds = (name: string, fallback: number) => `${process.env[name] ?? fallback}s`

/** Deadlines, by the suite's own names. */
export const timeout = seconds('INFERENCE_TEST_TIMEOUT', 120)
export const streamTimeout = seconds('STREAM_TEST_TIMEOUT', 180)
export const loadTimeout = seconds('MODEL_LOAD_TIMEOUT', 300)

const base =
  process.env.INFERENCE_BASE_URL ?? process.env.INFERENCE_SERVICE_URL ?? 'http://localhost:8085'

/** Of the two models of preset D4. */
export const generator = 'qwen2.5-7b'
export const critic = 'deepseek-r1-7b'

/** Memory for all models at once, so that the matrix need not unload what others use. */
const knobs = { MEMORY_LIMIT_GB: 40 }

export const inference = defineSystem('inference-service', {
  profiles: {
    embedded: { target: 'gateway:inference-service', gateway: { knobs } },
    documented: {
      target: 'gateway:inference-service',
      gateway: { mode: 'documented', knobs },
    },
    real: { target: base },
  },
  dialect: 'inference-service',
  model: generator,
})

const key = process.env.INFERENCE_API_KEY ?? ''

/** An empty key means that there is none. */
export const caller = lane('caller', key === '' ? {} : { bearer: env('INFERENCE_API_KEY') })

export const serviceRunning = needs.service(
  step.get('health', '/health', {
    status: 200,
    remedy: `Inference service not available at ${base}; start the inference-service before running tests`,
  }),
)

export const modelsLoaded = needs.service(
  step.get('readiness', '/health/ready', {
    check: [check.status(200), check.json('/loaded_models', { lengthAtLeast: 1 })],
    remedy:
      'No models loaded in inference service; load one via /v1/models/{id}/load or configure auto-loading',
  }),
)

/** Skips a scenario where a model is not on disk. */
export function available(id: string) {
  return needs.service(
    step.get(`model-${id}`, '/v1/models', {
      lane: caller,
      check: [check.json('/data', { where: { id }, exists: true })],
      remedy: `Model ${id} not available in this deployment`,
    }),
  )
}

/** What a chat must look like, from the suite's validators. */
export const completion = [
  check.status(200),
  check.json('/id', { matches: '^chatcmpl-' }),
  check.json('/choices/0/message/content', { lengthAtLeast: 1 }),
  check.json('/usage/total_tokens', { above: 0 }),
]

/** A chat request as a step. */
export function chat(name: string, model: string, more: Readonly<Record<string, unknown>> = {}) {
  return step.post(name, '/v1/chat/completions', {
    lane: caller,
    timeout,
    body: {
      model,
      messages: [{ role: 'user', content: 'Hello, respond briefly.' }],
      max_tokens: 50,
      ...more,
    },
  })
}

/** The suite's concurrent question: twenty tokens at most. */
export const question = shape.chat('question', { promptTokens: 10, outputTokensMax: 20 })
