import { describe, expect, test } from 'vitest'
import { type Answer, chat, Embedded, eventsOf } from '../../../testing/embedded.ts'

const budget = (max_limit: number, reset_duration = '1h') => ({ max_limit, reset_duration })

class Bifrost extends Embedded {
  constructor(overrides: Readonly<Record<string, unknown>> = {}) {
    super('bifrost', overrides)
  }

  api(method: string, path: string, body?: unknown): Promise<Answer> {
    return this.ask(method, `/api/governance/${path}`, { body })
  }

  /** What has been created. */
  async create(path: string, body: object): Promise<{ id: string; value: string }> {
    const { json } = await this.api('POST', path, body)
    return json.virtual_key ?? json.team ?? json.customer
  }

  sendChat(value: string, tokens = 2, more: object = {}): Promise<Answer> {
    const body = chat(2, tokens, { model: 'openai/gpt-3.5-turbo', ...more })
    return this.send('POST', '/v1/chat/completions', { headers: { 'x-bf-vk': value }, body })
  }

  /** Waits until the answer has been counted. */
  async chat(value: string, tokens?: number, more?: object): Promise<Answer> {
    const answer = await this.clock.run(this.sendChat(value, tokens, more))
    this.wait(100_000)
    return answer
  }

  /** Admitted until the first refusal, and the refusal. */
  async untilRefused(value: string, tokens?: number): Promise<{ ok: number; refusal: Answer }> {
    for (let ok = 0; ok < 200; ok++) {
      const refusal = await this.chat(value, tokens)
      if (refusal.status !== 200) return { ok, refusal }
    }
    throw new Error('never refused')
  }
}

describe('virtual keys, teams and customers', () => {
  test('are created, shown, listed, changed and deleted', async () => {
    const bifrost = new Bifrost()
    const created = await bifrost.api('POST', 'customers', { name: 'c', budget: budget(1) })
    expect([created.status, created.json.message]).toEqual([200, 'Customer created successfully'])
    const { id } = created.json.customer
    const team = await bifrost.create('teams', { name: 't', customer_id: id })
    const shown = await bifrost.api('GET', `customers/${id}`)
    expect(shown.json.customer).toMatchObject({
      name: 'c',
      budget: { max_limit: 1, reset_duration: '1h', current_usage: 0 },
      teams: [{ name: 't' }],
    })
    expect((await bifrost.api('GET', `teams?customer_id=${id}`)).json.count).toBe(1)
    expect((await bifrost.api('GET', 'teams?customer_id=x')).json.count).toBe(0)
    bifrost.wait(1e6)
    const { json } = await bifrost.api('PUT', `teams/${team.id}`, { name: 'u' })
    expect(json.team).toMatchObject({ name: 'u', customer_id: id })
    expect(json.team.updated_at > json.team.created_at).toBe(true)
    expect((await bifrost.api('DELETE', `customers/${id}`)).status).toBe(200)
    expect((await bifrost.api('GET', `customers/${id}`)).status).toBe(404)
    expect((await bifrost.api('GET', `teams/${team.id}`)).json.team.customer_id).toBe(null)
  })

  test.each([
    ['virtual-keys', {}, 400, 'Virtual key name is required'],
    ['virtual-keys', 'no json', 400, 'Invalid JSON'],
    ['virtual-keys', { name: 'v', team_id: 'nope' }, 500, 'FOREIGN KEY'],
    ['customers', { name: 'c', budget: budget(-1) }, 400, 'cannot be negative'],
    ['customers', { name: 'c', budget: budget(0) }, 500, 'greater than zero'],
    ['customers', { name: 'c', budget: budget(1, 'x') }, 400, 'Invalid reset duration format: x'],
  ])('%s %j are refused', async (path, body, status, message) => {
    const answer = await new Bifrost().api('POST', path, body)
    expect([answer.status, answer.json.error.message]).toEqual([
      status,
      expect.stringContaining(message),
    ])
  })

  test('belong to a team or to a customer, never to both', async () => {
    for (const [breaks, status] of [
      [[], 400],
      [['both-owners-accepted'], 200],
    ] as const) {
      const bifrost = new Bifrost({ breaks })
      const customer = await bifrost.create('customers', { name: 'c' })
      const team = await bifrost.create('teams', { name: 't' })
      const both = { name: 'v', team_id: team.id, customer_id: customer.id }
      expect((await bifrost.api('POST', 'virtual-keys', both)).status).toBe(status)
      const key = await bifrost.create('virtual-keys', { name: 'w', team_id: team.id })
      const moved = await bifrost.api('PUT', `virtual-keys/${key.id}`, { customer_id: customer.id })
      expect(moved.json.virtual_key).toMatchObject({ team_id: null, customer_id: customer.id })
    }
  })

  test('are as documented: 201, cents, monitoring', async () => {
    const bifrost = new Bifrost({ mode: 'documented' })
    const key = { name: 'v', budget: budget(1) }
    const { status, json } = await bifrost.api('POST', 'virtual-keys', key)
    expect(status).toBe(201)
    const { value, id } = json.virtual_key
    const { ok } = await bifrost.untilRefused(value, 499)
    expect(ok).toBe(10)
    await bifrost.api('POST', 'usage-reset', { virtual_key_id: id })
    expect((await bifrost.chat(value)).status).toBe(200)
    expect((await bifrost.api('GET', 'debug/health')).status).toBe(200)
    expect((await new Bifrost().api('GET', 'debug/health')).status).toBe(404)
  })
})

