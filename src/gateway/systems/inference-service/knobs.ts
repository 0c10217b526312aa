// The knobs of inference-service.

import { z } from 'zod'
import { amount, choice, count, type Mode, span, text, toggle, variable } from '../../knobs.ts'
import { modelIds } from './models.ts'

export const inferenceServiceKnobs = (mode: Mode) => {
  const isDocumented = mode === 'documented'
  return z.strictObject({
    INFERENCE_DEFAULT_PRESET: variable(
      text('D4', 'models that are loaded at the start: D4, S1 or nothing'),
    ),
    INFERENCE_MODELS: text(modelIds.join(','), 'models that are on disk'),
    INFERENCE_MAX_CONCURRENT: variable(count(1, 'inferences at the same time', 1)),
    INFERENCE_QUEUE_SIZE: count(10, 'inferences that may wait, where a full queue rejects'),
    INFERENCE_REJECT_WHEN_FULL: toggle(false, 'a full queue rejects; else it has no end'),
    INFERENCE_API_KEY: text('', 'the bearer token that is asked for; empty: none'),
    MEMORY_LIMIT_GB: amount(16, 'memory for models'),
    MODEL_LOAD_TIME: span('500ms', 'how long it takes to load a model'),
    ORCHESTRATION: toggle(isDocumented, 'answers tell which models worked together'),
    STREAM_ERRORS: choice(
      ['after-head', 'before-head'],
      isDocumented ? 'before-head' : 'after-head',
      'a stream of a model that is not loaded ends in an event, or in a status',
    ),
  })
}

export type InferenceServiceKnobs = z.output<ReturnType<typeof inferenceServiceKnobs>>
