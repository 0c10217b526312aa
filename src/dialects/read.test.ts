import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dialectNames } from './dialect.ts'
import { responseView } from './fixtures/denials.ts'
import { outcomeOf, responseReader } from './read.ts'
import { dialects } from './table.ts'
import { usageOfBody, usageOfFields } from './usage.ts'

const auto = responseReader({ dialect: 'auto', rules: [] })
const nothing = { dialect: null, rejection: null, signals: [] }

describe('responseReader', () => {
  test('a success without limit fields is not looked into', () => {
    const first = auto(
      responseView(200, { 'content-type': 'application/json' }, '{"type":"error"}'),
    )
    expect(first).toEqual(nothing)
    expect(auto(responseView(204))).toBe(first)
  })

  test('a signature beats a shape, whatever the order of the table', () => {
    const fields = { 'ratelimit-policy': '3;w=5', 'ratelimit-limit': '3', 'ratelimit-reset': '5' }
    const body = { 'violated-policies': ['burst'] }
    expect(auto(responseView(429, fields, body))).toMatchObject({
      dialect: 'ietf',
      rejection: { limiter: 'burst' },
    })
  })

  test('a declared dialect is asked before the generic ones, and alone with them', () => {
    const read = responseReader({ dialect: 'kuadrant', rules: [] })
    expect(read(responseView(429, {}, 'Too Many Requests\n')).dialect).toBe('kuadrant')
    expect(read(responseView(429, { ratelimit: '"a";r=0' })).dialect).toBe('ietf')
    const openaiBody = { error: { type: 'tokens', code: 'rate_limit_exceeded' } }
    expect(read(responseView(429, {}, openaiBody)).dialect).toBe('plain')
  })

  test('a declared dialect need not be recognised by its fields to read the usual ones', () => {
    const headers = { 'x-ratelimit-limit': '3', 'x-ratelimit-remaining': '2' }
    for (const name of dialectNames) {
      const { signals } = responseReader({ dialect: name, rules: [] })(responseView(200, headers))
      expect(signals[0]).toMatchObject({ limit: 3, remaining: 2 })
    }
  })

  test.each(['x-ratelimit', 'x-rate-limit', 'ratelimit', 'beta-ratelimit'])(
    'any server may send %s-limit, -remaining and -reset',
    (prefix) => {
      const headers = {
        [`${prefix}-limit`]: '60',
        [`${prefix}-remaining`]: '59',
        [`${prefix}-reset`]: '1.5s',
      }
      expect(auto(responseView(200, headers)).signals).toMatchObject([
        { name: null, limit: 60, remaining: 59, resetUs: 1.5e6 },
      ])
    },
  )

  test('-1 stands for a figure that is not known', () => {
    const headers = { 'x-ratelimit-limit-tokens': '-1', 'x-ratelimit-reset-tokens': '0' }
    expect(auto(responseView(200, headers)).signals).toMatchObject([{ limit: null, resetUs: 0 }])
  })
})

describe('outcomeOf', () => {
  const rejection = auto(responseView(429))
  test.each([
    [200, nothing, 'ok'],
    [304, nothing, 'ok'],
    [400, nothing, 'refused'],
    [404, nothing, 'refused'],
    [500, nothing, 'failed'],
    [503, nothing, 'failed'],
    [429, rejection, 'limited'],
    [503, rejection, 'limited'],
    [200, rejection, 'limited'],
  ] as const)('status %d', (status, reading, outcome) => {
    expect(outcomeOf(status, reading)).toBe(outcome)
  })

  test.each([401, 404, 422])('status %d is never a limiter, whatever its body', (status) => {
    for (const dialect of dialects) {
      const body = { error: { status: 'RESOURCE_EXHAUSTED' }, 'violated-policies': ['x'] }
      const read = responseReader({ dialect: dialect.name, rules: [] })
      expect(outcomeOf(status, read(responseView(status, {}, body)))).toBe('refused')
    }
  })

  test.each([500, 502, 503, 504])('status %d without an explanation is a failure', (status) => {
    const fields = { 'retry-after': '5', 'x-ratelimit-remaining': '0', ratelimit: '"a";r=0' }
    expect(outcomeOf(status, auto(responseView(status, fields, 'Service Unavailable')))).toBe(
      'failed',
    )
  })
})

