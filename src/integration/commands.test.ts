// What a user types, and what comes of it: good runs, wrong input, interruptions.

import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { main } from '../cli.ts'
import { gatewaySpec } from '../gateway/overrides.ts'
import { type RunningGateway, startGateway } from '../gateway/server.ts'
import { type Workplace, workplace } from '../testing/commandIo.ts'
import { httpServer, rawServer, type TestServer } from '../testing/servers.ts'

const open: (TestServer | RunningGateway)[] = []

afterEach(async () => {
  for (const server of open.splice(0)) await server.close()
})

async function keep<T extends TestServer | RunningGateway>(starting: Promise<T>): Promise<T> {
  const server = await starting
  open.push(server)
  return server
}

const limitscope = (place: Workplace, ...args: string[]) =>
  main(['node', 'limitscope', ...args], place.io)

const quick = `
import { defineConfig, defineScenario, env, lane, shape, spaced, untilRequests } from 'limitscope'
const free = lane('free', { bearer: env('FREE_TOKEN'), tier: 'free' })
const cheap = shape.chat('cheap', { promptTokens: 8, outputTokensMax: 4 })
export default defineConfig({
  target: 'gateway:free',
  scenarios: [defineScenario('quick', {
    lanes: [free], mix: [cheap], arrivals: spaced('1ms'), until: untilRequests(5),
    expect: ['count(ok) == 5'],
  })],
})`

/** A place with a config; \`change\` edits its text. */
function placeWith(change: (text: string) => string = (text) => text, env = {}): Workplace {
  const place = workplace({ FREE_TOKEN: 'sk-canary-7f3a', ...env })
  place.write('bench.config.ts', change(quick))
  return place
}

describe('a run', () => {
  test('prints a summary, writes its folder and its line of history, and exits 0', async () => {
    const place = placeWith()
    expect(await limitscope(place, 'run')).toBe(0)
    expect(place.stdout()).toMatch(/^PASSED {2}gateway:free/)
    expect(place.csv('requests.csv')).toHaveLength(5)
    expect(place.csv('checks.csv')[0]).toMatchObject({ verdict: 'passed' })
    const manifest = JSON.parse(place.file('manifest.json'))
    expect(manifest).toMatchObject({ schema: 'limitscope.manifest/1', seed: 1 })
    expect(JSON.parse(place.file('summary.json')).schema).toBe('limitscope.summary/1')
    expect(readFileSync(join(place.path, 'results/history.csv'), 'utf8').split('\n')).toHaveLength(
      3,
    )
  })

  test('exits 1 when an expectation fails, and says what was found', async () => {
    const place = placeWith((text) => text.replace('count(ok) == 5', 'count(ok) == 6'))
    expect(await limitscope(place, 'run')).toBe(1)
    expect(place.stdout()).toMatch(/FAILED {2}count\(ok\) == 6 {2}→ 5 requests/)
  })

  test('with --json prints one document and nothing else on stdout', async () => {
    const place = placeWith()
    expect(await limitscope(place, 'run', '--json', '--reporter', 'silent')).toBe(0)
    expect(JSON.parse(place.stdout())).toMatchObject({ schema: 'limitscope.summary/1' })
  })

  test('with --dry-run sends nothing and writes nothing', async () => {
    const place = placeWith()
    expect(await limitscope(place, 'run', '--dry-run')).toBe(0)
    expect(place.stdout()).toMatch(/at most 5 requests, 60 tokens/)
    expect(existsSync(join(place.path, 'results'))).toBe(false)
  })

  test('drives a real target, and its credential stands in no output', async () => {
    const gateway = await keep(startGateway(gatewaySpec('free', { ttft: '1ms', itl: '0ms' })))
    const place = placeWith()
    expect(await limitscope(place, 'run', '--target', gateway.url)).toBe(0)
    expect(gateway.service.decisions.count).toBe(5)
    const written = place
      .runs()
      .flatMap((run) =>
        ['manifest.json', 'requests.csv', 'events.jsonl', 'summary.json', 'limiters.csv'].map(
          (name) => readFileSync(join(place.path, 'results', run, name), 'utf8'),
        ),
      )
    for (const text of [...written, place.stdout(), place.stderr()]) {
      expect(text).not.toContain('sk-canary-7f3a')
    }
  })

  test('a token that a server echoes is redacted', async () => {
    const server = await keep(
      httpServer((request, response) => {
        response.writeHead(403).end(`no access for ${request.headers.authorization}`)
      }),
    )
    const place = placeWith()
    await limitscope(place, 'run', '--target', server.origin)
    expect(place.file('requests.csv')).toContain('no access for ***')
    expect(place.file('requests.csv')).not.toContain('sk-canary-7f3a')
  })
})

