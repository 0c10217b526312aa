// `limitscope profile` as a user meets it: real limiters, wrong input, targets that misbehave, Ctrl-C.

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { main } from '../cli.ts'
import { profile } from '../commands/profileLibrary.ts'
import type { ProfileDocument } from '../core/profileDocument.ts'
import { type Workplace, workplace } from '../testing/commandIo.ts'
import { expressLimiter, fastifyLimiter } from '../testing/nodeLimiters.ts'
import { httpServer, rawServer, type TestServer } from '../testing/servers.ts'

const open: TestServer[] = []

// Tests run side by side: most of their time is waiting.
afterAll(async () => {
  for (const server of open) await server.close()
})

async function keep(starting: Promise<TestServer>): Promise<TestServer> {
  const server = await starting
  open.push(server)
  return server
}

const limitscope = (place: Workplace, ...args: string[]) =>
  main(['node', 'limitscope', ...args], place.io)

async function profiled(origin: string, ...flags: string[]) {
  const place = workplace()
  const exitCode = await limitscope(place, 'profile', origin, '--json', ...flags)
  return { exitCode, place, document: JSON.parse(place.stdout()) as ProfileDocument }
}

const within = ['--max-requests', '400', '--max-duration', '30s', '--timeout', '500ms']

describe.concurrent('limiters that nobody here wrote', () => {
  test('express-rate-limit is identified, saved, and declared by a later run', async () => {
    const server = await keep(expressLimiter({ limit: 6, windowMs: 1000 }))
    const { exitCode, document, place } = await profiled(
      server.origin,
      ...within,
      '--save',
      'p.json',
    )
    expect(exitCode, JSON.stringify(document)).toBe(0)
    expect(document).toMatchObject({
      schema: 'limitscope.profile/1',
      conclusion: 'identified',
      limiters: [{ algorithm: 'fixed-window', anchor: 'first-request', limit: 6, status: 429 }],
    })
    expect(document.limiters[0]!.windowMs).toBeCloseTo(1000, -2)
    const load = ['load', server.origin, '-r', '20/s', '-d', '600ms', '--limits', 'p.json']
    expect(await limitscope(place, ...load)).toBe(0)
    const kinds = place.csv('limiters.csv').map((row) => `${row.kind} ${row.declared_limit}`)
    expect(kinds).toContain('fixed-window 6')
  }, 60_000)

  test('a window that rejected requests extend is told from one that they do not', async () => {
    const options = { max: 6, timeWindow: 1000, continueExceeding: true }
    const server = await keep(fastifyLimiter(options))
    // Whoever polls it stays locked out: it takes 18 windows in most cases, and 46 in the worst of 200.
    const alone = ['--max-requests', '400', '--max-duration', '75s', '--further', '0']
    const { document } = await profiled(server.origin, ...alone)
    expect(document.limiters).toMatchObject([
      { algorithm: 'fixed-window', limit: 6, chargesRejected: true },
    ])
  }, 90_000)
})

describe.concurrent('a target that misbehaves: undetermined, with the reason, and exit 3', () => {
  const answering = (status: number) =>
    httpServer((_request, response) => {
      response.writeHead(status).end()
    })
  const gone = async () => {
    const server = await rawServer(() => {})
    await server.close()
    return { ...server, close: async () => {} }
  }
  test.each([
    ['is down', gone, /ECONNREFUSED/],
    ['always answers 401', () => answering(401), /401/],
    ['always answers 429', () => answering(429), /every answer was a rejection \(429\)/],
    ['always answers 500', () => answering(500), /500/],
    ['never answers', () => rawServer(() => {}), /in time/],
    [
      'resets connections',
      () => rawServer((socket) => socket.on('data', () => socket.resetAndDestroy())),
      /ECONNRESET/,
    ],
    [
      'is no HTTP',
      () => rawServer((socket) => socket.on('data', () => socket.end('hello\r\n'))),
      /expected HTTP/,
    ],
  ] as const)(
    '%s',
    async (_name, start, reason) => {
      const server = await keep(start())
      const { exitCode, document } = await profiled(server.origin, ...within)
      expect(exitCode).toBe(3)
      expect(document).toMatchObject({ conclusion: 'undetermined', limiters: [] })
      expect(document.reasons.join('; ')).toMatch(reason)
    },
    60_000,
  )
})