describe('hostile responses', () => {
  const fieldNames = [
    ...['limit', 'remaining', 'reset', 'policy'].flatMap((figure) => [
      `ratelimit-${figure}`,
      `x-ratelimit-${figure}`,
      `x-ratelimit-${figure}-tokens`,
      `x-ratelimit-${figure}-minute`,
      `x-ai-ratelimit-${figure}-30-azure`,
      `x-1-ratelimit-${figure}`,
      `anthropic-ratelimit-tokens-${figure}`,
    ]),
    'ratelimit',
    'retry-after',
    'retry-after-ms',
    'date',
    'server',
    'rate_limit_type',
    'x-envoy-ratelimited',
    'x-odhu-usage-total-tokens',
    '__proto__',
    'constructor',
    'toString',
  ]
  const piece = fc.constantFrom(
    '"a";r=1;t=2',
    ',',
    ';w=',
    '(',
    '-',
    '1e999',
    '99999999999999',
    '\0',
    '{"error":',
    '[',
    '__proto__',
    'Rate limit reached for ',
    ' on tokens per min (TPM): Limit 1, Used 2',
    'try again in 1s',
  )
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(piece).map((pieces) => pieces.join('')),
  )
  const headers = fc.dictionary(fc.oneof(fc.constantFrom(...fieldNames), fc.string()), text)
  const errorBody = fc
    .record({
      type: text,
      message: text,
      code: fc.oneof(text, fc.integer()),
      status: fc.constantFrom('RESOURCE_EXHAUSTED', 'x'),
      details: fc.jsonValue(),
    })
    .map((error) => JSON.stringify({ ...error, error, 'violated-policies': [error.type, 1] }))
  const body = fc.oneof(text, fc.json(), errorBody)
  const status = fc.constantFrom(200, 400, 402, 403, 429, 503, 529)
  const view = fc.record({ status, headers, body, receivedUnixMs: fc.nat() })

  test('no header and no body makes a reader throw, or invent a span', () => {
    const readers = ['auto' as const, ...dialectNames].map((dialect) =>
      responseReader({ dialect, rules: [] }),
    )
    fc.assert(
      fc.property(view, (response) => {
        for (const read of readers) {
          const { rejection, signals } = read(response)
          usageOfFields(response)
          usageOfBody(response)
          const spans = [
            rejection?.retryAfterUs,
            ...signals.flatMap((s) => [s.resetUs, s.windowUs]),
          ]
          for (const us of spans) {
            if (us != null) expect(Number.isSafeInteger(us) && us >= 0).toBe(true)
          }
          for (const { limit, remaining } of signals) {
            expect(
              [limit, remaining].every((n) => n === null || (Number.isFinite(n) && n >= 0)),
            ).toBe(true)
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  test('a name is printable, whatever the server sends', () => {
    const hostile = { 'violated-policies': ['\u001b[31m red\r\n\u202e'.repeat(100)] }
    const limiter = auto(responseView(429, {}, hostile)).rejection?.limiter
    expect(limiter).toMatch(/^[\x20-\x7e…]{1,100}$/)
  })

  test.each([
    ['digits', '1'.repeat(100_000)],
    ['quotes', '"'.repeat(100_000)],
    ['items', '"a";r=1,'.repeat(12_500)],
    ['brackets', '['.repeat(65_000)],
    ['messages', `{"error":{"message":"${'Rate limit reached for x on '.repeat(2_300)}"}}`],
    ['pages', '<hr><center>nginx/1.'.repeat(3_200)],
    ['durations', '1h'.repeat(50_000)],
  ])('100 kB of %s cost linear time', (_, hostile) => {
    const many = Object.fromEntries(fieldNames.map((name) => [name, hostile]))
    const startMs = performance.now()
    for (const status of [200, 429, 503]) auto(responseView(status, many, hostile))
    expect(performance.now() - startMs).toBeLessThan(500)
  })

  test('thousands of fields give a bounded number of limits', () => {
    const many = Object.fromEntries(
      Array.from({ length: 5_000 }, (_, i) => [`anthropic-ratelimit-d${i}-remaining`, '1']),
    )
    expect(auto(responseView(200, many)).signals.length).toBeLessThanOrEqual(64)
  })
})
