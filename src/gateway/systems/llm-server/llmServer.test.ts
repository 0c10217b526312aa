import { describe, expect, test } from 'vitest'
import { type Answer, Embedded } from '../../../testing/embedded.ts'

class LlmServer extends Embedded {
  constructor(overrides: Readonly<Record<string, unknown>> = {}) {
    super('llm-server', overrides)
  }

  sendPrompt(body: object, key = 'key-a'): Promise<Answer> {
    return this.send('POST', '/v1/generate', { headers: { 'x-api-key': key }, body })
  }

  prompt(body: object, key?: string): Promise<Answer> {
    return this.clock.run(this.sendPrompt(body, key))
  }

  async statuses(count: number, key?: string): Promise<number[]> {
    const all: number[] = []
    for (let i = 0; i < count; i++) all.push((await this.prompt({ prompt: 'with' }, key)).status)
    return all
  }
}

describe('keys', () => {
  test.each([
    [{}, 'missing_api_key', 'X-API-Key header is required'],
    [{ 'x-api-key': 'wrong' }, 'invalid_api_key', 'Invalid or inactive API key'],
    [{ 'x-api-key': 'key-inactive' }, 'invalid_api_key', 'Invalid or inactive API key'],
  ])('%j is refused', async (headers, code, message) => {
    const server = new LlmServer()
    const { status, json } = await server.ask('POST', '/v1/generate', { headers, body: {} })
    expect([status, json]).toEqual([401, { detail: { code, message } }])
  })

  test('tell their use, and administrators that of all', async () => {
    const server = new LlmServer()
    await server.prompt({ prompt: 'with that', max_new_tokens: 5 })
    const get = (path: string, key: string) =>
      server.ask('GET', path, { headers: { 'x-api-key': key } })
    expect((await get('/v1/me/usage', 'key-a')).json).toMatchObject({
      total_requests: 2,
      total_prompt_tokens: 2,
      total_completion_tokens: 5,
    })
    expect((await get('/v1/admin/usage', 'key-a')).status).toBe(403)
    expect((await get('/v1/admin/usage', 'key-admin')).json.usage).toHaveLength(2)
  })
})

describe('generations', () => {
  test('have a stable form, and come from the cache when all is the same', async () => {
    const server = new LlmServer()
    const body = { prompt: 'with that', max_new_tokens: 8, temperature: 0.5 }
    const first = await server.prompt(body)
    const second = await server.prompt(body)
    const other = await server.prompt({ ...body, temperature: 0.6 })
    expect(Object.keys(first.json)).toEqual(['model', 'output', 'cached'])
    expect([first, second, other].map(({ json }) => json.cached)).toEqual([false, true, false])
    expect(second.json.output).toBe(first.json.output)
    expect(second.tookUs).toBeLessThan(first.tookUs / 5)
    const blind = new LlmServer({ breaks: ['cache-always-misses'] })
    await blind.prompt(body)
    expect((await blind.prompt(body)).json.cached).toBe(false)
  })

  test('of a batch cost one request, and those of a stream end with [DONE]', async () => {
    const server = new LlmServer({ knobs: { RATE_LIMIT_RPM: 2 } })
    const ask = (path: string, body: object) =>
      server.ask('POST', path, { headers: { 'x-api-key': 'key-a' }, body })
    const batch = await ask('/v1/generate/batch', { prompts: ['with', 'that'], max_new_tokens: 3 })
    expect(batch.json.results).toHaveLength(2)
    expect(batch.json.results[0]).toMatchObject({ prompt_tokens: 1, completion_tokens: 3 })
    const stream = await ask('/v1/stream', { prompt: 'with', max_new_tokens: 2 })
    expect(stream.text).toMatch(/^data: with\n\ndata: {2}that\n\ndata: \[DONE\]\n\n$/)
    expect((await ask('/v1/generate', { prompt: 'with' })).status).toBe(429)
  })

  test.each([
    [{}, 422],
    [{ prompt: 7 }, 422],
    [{ prompt: 'x', max_new_tokens: 'many' }, 422],
    [{ prompt: 'x', model: 'nope' }, 400],
    [{ prompt: 'x', temperature: -5 }, 200],
  ])('of %j are answered with %d', async (body, status) => {
    expect((await new LlmServer().prompt(body)).status).toBe(status)
  })

  test('are refused outside of their ranges where that is documented', async () => {
    const server = new LlmServer({ mode: 'documented' })
    const { status, json } = await server.prompt({ prompt: 'x', temperature: -5 })
    expect([status, json.detail[0].loc]).toEqual([422, ['body', 'temperature']])
  })

  test('stop everything else, or run two at a time where that is documented', async () => {
    for (const [mode, together] of [
      ['faithful', 1],
      ['documented', 2],
    ] as const) {
      const server = new LlmServer({ mode })
      const prompts = ['with', 'that', 'this', 'from']
      const one = (await server.prompt({ prompt: 'return', max_new_tokens: 100 })).tookUs
      const sent = prompts.map((prompt) => server.sendPrompt({ prompt, max_new_tokens: 100 }))
      const health = server.send('GET', '/healthz')
      const [answers, healthz] = await server.clock.run(
        Promise.all([Promise.all(sent), health] as const),
      )
      const last = Math.max(...answers.map(({ tookUs }) => tookUs))
      expect(Math.round(last / one)).toBe(prompts.length / together)
      expect(healthz.tookUs > one / 2).toBe(mode === 'faithful')
    }
  })
})

