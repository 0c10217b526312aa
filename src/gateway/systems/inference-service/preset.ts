// inference-service as a gateway spec: inferences one after the other, and a queue without an end.

import { limiter } from '../../../limiters/models.ts'
import type { Mode } from '../../knobs.ts'
import { baseSpec, type GatewaySpec } from '../../spec.ts'
import type { InferenceServiceKnobs } from './knobs.ts'

export function inferenceServiceSpec(knobs: InferenceServiceKnobs, mode: Mode): GatewaySpec {
  const { INFERENCE_MAX_CONCURRENT: limit, INFERENCE_QUEUE_SIZE: size } = knobs
  const queue = knobs.INFERENCE_REJECT_WHEN_FULL ? size : Number.MAX_SAFE_INTEGER
  const slots = { kind: 'concurrency', limit, queue, queueTimeoutUs: null } as const
  return {
    ...baseSpec,
    preset: 'inference-service',
    system: { name: 'inference-service', ...knobs },
    mode,
    dialect: 'inference-service',
    models: knobs.INFERENCE_MODELS.split(',').map((id) => id.trim()),
    tiers: { everybody: [{ name: 'queue', model: limiter(slots, { scope: [] }) }] },
    defaultTier: 'everybody',
    latency: { ...baseSpec.latency, slowdownPerInFlight: 0 },
  }
}
