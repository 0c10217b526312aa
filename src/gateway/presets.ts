// Ready-made gateways. Windows are short, so that a demonstration meets every limit in seconds.

import type { NamedLimiter } from '../core/limits.ts'
import { concurrency, fixedWindow, limiter, tokenBucket } from '../limiters/models.ts'
import type { GatewaySpec, LatencyModel } from './spec.ts'

const second = 1_000_000

/** A small model on a good day: 30 ms to the first token, 1 ms per token. */
const smallModel: LatencyModel = {
  ttftUs: 30_000,
  ttftSpread: 0.25,
  itlUs: 1_000,
  itlSpread: 0.1,
  slowdownPerInFlight: 0.05,
}

const noLatency: LatencyModel = {
  ttftUs: 0,
  ttftSpread: 0,
  itlUs: 0,
  itlSpread: 0,
  slowdownPerInFlight: 0,
}

const base: GatewaySpec = {
  preset: 'plain',
  seed: 1,
  dialect: 'plain',
  models: ['limitscope-small', 'limitscope-large'],
  tiers: { free: [] },
  defaultTier: 'free',
  keys: {},
  knownKeysOnly: false,
  latency: smallModel,
  templateTokens: 0,
  reasoningShare: 0,
  price: { promptUsd: 0.15e-6, completionUsd: 0.6e-6 },
  faults: [],
  decisionIds: true,
  decisionsMax: 200_000,
}

const requestWindow = (limit: number): NamedLimiter => ({
  name: 'requests',
  model: limiter(fixedWindow(limit, 10 * second)),
})

const tokenWindow = (limit: number, charge: 'post' | 'reserve'): NamedLimiter => ({
  name: 'tokens',
  model: limiter(fixedWindow(limit, 10 * second), { unit: 'tokens', charge }),
})

const slots = (limit: number): NamedLimiter => ({
  name: 'concurrency',
  model: limiter(concurrency(limit)),
})

const perMinute = (name: 'requests' | 'tokens', limit: number): NamedLimiter => ({
  name,
  model: limiter(tokenBucket(limit, limit, 60 * second), { unit: name, charge: 'reserve' }),
})

/** Limits that name themselves in the IETF way: requests, tokens and requests in flight. */
const selfDescribing = {
  free: [slots(4), requestWindow(30), tokenWindow(3_000, 'reserve')],
  premium: [slots(16), requestWindow(120), tokenWindow(12_000, 'reserve')],
}

/** Every preset by name. */
export const presets: Readonly<Record<string, GatewaySpec>> = {
  plain: { ...base, latency: noLatency },
  free: { ...base, preset: 'free', dialect: 'ietf', tiers: selfDescribing },
  premium: {
    ...base,
    preset: 'premium',
    dialect: 'ietf',
    tiers: selfDescribing,
    defaultTier: 'premium',
  },
  openai: {
    ...base,
    preset: 'openai',
    dialect: 'openai',
    tiers: {
      free: [perMinute('requests', 60), perMinute('tokens', 6_000)],
      premium: [perMinute('requests', 500), perMinute('tokens', 60_000)],
    },
  },
  // Two limiters that answer with the same bytes; tokens are charged when the answer is complete.
  kuadrant: {
    ...base,
    preset: 'kuadrant',
    dialect: 'kuadrant',
    tiers: {
      free: [requestWindow(40), tokenWindow(4_000, 'post')],
      premium: [requestWindow(160), tokenWindow(50_000, 'post')],
    },
  },
}
