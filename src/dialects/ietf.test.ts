import { describe, expect, test } from 'vitest'
import { responseView } from './fixtures/denials.ts'
import { ietf } from './ietf.ts'

function signalsOf(headers: Readonly<Record<string, string>>) {
  return ietf.signals(responseView(200, headers)).map(({ evidence: _, ...figures }) => figures)
}

const burst = {
  name: 'burst',
  unit: 'requests',
  limit: 100,
  remaining: 50,
  windowUs: 60e6,
  resetUs: 30e6,
}

describe('wire generations', () => {
  test.each([
    [
      'drafts 08 to 11',
      { ratelimit: '"burst";r=50;t=30', 'ratelimit-policy': '"burst";q=100;w=60' },
    ],
    ['pending names', { ratelimit: '"burst";a=50;w=30', 'ratelimit-policy': '"burst";q=100;w=60' }],
    ['names as tokens', { ratelimit: 'burst;r=50;t=30', 'ratelimit-policy': 'burst;q=100;w=60' }],
    ['X-', { 'x-ratelimit': '"burst";r=50;t=30', 'x-ratelimit-policy': '"burst";q=100;w=60' }],
    [
      'Beta-',
      { 'beta-ratelimit': '"burst";r=50;t=30', 'beta-ratelimit-policy': '"burst";q=100;w=60' },
    ],
    [
      'foreign parameters',
      {
        ratelimit: '"burst";x-a=?1;r=50;t=30;pk=:YQ==:',
        'ratelimit-policy': '"burst";q=100;w=60;acme="b"',
      },
    ],
  ])('%s', (_, headers) => {
    expect(signalsOf(headers)).toEqual([burst])
  })

  test('draft 07 is a dictionary with a policy beside it', () => {
    const headers = {
      ratelimit: 'limit=100, remaining=50, reset=30',
      'ratelimit-policy': '100;w=60',
    }
    expect(signalsOf(headers)).toEqual([{ ...burst, name: null, unit: null }])
  })

  test('drafts 00 to 06 have a field per figure', () => {
    const headers = { 'ratelimit-remaining': '50', 'ratelimit-reset': '30' }
    for (const policy of [
      { 'ratelimit-limit': '100', 'ratelimit-policy': '100;w=60' },
      { 'ratelimit-limit': '100, 100;w=60' },
      { 'ratelimit-limit': '100;w=60' },
    ]) {
      expect(signalsOf({ ...headers, ...policy })).toEqual([{ ...burst, name: null, unit: null }])
    }
  })

  test('lists may come in several fields, and policies without a state are limits too', () => {
    const headers = {
      ratelimit: '"default";r=50;t=30',
      'ratelimit-policy': '"burst";q=100;w=60, "day";q=1000;w=86400;qu="content-bytes"',
    }
    expect(signalsOf(headers).map(({ name, remaining }) => [name, remaining])).toEqual([
      ['default', 50],
      ['burst', null],
      ['day', null],
    ])
  })

  test.each([
    ['requests', 'requests'],
    ['request', 'requests'],
    ['concurrent-requests', 'concurrent-requests'],
    ['tokens', 'tokens'],
    ['content-bytes', null],
  ])('the quota unit "%s" is %s', (unit, expected) => {
    const headers = { 'ratelimit-policy': `"x";q=1;qu="${unit}"` }
    expect(signalsOf(headers)[0]?.unit).toBe(expected)
  })
})

describe('malformed fields are ignored', () => {
  test.each([
    '"burst";r=50;t=30,',
    '"burst;r=50',
    '"burst";r="50"',
    '"burst";r=-1',
    '"burst"',
    'limit=a, remaining=b',
    ';;;',
    '\0',
    `"${'a'.repeat(100_000)}";r=1`,
    '__proto__=1',
  ])('%j', (value) => {
    expect(signalsOf({ ratelimit: value.slice(0, 120_000) })).toEqual([])
  })

  test('a time that cannot be meant is not known', () => {
    expect(signalsOf({ ratelimit: '"burst";r=50;t=999999999999999' })[0]?.resetUs).toBeNull()
  })
})

describe('rejections', () => {
  const fields = { ratelimit: '"burst";r=0;t=5, "day";r=7;t=500' }

  test('a problem names the violated policy, and that counts more than what remains', () => {
    const problem = {
      type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
      title: 'Quota exceeded',
      'violated-policies': ['day', 'burst'],
    }
    expect(ietf.rejection(responseView(429, fields, problem))).toMatchObject({
      strength: 'signature',
      limiter: 'day',
      evidence: ['body:/violated-policies: day, burst'],
    })
  })

  test('without a problem the only spent policy is meant', () => {
    expect(ietf.rejection(responseView(429, fields))).toMatchObject({
      strength: 'shape',
      limiter: 'burst',
    })
  })

  test('two spent policies leave it open', () => {
    const both = { ratelimit: '"burst";r=0;t=5, "day";r=0;t=500' }
    expect(ietf.rejection(responseView(429, both))?.limiter).toBeNull()
  })

  test('reduced capacity rejects by 503', () => {
    const type = 'https://iana.org/assignments/http-problem-types#temporary-reduced-capacity'
    expect(ietf.rejection(responseView(503, {}, { type }))?.strength).toBe('signature')
    expect(ietf.rejection(responseView(503, fields))).toBeNull()
  })
})