describe('load and check', () => {
  test('load sends as many requests as it is told, over the connections it is told', async () => {
    const sockets = new Set<unknown>()
    const server = await keep(
      httpServer((request, response) => {
        sockets.add(request.socket)
        response.end('ok')
      }),
    )
    const place = workplace()
    const args = ['load', `${server.origin}/x?y=1`, '-n', '300', '-c', '3', '-H', 'X-A: b']
    expect(await limitscope(place, ...args)).toBe(0)
    expect(place.csv('requests.csv')).toHaveLength(300)
    expect(sockets.size).toBe(3)
  })

  test('load at a rate keeps to it', async () => {
    const server = await keep(httpServer((_request, response) => void response.end('ok')))
    const place = workplace()
    expect(await limitscope(place, 'load', server.origin, '-r', '100/s', '-d', '500ms')).toBe(0)
    expect(place.csv('requests.csv')).toHaveLength(50)
  })

  test('check shows what it recognised, and what a run would cost', async () => {
    const place = placeWith()
    expect(await limitscope(place, 'check')).toBe(0)
    expect(place.stdout()).toMatch(/ok {2}cheap on free: status 200/)
    expect(place.stdout()).toMatch(/recognised: ietf/)
    expect(place.stdout()).toMatch(/requests: 29 of 30 left/)
    expect(place.stdout()).toMatch(/sends at most 5 requests, 60 tokens/)
  })
})

