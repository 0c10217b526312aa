// Every system that the gateway can play, by name.

import type { SystemSpec } from '../spec.ts'
import type { SystemFactory } from '../system.ts'
import { apiRouterSystem } from './api-router/apiRouter.ts'
import { bifrostSystem } from './bifrost/bifrost.ts'
import { inferenceServiceSystem } from './inference-service/inferenceService.ts'
import { llmGatewaySystem } from './llm-gateway/llmGateway.ts'
import { llmServerSystem } from './llm-server/llmServer.ts'
import { maasSystem } from './maas/maas.ts'
import { openaiSystem } from './openai/openai.ts'

export const systems: Readonly<Record<SystemSpec['name'], SystemFactory>> = {
  openai: openaiSystem,
  maas: maasSystem,
  'api-router': apiRouterSystem,
  'llm-server': llmServerSystem,
  bifrost: bifrostSystem,
  'inference-service': inferenceServiceSystem,
  'llm-gateway': llmGatewaySystem,
}
