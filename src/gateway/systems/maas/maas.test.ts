import { describe, expect, test } from 'vitest'
import { type Answer, chat, Embedded, eventsOf } from '../../../testing/embedded.ts'

const model = 'facebook/opt-125m'
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

class Maas extends Embedded {
  constructor(overrides: Readonly<Record<string, unknown>> = {}) {
    super('maas', overrides)
  }

  mint(user: string, body: unknown = { expiration: '10m' }): Promise<Answer> {
    return this.ask('POST', '/maas-api/v1/tokens', { ...bearer(user), body })
  }

  async tokenOf(user: string): Promise<string> {
    return (await this.mint(user)).json.token
  }

  chat(token: string, promptTokens = 1, maxTokens = 16, more: object = {}): Promise<Answer> {
    const body = chat(promptTokens, maxTokens, { model, ...more })
    return this.ask('POST', '/llm/facebook-opt-125m/v1/chat/completions', {
      ...bearer(token),
      body,
    })
  }

  async statuses(token: string, count: number, ...size: [number, number]): Promise<number[]> {
    const all: number[] = []
    for (let i = 0; i < count; i++) all.push((await this.chat(token, ...size)).status)
    return all
  }
}

describe('tokens', () => {
  test('are JWTs with a life in Go’s words, minted for users of OpenShift', async () => {
    const maas = new Maas()
    const { status, json } = await maas.mint('free-user')
    expect(status).toBe(201)
    expect(json.token.split('.')).toHaveLength(3)
    expect(json).toMatchObject({ expiration: '10m0s', expiresAt: json.issuedAt + 600 })
    expect((await maas.mint('free-user', '')).json.expiration).toBe('4h0m0s')
    expect((await maas.mint('invalid-token')).status).toBe(401)
    expect((await maas.ask('POST', '/maas-api/v1/tokens')).status).toBe(401)
  })

  test.each([
    ['4hours', { error: 'time: unknown unit "hours" in duration "4hours"' }],
    [
      '1m',
      {
        error: 'token expiration must be at least 10 minutes',
        provided_expiration: '1m0s',
      },
    ],
    ['-5m', { error: 'expiration must be positive' }],
  ])('are refused for a life of %s', async (expiration, expected) => {
    const { status, json } = await new Maas().mint('free-user', { expiration })
    expect([status, json]).toEqual([400, expected])
  })

  test('that are revoked go on for as long as the gateway remembers them', async () => {
    const maas = new Maas({ knobs: { AUTH_CACHE_TTL: '60s', RATE_LIMIT_BURST_FREE: 100 } })
    const used = await maas.tokenOf('free-user')
    const unused = await maas.tokenOf('free-user')
    expect((await maas.chat(used)).status).toBe(200)
    expect((await maas.ask('DELETE', '/maas-api/v1/tokens', bearer('free-user'))).status).toBe(204)
    expect((await maas.chat(unused)).status).toBe(401)
    expect((await maas.chat(used)).status).toBe(200)
    maas.wait(60e6)
    expect((await maas.chat(used)).status).toBe(401)
  })

  test('that are revoked end at once where that is documented', async () => {
    const maas = new Maas({ mode: 'documented' })
    const token = await maas.tokenOf('free-user')
    expect((await maas.chat(token)).status).toBe(200)
    await maas.ask('DELETE', '/maas-api/v1/tokens', bearer('free-user'))
    expect((await maas.chat(token)).status).toBe(401)
  })

  test('of API keys are listed by their names', async () => {
    const maas = new Maas()
    const ask = (method: string, path: string, body?: unknown) =>
      maas.ask(method, `/maas-api/v1/api-keys${path}`, { ...bearer('free-user'), body })
    const { status, json } = await ask('POST', '', { name: 'ci' })
    expect([status, json.name]).toEqual([201, 'ci'])
    expect((await ask('GET', `/${json.id}`)).json.name).toBe('ci')
    expect((await ask('GET', '/nope')).json).toEqual({ error: 'API key not found' })
    expect((await ask('POST', '', {})).status).toBe(400)
  })
})

describe('models', () => {
  test('are listed with the URL that answers chats', async () => {
    const maas = new Maas()
    const { json } = await maas.ask('GET', '/v1/models', bearer('free-user'))
    expect(json.data[0]).toMatchObject({
      id: model,
      ready: true,
      url: 'http://gateway.test/llm/facebook-opt-125m',
    })
    const answer = await maas.chat(await maas.tokenOf('free-user'))
    expect(answer.json.choices[0].message.content).not.toBe('')
    expect(answer.json.usage.total_tokens).toBe(1 + 4 + 16)
  })

  test('take minted tokens only, and know who they are', async () => {
    const maas = new Maas()
    expect((await maas.chat('free-user')).status).toBe(401)
    const token = await maas.tokenOf('free-user')
    expect((await maas.chat(token, 1, 1, { model: 'nope' })).status).toBe(404)
    const path = '/llm/nope/v1/chat/completions'
    expect((await maas.ask('POST', path, { ...bearer(token), body: {} })).status).toBe(403)
    const groups = ['tier-premium-users', 'system:authenticated']
    const tier = await maas.ask('POST', '/v1/tiers/lookup', { body: { groups } })
    expect(tier.json).toEqual({ tier: 'premium', displayName: 'Premium Tier' })
  })
})

