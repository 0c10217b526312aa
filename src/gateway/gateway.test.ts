import { afterEach, describe, expect, test } from 'vitest'
import { UserError } from '../core/errors.ts'
import { limiter } from '../limiters/models.ts'
import { knobLines } from './knobs.ts'
import { gatewaySpec } from './overrides.ts'
import { presetTable } from './presets.ts'
import { type RunningGateway, startGateway } from './server.ts'
import type { GatewaySpec } from './spec.ts'

let gateway: RunningGateway | undefined

afterEach(async () => {
  await gateway?.close()
  gateway = undefined
})

const serve = async (spec: Partial<GatewaySpec>, preset = 'plain') => {
  gateway = await startGateway({ ...gatewaySpec(preset, {}), ...spec })
}

const chatBody = { model: 'm', messages: [{ role: 'user', content: 'with that' }], max_tokens: 4 }

function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return fetch(gateway!.url + path, { method: 'POST', body: text, headers })
}

const chat = (more: object = {}, headers: Record<string, string> = {}) =>
  post('/v1/chat/completions', { ...chatBody, ...more }, headers)

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into, not typed
const jsonOf = (response: Response) => response.json() as Promise<any>

/** The data lines of a stream, parsed but for `[DONE]`. */
async function events(response: Response) {
  const lines = (await response.text()).split('\n').filter((line) => line.startsWith('data: '))
  return lines.map((line) => (line === 'data: [DONE]' ? 'DONE' : JSON.parse(line.slice(6))))
}

describe('the OpenAI-compatible service', () => {
  test('answers a chat request with usage that counts real tokens', async () => {
    await serve({ templateTokens: 3 })
    const response = await chat({ messages: [{ role: 'user', content: 'Hello, world!' }] })
    const json = await jsonOf(response)
    expect(response.status).toBe(200)
    expect(json).toMatchObject({
      object: 'chat.completion',
      model: 'm',
      usage: { prompt_tokens: 7, completion_tokens: 4, total_tokens: 11 },
    })
    expect(json.choices[0].message.content.split(' ')).toHaveLength(4)
  })

  test('streams a role, a chunk per token, a finish reason, usage if asked for, and [DONE]', async () => {
    await serve({})
    const all = await events(await chat({ stream: true, stream_options: { include_usage: true } }))
    expect(all[0].choices[0].delta).toEqual({ role: 'assistant', content: '' })
    expect(all.slice(1, 5).every((e) => e.choices[0].delta.content.length > 0)).toBe(true)
    expect(all[5].choices[0].finish_reason).toBe('length')
    expect(all[6]).toMatchObject({ choices: [], usage: { total_tokens: 6 } })
    expect(all[7]).toBe('DONE')
    const plain = await events(await chat({ stream: true }))
    expect(plain).toHaveLength(7)
  })

  test('streams reasoning before content when the model reasons', async () => {
    await serve({ reasoningShare: 0.5 })
    const all = await events(await chat({ stream: true }))
    const deltas = all.slice(1, 5).map((e) => Object.keys(e.choices[0].delta)[0])
    expect(deltas).toEqual(['reasoning_content', 'reasoning_content', 'content', 'content'])
  })

  test('calls the tool it is offered, whole or streamed', async () => {
    await serve({})
    const tools = [{ type: 'function', function: { name: 'weather', parameters: {} } }]
    const whole = await jsonOf(await chat({ tools }))
    expect(whole.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { content: null },
    })
    const call = whole.choices[0].message.tool_calls[0].function
    expect(call.name).toBe('weather')
    expect(() => JSON.parse(call.arguments)).not.toThrow()
    const streamed = await events(await chat({ tools, stream: true }))
    const calls = streamed.slice(1, 5).map((e) => e.choices[0].delta.tool_calls[0])
    expect(calls[0].function.name).toBe('weather')
    const text = calls
      .map((c: { function: { arguments: string } }) => c.function.arguments)
      .join('')
    expect(() => JSON.parse(text)).not.toThrow()
  })

  test('answers completions, embeddings and models', async () => {
    await serve({})
    const completion = await jsonOf(await post('/v1/completions', { model: 'm', prompt: 'with' }))
    expect(completion).toMatchObject({ object: 'text_completion', usage: { prompt_tokens: 1 } })
    const embedding = await jsonOf(
      await post('/v1/embeddings', { model: 'm', input: ['with', 'that'] }),
    )
    expect(embedding.usage).toEqual({ prompt_tokens: 2, total_tokens: 2 })
    const models = await jsonOf(await fetch(`${gateway!.url}/v1/models`))
    expect(models.data[0]).toMatchObject({ id: 'limitscope-small', object: 'model' })
  })

  test('refuses what it cannot understand, in words', async () => {
    await serve({})
    const refused = [
      [await post('/v1/chat/completions', 'not json'), 400, /JSON/],
      [await post('/v1/chat/completions', { messages: [] }), 400, /model/],
      [await post('/v1/chat/completions', { model: 'm' }), 400, /messages/],
      [await chat({ max_tokens: -1 }), 400, /max_tokens/],
      [await fetch(`${gateway!.url}/v1/chat/completions`), 405, /POST/],
      [await fetch(`${gateway!.url}/nope`), 404, /embedded gateway/],
    ] as const
    for (const [response, status, message] of refused) {
      expect(response.status).toBe(status)
      expect((await jsonOf(response)).error.message).toMatch(message)
    }
  })

  test('knows its keys when told to, and their tiers', async () => {
    await serve({ knownKeysOnly: true, keys: { 'sk-1': 'premium' } })
    expect((await chat({}, { authorization: 'Bearer nope' })).status).toBe(401)
    expect((await chat({}, { authorization: 'Bearer sk-1' })).status).toBe(200)
    expect((await chat({}, { 'x-api-key': 'sk-1' })).status).toBe(200)
    expect(gateway!.service.decisions.all().map(({ tier }) => tier)).toEqual(['premium', 'premium'])
  })

  test('shows what it decided on /metrics', async () => {
    await serve({}, 'kuadrant')
    await chat()
    const text = await (await fetch(`${gateway!.url}/metrics`)).text()
    expect(text).toMatch(/limitscope_gateway_decisions_total\{tier="free",limiter=""\} 1/)
    expect(text).toMatch(/limitscope_gateway_tokens_total\{kind="completion"\} 4/)
  })
})

