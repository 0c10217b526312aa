import { describe, expect, test } from 'vitest'
import type { LimitUnit } from '../core/limits.ts'
import { type DialectName, dialectNames } from './dialect.ts'
import { denialBy, limiterOf, nowUnixMs, reportOf } from './fixtures/denials.ts'
import { responseReader } from './read.ts'
import { dialectNamed, dialects } from './table.ts'
import { viewOf } from './view.ts'

const read = responseReader({ dialect: 'auto', rules: [] })
const units: readonly LimitUnit[] = [
  'requests',
  'tokens',
  'prompt-tokens',
  'completion-tokens',
  'concurrent-requests',
  'usd',
]

// What a format has no words for is told as the next best.
const dimensions: Partial<Record<DialectName, Partial<Record<LimitUnit, LimitUnit>>>> = {
  openai: { 'prompt-tokens': 'tokens', 'completion-tokens': 'tokens' },
  'azure-openai': {
    'prompt-tokens': 'tokens',
    'completion-tokens': 'tokens',
    'concurrent-requests': 'requests',
    usd: 'requests',
  },
  litellm: { 'prompt-tokens': 'tokens', 'completion-tokens': 'tokens' },
  bifrost: { 'prompt-tokens': 'tokens', 'completion-tokens': 'tokens' },
  'llm-server': Object.fromEntries(
    units.filter((unit) => unit !== 'concurrent-requests').map((unit) => [unit, 'requests']),
  ),
  'inference-service': Object.fromEntries(units.map((unit) => [unit, 'concurrent-requests'])),
  'llm-gateway': Object.fromEntries(
    units.filter((unit) => unit !== 'concurrent-requests').map((unit) => [unit, 'requests']),
  ),
  'api-router': Object.fromEntries(
    units.filter((unit) => unit !== 'usd').map((unit) => [unit, 'requests']),
  ),
  kong: Object.fromEntries(units.map((unit) => [unit, 'requests'])),
}

test('the table has every dialect once, and `plain` last', () => {
  expect(dialects.map(({ name }) => name).toSorted()).toEqual(dialectNames.toSorted())
  expect(dialects.at(-1)?.name).toBe('plain')
  for (const name of dialectNames) expect(dialectNamed(name).name).toBe(name)
})

const pairs = dialects.flatMap((dialect) => units.map((unit) => ({ dialect, unit })))

describe('a written denial is read back', () => {
  test.each(pairs)('$dialect.name, $unit', ({ dialect, unit }) => {
    const limiter = limiterOf('burst', unit)
    const view = viewOf(dialect.rejected(denialBy(limiter)), nowUnixMs)
    const own = dialect.rejection(view)
    expect(read(view)).toMatchObject({ dialect: dialect.name, rejection: own })
    // limit-conn of APISIX sends nothing but its page.
    const isMute = dialect.name === 'apisix' && unit === 'concurrent-requests'
    const dimension = dimensions[dialect.name]?.[unit] ?? unit
    const expected = { limiter: 'burst', dimension, nothing: null }[dialect.names]
    expect(own?.limiter).toBe(isMute ? null : expected)
    if (dialect.names === 'dimension') expect(own?.unit).toBe(dimension)
    // Of those with names, these also say what is counted.
    if (['ietf', 'gemini'].includes(dialect.name)) expect(own?.unit).toBe(unit)
  })

  test.each(dialects.filter(({ names }) => names === 'limiter'))(
    '$name names the limiter that denied, wherever in the chain it stands',
    (dialect) => {
      // Requests in flight have no fields in APISIX.
      const last = dialect.name === 'apisix' ? 'usd' : 'concurrent-requests'
      const chain = (['requests', 'tokens', last] as const).map((unit, i) =>
        limiterOf(`${unit}-limit`, unit, 60 + i),
      )
      for (const [i, limiter] of chain.entries()) {
        const reports = chain.map((other, j) => reportOf(other, j <= i ? 0 : 5))
        const view = viewOf(dialect.rejected({ ...denialBy(limiter), reports }), nowUnixMs)
        expect(dialect.rejection(view)?.limiter).toBe(limiter.name)
      }
    },
  )

  test.each(
    dialects.filter(({ name }) => ['ietf', 'gemini', 'express-draft-8', 'kong-ai'].includes(name)),
  )('$name carries any printable name', (dialect) => {
    for (const name of ['per user', 'say "when"', 'back\\slash', 'A;b=c, d']) {
      if (dialect.name === 'kong-ai' && name.includes(', ')) continue
      const view = viewOf(dialect.rejected(denialBy(limiterOf(name, 'requests'))), nowUnixMs)
      expect(dialect.rejection(view)?.limiter).toBe(name)
    }
  })

  test.each(dialects)('$name sends names and values that HTTP allows', (dialect) => {
    const limiter = limiterOf('grüße\r\nx: "y"', 'tokens')
    const { headers } = dialect.rejected(denialBy(limiter, { others: [limiterOf('a b', 'usd')] }))
    expect(() => new Headers(viewOf({ status: 429, headers, body: '' }, 0).headers)).not.toThrow()
  })
})