describe.concurrent('what is asked for', () => {
  test('a dry run tells what it may cost, and sends nothing', async () => {
    let requests = 0
    const server = await keep(httpServer((_request, response) => response.end(String(requests++))))
    const place = workplace()
    const url = `${server.origin}/v1/chat/completions?api_key=sk-canary-7f3a`
    const flags = ['--max-requests', '50', '--second-model', 'm2', '--dry-run']
    expect(await limitscope(place, 'profile', url, ...flags)).toBe(0)
    expect(place.stdout()).toMatch(/at most 50 requests, 10,200 tokens, 10 m 0 s, 32 in flight/)
    expect(place.stdout()).toMatch(/also as another model/)
    expect(place.stdout()).not.toContain('canary')
    expect(requests).toBe(0)
  })

  test.each([
    [['http://192.0.2.1/'], /public host .* --max-requests N/],
    [['ftp://x/'], /expected something like http/],
    [['http://u:p@127.0.0.1:1/'], /no user and password/],
    [['http://127.0.0.1:1/', '-H', 'nonsense'], /expected 'Name: value'/],
    [['http://127.0.0.1:1/', '--dialect', 'openia'], /did you mean 'openai'/],
    [['gateway:kuadrantt'], /did you mean 'kuadrant'/],
  ])('%j is refused', async (args, message) => {
    const place = workplace()
    expect(await limitscope(place, 'profile', ...args)).toBe(2)
    expect(place.stderr()).toMatch(message)
  })

  test('limits from a file that is no profile are refused, with what to do', async () => {
    const place = workplace()
    place.write('p.json', '{"schema":"limitscope.summary/1"}')
    const load = ['load', 'http://127.0.0.1:1/', '-n', '1', '--limits', 'p.json']
    expect(await limitscope(place, ...load)).toBe(2)
    expect(place.stderr()).toMatch(/--limits: expected the file of a profile .*--save p\.json/)
  })

  test('no output has a credential, whatever the target does with it', async () => {
    const server = await keep(
      httpServer((request, response) => {
        const key = String(request.headers.authorization)
        const headers = { 'content-type': 'application/json', 'x-ratelimit-limit': key }
        response.writeHead(429, headers)
        response.end(
          JSON.stringify({ error: { type: key, code: key, message: `limit of ${key}` } }),
        )
      }),
    )
    const place = workplace()
    const flags = ['-H', 'Authorization: Bearer sk-canary-7f3a', '--save', 'p.json']
    await limitscope(place, 'profile', server.origin, ...within, ...flags)
    const { readFileSync } = await import('node:fs')
    const saved = readFileSync(join(place.path, 'p.json'), 'utf8')
    for (const text of [place.stdout(), place.stderr(), saved]) {
      expect(text).not.toContain('canary')
    }
    expect(place.stdout()).toMatch(/^UNDETERMINED/)
  })

  test('a scenario can first find out which limits there are, and declares them', async () => {
    const server = await keep(expressLimiter({ limit: 6, windowMs: 1000 }))
    const place = workplace()
    place.write(
      'bench.config.mjs',
      `import { defineConfig, defineScenario, lane, shape, spaced, untilRejected } from 'limitscope'
export default defineConfig({ scenarios: [defineScenario('known', {
  lanes: [lane('any')], mix: [shape.raw('get', { path: '/' })], arrivals: spaced('0s'),
  until: untilRejected('*'), profile: { maxRequests: 400 },
  expect: ['first(known).limiter == requests'],
})] })`,
    )
    expect(await limitscope(place, 'run', '--dry-run', '--target', server.origin)).toBe(0)
    expect(place.stdout()).toMatch(/profiles the target first, with at most 400 requests/)
    expect(await limitscope(place, 'run', '--target', server.origin)).toBe(0)
    expect(JSON.parse(place.file('profile-known.json'))).toMatchObject({ conclusion: 'identified' })
    expect(place.csv('limiters.csv')[0]).toMatchObject({
      limiter: 'requests',
      declared_limit: '6',
      admitted_requests_before: '6',
      confidence: 'inferred',
    })
  }, 60_000)

  test('the library gives the document, and tells what happens meanwhile', async () => {
    const server = await keep(httpServer((_request, response) => response.writeHead(401).end()))
    const kinds = new Set<string>()
    const document = await profile(server.origin, {
      maxRequests: 20,
      onEvent: ({ kind }) => void kinds.add(kind),
    })
    expect(document).toMatchObject({ conclusion: 'undetermined', target: `${server.origin}/` })
    expect(kinds).toContain('observation')
  })

  test('Ctrl-C gives what is known, and exits 130', async () => {
    const server = await keep(expressLimiter({ limit: 5, windowMs: 20_000 }))
    const cli = join(import.meta.dirname, '../testing/cliMain.ts')
    const child = spawn(process.execPath, [cli, 'profile', server.origin, '--reporter', 'line'])
    let [out, err] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk
    })
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk
      if (err.includes('is the first limited')) child.kill('SIGINT')
    })
    const exitCode = await new Promise((resolve) => child.once('exit', resolve))
    expect(exitCode).toBe(130)
    expect(out).toMatch(/^(UNDETERMINED|IDENTIFIED)/)
  }, 30_000)
})