describe('the decision log', () => {
  const two = (): GatewaySpec['tiers'] => ({
    free: [
      {
        name: 'requests',
        model: limiter({
          kind: 'fixed-window',
          limit: 2,
          windowUs: 60e6,
          anchor: 'first-request',
          extendedByRejected: false,
        }),
      },
    ],
  })

  test('has for every request who decided what, and the response carries its id', async () => {
    await serve({ tiers: two() }, 'kuadrant')
    const responses = [
      await chat({}, { 'x-request-id': 'a' }),
      await chat({}, { 'x-request-id': 'b' }),
      await chat({}, { 'x-request-id': 'c' }),
    ]
    const log = gateway!.service.decisions.all()
    expect(log.map(({ requestId, outcome, limiter }) => [requestId, outcome, limiter])).toEqual([
      ['a', 'allowed', null],
      ['b', 'allowed', null],
      ['c', 'denied', 'requests'],
    ])
    expect(log[0]!.answers[0]).toMatchObject({ limiter: 'requests', decision: { remaining: 1 } })
    expect(log[0]!.settledUs).toBeGreaterThanOrEqual(log[0]!.us)
    expect(responses.map(({ headers }) => headers.get('x-limitscope-decision'))).toEqual([
      '1',
      '2',
      '3',
    ])
    expect(responses[2]!.status).toBe(429)
    expect(await responses[2]!.text()).toBe('Too Many Requests\n')
  })

  test('keeps the newest decisions only', async () => {
    await serve({ decisionsMax: 10 })
    for (let i = 0; i < 25; i++) await chat()
    const log = gateway!.service.decisions.all()
    expect(log.length).toBeLessThanOrEqual(10)
    expect(log.at(-1)!.id).toBe(25)
  })

  test('keeps none where none is wanted, and counts them all the same', async () => {
    await serve({ decisionsMax: 0 })
    for (let i = 0; i < 3; i++) await chat()
    expect(gateway!.service.decisions.all()).toEqual([])
    expect(gateway!.service.decisions.count).toBe(3)
  })
})

describe('faults', () => {
  const asked = (fault: string, more: object = {}) => chat(more, { 'x-limitscope-fault': fault })

  test('come when a request asks for them', async () => {
    await serve({})
    expect((await asked('status=503')).status).toBe(503)
    await expect(asked('reset')).rejects.toThrow()
    await expect(asked('garbage')).rejects.toThrow()
    await expect((await asked('truncate')).text()).rejects.toThrow()
    const all = await events(await asked('no-done', { stream: true }))
    expect(all.at(-1)).not.toBe('DONE')
    const broken = await events(await asked('error-event', { stream: true }))
    expect(broken.at(-1).error.type).toBe('server_error')
  })

  test('come by their share, the same ones for the same seed', async () => {
    const statuses = async () => {
      await serve({ faults: [{ kind: 'status', share: 0.3, status: 500 }] })
      const list: number[] = []
      for (let i = 0; i < 40; i++) list.push((await chat()).status)
      await gateway!.close()
      return list
    }
    const first = await statuses()
    expect(first.filter((status) => status === 500).length).toBeGreaterThan(3)
    expect(await statuses()).toEqual(first)
  })
})

