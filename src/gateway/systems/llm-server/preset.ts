// LLM Server as a gateway spec: rate and quota per key, generations one at a time.

import type { Budget, NamedLimiter } from '../../../core/limits.ts'
import { fixedWindow, limiter } from '../../../limiters/models.ts'
import type { Mode } from '../../knobs.ts'
import { baseSpec, type GatewaySpec } from '../../spec.ts'
import type { LlmServerKnobs } from './knobs.ts'

/** Waits without a bound, as an asyncio semaphore does. */
const endlessQueue = Number.MAX_SAFE_INTEGER

export function llmServerSpec(knobs: LlmServerKnobs, mode: Mode): GatewaySpec {
  const quota: Budget = {
    kind: 'budget',
    limit: knobs.QUOTA_MONTHLY,
    windowUs: knobs.QUOTA_RESET === 0 ? null : knobs.QUOTA_RESET,
    anchor: 'first-request',
  }
  const requests: NamedLimiter = {
    name: 'requests',
    model: limiter(fixedWindow(knobs.RATE_LIMIT_RPM, knobs.RATE_LIMIT_WINDOW)),
  }
  const generation: NamedLimiter = {
    name: 'generation',
    model: limiter(
      {
        kind: 'concurrency',
        limit: knobs.GENERATIONS,
        queue: endlessQueue,
        queueTimeoutUs: null,
      },
      { scope: [] },
    ),
  }
  return {
    ...baseSpec,
    preset: 'llm-server',
    system: { name: 'llm-server', ...knobs },
    mode,
    dialect: 'llm-server',
    models: [knobs.MODEL_ID],
    tiers: {
      user: [requests, generation],
      quota: [requests, { name: 'quota', model: limiter(quota) }, generation],
    },
    defaultTier: 'user',
    racyLimiters: knobs.QUOTA_ATOMIC ? [] : ['quota'],
    laneKey: 'key-{lane}',
    latency: { ...baseSpec.latency, slowdownPerInFlight: 0 },
  }
}
