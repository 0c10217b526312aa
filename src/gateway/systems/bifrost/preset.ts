// Bifrost as a gateway spec. Its limiters belong to what is created through its API: tiers have none.

import type { Mode } from '../../knobs.ts'
import { baseSpec, type GatewaySpec } from '../../spec.ts'
import type { BifrostKnobs } from './knobs.ts'
import { prices } from './prices.ts'

export function bifrostSpec(knobs: BifrostKnobs, mode: Mode): GatewaySpec {
  return {
    ...baseSpec,
    preset: 'bifrost',
    system: { name: 'bifrost', ...knobs },
    mode,
    dialect: 'bifrost',
    models: Object.keys(prices),
    tiers: { key: [] },
    defaultTier: 'key',
    settleAfterUs: knobs.COUNTING === 'async' ? knobs.COUNT_DELAY : 0,
  }
}
