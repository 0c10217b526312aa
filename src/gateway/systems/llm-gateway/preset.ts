// The llm-gateway as a gateway spec: a rate per address where it is on, and backpressure.

import { concurrency, limiter, tokenBucket } from '../../../limiters/models.ts'
import type { Mode } from '../../knobs.ts'
import { baseSpec, type GatewaySpec } from '../../spec.ts'
import type { LlmGatewayKnobs } from './knobs.ts'

export function llmGatewaySpec(knobs: LlmGatewayKnobs, mode: Mode): GatewaySpec {
  const bucket = tokenBucket(knobs.RATE_LIMIT_BURST, knobs.RATE_LIMIT_RPM, 60e6)
  const slots = concurrency(knobs.LLM_GATEWAY_MAX_CONCURRENT_REQUESTS)
  const rate = { name: 'requests', model: limiter(bucket, { scope: ['address'] }) }
  const backpressure = { name: 'backpressure', model: limiter(slots, { scope: [] }) }
  return {
    ...baseSpec,
    preset: 'llm-gateway',
    system: { name: 'llm-gateway', ...knobs },
    mode,
    dialect: 'llm-gateway',
    models: knobs.INFERENCE_MODELS.split(',').map((id) => id.trim()),
    tiers: { everybody: knobs.RATE_LIMIT ? [rate, backpressure] : [backpressure] },
    defaultTier: 'everybody',
  }
}