describe('wrong input', () => {
  const wrong: [string, string[], (text: string) => string, number, RegExp][] = [
    [
      'an unknown key in the config',
      ['run'],
      (text) => text.replace('until:', 'untill:'),
      2,
      /scenarios\[0\].*untill: unknown key; did you mean 'until'\?/,
    ],
    [
      'a wrong unit',
      ['run'],
      (text) => text.replace("'1ms'", "'1 fortnight'"),
      2,
      /unknown unit 'fortnight'; units are us, ms, s/,
    ],
    [
      'a missing environment variable',
      ['run', '--target', 'http://127.0.0.1:9'],
      (text) => text.replace('FREE_TOKEN', 'NOT_SET'),
      2,
      /lanes\.free: .*NOT_SET.*export NOT_SET=/,
    ],
    ['an unknown scenario', ['run', 'quik'], (text) => text, 2, /did you mean 'quick'\?/],
    [
      'a statement nobody understands',
      ['run'],
      (text) => text.replace('count(ok)', 'cuont(ok)'),
      2,
      /scenarios\.quick\.expect 'cuont\(ok\) == 5': unknown metric 'cuont': did you mean 'count'\?/,
    ],
    [
      'a target that refuses connections',
      ['run', '--target', 'http://127.0.0.1:9'],
      (text) => text,
      3,
      /nothing is listening \(ECONNREFUSED\) at http:\/\/127\.0\.0\.1:9; start it, or try: limitscope demo/,
    ],
    [
      'a public host without a cap',
      ['run', '--target', 'https://93.184.216.34'],
      (text) => text,
      2,
      /is a public host \(93\.184\.216\.34\) and the run has no cap on requests.*--max-requests N/,
    ],
    [
      'a cloud metadata address, cap or not',
      ['run', '--target', 'http://169.254.169.254', '--max-requests', '1'],
      (text) => text,
      2,
      /link-local, multicast or reserved address; those are never loaded/,
    ],
    [
      'an unknown preset',
      ['run', '--target', 'gateway:fre'],
      (text) => text,
      2,
      /did you mean 'free'\?/,
    ],
    ['an unknown option', ['run', '--tarjet', 'x'], (text) => text, 2, /unknown option '--tarjet'/],
    ['an unknown command', ['rum'], (text) => text, 2, /unknown command 'rum'/],
    [
      'a rate without its unit',
      ['load', 'http://127.0.0.1:9', '-r', '50'],
      (text) => text,
      2,
      /did you mean '50\/s'/,
    ],
    [
      'no URL at all',
      ['load', 'ht!tp://x'],
      (text) => text,
      2,
      /expected something like http:\/\/localhost/,
    ],
    [
      'a syntax error in the config',
      ['run'],
      (text) => text.replace('})]', '})'),
      2,
      /bench\.config\.ts/,
    ],
  ]

  test.each(wrong)(
    'gives one clear message: %s',
    async (_what, args, change, exitCode, message) => {
      const place = placeWith(change)
      expect(await limitscope(place, ...args)).toBe(exitCode)
      expect(place.stderr()).toMatch(message)
      expect(place.stderr()).not.toMatch(/a bug of ours/)
      expect(existsSync(join(place.path, 'results'))).toBe(false)
    },
  )

  test('no config at all says what to write', async () => {
    const place = workplace()
    expect(await limitscope(place, 'run')).toBe(2)
    expect(place.stderr()).toMatch(/bench\.config/)
  })

  test('a run folder that exists is never overwritten', async () => {
    const place = placeWith()
    mkdirSync(join(place.path, 'results/mine'), { recursive: true })
    writeFileSync(join(place.path, 'results/mine/requests.csv'), 'precious')
    expect(await limitscope(place, 'run', '--run-id', 'mine')).toBe(2)
    expect(place.stderr()).toMatch(
      /exists already and is never overwritten; choose another --run-id/,
    )
    expect(readFileSync(join(place.path, 'results/mine/requests.csv'), 'utf8')).toBe('precious')
  })

  test('results that cannot be written exit 5', async () => {
    const place = placeWith()
    writeFileSync(join(place.path, 'results'), '')
    expect(await limitscope(place, 'run')).toBe(5)
    expect(place.stderr()).toMatch(/results: cannot create .*choose a writable --out/)
  })

  test('a target that speaks no HTTP ends the run as inconclusive, with what it said kept', async () => {
    const server = await keep(
      rawServer((socket) => void socket.end('SSH-2.0-OpenSSH_9.2p1 Debian\r\n')),
    )
    const place = placeWith()
    expect(await limitscope(place, 'run', '--target', server.origin)).toBe(3)
    expect(place.stdout()).toMatch(/INCONCLUSIVE \(the target did not answer\)/)
    expect(place.stderr()).toMatch(
      /5 times in a row: bad response: expected HTTP\/1.x, got 'SSH-2.0-OpenSSH_9.2p1 Debian/,
    )
    expect(place.csv('requests.csv')).toHaveLength(5)
  })

  test('a target that dies in the middle leaves everything recorded', async () => {
    const gateway = await keep(startGateway(gatewaySpec('plain', {})))
    const place = placeWith((text) =>
      text
        .replace("spaced('1ms')", "spaced('20ms')")
        .replace('untilRequests(5)', 'untilRequests(5000)'),
    )
    const run = limitscope(place, 'run', '--target', gateway.url)
    setTimeout(() => void gateway.close(), 800)
    expect(await run).toBe(3)
    const rows = place.csv('requests.csv')
    expect(rows.filter(({ outcome }) => outcome === 'ok').length).toBeGreaterThan(10)
    expect(rows.at(-1)!.outcome).toBe('broken')
    expect(place.csv('summary.csv').length).toBeGreaterThan(0)
  }, 60_000)
})