describe('limits', () => {
  test('of requests let exactly the burst in, per user and not per token', async () => {
    const maas = new Maas()
    const first = await maas.tokenOf('free-user')
    const statuses = await maas.statuses(first, 7, 1, 2)
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429])
    expect((await maas.chat(await maas.tokenOf('free-user'))).text).toBe('Too Many Requests\n')
    expect((await maas.chat(await maas.tokenOf('premium-user'))).status).toBe(200)
    expect(maas.decided.slice(4, 6)).toEqual([null, 'requests'])
    maas.wait(120e6)
    expect((await maas.chat(first)).status).toBe(200)
  })

  test('of tokens are charged after the answer, and cost a request all the same', async () => {
    const maas = new Maas()
    const token = await maas.tokenOf('free-user')
    const answers = [await maas.chat(token, 200, 1200), await maas.chat(token)]
    expect(answers.map(({ status }) => status)).toEqual([200, 429])
    expect(answers[1]!.text).toBe('Too Many Requests\n')
    expect(Object.keys(answers[1]!.headers)).not.toContain('retry-after')
    expect(maas.decided).toEqual([null, 'tokens'])
    for (let i = 0; i < 4; i++) await maas.chat(token)
    expect(maas.decided.slice(2)).toEqual(['tokens', 'tokens', 'tokens', 'requests'])
  })

  test('of tokens, reserved beforehand, keep every request out of a small tier', async () => {
    const maas = new Maas({ knobs: { TOKEN_LIMIT_MODE: 'Reservation' } })
    expect((await maas.chat(await maas.tokenOf('free-user'))).status).toBe(429)
    expect((await maas.chat(await maas.tokenOf('premium-user'))).status).toBe(200)
  })

  test('of tokens do not see streams that hide their usage, unless documented', async () => {
    for (const [mode, expected] of [
      ['faithful', 200],
      ['documented', 429],
    ] as const) {
      const maas = new Maas({ mode })
      const token = await maas.tokenOf('free-user')
      const streamed = await maas.chat(token, 1, 500, { stream: true })
      expect(eventsOf(streamed).at(-1)).toBe('DONE')
      expect((await maas.chat(token)).status).toBe(expected)
    }
  })

  test('name themselves when Limitador is told to, and usage when documented', async () => {
    const named = new Maas({ knobs: { RATE_LIMIT_HEADERS: 'DRAFT_VERSION_03' } })
    const answer = await named.chat(await named.tokenOf('free-user'))
    expect(answer.headers['x-ratelimit-limit']).toContain('5;w=120;name="requests"')
    const told = new Maas({ mode: 'documented' })
    const { headers } = await told.chat(await told.tokenOf('free-user'))
    expect(headers['x-odhu-usage-total-tokens']).toBe('17')
  })

  test('are counted for Prometheus as Limitador does', async () => {
    const maas = new Maas({ knobs: { RATE_LIMIT_BURST_FREE: 1 } })
    await maas.statuses(await maas.tokenOf('free-user'), 3, 1, 1)
    const { text } = await maas.ask('GET', '/metrics')
    expect(text).toMatch(/^authorized_calls\{.*\} 1$/m)
    expect(text).toMatch(/^limited_calls\{.*\} 2$/m)
  })
})

describe('broken on purpose', () => {
  const admitted = async (breaks: string[], user = 'free-user', knobs = {}) => {
    const maas = new Maas({ breaks, knobs })
    const statuses = await maas.statuses(await maas.tokenOf(user), 12, 1, 1)
    return { maas, statuses, ok: statuses.filter((status) => status === 200).length }
  }

  test('each break does what it says, and nothing else is broken', async () => {
    expect((await admitted([])).ok).toBe(5)
    expect((await admitted(['off-by-one'])).ok).toBe(6)
    expect((await admitted(['premium-below-free'], 'premium-user')).ok).toBe(2)
    expect((await admitted(['wrong-error-code'])).statuses[5]).toBe(403)
    const { maas } = await admitted(['window-doubled'])
    maas.wait(120e6)
    expect((await maas.chat(await maas.tokenOf('free-user'))).status).toBe(429)
    const swapped = await admitted(['order-swapped'], 'free-user', { TOKEN_LIMIT_FREE: 1 })
    expect(swapped.maas.decided.slice(1)).toEqual(Array.from({ length: 11 }, () => 'tokens'))
    const open = new Maas({ breaks: ['auth-off'] })
    expect((await open.chat('free-user')).status).toBe(200)
    const endless = new Maas({ breaks: ['no-done'] })
    const stream = await endless.chat(await endless.tokenOf('free-user'), 1, 2, { stream: true })
    expect(eventsOf(stream).at(-1)).not.toBe('DONE')
  })

  test('counters that are not atomic lose what is written at the same time', async () => {
    const count = async (breaks: string[]) => {
      const maas = new Maas({ breaks })
      const token = await maas.tokenOf('free-user')
      const body = chat(1, 1, { model })
      const path = '/llm/facebook-opt-125m/v1/chat/completions'
      const answers = await maas.askAtOnce(9, () =>
        maas.send('POST', path, { ...bearer(token), body }),
      )
      return answers.filter(({ status }) => status === 200).length
    }
    expect(await count([])).toBe(5)
    expect(await count(['quota-non-atomic'])).toBe(9)
  })
})