describe('a preset', () => {
  test('can be changed in its limits, dialect and latency', () => {
    const spec = gatewaySpec('kuadrant', {
      requests: '5/2m',
      tokens: '100/1m',
      dialect: 'openai',
      ttft: '5ms',
    })
    expect(spec.dialect).toBe('openai')
    expect(spec.latency.ttftUs).toBe(5000)
    expect(spec.tiers.free!.map(({ name }) => name)).toEqual(['requests', 'tokens'])
    expect(spec.tiers.free![0]!.model.algorithm).toMatchObject({ limit: 5, windowUs: 120e6 })
  })

  test('puts any bucket in front, also one that loses fractions', () => {
    const algorithm = (bucket: string) =>
      gatewaySpec('kuadrant', { bucket }).tiers.free!.map(({ model }) => model.algorithm)
    const kind = 'token-bucket'
    expect(algorithm('1/10ms burst 200 lossy')).toEqual([
      { kind, capacity: 200, refillUnits: 1, refillUs: 10_000, refillStyle: 'lossy' },
    ])
    expect(algorithm('60/min')).toEqual([
      { kind, capacity: 60, refillUnits: 60, refillUs: 60e6, refillStyle: 'continuous' },
    ])
    expect(() => algorithm('100/s burst lossy')).toThrow("expected a token bucket, like '100/s'")
  })

  test.each([
    ['kuadrantt', {}, /did you mean 'kuadrant'/],
    ['kuadrant', { request: '5/2m' }, /gateway\.request: unknown key; did you mean 'requests'/],
    ['kuadrant', { requests: '5 per minute' }, /like '60\/1m'/],
    ['kuadrant', { ttft: '5' }, /did you mean '5s'/],
    ['kuadrant', { knobs: { X: 1 } }, /gateway\.knobs\.X: unknown key; this preset has none/],
    ['maas', { knobs: { RATE_LIMIT_WINDW: 1 } }, /did you mean 'RATE_LIMIT_WINDOW'/],
    ['maas', { knobs: { TOKEN_LIMIT_FREE: 'few' } }, /TOKEN_LIMIT_FREE: expected a whole number/],
    ['bifrost', { knobs: { COUNTING: 'later' } }, /COUNTING: expected one of async, reserve/],
    ['maas', { breaks: ['off-by-two'] }, /got 'off-by-two'; did you mean 'off-by-one'/],
  ])('says what is wrong: %s %j', (name, overrides, message) => {
    expect(() => gatewaySpec(name, overrides)).toThrow(UserError)
    expect(() => gatewaySpec(name, overrides)).toThrow(message)
  })

  test('takes its knobs from the environment, and those of the config over them', () => {
    // Only variables of the system itself are looked for there.
    const env = { RATE_LIMIT_BURST_FREE: '7', RATE_LIMIT_WINDOW: '3', TOKEN_LIMIT_FREE: '' }
    const windowOf = (knobs: object) =>
      gatewaySpec('maas', { knobs }, env).tiers.free![0]!.model.algorithm
    expect(windowOf({})).toMatchObject({ limit: 7, windowUs: 120e6 })
    expect(windowOf({ RATE_LIMIT_BURST_FREE: 8 })).toMatchObject({ limit: 8 })
  })

  test('tells its knobs in texts that set them, each with what it does', () => {
    for (const [name, { knobs }] of Object.entries(presetTable)) {
      const schema = knobs('documented')
      const lines = knobLines(schema, schema.parse({}))
      expect(lines.every(({ description }) => description !== '')).toBe(true)
      const again = Object.fromEntries(lines.map((line) => [line.name, line.value]))
      expect(schema.parse(again), name).toEqual(schema.parse({}))
    }
  })

  test('says so when its port is taken', async () => {
    await serve({})
    const port = Number(new URL(gateway!.url).port)
    await expect(startGateway(gatewaySpec('plain', {}), { port })).rejects.toThrow(
      /something listens there/,
    )
  })
})