describe('an interruption', () => {
  /** The real program, in a process of its own. */
  function start(place: Workplace, ...args: string[]) {
    const cli = join(import.meta.dirname, '../testing/cliMain.ts')
    const child = spawn(process.execPath, [cli, ...args], {
      cwd: place.path,
      env: { ...process.env, FREE_TOKEN: 'sk-canary-7f3a', CI: '1' },
    })
    let output = ''
    child.stderr.on('data', (chunk) => {
      output += chunk
    })
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    const exit = new Promise<number | null>((resolve) => {
      child.once('exit', (code) => resolve(code))
    })
    const said = async (text: string) => {
      for (let i = 0; i < 400 && !output.includes(text); i++) {
        await new Promise((resolve) => setTimeout(resolve, 25))
      }
      expect(output).toContain(text)
    }
    return { child, exit, said, output: () => output }
  }

  const long = (text: string) => text.replace('untilRequests(5)', 'untilRequests(100000)')

  test('drains and saves on the first Ctrl-C', async () => {
    const place = placeWith(long)
    const { child, exit, said, output } = start(place, 'run')
    await said('phase quick started')
    await new Promise((resolve) => setTimeout(resolve, 500))
    child.kill('SIGINT')
    expect(await exit).toBe(130)
    expect(output()).toMatch(/INTERRUPTED/)
    expect(place.csv('requests.csv').every(({ outcome }) => outcome !== 'aborted')).toBe(true)
    expect(place.csv('summary.csv').length).toBeGreaterThan(0)
  }, 60_000)

  test('drops what is in flight on the second, and saves all the same', async () => {
    const hang = await keep(httpServer(() => {}))
    const place = placeWith(long)
    const { child, exit, said } = start(place, 'run', '--target', hang.origin)
    await said('phase quick started')
    await new Promise((resolve) => setTimeout(resolve, 300))
    child.kill('SIGINT')
    await said('interrupt again to drop them')
    child.kill('SIGINT')
    expect(await exit).toBe(130)
    expect(place.csv('requests.csv').map(({ outcome }) => outcome)).toEqual(['aborted'])
  }, 60_000)

  test('by SIGTERM exits 143', async () => {
    const place = placeWith(long)
    const { child, exit, said } = start(place, 'run')
    await said('phase quick started')
    child.kill('SIGTERM')
    expect(await exit).toBe(143)
  }, 60_000)

  test('of a gateway leaves every decision in its log', async () => {
    const place = workplace()
    const flags = ['--preset', 'plain', '--port', '0', '--log', 'decisions.jsonl', '--json']
    const { child, exit, said, output } = start(place, 'gateway', ...flags)
    await said('"url"')
    const { url } = JSON.parse(output()) as { url: string }
    const ids = Array.from({ length: 20 }, (_, i) => `request-${i}`)
    for (const id of ids) {
      const headers = { 'content-type': 'application/json', 'x-request-id': id }
      const body = '{"model":"limitscope-small","max_tokens":1,"messages":[]}'
      await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body })
    }
    child.kill('SIGTERM')
    expect(await exit).toBe(0)
    expect(output()).toContain('stopped after 20 decisions')
    const log = readFileSync(join(place.path, 'decisions.jsonl'), 'utf8').trimEnd().split('\n')
    const logged = log.map((line) => JSON.parse(line) as { id: number; requestId: string })
    expect(logged.map(({ requestId }) => requestId)).toEqual(ids)
    expect(logged.at(-1)!.id).toBe(20)
  }, 60_000)

  test('by kill -9 leaves what was recorded until then', async () => {
    const gateway = await keep(startGateway(gatewaySpec('plain', {})))
    const place = placeWith(long)
    const { child, exit, said } = start(place, 'run', '--target', gateway.url)
    await said('phase quick started')
    await new Promise((resolve) => setTimeout(resolve, 1500))
    const decided = gateway.service.decisions.count
    child.kill('SIGKILL')
    await exit
    const rows = place.file('requests.csv').split('\n').length
    expect(JSON.parse(place.file('manifest.json')).plan.seed).toBe(1)
    // The journal has what the table had not got yet.
    const folder = join('results', readdirSync(join(place.path, 'results'))[0]!)
    expect([0, 3]).toContain(await limitscope(place, 'recover', folder))
    const recovered = place.csv('requests.csv')
    // A torn last line is a crash's right; everything older than a second is there.
    expect(recovered.length).toBeGreaterThanOrEqual(rows - 2)
    expect(recovered.length).toBeGreaterThan(decided / 3)
    expect(recovered.map(({ seq }) => Number(seq))).toEqual(recovered.map((_, i) => i + 1))
  }, 60_000)
})