describe('access', () => {
  test('is told by type, in the order of the checks', async () => {
    const bifrost = new Bifrost()
    const provider_configs = [{ provider: 'openai', allowed_models: ['gpt-3.5-turbo'] }]
    const { value, id } = await bifrost.create('virtual-keys', { name: 'v', provider_configs })
    const typeOf = async (vk: string, model = 'openai/gpt-3.5-turbo') => {
      const { status, json } = await bifrost.chat(vk, 2, { model })
      return [status, json.type]
    }
    expect(await typeOf('')).toEqual([400, 'virtual_key_required'])
    expect(await typeOf('nope')).toEqual([403, 'virtual_key_not_found'])
    expect(await typeOf(value, 'anthropic/claude-3-5-haiku')).toEqual([403, 'provider_blocked'])
    expect(await typeOf(value, 'openai/gpt-4o')).toEqual([403, 'model_blocked'])
    expect((await bifrost.chat(value)).status).toBe(200)
    await bifrost.api('PUT', `virtual-keys/${id}`, { is_active: false })
    expect(await typeOf(value)).toEqual([403, 'virtual_key_blocked'])
  })
})

describe('limits', () => {
  const limited = (bifrost: Bifrost, rate_limit: object) =>
    bifrost.create('virtual-keys', { name: 'v', rate_limit })
  const requests = (n: number, every = '1m') => ({
    request_max_limit: n,
    request_reset_duration: every,
  })
  const tokens = (n: number, every = '1m') => ({ token_max_limit: n, token_reset_duration: every })

  test('of requests and tokens are independent, and named', async () => {
    const bifrost = new Bifrost()
    const { value } = await limited(bifrost, { ...requests(3), ...tokens(1000, '1h') })
    const { ok, refusal } = await bifrost.untilRefused(value)
    expect([ok, refusal.status, refusal.json.type]).toEqual([3, 429, 'request_limited'])
    expect(refusal.json.error.message).toContain('request limit exceeded (3/3, resets every 1m)')
    expect(Object.keys(refusal.headers)).not.toContain('retry-after')
    bifrost.wait(120e6)
    expect((await bifrost.chat(value, 1500)).status).toBe(200)
    expect((await bifrost.chat(value)).json.type).toBe('token_limited')
    await bifrost.chat(value)
    await bifrost.chat(value)
    expect(bifrost.decided.at(-1)).toBe('tokens')
  })

  test('of both that are exceeded are told together', async () => {
    const bifrost = new Bifrost()
    const { value } = await limited(bifrost, { ...requests(1), ...tokens(10) })
    await bifrost.chat(value, 50)
    expect((await bifrost.chat(value)).json).toMatchObject({
      type: 'rate_limited',
      error: { message: expect.stringMatching(/request limit .*, token limit exceeded \(52\/10/) },
    })
  })

  test.each([
    ['faithful', 15],
    ['documented', 10],
  ])('%s: of 15 at once, %d pass a limit of 10', async (mode, passed) => {
    const bifrost = new Bifrost({ mode })
    const { value } = await limited(bifrost, requests(10))
    const answers = await bifrost.askAtOnce(15, () => bifrost.sendChat(value))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(passed)
  })

  test('of 5 s stay closed until the ticker, or for 5 s where that is documented', async () => {
    const closedFor = async (mode: string) => {
      const bifrost = new Bifrost({ mode })
      bifrost.wait(3e6)
      const { value } = await limited(bifrost, requests(1, '5s'))
      await bifrost.chat(value)
      for (let s = 1; s < 100; s++) {
        bifrost.wait(1e6)
        if ((await bifrost.chat(value)).status === 200) return s
      }
      return Number.POSITIVE_INFINITY
    }
    expect(await closedFor('documented')).toBeLessThanOrEqual(6)
    expect(await closedFor('faithful')).toBeGreaterThan(40)
  })

  test('of providers come first, budgets last', async () => {
    const bifrost = new Bifrost()
    const provider_configs = [
      { provider: 'openai', allowed_models: [], rate_limit: tokens(5), budget: budget(1) },
    ]
    const { value } = await bifrost.create('virtual-keys', { name: 'v', provider_configs })
    await bifrost.chat(value, 10)
    const { json } = await bifrost.chat(value)
    expect(json.error.message).toMatch(/^provider 'openai' rate limits exceeded: token limit/)
    expect(bifrost.decided.at(-1)).toBe('Provider tokens')
  })

  test('of a queue drop what is too much, where told to', async () => {
    const knobs = { CONCURRENCY: 1, BUFFER_SIZE: 2, DROP_EXCESS_REQUESTS: true }
    const bifrost = new Bifrost({ knobs })
    const { value } = await bifrost.create('virtual-keys', { name: 'v' })
    const answers = await bifrost.askAtOnce(5, () => bifrost.sendChat(value))
    const dropped = answers.filter(({ status }) => status === 400)
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3)
    expect(dropped[0]!.json.error.message).toBe('request dropped: queue is full')
  })
})

