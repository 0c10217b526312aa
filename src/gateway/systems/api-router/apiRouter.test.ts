import { describe, expect, test } from 'vitest'
import { type Answer, chat, Embedded, eventsOf } from '../../../testing/embedded.ts'
import { httpServer } from '../../../testing/servers.ts'
import { gatewaySpec } from '../../overrides.ts'
import { startGateway } from '../../server.ts'

const key = (value: string) => ({ headers: { 'x-api-key': value } })
const question = 'In one word, can you provide me the capital of France?'

class Router extends Embedded {
  constructor(overrides: Readonly<Record<string, unknown>> = {}) {
    super('api-router', overrides)
  }

  chat(apiKey = 'dev-acme-key', more: object = {}): Promise<Answer> {
    return this.clock.run(this.sendChat(apiKey, more))
  }

  sendChat(apiKey = 'dev-acme-key', more: object = {}): Promise<Answer> {
    const body = chat(3, 5, { model: 'gpt-4o', ...more })
    return this.send('POST', '/v1/chat/completions', { ...key(apiKey), body })
  }
}

describe('routing', () => {
  test('answers the question it is asked most, with usage and where it was answered', async () => {
    const router = new Router()
    const messages = [{ role: 'user', content: question }]
    const { status, json, headers, tookUs } = await router.chat('dev-acme-key', { messages })
    expect([status, json.choices[0].message.content]).toEqual([200, 'Paris'])
    expect(json.choices[0].finish_reason).toBe('stop')
    expect(json.usage.total_tokens).toBe(json.usage.prompt_tokens + 1)
    expect(headers).toMatchObject({
      'x-routing-backend': 'mock-backend-1',
      'x-routing-decision': 'PRIMARY',
      'x-ratelimit-limit': '200',
    })
    expect(tookUs).toBeGreaterThan(10_000)
    expect(tookUs).toBeLessThan(40_000)
  })

  test('fails over on its own route only', async () => {
    const router = new Router()
    const infer = (payload: string) => ({
      ...key('dev-acme-key'),
      body: { request_id: '0f8fad5b-d9cb-469f-a165-70867728950e', model: 'gpt-4o', payload },
    })
    const degrade = '/v1/admin/routing/backends/mock-backend-1/degrade'
    expect((await router.ask('POST', degrade)).json.status).toBe('degraded')
    const own = await router.ask('POST', '/v1/inference', infer(question))
    expect(own.json).toMatchObject({
      output: { text: 'Paris' },
      usage: { tokens_input: question.length, limit_state: 'WITHIN_LIMIT' },
    })
    expect(own.headers['x-routing-decision']).toBe('FAILOVER')
    expect((await router.chat()).headers['x-routing-decision']).toBe('PRIMARY')
    expect((await router.ask('GET', '/v1/status/readyz')).status).toBe(200)
    await router.ask('POST', '/v1/admin/routing/backends/mock-backend-2/degrade')
    expect((await router.ask('GET', '/v1/status/readyz')).json.status).toBe('degraded')
    expect((await router.ask('POST', '/v1/inference', infer('x'))).status).toBe(503)
    expect((await router.ask('POST', '/v1/admin/routing/backends/x/healthy')).status).toBe(404)
  })

  test.each([
    [{}, 401, 'AUTH_INVALID', { headers: {} }],
    [{ messages: undefined }, 400, 'INVALID_REQUEST', key('dev-a-key')],
    [{ model: 'nope' }, 500, 'ROUTING_ERROR', key('dev-a-key')],
    [{ stream: true }, 502, 'BACKEND_ERROR', key('dev-a-key')],
  ])('refuses %j with %d %s', async (more, status, code, who) => {
    const router = new Router()
    const body = chat(3, 5, { model: 'gpt-4o', ...more })
    const answer = await router.ask('POST', '/v1/chat/completions', { ...who, body })
    expect([answer.status, answer.json.code]).toEqual([status, code])
  })

  test('refuses bodies of 64 KiB, and streams where that is documented', async () => {
    const router = new Router({ mode: 'documented' })
    const body = 'x'.repeat(64 * 1024)
    const big = await router.ask('POST', '/v1/chat/completions', { ...key('dev-a-key'), body })
    expect([big.status, big.text]).toEqual([413, 'request body too large\n'])
    expect(eventsOf(await router.chat('dev-a-key', { stream: true })).at(-1)).toBe('DONE')
  })

  test('hides what its backend says behind 502', async () => {
    const router = new Router({ knobs: { BACKEND_LIMIT: 1 } })
    await router.chat()
    const { status, json } = await router.chat()
    expect([status, json.code]).toEqual([502, 'BACKEND_ERROR'])
    expect(json.error).toContain('backend returned status 429')
    expect(router.decided).toEqual([null, 'backend'])
  })
})