describe('limits', () => {
  test('let exactly RPM requests in, tell the wait in the body, and open again', async () => {
    const server = new LlmServer()
    const statuses = await server.statuses(61)
    expect(statuses.indexOf(429)).toBe(60)
    const { json, headers } = await server.prompt({ prompt: 'with' })
    expect(json.detail).toMatchObject({ code: 'rate_limited', message: 'Rate limited' })
    expect(json.detail.retry_after).toBeLessThanOrEqual(60)
    expect(Object.keys(headers)).not.toContain('retry-after')
    server.wait(json.detail.retry_after * 1e6 + 1e6)
    expect((await server.prompt({ prompt: 'with' })).status).toBe(200)
  })

  test('have the documented code, and the newer envelope', async () => {
    const documented = new LlmServer({ mode: 'documented', knobs: { RATE_LIMIT_RPM: 1 } })
    await documented.statuses(1)
    const { json } = await documented.prompt({ prompt: 'with' })
    expect(json.detail.code).toBe('rate_limit_exceeded')
    const flat = new LlmServer({ knobs: { RATE_LIMIT_RPM: 1, ENVELOPE: 'flat' } })
    await flat.statuses(1)
    expect((await flat.prompt({ prompt: 'with' })).json).toMatchObject({
      code: 'rate_limited',
      extra: { retry_after: expect.any(Number) },
    })
  })

  test('of a quota count every request, cached, refused or not', async () => {
    const server = new LlmServer({ knobs: { QUOTA_MONTHLY: 3 } })
    await server.prompt({ prompt: 'with' }, 'key-quota')
    await server.prompt({}, 'key-quota')
    await server.prompt({ prompt: 'with' }, 'key-quota')
    const { status, json } = await server.prompt({ prompt: 'with' }, 'key-quota')
    expect([status, json.detail.code]).toEqual([402, 'quota_exhausted'])
    expect((await server.prompt({ prompt: 'with' })).status).toBe(200)
    server.wait(400 * 86_400e6)
    expect((await server.prompt({ prompt: 'with' }, 'key-quota')).status).toBe(402)
  })

  test('of a quota lose what is spent at the same time, unless documented', async () => {
    const admitted = async (mode: string) => {
      const knobs = { QUOTA_MONTHLY: 5, SINGLE_THREAD: false }
      const server = new LlmServer({ mode, knobs })
      await server.prompt({ prompt: 'with' })
      const answers = await server.askAtOnce(20, () =>
        server.sendPrompt({ prompt: 'with' }, 'key-quota'),
      )
      return answers.filter(({ status }) => status === 200).length
    }
    expect(await admitted('faithful')).toBe(20)
    expect(await admitted('documented')).toBe(5)
  })
})

describe('health and metrics', () => {
  test('are as the code has them: always 200, and no metrics', async () => {
    const server = new LlmServer({ knobs: { DOWN: 'db' } })
    expect((await server.ask('GET', '/healthz')).json).toEqual({ status: 'ok' })
    const ready = await server.ask('GET', '/readyz')
    expect([ready.status, ready.json.status, ready.json.db]).toEqual([200, 'not ready', 'error'])
    expect((await server.ask('GET', '/metrics')).status).toBe(404)
  })

  test('are as documented: 503 when something is down, and counters that count', async () => {
    const server = new LlmServer({ mode: 'documented', knobs: { DOWN: 'db' } })
    expect((await server.ask('GET', '/readyz')).status).toBe(503)
    await server.prompt({ prompt: 'with', max_new_tokens: 4 })
    await server.prompt({ prompt: 'with', max_new_tokens: 4 })
    const { text } = await server.ask('GET', '/metrics')
    expect(text).toMatch(/^llm_api_request_total\{.*\} 2$/m)
    expect(text).toMatch(/^llm_tokens_total\{direction="completion".*\} 4$/m)
    expect(text).toMatch(/^llm_redis_hits_total 1$/m)
    expect(text).toMatch(/^llm_api_request_latency_seconds_count\{.*cached="true"\} 1$/m)
  })
})