describe('budgets', () => {
  // A call of 2 prompt and 499 completion tokens costs 0.001 dollars.
  const tree = async (
    bifrost: Bifrost,
    limits: { key: number; team: number; customer: number },
  ) => {
    const customer = await bifrost.create('customers', {
      name: 'c',
      budget: budget(limits.customer),
    })
    const team = await bifrost.create('teams', {
      name: 't',
      customer_id: customer.id,
      budget: budget(limits.team),
    })
    const key = (name: string, owner: object) =>
      bifrost.create('virtual-keys', { name, budget: budget(limits.key), ...owner })
    return {
      team,
      first: await key('v1', { team_id: team.id }),
      second: await key('v2', { team_id: team.id }),
      third: await key('v3', { customer_id: customer.id }),
    }
  }

  test('are charged at every level, and the first that is spent is named', async () => {
    const bifrost = new Bifrost()
    const limits = { key: 0.0035, team: 0.0055, customer: 0.0075 }
    const { first, second, third, team } = await tree(bifrost, limits)
    const refusals = []
    for (const { value } of [first, second, third]) {
      refusals.push(await bifrost.untilRefused(value, 499))
    }
    // One is let in while the budget is not overspent: it overspends it.
    expect(refusals.map(({ ok }) => ok)).toEqual([4, 2, 2])
    expect(refusals.map(({ refusal }) => refusal.status)).toEqual([402, 402, 402])
    expect(refusals.map(({ refusal }) => refusal.json.error.message)).toEqual([
      'Budget check failed: VK budget exceeded: 0.0040 > 0.0035 dollars',
      'Budget check failed: Team budget exceeded: 0.0060 > 0.0055 dollars',
      'Budget check failed: Customer budget exceeded: 0.0080 > 0.0075 dollars',
    ])
    const denied = bifrost.decided.filter((limiter) => limiter !== null)
    expect(denied).toEqual(['usd', 'Team usd', 'Customer usd'])
    const { json } = await bifrost.api('GET', `teams/${team.id}`)
    expect(json.team.budget.current_usage).toBeCloseTo(0.006, 9)
  })

  test('of a team do not matter when that is broken', async () => {
    const bifrost = new Bifrost({ breaks: ['team-budget-ignored'] })
    const { first } = await tree(bifrost, { key: 1, team: 0.001, customer: 0.0045 })
    const { refusal } = await bifrost.untilRefused(first.value, 499)
    expect(refusal.json.error.message).toContain('Customer budget exceeded')
  })

  test('never trip without prices', async () => {
    const bifrost = new Bifrost({ knobs: { PRICES: false } })
    const { value } = await bifrost.create('virtual-keys', { name: 'v', budget: budget(1e-6) })
    for (let i = 0; i < 5; i++) expect((await bifrost.chat(value, 499)).status).toBe(200)
  })

  test('open again after their duration, ticker or not', async () => {
    const bifrost = new Bifrost()
    const key = { name: 'v', budget: budget(0.0005, '30s') }
    const { value } = await bifrost.create('virtual-keys', key)
    await bifrost.untilRefused(value, 499)
    bifrost.wait(30e6)
    expect((await bifrost.chat(value)).status).toBe(200)
  })
})

describe('use', () => {
  test('is read back as it was told in the answers, streams included', async () => {
    const bifrost = new Bifrost()
    const rate_limit = {
      request_max_limit: 10,
      request_reset_duration: '1h',
      token_max_limit: 5000,
      token_reset_duration: '1h',
    }
    const key = { name: 'v', budget: budget(1), rate_limit }
    const { value, id } = await bifrost.create('virtual-keys', key)
    await bifrost.chat(value, 20)
    const stream = await bifrost.chat(value, 30, { stream: true })
    expect(eventsOf(stream).at(-1)).toBe('DONE')
    const shown = (await bifrost.api('GET', `virtual-keys/${id}`)).json.virtual_key
    expect(shown.rate_limit).toMatchObject({
      token_current_usage: 54,
      request_current_usage: 2,
    })
    expect(shown.budget.current_usage).toBeCloseTo(4e-6 + 50 * 2e-6, 12)
    const text = (await bifrost.ask('GET', '/metrics')).text
    expect(text).toMatch(/^bifrost_output_tokens_total 50$/m)
  })

  test('passes on to a limit that is changed', async () => {
    const bifrost = new Bifrost()
    const rate = (n: number) => ({
      rate_limit: { request_max_limit: n, request_reset_duration: '1h' },
    })
    const { value, id } = await bifrost.create('virtual-keys', { name: 'v', ...rate(2) })
    expect((await bifrost.untilRefused(value)).ok).toBe(2)
    await bifrost.api('PUT', `virtual-keys/${id}`, rate(3))
    expect((await bifrost.untilRefused(value)).ok).toBe(1)
  })
})
