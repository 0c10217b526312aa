// Limiters that nobody here wrote, started on loopback: the first rejection must be found exactly.

import { afterEach, beforeEach, describe, expect, type TestContext, test } from 'vitest'
import type { LimiterAlgorithm } from '../core/limits.ts'
import { concurrency, limiter, tokenBucket } from '../limiters/models.ts'
import type { Phase, Plan } from '../load/plan.ts'
import type { RequestShape } from '../load/shapes.ts'
import { haproxy, hasProgram, nginx } from '../testing/daemons.ts'
import { expressLimiter, fastifyLimiter } from '../testing/nodeLimiters.ts'
import { type RealRun, runReal } from '../testing/runReal.ts'
import { httpServer, type TestServer } from '../testing/servers.ts'
import { phase, plan, scenario } from '../testing/simulate.ts'

const open: TestServer[] = []
let upstream: TestServer

/** Answers `ok` after the milliseconds that its path names. */
beforeEach(async () => {
  upstream = await keep(
    httpServer((request, response) => {
      setTimeout(() => response.end('ok'), Number(request.url!.slice(1)) || 0)
    }),
  )
})

afterEach(async () => {
  for (const server of open.splice(0)) await server.close()
})

async function keep(starting: Promise<TestServer>): Promise<TestServer> {
  const server = await starting
  open.push(server)
  return server
}

const get: RequestShape = {
  name: 'get',
  kind: 'raw',
  method: 'GET',
  path: '/',
  headers: {},
  model: '',
  promptTokens: 1,
  outputTokensMax: 0,
  stream: false,
  extra: {},
  body: '',
}

const declared = (name: string, algorithm: LimiterAlgorithm) => ({
  tier: null,
  name,
  model: limiter(algorithm),
})

/** Sends one after the other until the first rejection and three more. */
const oneByOne: Partial<Phase> = {
  arrivals: { kind: 'spaced', gapUs: 0, count: 1 },
  until: [
    { kind: 'rejected', limiter: '*', plus: 3 },
    { kind: 'requests', count: 100 },
  ],
}

function runAt(server: TestServer, change: Partial<Phase>, more: Partial<Plan> = {}, path = '/') {
  const shapes = [{ ...get, path }]
  const only = phase({ mix: [{ shape: 'get', weight: 1 }], ...change })
  return runReal(plan({ shapes, scenarios: [scenario('s', only)], ...more }), server.origin)
}

const first = ({ findings }: RealRun) => findings.find((finding) => finding.first !== null)!

function needs(program: string, context: TestContext): void {
  const remedy = `${program} is not on this machine: apt-get install ${program}`
  if (!hasProgram(program)) context.skip(remedy)
}

describe('nginx', () => {
  const bucket = declared('limit_req', tokenBucket(5, 1, 1e6))
  const slots = declared('limit_conn', concurrency(2))

  test('limit_req rejects request burst + 2, with 503 unless told otherwise', async (context) => {
    needs('nginx', context)
    const server = await keep(
      nginx({
        http: 'limit_req_zone $http_authorization zone=z:1m rate=1r/s;',
        location: 'limit_req zone=z burst=4 nodelay;',
        upstream: upstream.origin,
      }),
    )
    const run = await runAt(server, oneByOne, { limiters: [bucket, slots] })
    expect(first(run)).toMatchObject({
      limiter: 'limit_req',
      rejections: 4,
      first: { seq: 6, status: 503, confidence: 'inferred', admitted: { requestsMin: 5 } },
    })
  })

  test('limit_conn rejects the third of three slow requests, and is told from limit_req', async (context) => {
    needs('nginx', context)
    const server = await keep(
      nginx({
        http: 'limit_conn_zone $http_authorization zone=c:1m;',
        location: 'limit_conn c 2; limit_conn_status 429;',
        upstream: upstream.origin,
      }),
    )
    const slow = {
      arrivals: { kind: 'constant', perS: 20 },
      until: [{ kind: 'requests', count: 5 }],
    } as const
    const run = await runAt(server, slow, { limiters: [bucket, slots] }, '/600')
    expect(first(run)).toMatchObject({
      limiter: 'limit_conn',
      rejections: 3,
      first: { seq: 3, status: 429, inFlight: 2, confidence: 'inferred' },
    })
  })
})

