// The API router as a gateway spec: a bucket, a budget and a quota per organisation.

import type { Budget, NamedLimiter, TokenBucket } from '../../../core/limits.ts'
import { limiter, tokenBucket } from '../../../limiters/models.ts'
import type { Mode } from '../../knobs.ts'
import { baseSpec, type GatewaySpec } from '../../spec.ts'
import type { ApiRouterKnobs } from './knobs.ts'

export function apiRouterSpec(knobs: ApiRouterKnobs, mode: Mode): GatewaySpec {
  return {
    ...baseSpec,
    preset: 'api-router',
    system: { name: 'api-router', ...knobs },
    mode,
    dialect: 'api-router',
    models: [knobs.VLLM_MODEL_NAME],
    tiers: tiersOf(knobs),
    defaultTier: 'organisation',
    laneKey: 'dev-{lane}-key',
    latency: {
      ...baseSpec.latency,
      ttftUs: knobs.MOCK_LATENCY,
      ttftSpread: 0.1,
      itlUs: 0,
      slowdownPerInFlight: 0,
    },
  }
}

/**
 * Budget and quota are looked at for two keys only, which have none left; both belong to the
 * organisation 'exhausted'.
 */
function tiersOf(knobs: ApiRouterKnobs): GatewaySpec['tiers'] {
  const { MONTHLY_BUDGET, DAILY_QUOTA, BACKEND_LIMIT } = knobs
  const budget = limiter(endless(MONTHLY_BUDGET), { unit: 'usd', scope: [] })
  const quota = limiter(endless(DAILY_QUOTA), { scope: [] })
  const requests = { name: 'requests', model: limiter(bucketOf(knobs)) }
  const backend: NamedLimiter = {
    name: 'backend',
    model: limiter(tokenBucket(BACKEND_LIMIT, BACKEND_LIMIT, 1e6), { scope: [] }),
  }
  const behind = BACKEND_LIMIT > 0 ? [backend] : []
  return {
    organisation: [requests, ...behind],
    'exhausted-budget': [requests, { name: 'budget', model: budget }, ...behind],
    'exhausted-quota': [requests, { name: 'quota', model: quota }, ...behind],
  }
}

function endless(limit: number): Budget {
  return { kind: 'budget', limit, windowUs: null, anchor: 'first-request' }
}

function bucketOf(knobs: ApiRouterKnobs): TokenBucket {
  // One unit per interval, as its script has it: that is what makes fractions matter.
  const intervalUs = Math.round(1e6 / knobs.RATE_LIMIT_DEFAULT_RPS)
  const refillStyle = knobs.LIMITER === 'lossy' ? 'lossy' : 'continuous'
  return { ...tokenBucket(knobs.RATE_LIMIT_BURST_SIZE, 1, intervalUs), refillStyle }
}
