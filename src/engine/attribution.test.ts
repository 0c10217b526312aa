import { describe, expect, test } from 'vitest'
import { responseReader } from '../dialects/read.ts'
import type { Exchange } from '../drivers/driver.ts'
import { isLimitName, isUsageName } from '../drivers/limitFields.ts'
import { Attributor } from './attribution.ts'

const cost = { promptTokens: 1, completionTokens: 1, usd: 0 }
const advertised = {
  'x-ratelimit-limit-requests': '500',
  'x-ratelimit-remaining-requests': '499',
  'x-ratelimit-reset-requests': '120ms',
}
const used = '{"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}'

/** A success, and how often somebody looked at its header fields. */
function success(headers: Record<string, string>, body = '') {
  const looks = { count: 0 }
  const names = Object.keys(headers)
  const exchange: Exchange = {
    handedUs: 0,
    sentUs: 0,
    firstByteUs: 1000,
    firstTokenUs: null,
    endUs: 1000,
    status: 200,
    get headers() {
      looks.count++
      return headers
    },
    headKey: null,
    hasLimitFields: names.some(isLimitName),
    hasUsageFields: names.some(isUsageName),
    body,
    bytesIn: 100,
    stream: null,
    failure: null,
    bodyHas: (text) => body.includes(text),
  }
  return { exchange, looks }
}

function newAttributor(): Attributor {
  return new Attributor(responseReader({ dialect: 'auto', rules: [] }), [], 0)
}

describe('a success', () => {
  test('teaches the limits that it advertises; later ones are not read for them', () => {
    const attributor = newAttributor()
    const first = success(advertised, used)
    expect(attributor.isPlainSuccess(first.exchange)).toBe(false)
    expect(attributor.ended(cost, [], first.exchange)).toMatchObject({ dialect: 'openai' })
    expect(attributor.ledger.limiters.map(({ name }) => name)).toEqual(['requests'])

    const second = success(advertised, used)
    expect(attributor.ended(cost, [], second.exchange)).toMatchObject({
      outcome: 'ok',
      promptTokens: 3,
      completionTokens: 4,
      usageSource: 'body',
    })
    expect(second.looks.count).toBe(0)
    expect(attributor.isPlainSuccess(success(advertised).exchange)).toBe(true)
  })

  test('may tell its usage in fields', () => {
    const fields = { 'x-odhu-usage-input-tokens': '12', 'x-odhu-usage-output-tokens': '34' }
    const { exchange } = success(fields, used)
    expect(newAttributor().ended(cost, [], exchange)).toMatchObject({
      outcome: 'ok',
      promptTokens: 12,
      completionTokens: 34,
      usageSource: 'header',
    })
  })

  test('without a word on limits or usage is plain, whatever else it has', () => {
    const { exchange, looks } = success({ 'content-type': 'application/json' }, '{"a":1}')
    expect(newAttributor().isPlainSuccess(exchange)).toBe(true)
    expect(looks.count).toBe(0)
  })

  test('is looked at where a rule of the user is about successes', () => {
    const rule = { when: { status: 200, header: { 'x-throttled': 'yes' } }, limiter: 'soft' }
    const read = responseReader({ dialect: 'auto', rules: [rule] })
    const attributor = new Attributor(read, [], 0)
    const { exchange } = success({ 'x-throttled': 'yes' })
    expect(attributor.ended(cost, [], exchange)).toMatchObject({ outcome: 'limited' })
  })
})
