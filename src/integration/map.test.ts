// `limitscope map` as users call it: against the embedded gateway, a config, a run, and nothing.

import { expect, test } from 'vitest'
import { main } from '../cli.ts'
import { workplace } from '../testing/commandIo.ts'

const run = (place: ReturnType<typeof workplace>, ...argv: string[]) =>
  main(['node', 'limitscope', 'map', ...argv], place.io)

const config = `
import { defineConfig, defineScenario, lane, shape, spaced, untilRequests } from 'limitscope'
export default defineConfig({
  target: 'gateway:plain',
  gateway: { requests: '20/2s', tokens: '2000/2s', ttft: '1ms', itl: '10us', dialect: 'ietf' },
  scenarios: [defineScenario('one', { lanes: [lane('free')], arrivals: spaced('0s'),
    mix: [shape.chat('cheap', { promptTokens: 1, outputTokensMax: 1 })], until: untilRequests(1) })],
})`

test('a map is predicted, tried on the gateway, and can be made again from its run', async () => {
  const place = workplace()
  place.write('bench.config.ts', config)
  expect(await run(place, 'bench.config.ts', '--reporter', 'silent', '--probes', '4')).toBe(0)
  expect(place.stdout()).toMatch(/crossover: 100 tokens per call/)
  const probes = place.csv('map_probes.csv')
  expect(probes.length).toBeGreaterThanOrEqual(4)
  expect(new Set(probes.map(({ verdict }) => verdict))).toEqual(new Set(['as expected']))
  const limiters = new Set(place.csv('map.csv').map(({ limiter }) => limiter))
  expect(limiters).toEqual(new Set(['', 'requests', 'tokens']))
  expect(place.file('map.html')).toMatch(/^<!doctype html>/)
  const [folder] = place.runs()
  expect(await run(place, `results/${folder}`, '--no-verify', '--columns', '32', '--json')).toBe(0)
  expect(place.stdout()).toMatch(/"source": "results\/.* \(declared limits\)"/)
})

test('a map is made from what a profile has found', async () => {
  const place = workplace()
  const window = { burst: null, refillPerS: null, anchor: 'first-request', scope: null }
  const limiter = {
    ...window,
    charge: 'pre',
    algorithm: 'fixed-window',
    chargesRejected: false,
    confidence: 1,
  }
  const limiters = [
    { ...limiter, id: 'requests', unit: 'requests', limit: 20, windowMs: 1000 },
    { ...limiter, id: 'tokens', unit: 'tokens', limit: 1000, windowMs: 1000 },
  ]
  place.write('profile.json', JSON.stringify({ schema: 'limitscope.profile/1', limiters }))
  const flags = ['--limits', 'profile.json', '--no-verify', '--columns', '32']
  expect(await run(place, 'http://127.0.0.1:9/', ...flags)).toBe(0)
  expect(place.stdout()).toMatch(/limits of profile\.json/)
  expect(place.stdout()).toMatch(/crossover: 50 tokens per call/)
})

test('what a map cannot be made from is said, with what to do', async () => {
  const place = workplace()
  expect(await run(place, 'nowhere')).toBe(2)
  expect(await run(place, 'gateway:plain')).toBe(2)
  expect(await run(place, 'gateway:kuadrant', '--lane', 'premum')).toBe(2)
  const lines = place.stderr().trim().split('\n')
  expect(lines[0]).toMatch(/expected a URL, 'gateway:NAME', the folder of a run or a config file/)
  expect(lines[1]).toMatch(/expected limits, got none: .* find them: limitscope profile URL/)
  expect(lines[2]).toMatch(/--lane: expected one of map, got 'premum'/)
})