describe('HAProxy', () => {
  test('a stick table rejects the request after its rate, and goes on when polled', async (context) => {
    needs('haproxy', context)
    const server = await keep(
      haproxy({
        frontend: `  stick-table type string size 1k expire 60s store http_req_rate(10s)
  http-request track-sc0 req.hdr(authorization)
  http-request deny deny_status 429 if { sc_http_req_rate(0) gt 3 }`,
        upstream: upstream.origin,
      }),
    )
    const run = await runAt(server, oneByOne)
    expect(first(run)).toMatchObject({
      limiter: 'status-429',
      rejections: 4,
      first: { seq: 4, confidence: 'unknown', admitted: { requestsMin: 3, requestsMax: 3 } },
    })
  })
})

describe('express-rate-limit', () => {
  test.each([
    ['legacy headers', { legacyHeaders: true }, { limiter: 'requests', confidence: 'inferred' }],
    [
      'draft-8',
      { legacyHeaders: false, standardHeaders: 'draft-8', identifier: 'minute' },
      { limiter: 'minute', confidence: 'named' },
    ],
  ] as const)('rejects the request after its limit (%s)', async (_name, options, expected) => {
    const server = await keep(expressLimiter({ limit: 7, windowMs: 60_000, ...options }))
    const run = await runAt(server, oneByOne)
    const found = first(run)
    expect(found).toMatchObject({ limiter: expected.limiter, rejections: 4 })
    expect(found.first).toMatchObject({ seq: 8, status: 429, confidence: expected.confidence })
    expect(found.first!.admitted.requestsMin).toBe(7)
    expect(found.first!.retryAfterUs).toBeGreaterThan(50e6)
  })

  test('names the limiter that fired when two stand one behind the other', async () => {
    const inner = await keep(
      expressLimiter({
        limit: 4,
        windowMs: 60_000,
        legacyHeaders: false,
        standardHeaders: 'draft-8',
        identifier: 'burst',
      }),
    )
    expect(first(await runAt(inner, oneByOne))).toMatchObject({
      limiter: 'burst',
      first: { seq: 5 },
    })
  })
})

describe('@fastify/rate-limit', () => {
  test('rejects the request after its limit', async () => {
    const server = await keep(fastifyLimiter({ max: 6, timeWindow: 60_000 }))
    const run = await runAt(server, oneByOne)
    expect(first(run)).toMatchObject({ rejections: 4, first: { seq: 7, status: 429 } })
    expect(first(run).first!.retryAfterUs).toBeGreaterThan(50e6)
  })

  test('admits again after its window, which is measured', async () => {
    const server = await keep(fastifyLimiter({ max: 3, timeWindow: 700 }))
    const polling: Partial<Phase> = {
      arrivals: { kind: 'spaced', gapUs: 20_000, count: 1 },
      until: [{ kind: 'duration', us: 1e6 }],
    }
    const { first: found } = first(await runAt(server, polling))
    expect(found).toMatchObject({ seq: 4 })
    // One polling gap, and a little for the machine.
    expect(found!.windowUs).toBeGreaterThanOrEqual(695_000)
    expect(found!.windowUs).toBeLessThan(900_000)
  })
})

test('autocannon drives a saturating phase, and every request has its record', async () => {
  const server = await keep(expressLimiter({ limit: 50, windowMs: 60_000 }))
  const saturating: Partial<Phase> = {
    arrivals: { kind: 'saturate', connections: 4 },
    until: [{ kind: 'requests', count: 200 }],
  }
  const { records, result } = await runAt(server, saturating)
  expect(records).toHaveLength(200)
  expect(result).toMatchObject({ planned: 200, sent: 200, ended: 200, unsent: 0 })
  expect(records.filter(({ outcome }) => outcome === 'ok')).toHaveLength(50)
  expect(records.filter(({ outcome }) => outcome === 'limited')).toHaveLength(150)
})
