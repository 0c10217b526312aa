import { describe, expect, test } from 'vitest'
import { responseView } from './fixtures/denials.ts'
import { usageOfBody, usageOfFields, usageOfJson } from './usage.ts'

describe('usageOfFields', () => {
  test('the fields tell', () => {
    const headers = { 'x-odhu-usage-input-tokens': '12', 'x-odhu-usage-output-tokens': '34' }
    expect(usageOfFields(responseView(200, headers))).toEqual({
      promptTokens: 12,
      completionTokens: 34,
      source: 'header',
    })
  })

  test('the total tells the figure that is missing', () => {
    const headers = { 'x-odhu-usage-total-tokens': '46', 'x-odhu-usage-input-tokens': '12' }
    expect(usageOfFields(responseView(200, headers))).toMatchObject({ completionTokens: 34 })
  })

  test.each([{ 'x-odhu-usage-total-tokens': '46' }, { 'x-odhu-usage-input-tokens': 'many' }, {}])(
    'half a figure is no usage: %j',
    (headers) => {
      expect(usageOfFields(responseView(200, headers))).toBeNull()
    },
  )
})

describe('usageOfBody', () => {
  test('the body tells', () => {
    const body = { usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 } }
    expect(usageOfBody(responseView(200, {}, body))).toEqual({
      promptTokens: 3,
      completionTokens: 4,
      source: 'body',
    })
  })

  test.each(['', '{"usage": broken', '{"answer":42}', '["usage"]'])('%j tells nothing', (body) => {
    expect(usageOfBody(responseView(200, {}, body))).toBeNull()
  })
})

describe('usageOfJson', () => {
  test.each([
    ['OpenAI', { usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 } }],
    ['Responses', { usage: { input_tokens: 3, output_tokens: 4 } }],
    ['a Responses event', { response: { usage: { input_tokens: 3, output_tokens: 4 } } }],
    ['an Anthropic event', { message: { usage: { input_tokens: 3, output_tokens: 4 } } }],
    [
      'Gemini, whose thoughts are output too',
      { usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 1, totalTokenCount: 7 } },
    ],
    ['Gemini', { usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 4 } }],
  ])('%s', (_, json) => {
    expect(usageOfJson(json, 'stream')).toEqual({
      promptTokens: 3,
      completionTokens: 4,
      source: 'stream',
    })
  })

  test('embeddings have no output', () => {
    const json = { usage: { prompt_tokens: 5, total_tokens: 5 } }
    expect(usageOfJson(json)).toMatchObject({ promptTokens: 5, completionTokens: 0 })
  })

  test.each([null, 7, 'usage', [], { usage: null }, { usage: { prompt_tokens: -1 } }])(
    '%j says nothing',
    (json) => {
      expect(usageOfJson(json)).toBeNull()
    },
  )
})
