// For tests: real limiters nobody here wrote, as npm packages on loopback.

import type { RequestListener } from 'node:http'
import fastifyRateLimit from '@fastify/rate-limit'
import express from 'express'
import { type Options, rateLimit } from 'express-rate-limit'
import fastify from 'fastify'
import Koa from 'koa'
import koaRateLimit from 'koa-ratelimit'
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible'
import { httpServer, type TestServer } from './servers.ts'

/** An express application behind express-rate-limit. */
export function expressLimiter(options: Partial<Options>): Promise<TestServer> {
  const app = express()
  app.use(rateLimit(options))
  app.use((_request, response) => void response.send('ok'))
  return httpServer(app)
}

/** A fastify application behind @fastify/rate-limit. */
export async function fastifyLimiter(options: object): Promise<TestServer> {
  const app = fastify({ forceCloseConnections: true })
  await app.register(fastifyRateLimit, options)
  app.all('/*', async () => 'ok')
  const origin = await app.listen({ port: 0, host: '127.0.0.1' })
  return { origin, close: () => app.close() }
}

/** A koa application behind koa-ratelimit, which counts in memory. */
export function koaLimiter(options: { max: number; duration: number }): Promise<TestServer> {
  const app = new Koa()
  app.use(koaRateLimit({ driver: 'memory', db: new Map(), ...options }))
  app.use((context) => {
    context.body = 'ok'
  })
  return httpServer(app.callback() as RequestListener)
}

/** A server behind rate-limiter-flexible in memory, with the headers that its README suggests. */
export function flexibleLimiter(options: {
  readonly points: number
  readonly durationS: number
}): Promise<TestServer> {
  const limiter = new RateLimiterMemory({ points: options.points, duration: options.durationS })
  return httpServer((request, response) => {
    const key = request.headers.authorization ?? ''
    limiter.consume(key).then(
      () => response.end('ok'),
      ({ msBeforeNext }: RateLimiterRes) => {
        response
          .writeHead(429, { 'retry-after': String(msBeforeNext / 1000) })
          .end('Too Many Requests')
      },
    )
  })
}
