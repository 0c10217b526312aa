import { describe, expect, test } from 'vitest'
import { type Answer, chat, Embedded, eventsOf } from '../../../testing/embedded.ts'

class Inference extends Embedded {
  constructor(overrides: Readonly<Record<string, unknown>> = {}) {
    super('inference-service', overrides)
  }

  sendChat(more: object = {}): Promise<Answer> {
    const body = chat(3, 20, { model: 'qwen2.5-7b', ...more })
    return this.send('POST', '/v1/chat/completions', { body })
  }

  chat(more: object = {}): Promise<Answer> {
    return this.clock.run(this.sendChat(more))
  }
}

describe('models', () => {
  test('of the preset are loaded, the others can be, as long as there is memory', async () => {
    const service = new Inference()
    const { json } = await service.ask('GET', '/v1/models')
    expect(json).toMatchObject({ config: 'D4', orchestration_mode: 'critique' })
    const loaded = json.data.filter(({ status }: { status: string }) => status === 'loaded')
    expect(loaded.map(({ id }: { id: string }) => id)).toEqual(['deepseek-r1-7b', 'qwen2.5-7b'])
    expect((await service.chat({ model: 'llama-3.2-3b' })).status).toBe(404)
    const load = (id: string) => service.ask('POST', `/v1/models/${id}/load`)
    const first = await load('llama-3.2-3b')
    expect([first.status, first.json.status]).toEqual([200, 'loaded'])
    expect(first.tookUs).toBe(500_000)
    expect((await load('llama-3.2-3b')).tookUs).toBe(0)
    expect((await service.chat({ model: 'llama-3.2-3b' })).status).toBe(200)
    expect((await load('phi-4')).status).toBe(507)
    expect((await load('nope')).status).toBe(404)
    expect((await service.ask('POST', '/v1/models/qwen2.5-7b/unload')).status).toBe(200)
    expect((await load('phi-4')).status).toBe(200)
  })

  test('that are none make the service not ready', async () => {
    const service = new Inference({ knobs: { INFERENCE_DEFAULT_PRESET: 'none' } })
    expect((await service.ask('GET', '/health')).json.status).toBe('ok')
    const ready = await service.ask('GET', '/health/ready')
    expect([ready.status, ready.json.reason]).toEqual([503, 'No models loaded'])
  })
})

describe('inferences', () => {
  test('have content and usage', async () => {
    const { json, headers } = await new Inference().chat()
    expect(json.id).toMatch(/^chatcmpl-/)
    expect(json.usage.total_tokens).toBe(23)
    expect(json.orchestration).toBeUndefined()
    expect(headers['x-queue-position']).toBe('1')
  })

  test('wait for each other without an end, or are rejected when told to', async () => {
    const service = new Inference({ spread: 0 })
    const one = (await service.chat()).tookUs
    const five = await service.askAtOnce(5, () => service.sendChat())
    expect(five.every(({ status }) => status === 200)).toBe(true)
    expect(Math.round(Math.max(...five.map(({ tookUs }) => tookUs)) / one)).toBe(5)
    const strict = new Inference({
      knobs: { INFERENCE_REJECT_WHEN_FULL: true, INFERENCE_QUEUE_SIZE: 2 },
    })
    const answers = await strict.askAtOnce(5, () => strict.sendChat())
    const rejected = answers.filter(({ status }) => status === 503)
    expect(rejected).toHaveLength(2)
    expect(rejected[0]).toMatchObject({
      headers: { 'retry-after': '5' },
      json: { detail: 'Inference queue is full. Please retry later.', max_concurrent: 1 },
    })
    const hasty = new Inference({ breaks: ['rejects-when-busy'] })
    const all = await hasty.askAtOnce(5, () => hasty.sendChat())
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  test('of a critique tell both models where that is documented', async () => {
    const service = new Inference({ mode: 'documented' })
    const { json, tookUs } = await service.chat()
    expect(json.orchestration).toMatchObject({
      mode: 'critique',
      models_used: ['qwen2.5-7b', 'deepseek-r1-7b'],
    })
    const single = await service.chat({ orchestration_mode: 'single' })
    expect(single.json.orchestration.models_used).toEqual(['qwen2.5-7b'])
    expect(tookUs).toBeGreaterThan(single.tookUs * 1.4)
    const broken = new Inference({ mode: 'documented', breaks: ['critic-missing'] })
    expect((await broken.chat()).json.orchestration.models_used).toHaveLength(1)
  })

  test('stream to [DONE], also after an error, which comes behind a status of 200', async () => {
    const service = new Inference()
    expect(eventsOf(await service.chat({ stream: true })).at(-1)).toBe('DONE')
    const failed = await service.chat({ stream: true, model: 'phi-4' })
    expect(failed.status).toBe(200)
    expect(eventsOf(failed)[0].error.message).toContain('phi-4')
    expect(eventsOf(failed).at(-1)).toBe('DONE')
    const documented = new Inference({ mode: 'documented' })
    expect((await documented.chat({ stream: true, model: 'phi-4' })).status).toBe(404)
  })

  test('ask for the key, if there is one', async () => {
    const service = new Inference({ knobs: { INFERENCE_API_KEY: 'sk-1' } })
    expect((await service.chat()).status).toBe(401)
    const headers = { authorization: 'Bearer sk-1' }
    expect((await service.ask('GET', '/v1/models', { headers })).status).toBe(200)
  })
})

describe('the llm-gateway', () => {
  const gateway = (overrides: object = {}) => new Embedded('llm-gateway', { ...overrides })
  const sendChat = (service: Embedded, model = 'inference:phi-4') =>
    service.send('POST', '/v1/chat/completions', { body: chat(1, 2, { model }) })

  test('pushes back what is above its places', async () => {
    const service = gateway({ knobs: { LLM_GATEWAY_MAX_CONCURRENT_REQUESTS: 3 } })
    const answers = await service.askAtOnce(5, () => sendChat(service))
    const pushed = answers.filter(({ status }) => status === 503)
    expect(pushed).toHaveLength(2)
    expect(pushed[0]!.json).toMatchObject({ reason: 'backpressure', retry_after_seconds: 5 })
    expect(service.decided.filter((limiter) => limiter === 'backpressure')).toHaveLength(2)
  })

  test('has a rate limiter that is on only in its documents', async () => {
    for (const [mode, ok] of [
      ['faithful', 15],
      ['documented', 10],
    ] as const) {
      const service = gateway({ mode })
      const answers = await service.askAtOnce(15, () => sendChat(service))
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(ok)
    }
  })

  test('knows models by their prefixes', async () => {
    const service = gateway()
    const answer = await service.clock.run(sendChat(service, 'openai:gpt'))
    expect([answer.status, answer.json.detail]).toEqual([
      502,
      'Provider error: no provider for model openai:gpt',
    ])
  })
})
