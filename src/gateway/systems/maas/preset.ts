// MaaS as a gateway spec: two limiters per tier that answer alike.

import type { NamedLimiter } from '../../../core/limits.ts'
import { fixedWindow, limiter } from '../../../limiters/models.ts'
import type { Mode } from '../../knobs.ts'
import { baseSpec, type GatewaySpec } from '../../spec.ts'
import type { MaasKnobs } from './knobs.ts'

export function maasSpec(knobs: MaasKnobs, mode: Mode): GatewaySpec {
  return {
    ...baseSpec,
    preset: 'maas',
    system: { name: 'maas', ...knobs },
    mode,
    dialect: knobs.RATE_LIMIT_HEADERS === 'NONE' ? 'kuadrant' : 'limitador',
    models: [knobs.MODEL_NAME],
    tiers: {
      free: limiters(knobs, knobs.RATE_LIMIT_BURST_FREE, knobs.TOKEN_LIMIT_FREE),
      premium: limiters(knobs, knobs.RATE_LIMIT_BURST_PREMIUM, knobs.TOKEN_LIMIT_PREMIUM),
      enterprise: limiters(knobs, knobs.RATE_LIMIT_BURST_ENTERPRISE, knobs.TOKEN_LIMIT_ENTERPRISE),
    },
    templateTokens: knobs.TEMPLATE_TOKENS,
  }
}

/** In this order: a request that the token limiter denies has cost one request already. */
function limiters(knobs: MaasKnobs, requests: number, tokens: number): NamedLimiter[] {
  const charge = knobs.TOKEN_LIMIT_MODE === 'CheckReport' ? 'post' : 'reserve'
  return [
    { name: 'requests', model: limiter(fixedWindow(requests, knobs.RATE_LIMIT_WINDOW)) },
    {
      name: 'tokens',
      model: limiter(fixedWindow(tokens, knobs.TOKEN_LIMIT_WINDOW), { unit: 'tokens', charge }),
    },
  ]
}
