// Ready-made gateways. Windows are short, so that a demonstration meets every limit in seconds.

import { z } from 'zod'
import type { NamedLimiter } from '../core/limits.ts'
import { concurrency, fixedWindow, limiter, tokenBucket } from '../limiters/models.ts'
import type { Mode } from './knobs.ts'
import { baseSpec, type GatewaySpec, type LatencyModel } from './spec.ts'
import { apiRouterKnobs } from './systems/api-router/knobs.ts'
import { apiRouterSpec } from './systems/api-router/preset.ts'
import { bifrostKnobs } from './systems/bifrost/knobs.ts'
import { bifrostSpec } from './systems/bifrost/preset.ts'
import { inferenceServiceKnobs } from './systems/inference-service/knobs.ts'
import { inferenceServiceSpec } from './systems/inference-service/preset.ts'
import { llmGatewayKnobs } from './systems/llm-gateway/knobs.ts'
import { llmGatewaySpec } from './systems/llm-gateway/preset.ts'
import { llmServerKnobs } from './systems/llm-server/knobs.ts'
import { llmServerSpec } from './systems/llm-server/preset.ts'
import { maasKnobs } from './systems/maas/knobs.ts'
import { maasSpec } from './systems/maas/preset.ts'

const second = 1_000_000

const noLatency: LatencyModel = {
  ttftUs: 0,
  ttftSpread: 0,
  itlUs: 0,
  itlSpread: 0,
  slowdownPerInFlight: 0,
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

/** Gateways that play no system in particular. */
const plainPresets = {
  plain: { ...baseSpec, latency: noLatency },
  free: { ...baseSpec, preset: 'free', dialect: 'ietf', tiers: selfDescribing },
  premium: {
    ...baseSpec,
    preset: 'premium',
    dialect: 'ietf',
    tiers: selfDescribing,
    defaultTier: 'premium',
  },
  openai: {
    ...baseSpec,
    preset: 'openai',
    dialect: 'openai',
    tiers: {
      free: [perMinute('requests', 60), perMinute('tokens', 6_000)],
      premium: [perMinute('requests', 500), perMinute('tokens', 60_000)],
    },
  },
  // Two limiters that answer with the same bytes; tokens are charged when the answer is complete.
  kuadrant: {
    ...baseSpec,
    preset: 'kuadrant',
    dialect: 'kuadrant',
    tiers: {
      free: [requestWindow(40), tokenWindow(4_000, 'post')],
      premium: [requestWindow(160), tokenWindow(50_000, 'post')],
    },
  },
} as const satisfies Readonly<Record<string, GatewaySpec>>

/** A preset: its knobs in a mode, and the gateway that they make. */
interface Preset {
  knobs(mode: Mode): z.ZodObject
  spec(knobs: unknown, mode: Mode): GatewaySpec
}

function preset<K extends z.ZodObject>(
  knobs: (mode: Mode) => K,
  spec: (knobs: z.output<K>, mode: Mode) => GatewaySpec,
): Preset {
  return { knobs, spec: (values, mode) => spec(values as z.output<K>, mode) }
}

const knobless = () => z.strictObject({})

/** Every preset that can be asked for, by name. */
export const presetTable: Readonly<Record<string, Preset>> = {
  ...Object.fromEntries(
    Object.entries(plainPresets).map(([name, spec]) => [name, preset(knobless, () => spec)]),
  ),
  maas: preset(maasKnobs, maasSpec),
  'api-router': preset(apiRouterKnobs, apiRouterSpec),
  bifrost: preset(bifrostKnobs, bifrostSpec),
  'inference-service': preset(inferenceServiceKnobs, inferenceServiceSpec),
  'llm-gateway': preset(llmGatewayKnobs, llmGatewaySpec),
  'llm-server': preset(llmServerKnobs, llmServerSpec),
}

/** Every preset as it is when nothing is changed. */
export const presets: Readonly<Record<string, GatewaySpec>> = Object.fromEntries(
  Object.entries(presetTable).map(([name, { knobs, spec }]) => [
    name,
    spec(knobs('faithful').parse({}), 'faithful'),
  ]),
)