describe('advice', () => {
  test.each([
    ['openai', 12.3e6],
    ['azure-openai', 12.3e6],
    ['anthropic', 13e6],
    ['gemini', 13e6],
    ['kong-ai', 13e6],
    ['ietf', 13e6],
    ['plain', 13e6],
    // These advise the rest of the window, whatever the limiter knows.
    ['kong', 30e6],
    ['express-legacy', 30e6],
    ['express-draft-8', 30e6],
    ['fastify', 30e6],
    // A second, always.
    ['api-router', 1e6],
    ['inference-service', 5e6],
    ['llm-gateway', 13e6],
    // Rounded down.
    ['llm-server', 12e6],
    // A whole window, always.
    ['litellm', 60e6],
    ['bifrost', null],
    ['apisix', null],
    ['limitador', null],
    ['kuadrant', null],
    ['envoy', null],
    ['nginx', null],
    ['haproxy', null],
  ] as const)('%s: back in %d µs', (name, us) => {
    const view = viewOf(
      dialectNamed(name).rejected(denialBy(limiterOf('requests', 'requests'))),
      nowUnixMs,
    )
    expect(read(view).rejection?.retryAfterUs).toBe(us)
  })

  test.each(
    dialects.filter(
      ({ name }) =>
        !/^(?:kong|express|fastify|litellm|api-router|inference|llm-gateway)/.test(name),
    ),
  )('$name gives none when no instant is known', (dialect) => {
    const denial = denialBy(limiterOf('slots', 'concurrent-requests'), { retryAfterUs: null })
    expect(dialect.rejection(viewOf(dialect.rejected(denial), nowUnixMs))?.retryAfterUs).toBeNull()
  })
})

describe('an admitted response advertises what is left', () => {
  const reports = [
    reportOf(limiterOf('requests', 'requests', 60)),
    reportOf(limiterOf('tokens', 'tokens', 6_000), 5_000),
  ]
  const context = { reports, nowUnixMs, subject: { key: 'k', model: 'm' } }
  const silent = [
    'gemini',
    'bifrost',
    'llm-server',
    'inference-service',
    'llm-gateway',
    'kuadrant',
    'nginx',
    'haproxy',
    'plain',
  ]

  test.each(dialects)('$name', (dialect) => {
    const headers = dialect.admitted(context)
    const view = viewOf({ status: 200, headers, body: '' }, nowUnixMs)
    const { signals, rejection } = read(view)
    expect(rejection).toBeNull()
    if (silent.includes(dialect.name)) return expect(headers).toEqual({})
    expect(dialect.signals(view)).toEqual(signals)
    expect(signals.some(({ remaining }) => remaining === 41 || remaining === 5_000)).toBe(true)
  })

  test.each(dialects)('$name has nothing to say without limiters', (dialect) => {
    const headers = dialect.admitted({ ...context, reports: [] })
    expect(Object.keys(headers).filter((name) => name.includes('ratelimit'))).toEqual([])
  })
})

describe('bytes', () => {
  const denial = denialBy(limiterOf('requests', 'requests', 3))

  test.each([
    ['nginx', 503, 197],
    ['haproxy', 429, 117],
    ['kuadrant', 429, 18],
    ['express-legacy', 429, 42],
    ['fastify', 429, 99],
  ] as const)('%s rejects with %d and %d bytes', (name, status, length) => {
    const written = dialectNamed(name).rejected(denial)
    expect([written.status, written.body.length]).toEqual([status, length])
  })

  test('express draft 8 appends a line per limiter, up to the one that denies', () => {
    const { headers } = dialectNamed('express-draft-8').rejected(
      denialBy(limiterOf('minute', 'requests', 10), {
        others: [limiterOf('burst', 'requests', 3)],
      }),
    )
    expect(headers.ratelimit).toEqual(['"burst"; r=41; t=30', '"minute"; r=0; t=30'])
    expect(headers['ratelimit-policy']).toEqual([
      expect.stringMatching(/^"burst"; q=3; w=60; pk=:[A-Za-z0-9+/]{16}:$/),
      expect.stringMatching(/^"minute"; q=10; w=60; pk=:[A-Za-z0-9+/]{16}:$/),
    ])
  })

  test('the IETF form is the current draft with a problem that names the policy', () => {
    const { headers, body } = dialectNamed('ietf').rejected(denial)
    expect(headers).toEqual({
      'content-type': 'application/problem+json',
      'ratelimit-policy': '"requests";q=3;w=60',
      ratelimit: '"requests";r=0;t=30',
      'retry-after': '13',
    })
    expect(JSON.parse(body)['violated-policies']).toEqual(['requests'])
  })

  test('Limitador lists the denying quota first', () => {
    const { headers } = dialectNamed('limitador').rejected(
      denialBy(limiterOf('requests', 'requests', 5), {
        others: [limiterOf('per day', 'requests', 9)],
      }),
    )
    expect(headers['x-ratelimit-limit']).toBe('5, 5;w=60;name="requests", 9;w=60;name="per day"')
  })
})
