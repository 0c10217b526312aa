// Real limiters on loopback that nobody here wrote, with what they are known to do by their
// documentation and source.

import type { ProfileSettings } from '../../src/commands/profileJob.ts'
import type { ProfiledAlgorithm } from '../../src/core/profileDocument.ts'
import { haproxy, hasProgram, nginx, varnish } from '../../src/testing/daemons.ts'
import {
  expressLimiter,
  fastifyLimiter,
  flexibleLimiter,
  koaLimiter,
} from '../../src/testing/nodeLimiters.ts'
import type { TestServer } from '../../src/testing/servers.ts'

/** What a limiter does; `windowMs` or `refillPerS` by its kind. */
export interface Truth {
  readonly algorithm: ProfiledAlgorithm
  /** Units at once: the limit of a window, the capacity of a bucket. */
  readonly limit: number
  readonly windowMs?: number
  readonly refillPerS?: number
  /** Whether rejected requests count; undefined where nobody could see it. */
  readonly chargesRejected?: boolean
}

export interface RealCase {
  readonly limiter: string
  readonly settings: string
  readonly truth: Truth
  /** The program it needs; null: npm only. */
  readonly program: string | null
  /** `upstream` answers after the milliseconds that its path names. */
  start(upstream: string): Promise<TestServer>
  readonly path?: string
  readonly flags?: ProfileSettings
}

const windowOf = (limit: number, windowMs: number, chargesRejected?: boolean): Truth => ({
  algorithm: 'fixed-window',
  limit,
  windowMs,
  ...(chargesRejected === undefined ? {} : { chargesRejected }),
})

const npmCases: readonly Omit<RealCase, 'program'>[] = [
  {
    limiter: 'express-rate-limit',
    settings: 'limit 8, windowMs 2000',
    truth: windowOf(8, 2000),
    start: () => expressLimiter({ limit: 8, windowMs: 2000 }),
  },
  {
    limiter: 'express-rate-limit',
    settings: 'limit 30, windowMs 3000, draft-8',
    truth: windowOf(30, 3000),
    start: () =>
      expressLimiter({
        limit: 30,
        windowMs: 3000,
        legacyHeaders: false,
        standardHeaders: 'draft-8',
      }),
  },
  {
    limiter: '@fastify/rate-limit',
    settings: 'max 8, timeWindow 2000',
    truth: windowOf(8, 2000),
    start: () => fastifyLimiter({ max: 8, timeWindow: 2000 }),
  },
  {
    limiter: '@fastify/rate-limit',
    settings: 'max 8, timeWindow 2000, continueExceeding',
    truth: windowOf(8, 2000, true),
    start: () => fastifyLimiter({ max: 8, timeWindow: 2000, continueExceeding: true }),
  },
  {
    limiter: 'rate-limiter-flexible',
    settings: 'points 8, duration 2',
    truth: windowOf(8, 2000),
    start: () => flexibleLimiter({ points: 8, durationS: 2 }),
  },
  {
    limiter: 'koa-ratelimit',
    settings: 'max 8, duration 2000',
    truth: windowOf(8, 2000),
    start: () => koaLimiter({ max: 8, duration: 2000 }),
  },
]

const daemonCases: readonly RealCase[] = [
  {
    limiter: 'nginx limit_req',
    settings: 'rate=4r/s burst=7 nodelay',
    program: 'nginx',
    truth: { algorithm: 'token-bucket', limit: 8, refillPerS: 4, chargesRejected: false },
    start: (upstream) =>
      nginx({
        http: 'limit_req_zone $http_authorization zone=z:1m rate=4r/s;',
        location: 'limit_req zone=z burst=7 nodelay;',
        upstream,
      }),
  },
  {
    limiter: 'nginx limit_req',
    settings: 'rate=10r/s burst=4, with delay',
    program: 'nginx',
    truth: { algorithm: 'leaky-queue', limit: 5, refillPerS: 10, chargesRejected: false },
    start: (upstream) =>
      nginx({
        http: 'limit_req_zone $http_authorization zone=z:1m rate=10r/s;',
        location: 'limit_req zone=z burst=4;',
        upstream,
      }),
  },
  {
    limiter: 'nginx limit_conn',
    settings: 'limit_conn 3, answers take 60 ms',
    program: 'nginx',
    truth: { algorithm: 'concurrency', limit: 3 },
    path: '/60',
    start: (upstream) =>
      nginx({
        http: 'limit_conn_zone $http_authorization zone=c:1m;',
        location: 'limit_conn c 3;',
        upstream,
      }),
  },
  {
    limiter: 'HAProxy http_req_rate',
    settings: 'http_req_rate(2s) gt 8',
    program: 'haproxy',
    truth: { algorithm: 'sliding-counter', limit: 8, windowMs: 2000, chargesRejected: true },
    start: (upstream) =>
      haproxy({
        frontend: `  stick-table type string size 1k expire 60s store http_req_rate(2s)
  http-request track-sc0 req.hdr(authorization)
  http-request deny deny_status 429 if { sc_http_req_rate(0) gt 8 }`,
        upstream,
      }),
  },
  {
    limiter: 'varnish vsthrottle',
    settings: '8 per 2s',
    program: 'varnishd',
    truth: { algorithm: 'token-bucket', limit: 8, refillPerS: 4, chargesRejected: false },
    start: (upstream) =>
      varnish({
        receive:
          'if (vsthrottle.is_denied(req.http.authorization, 8, 2s)) { return (synth(429, "Too Many Requests")); }',
        upstream,
      }),
  },
]

/** All cases that this machine can run, and the programs that the others lack. */
export function realCases(): { readonly cases: readonly RealCase[]; readonly missing: string[] } {
  const all = [...npmCases.map((each) => ({ ...each, program: null })), ...daemonCases]
  const isHere = (each: RealCase) => each.program === null || hasProgram(each.program)
  const missing = all.filter((each) => !isHere(each)).map(({ program }) => program!)
  return { cases: all.filter(isHere), missing: [...new Set(missing)] }
}
