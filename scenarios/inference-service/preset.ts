import { check, defineScenario, needs, step } from 'limitscope'
import {
  caller,
  chat,
  completion,
  critic,
  generator,
  inference,
  modelsLoaded,
  serviceRunning,
} from './system.ts'

const preset = needs.env('INFERENCE_DEFAULT_PRESET', {
  remedy: 'INFERENCE_DEFAULT_PRESET=D4 for the service and for these scenarios',
})

const loaded = (id: string) =>
  check.json('/data', { where: { id }, take: '/status', equals: 'loaded' })

export const d4 = defineScenario('inference-service/preset-d4', {
  title: 'preset D4 has loaded its two models, for critique, and both answer',
  system: inference,
  needs: [serviceRunning, modelsLoaded, preset],
  steps: [
    step.get('models', '/v1/models', {
      lane: caller,
      check: [
        loaded(generator),
        loaded(critic),
        check.json('/config', { equals: 'D4' }),
        check.json('/orchestration_mode', { equals: 'critique' }),
      ],
    }),
    step.get('readiness', '/health/ready', {
      check: [
        check.status(200),
        check.json('/loaded_models', { contains: generator }),
        check.json('/loaded_models', { contains: critic }),
      ],
    }),
    { ...chat('generator', generator), check: completion },
    { ...chat('critic', critic), check: completion },
  ],
})

const notTold = {
  exists: false,
  note: 'the route asks the provider directly and tells nothing of an orchestration',
}

export const orchestration = defineScenario('inference-service/orchestration', {
  title: 'a critique tells both models that worked on it',
  system: inference,
  needs: [serviceRunning, modelsLoaded, preset],
  steps: [
    {
      ...chat('critique', generator, { orchestration_mode: 'critique', task_type: 'code' }),
      check: [
        ...completion,
        check.json('/orchestration/mode', { equals: 'critique', actual: notTold }),
        check.json('/orchestration/models_used', { contains: generator, actual: notTold }),
        check.json('/orchestration/models_used', { contains: critic, actual: notTold }),
      ],
    },
    {
      ...chat('single-answer', generator, { orchestration_mode: 'single' }),
      check: completion,
    },
  ],
})
