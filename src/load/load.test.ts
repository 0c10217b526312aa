import { describe, expect, test } from 'vitest'
import type { RequestRecord } from '../core/record.ts'
import { laneHeaders, secretValues } from './lanes.ts'
import { laneOf, shapePicker } from './mix.ts'
import { bodyText, type RequestShape, shapeTemplate } from './shapes.ts'
import { StopCounter, sendableCount, stopReason } from './stop.ts'

const chat: RequestShape = {
  name: 'cheap',
  kind: 'chat',
  method: 'POST',
  path: '/v1/chat/completions',
  headers: {},
  model: 'm',
  promptTokens: 8,
  outputTokensMax: 16,
  stream: false,
  extra: {},
  body: null,
}

describe('a mix', () => {
  test('gives each shape its weight', () => {
    const pick = shapePicker(
      [
        { shape: 'cheap', weight: 9 },
        { shape: 'expensive', weight: 1 },
      ],
      7,
    )
    const picked = Array.from({ length: 20_000 }, (_, i) => pick(i))
    const share = picked.filter((shape) => shape === 'expensive').length / picked.length
    expect(share).toBeGreaterThan(0.09)
    expect(share).toBeLessThan(0.11)
  })

  test('is a pure function of the seed and the index', () => {
    const mix = [
      { shape: 'a', weight: 1 },
      { shape: 'b', weight: 1 },
    ]
    const once = shapePicker(mix, 7)
    const again = shapePicker(mix, 7)
    expect([5, 3, 5, 9].map(once)).toEqual([5, 3, 5, 9].map(again))
  })

  test('lanes take turns', () => {
    expect([0, 1, 2, 3].map((i) => laneOf(['free', 'premium'], i))).toEqual([
      'free',
      'premium',
      'free',
      'premium',
    ])
  })
})

describe('a request shape', () => {
  test('builds a chat request with its prompt and limits', () => {
    const { headers, body } = shapeTemplate(chat, 'run')
    const json = JSON.parse(bodyText(body, 3))
    expect(headers['content-type']).toBe('application/json')
    expect(json).toMatchObject({ model: 'm', max_tokens: 16 })
    expect(json.messages[0].content.split(' ')).toHaveLength(8)
    expect(json.stream).toBeUndefined()
  })

  test('asks for usage when it streams', () => {
    const json = JSON.parse(bodyText(shapeTemplate({ ...chat, stream: true }, 'run').body, 0))
    expect(json).toMatchObject({ stream: true, stream_options: { include_usage: true } })
  })

  test('survives quotes in the model name', () => {
    const json = JSON.parse(bodyText(shapeTemplate({ ...chat, model: 'a"b\\c' }, 'run').body, 0))
    expect(json.model).toBe('a"b\\c')
  })

  test('fills the marks of a raw body', () => {
    const raw = {
      ...chat,
      kind: 'raw' as const,
      body: '{"n":{{seq}},"m":"{{model}}","p":"{{prompt}}"}',
    }
    const json = JSON.parse(bodyText(shapeTemplate(raw, 'run').body, 42))
    expect(json).toMatchObject({ n: 42, m: 'm' })
    expect(json.p.split(' ')).toHaveLength(8)
  })
})

test("a lane's headers carry its secrets, which are known to be secret", () => {
  const lane = {
    name: 'free',
    credential: { from: 'env' as const, name: 'TOKEN' },
    header: 'authorization',
    prefix: 'Bearer ',
    tier: 'free',
    headers: { 'x-team': 'a' },
  }
  expect(laneHeaders(lane, new Map([['free', { authorization: 'Bearer s3cret' }]]))).toEqual({
    'x-team': 'a',
    authorization: 'Bearer s3cret',
  })
  expect(laneHeaders(lane, new Map())).toEqual({ 'x-team': 'a' })
  expect(secretValues(new Map([['free', { authorization: 'Bearer s3cret' }]]))).toContain('s3cret')
})

describe('stop rules', () => {
  const limited = (limiter: string) =>
    ({ outcome: 'limited', limiter, promptTokens: null, completionTokens: null }) as RequestRecord
  const ok = (promptTokens: number, completionTokens: number) =>
    ({ outcome: 'ok', limiter: null, promptTokens, completionTokens }) as RequestRecord

  test('a number of requests is met exactly', () => {
    const rules = [{ kind: 'requests', count: 3 }] as const
    const state = new StopCounter(rules)
    expect(state.left).toBe(3)
    for (let i = 0; i < 3; i++) state.countSent()
    expect(state.left).toBe(0)
    expect(sendableCount(rules, state)).toBe(0)
    expect(stopReason(rules, state)).toBe(rules[0])
  })

  test('the first rejection of a limiter allows just the requests asked for on top', () => {
    const rules = [{ kind: 'rejected', limiter: 'requests', plus: 5 }] as const
    const state = new StopCounter(rules)
    for (let i = 0; i < 41; i++) state.countSent()
    state.ended(limited('tokens'))
    expect(stopReason(rules, state)).toBe(null)
    state.ended(limited('requests'))
    expect(state.left).toBe(5)
    for (let i = 0; i < 5; i++) state.countSent()
    expect(state.left).toBe(0)
    expect(stopReason(rules, state)).toBe(rules[0])
  })

  test('any limiter is written as a star', () => {
    const rules = [{ kind: 'rejected', limiter: '*', plus: 0 }] as const
    const state = new StopCounter([])
    state.ended(limited('x'))
    expect(stopReason(rules, state)).toBe(rules[0])
  })

  test('tokens spent and time elapsed end a phase too', () => {
    const state = new StopCounter([{ kind: 'spent', unit: 'tokens', amount: 1000 }])
    state.ended(ok(10, 90))
    expect(stopReason([{ kind: 'spent', unit: 'tokens', amount: 100 }], state)).not.toBe(null)
    expect(stopReason([{ kind: 'spent', unit: 'completion-tokens', amount: 91 }], state)).toBe(null)
    state.elapsedUs = 5
    expect(stopReason([{ kind: 'duration', us: 5 }], state)).not.toBe(null)
  })
})
