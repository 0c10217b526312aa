// What a scenario must hold, as it is typed: a slip of the pen ends before the first request.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { main } from '../cli.ts'
import { workplace } from '../testing/commandIo.ts'
import { limitedConfig } from '../testing/limitedConfig.ts'

const configOf = (expect: readonly string[]) => limitedConfig({ limit: 20, requests: 25, expect })

test('a threshold with a typing slip is told with the nearest name, and nothing is sent', async () => {
  const place = workplace()
  const slips = [
    'p99(response){shape=chaep} < 800ms',
    'first_rejection(requets).admitted == 20',
    'goodput / offred > 0.5',
    'rejectd(requests) within 60s of start',
  ]
  place.write('bench.config.json', JSON.stringify(configOf(slips)))
  expect(await main(['node', 'limitscope', 'run', '--reporter', 'silent'], place.io)).toBe(2)
  const told = place.stderr()
  expect(told).toContain("unknown shape 'chaep': did you mean 'cheap'?")
  expect(told).toContain("no phase or limiter is called 'requets': did you mean 'requests'?")
  expect(told).toContain("unknown metric 'offred': did you mean 'offered'?")
  expect(told).toContain("unknown event 'rejectd': did you mean 'rejected'?")
  expect(existsSync(join(place.path, 'results'))).toBe(false)
})

test('thresholds about limiters and shares are judged in a run', { retry: 3 }, async () => {
  const place = workplace()
  const thresholds = [
    'first_rejection(requests).admitted == 20',
    'limit(requests).overshoot <= 0',
    'goodput / offered > 0.95',
    'rejected(requests) within 60s of start',
    'p99(response){shape=cheap} < 800ms',
  ]
  place.write('bench.config.json', JSON.stringify(configOf(thresholds)))
  const exitCode = await main(['node', 'limitscope', 'run', '--reporter', 'silent'], place.io)
  expect(exitCode).toBe(1)
  expect(place.csv('checks.csv').map(({ verdict }) => verdict)).toEqual([
    ...['passed', 'passed', 'failed', 'passed', 'inconclusive'],
  ])
  expect(place.csv('checks.csv').at(-1)!.reason).toMatch(/^p99 needs at least 662 requests, had 20/)
})
