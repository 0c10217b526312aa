import { check, defineScenario, step } from 'limitscope'
import {
  available,
  caller,
  chat,
  completion,
  generator,
  inference,
  loadTimeout,
  serviceRunning,
} from './system.ts'

const models = [
  'deepseek-r1-7b',
  'qwen2.5-7b',
  'phi-4',
  'llama-3.2-3b',
  'phi-3-medium-128k',
  'granite-8b-code-128k',
]

/** One scenario per model: listed, loaded, asked. Models that a deployment has not are skipped. */
export const connectivity = models.map((model) =>
  defineScenario(`inference-service/connectivity-${model}`, {
    title: `${model} is listed, can be loaded and answers`,
    system: inference,
    needs: [serviceRunning, available(model)],
    setup: [
      step.post('load', `/v1/models/${model}/load`, {
        lane: caller,
        timeout: loadTimeout,
        check: [check.status(200), check.json('/status', { equals: 'loaded' })],
      }),
    ],
    steps: [{ ...chat('hello', model), check: completion }],
  }),
)

/** What to run after a deployment. */
export const smoke = defineScenario('inference-service/smoke', {
  title: 'the service is up and knows its models',
  system: inference,
  needs: [serviceRunning],
  steps: [
    step.get('health', '/health', { check: [check.json('/status', { equals: 'ok' })] }),
    step.get('models', '/v1/models', {
      lane: caller,
      check: [check.json('/data', { lengthAtLeast: 1 })],
    }),
    step.get('readiness', '/health/ready', { status: [200, 503] }),
    step.post('model-that-does-not-exist', '/v1/models/no-such-model/load', {
      lane: caller,
      status: 404,
    }),
    { ...chat('chat-without-messages', generator, { messages: 'none' }), status: 422 },
  ],
})
