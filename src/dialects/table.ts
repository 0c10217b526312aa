// All dialects in the order in which they are tried: who has marks of its own before who looks like
// others. Must not know how they are chosen.

import { anthropic } from './anthropic.ts'
import { apiRouter } from './apiRouter.ts'
import { apisix } from './apisix.ts'
import { azureOpenai } from './azureOpenai.ts'
import { bifrost } from './bifrost.ts'
import type { Dialect, DialectName } from './dialect.ts'
import { envoy } from './envoy.ts'
import { expressDraft6, expressDraft7, expressDraft8, expressLegacy } from './express.ts'
import { fastify } from './fastify.ts'
import { gemini } from './gemini.ts'
import { haproxy } from './haproxy.ts'
import { ietf } from './ietf.ts'
import { inferenceService, llmGateway } from './inferenceService.ts'
import { kong } from './kong.ts'
import { kongAi } from './kongAi.ts'
import { kuadrant, limitador } from './kuadrant.ts'
import { litellm } from './litellm.ts'
import { llmServer } from './llmServer.ts'
import { nginx } from './nginx.ts'
import { openai } from './openai.ts'
import { plain } from './plain.ts'

/** Every dialect once; of two that match equally well, the first is meant. */
export const dialects: readonly Dialect[] = [
  // Before OpenAI, whose fields they send.
  azureOpenai,
  litellm,
  openai,
  anthropic,
  gemini,
  bifrost,
  llmServer,
  inferenceService,
  llmGateway,
  apisix,
  kong,
  kongAi,
  limitador,
  envoy,
  kuadrant,
  nginx,
  haproxy,
  expressLegacy,
  expressDraft6,
  expressDraft7,
  expressDraft8,
  fastify,
  ietf,
  apiRouter,
  plain,
]

const byName = new Map(dialects.map((dialect) => [dialect.name, dialect]))

/** The dialect of a name. */
export function dialectNamed(name: DialectName): Dialect {
  return byName.get(name)!
}
