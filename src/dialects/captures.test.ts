import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { capturedResponses } from './fixtures/parse.ts'
import { outcomeOf, responseReader } from './read.ts'

// Five seconds before the resets in the capture.
const receivedUnixMs = 1_795_198_089_000
const read = responseReader({ dialect: 'auto', rules: [] })

function captured(file: string) {
  const text = readFileSync(new URL(`./fixtures/${file}.txt`, import.meta.url), 'utf8')
  return capturedResponses(text, receivedUnixMs)
}

function sectionOf(file: string, section: string) {
  return captured(file).filter((response) => response.section.startsWith(section))
}

describe('servers of Node', () => {
  const cases = [
    ['29100/def', 'express-legacy', 'x-ratelimit-reset: epoch seconds', 5],
    ['29100/d6', 'express-draft-6', 'ratelimit-reset: delta seconds', 5],
    ['29100/d7', 'express-draft-7', 'ratelimit: delta seconds', 5],
    ['29100/d8 ', 'express-draft-8', 'ratelimit: delta seconds', 5],
    ['29100/d8two', 'express-draft-8', 'ratelimit: delta seconds', 5],
    ['29101/def', 'fastify', 'x-ratelimit-reset: delta seconds', 5],
    ['29102/def', 'fastify', 'ratelimit-reset: delta seconds', 5],
    ['29104/', 'plain', 'x-ratelimit-reset: epoch seconds', 4.798433],
    ['29105/', 'express-draft-6', 'ratelimit-reset: delta seconds', 5],
    ['29106/', 'express-draft-7', 'ratelimit: delta seconds', 5],
  ] as const

  test.each(cases)('%s is read as %s, resets by "%s"', (section, dialect, evidence, resetS) => {
    const [admitted, rejected] = sectionOf('node', section).map(({ view }) => read(view))
    const figures = { limit: 3, resetUs: Math.round(resetS * 1e6), evidence }
    expect(admitted?.rejection).toBeNull()
    expect(admitted?.dialect).toBe(dialect)
    expect(admitted?.signals[0]).toMatchObject({ ...figures, remaining: 2 })
    expect(rejected?.dialect).toBe(dialect)
    expect(rejected?.signals[0]).toMatchObject({ ...figures, remaining: 0 })
  })

  test.each(cases.map(([section, dialect]) => [section, dialect === 'plain' ? 4 : 5] as const))(
    '%s advises to come back in %d s',
    (section, seconds) => {
      const [, rejected] = sectionOf('node', section).map(({ view }) => read(view))
      expect(rejected?.rejection?.retryAfterUs).toBe(seconds * 1e6)
    },
  )

  test('draft 8 names the limiter that denied, and both while nothing is denied', () => {
    const [admitted, rejected] = sectionOf('node', '29100/d8two').map(({ view }) => read(view))
    expect(admitted?.signals.map(({ name, windowUs }) => [name, windowUs])).toEqual([
      ['burst', 5e6],
      ['minute', 60e6],
    ])
    expect(rejected?.rejection?.limiter).toBe('burst')
    expect(rejected?.signals.map(({ name }) => name)).toEqual(['burst'])
  })

  test('draft 6 and 7 carry the window, but no name', () => {
    for (const section of ['29100/d6', '29100/d7']) {
      const [, rejected] = sectionOf('node', section).map(({ view }) => read(view))
      expect(rejected?.rejection?.limiter).toBeNull()
      expect(rejected?.signals[0]?.windowUs).toBe(5e6)
    }
  })

  test('a fractional Retry-After of rate-limiter-flexible is tolerated and said to be invalid', () => {
    const [, rejected] = sectionOf('node', '29100/rlf').map(({ view }) => read(view))
    expect(rejected?.dialect).toBe('plain')
    expect(rejected?.rejection?.retryAfterUs).toBe(4.89e6)
    expect(rejected?.rejection?.evidence.join()).toContain(
      'fractional seconds (invalid, tolerated)',
    )
  })

  test('a ban by fastify is a rejection although its status is 403', () => {
    const readings = sectionOf('node', 'fastify ban').map(({ view }) => [
      view.status,
      read(view).dialect,
      outcomeOf(view.status, read(view)),
    ])
    expect(readings).toEqual([
      [200, 'fastify', 'ok'],
      [200, 'fastify', 'ok'],
      [200, 'fastify', 'ok'],
      [429, 'fastify', 'limited'],
      [429, 'fastify', 'limited'],
      [403, 'fastify', 'limited'],
      [403, 'fastify', 'limited'],
    ])
  })
})

describe('proxies', () => {
  test('every rejection of nginx is recognised, 503 as well as 429, and nothing is named', () => {
    const readings = captured('nginx').map(({ view }) => ({ status: view.status, ...read(view) }))
    const rejected = readings.filter(({ status }) => status !== 200)
    expect(rejected.map(({ status }) => status)).toEqual([503, 429, 429, 429])
    for (const { dialect, rejection } of rejected) {
      expect(dialect).toBe('nginx')
      expect(rejection).toMatchObject({ strength: 'signature', limiter: null, retryAfterUs: null })
    }
    for (const reading of readings.filter(({ status }) => status === 200)) {
      expect(reading).toMatchObject({ dialect: null, rejection: null, signals: [] })
    }
  })

  test('HAProxy denies by 429 and by 403, with its own page', () => {
    const pages = captured('haproxy').filter(({ view }) => view.body.startsWith('<html>'))
    expect(pages.map(({ view }) => [view.status, read(view).dialect])).toEqual([
      [429, 'haproxy'],
      [403, 'haproxy'],
      [429, 'haproxy'],
    ])
  })

  test('a configured Retry-After empties the page of HAProxy: any 429 is left, with its advice', () => {
    const bare = captured('haproxy').find(({ view }) => 'retry-after' in view.headers)
    const { dialect, rejection } = read(bare!.view)
    expect(dialect).toBe('plain')
    expect(rejection?.retryAfterUs).toBe(10e6)
  })

  test('a full queue of HAProxy looks like a backend that is down, so it is a failure', () => {
    const body =
      '<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n'
    const view = { status: 503, headers: { 'cache-control': 'no-cache' }, body, receivedUnixMs }
    expect(outcomeOf(503, read(view))).toBe('failed')
  })
})