test('several workers offer what one does, and find the same limiter', async () => {
  const gateway = await keep(startGateway(gatewaySpec('openai', { requests: '50/1m' })))
  const url = `${gateway.url}/v1/chat/completions`
  const body = '{"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":1}'
  const runs = [1, 3].map(async (workers) => {
    const place = placeWith()
    const key = `Authorization: Bearer sk-workers-${workers}`
    const rate = ['-r', '200/s', '--arrivals', 'poisson', '-n', '100', '--seed', '5']
    const request = ['-m', 'POST', '-b', body, '-H', 'Content-Type: application/json', '-H', key]
    await limitscope(place, 'load', url, ...rate, ...request, '--workers', String(workers))
    const rows = place.csv('requests.csv')
    const intended = rows.map(({ intended_us }) => Number(intended_us)).sort((a, b) => a - b)
    const [limiter] = place.csv('limiters.csv')
    return {
      schedule: intended.map((us) => us - intended[0]!),
      outcomes: rows.map(({ outcome }) => outcome).sort(),
      limiter,
    }
  })
  const [one, three] = await Promise.all(runs)
  expect(three!.schedule).toEqual(one!.schedule)
  expect(three!.outcomes).toEqual(one!.outcomes)
  expect(one!.outcomes.filter((outcome) => outcome === 'limited')).toHaveLength(50)
  expect(three!.limiter).toMatchObject({ limiter: one!.limiter!.limiter, rejections: '50' })
}, 60_000)

test('workers that cannot share a plan are refused, with the reason', async () => {
  const place = placeWith((text) =>
    text
      .replace('untilRequests(5)', "untilRejected('requests')")
      .replace('untilRequests', 'untilRejected, untilRequests'),
  )
  expect(await limitscope(place, 'run', '--workers', '2', '--target', 'gateway:kuadrant')).toBe(2)
  expect(place.stderr()).toMatch(/--workers: expected 1, got 2: .* only one worker can tell/)
})

test('a credential may come from a command, which is asked once', async () => {
  const place = placeWith((text) =>
    text
      .replace("env('FREE_TOKEN')", "command('./token.sh')")
      .replace('env, lane', 'command, lane'),
  )
  place.write('token.sh', '#!/bin/sh\necho asked >> asked.txt\necho sk-from-command\n')
  chmodSync(join(place.path, 'token.sh'), 0o755)
  const keys: string[] = []
  const server = await keep(
    httpServer((request, response) => {
      keys.push(request.headers.authorization ?? '')
      response.setHeader('content-type', 'application/json').end('{}')
    }),
  )
  expect(await limitscope(place, 'run', '--target', server.origin)).toBe(0)
  expect(new Set(keys)).toEqual(new Set(['Bearer sk-from-command']))
  expect(readFileSync(join(place.path, 'asked.txt'), 'utf8')).toBe('asked\n')
})
