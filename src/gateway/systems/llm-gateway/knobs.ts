// The knobs of the llm-gateway in front of inference-service.

import { z } from 'zod'
import { count, type Mode, text, toggle, variable } from '../../knobs.ts'
import { modelIds } from '../inference-service/models.ts'

export const llmGatewayKnobs = (mode: Mode) =>
  z.strictObject({
    LLM_GATEWAY_MAX_CONCURRENT_REQUESTS: variable(
      count(50, 'requests in flight; more are pushed back', 1),
    ),
    RATE_LIMIT: toggle(mode === 'documented', 'the rate limiter, which is not switched on'),
    RATE_LIMIT_RPM: count(60, 'requests per minute and address', 1),
    RATE_LIMIT_BURST: count(10, 'requests at once', 1),
    INFERENCE_MODELS: text(modelIds.join(','), 'models behind it'),
  })

export type LlmGatewayKnobs = z.output<ReturnType<typeof llmGatewayKnobs>>