describe('limits', () => {
  test('are per organisation: a burst of 200, then 429 with a wait that is always 1 s', async () => {
    const router = new Router()
    const answers = await router.askAtOnce(201, (i) =>
      router.sendChat(i % 2 ? 'dev-acme-key' : 'test-acme-other'),
    )
    const last = answers.find(({ status }) => status !== 200)!
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(200)
    expect(last).toMatchObject({
      status: 429,
      headers: { 'retry-after': '1', 'x-ratelimit-limit': '200', 'x-ratelimit-remaining': '0' },
      json: {
        code: 'RATE_LIMIT_EXCEEDED',
        retry_after_seconds: 1,
        limit_context: { current_usage: 200, limit: 200, remaining: 0 },
      },
    })
    expect((await router.chat('dev-other-key')).status).toBe(200)
  })

  test.each([
    ['faithful', 0],
    ['documented', 100],
  ] as const)('%s: after the burst, %d per second get through an overload', async (mode, perS) => {
    const router = new Router({ mode, knobs: { MOCK_LATENCY: '0s' } })
    await router.askAtOnce(200, () => router.sendChat())
    let ok = 0
    for (let i = 0; i < 1000; i++) {
      router.wait(5_000)
      if ((await router.chat()).status === 200) ok++
    }
    expect(Math.round(ok / 5)).toBe(perS)
  })

  test('of budget and quota are those of two keys, told by status and code', async () => {
    const router = new Router()
    const budget = await router.chat('dev-exhausted-budget-key')
    expect([budget.status, budget.json]).toEqual([
      402,
      {
        error: 'Monthly budget exhausted',
        code: 'BUDGET_EXCEEDED',
        limit_context: { current_usage: 10000, limit: 10000, quota_type: 'budget' },
      },
    ])
    const quota = await router.chat('dev-exhausted-quota-key')
    expect(quota.json.limit_context).toEqual({
      current_usage: 1000,
      limit: 1000,
      quota_type: 'daily_quota',
    })
    expect(router.decided).toEqual(['budget', 'quota'])
    const { text } = await router.ask('GET', '/metrics')
    expect(text).toMatch(/^api_router_budget_denials_total 1$/m)
  })
})

describe('known bugs', () => {
  test('at its HEAD, every inference ends in 401 after the limiters', async () => {
    const router = new Router({ knobs: { AUTH_CONTEXT_BUG: true } })
    expect((await router.chat()).status).toBe(401)
    expect(router.decided).toEqual([null])
  })

  test('two keys validated at the same time end the process, where that is on', async () => {
    const router = new Router({ knobs: { VALIDATION_CACHE_CRASH: true } })
    expect((await router.chat('key-one-1')).status).toBe(200)
    expect((await router.chat('bogus')).status).toBe(401)
    const both = await router.askAtOnce(2, (i) => router.sendChat(`key-two-${i}`))
    expect(both.every(({ isBroken }) => isBroken)).toBe(true)
    expect((await router.chat()).isBroken).toBe(true)
  })
})

test('a real backend answers through the router, its failures behind 502', async () => {
  const backend = await httpServer((request, response) => {
    let sent = ''
    request.on('data', (chunk) => {
      sent += chunk
    })
    request.on('end', () => {
      const { model, max_tokens } = JSON.parse(sent)
      const isFull = max_tokens === 13
      const usage = { prompt_tokens: 12, completion_tokens: 1, total_tokens: 13 }
      const choices = [{ index: 0, message: { role: 'assistant', content: 'Paris' } }]
      response.writeHead(isFull ? 429 : 200, { 'content-type': 'application/json' })
      response.end(isFull ? 'full' : JSON.stringify({ model, choices, usage }))
    })
  })
  const knobs = { BACKEND: 'real', VLLM_BACKEND_URL: backend.origin, VLLM_MODEL_NAME: 'llama' }
  const gateway = await startGateway(gatewaySpec('api-router', { knobs }))
  try {
    const ask = (max_tokens: number) =>
      fetch(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'x-api-key': 'dev-acme-key' },
        body: JSON.stringify(chat(1, max_tokens, { model: 'llama' })),
      })
    const answer = await ask(10)
    expect(answer.headers.get('x-routing-decision')).toBe('PRIMARY')
    expect(await answer.json()).toMatchObject({ model: 'llama', usage: { total_tokens: 13 } })
    expect(gateway.service.decisions.all()[0]).toMatchObject({ promptTokens: 12 })
    const masked = await ask(13)
    expect(masked.status).toBe(502)
    expect(await masked.text()).toContain('backend returned status 429: full')
  } finally {
    await gateway.close()
    await backend.close()
  }
})
