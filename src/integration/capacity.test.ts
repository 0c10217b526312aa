// `limitscope capacity` as users call it: its messages, what it keeps, and that it can be resumed.

import { appendFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { main } from '../cli.ts'
import { workplace } from '../testing/commandIo.ts'
import { httpServer } from '../testing/servers.ts'

const run = (place: ReturnType<typeof workplace>, ...argv: string[]) =>
  main(['node', 'limitscope', 'capacity', ...argv], place.io)

const config = (slo: string, target = 'gateway:plain') => `
import { defineConfig, defineScenario, lane, poisson, shape } from 'limitscope'
const call = shape.chat('call', { promptTokens: 1, outputTokensMax: 1 })
const chat = (name) => defineScenario(name, { lanes: [lane('free')], arrivals: poisson('10/s'),
  mix: [call], measure: '1s', timeout: '1s', drain: '1s', slo: [${slo}] })
export default defineConfig({ target: '${target}', gateway: { ttft: '300ms', spread: 0 },
  scenarios: [chat('one')] })`

const quick = ['--reporter', 'line', '--step', '600ms', '--warmup', '0s', '--start', '40/s']

test('a promise that no load keeps is told, every step is kept, and the search goes on from there', async () => {
  const place = workplace()
  place.write('bench.config.ts', config("'p50(response) < 200ms'"))
  expect(await run(place, ...quick, '--max-steps', '2')).toBe(1)
  expect(place.stdout()).toMatch(
    /capacity: none: at 20\/s, .*'p50\(response\) < 200ms' \(100 % do not/,
  )
  expect(place.csv('capacity_steps.csv').map(({ verdict }) => verdict)).toEqual(['fail', 'fail'])
  expect(place.file('capacity.html')).toMatch(/^<!doctype html>/)
  const [folder] = place.runs()
  const path = join('results', folder!)
  appendFileSync(join(place.path, path, 'steps.jsonl'), '{"move":{"kind":"bracket","loadP')
  const before = place.stdout()
  expect(await run(place, '--resume', path, '--reporter', 'silent')).toBe(1)
  expect(place.stdout().slice(before.length)).toBe(before)
})

test('a target that dies in a step ends the search, with what is known by then', async () => {
  const place = workplace()
  let answered = 0
  const server = await httpServer((request, response) => {
    if (++answered > 40) return void request.socket.destroy()
    response.end('{"usage":{"prompt_tokens":1,"completion_tokens":1}}')
  })
  place.write('bench.config.ts', config("'p50(response) < 1s'", server.origin))
  const code = await run(place, ...quick, '--step', '3s')
  await server.close()
  expect(code).toBe(3)
  expect(place.stdout()).toMatch(/capacity: not known: the target stopped answering/)
  expect(place.stdout()).toMatch(/--resume goes on/)
})

test('a target that is down is told before a search begins, and leaves nothing behind', async () => {
  const place = workplace()
  const server = await httpServer((_request, response) => response.end())
  await server.close()
  place.write('bench.config.ts', config("'p50(response) < 1s'", server.origin))
  expect(await run(place, ...quick)).toBe(3)
  expect(place.stdout()).toBe('')
  expect(place.stderr()).toMatch(/target: nothing is listening \(ECONNREFUSED\)/)
  expect(existsSync(join(place.io.cwd, 'results'))).toBe(false)
})

test('what it cannot search is said, with what to do', async () => {
  const place = workplace()
  place.write('bench.config.ts', config(''))
  expect(await run(place, 'one')).toBe(2)
  expect(await run(place, 'one', '--slo', 'max(response) < 1s')).toBe(2)
  expect(await run(place, 'one', '--slo', 'p99(responze) < 1s')).toBe(2)
  expect(await run(place, '--resume', '.')).toBe(2)
  const lines = place.stderr().trim().split('\n')
  expect(lines[0]).toMatch(/expected an SLO, got none: .* give --slo 'p99\(response\) < 800ms'/)
  expect(lines[1]).toMatch(/slo 'max\(response\) < 1s': expected a quantile or a share/)
  expect(lines[2]).toMatch(/did you mean 'response'\?/)
  expect(lines[3]).toMatch(/expected the folder of a capacity search, .* has no search.json/)
})
