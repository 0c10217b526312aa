// `limitscope plan` as users call it: a forecast with its back-test, traffic from a log, bad input.

import { expect, test } from 'vitest'
import { main } from '../cli.ts'
import { workplace } from '../testing/commandIo.ts'

const run = (place: ReturnType<typeof workplace>, ...argv: string[]) =>
  main(['node', 'limitscope', 'plan', ...argv], place.io)

const tiers = `
horizon: 3m
futures: 60
service: { ttft: 50ms, itl: 1ms }
price: { promptPerMillion: 0.15, completionPerMillion: 0.6 }
uncertainty: { limits: 2%, tokens: 5%, rate: 5% }
tiers:
  free: { keys: 4, rate: 30/min, prompt: 100, completion: { mean: 50, cv: 1 },
    limiters: { requests: { limit: 20, window: 1m }, tokens: { limit: 9000, window: 1m, charge: post } } }
  premium: { keys: 1, rate: 30/min, prompt: 100, completion: 50, scale: { prompt: 2 },
    limiters: { tokens: { limit: 90000, window: 1m } } }
`

test('tiers are forecast, and the forecast is tried on the embedded gateway', async () => {
  const place = workplace()
  place.write('tiers.yaml', tiers)
  expect(await run(place, 'tiers.yaml', '--backtest')).toBe(0)
  const [free, premium, all] = place.csv('plan.csv')
  expect(free).toMatchObject({ tier: 'free', binding: 'requests', measured_binding: 'requests' })
  expect(premium).toMatchObject({ tier: 'premium', binding: 'none', measured_binding: 'none' })
  const carried = Number(free!.measured_carried_per_s)
  expect(Math.abs(Number(free!.carried_per_s_p50) / carried - 1)).toBeLessThan(0.15)
  expect(all!.tier).toBe('all')
  const page = place.file('plan.html')
  expect(page).toContain('default-src &#39;none&#39;')
  expect(page).toMatch(/<th scope="row">free<\/th><td class="n">4<\/td>/)
  expect(page).toMatch(/tier premium: .* carried, forecast off by/)
  expect(place.stdout()).toMatch(/binds: +requests 100 % of the futures/)
  expect(place.stdout()).toMatch(/tier premium: .* carried, forecast off by/)
})

test('traffic comes from a log, whose broken rows are told', async () => {
  const place = workplace()
  const rows = Array.from({ length: 120 }, (_, i) => `${i},free-${i % 3},100,50`)
  place.write(
    'access.csv',
    ['time,key,prompt_tokens,completion_tokens', ...rows, 'x,,,'].join('\n'),
  )
  const file = (mode: string) =>
    `horizon: 2m\nfutures: 40\nlog: { path: access.csv, mode: ${mode} }\ntiers: { free: { limiters: { requests: { limit: 10, window: 1m } } } }`
  place.write('resample.yaml', file('resample'))
  place.write('replay.yaml', file('replay'))
  expect(await run(place, 'resample.yaml', '--no-save')).toBe(0)
  expect(await run(place, 'replay.yaml', '--no-save', '--json')).toBe(0)
  expect(place.stdout()).toMatch(/tier free: 3 keys/)
  expect(place.stderr()).toMatch(/1 of 121 rows are left out: line 122: expected a time, got 'x'/)
})

test('what is wrong with a tiers file is said all at once, with places', async () => {
  const place = workplace()
  place.write(
    'tiers.yaml',
    'tiers: { free: { rate: 5, prompt: 1, completion: 1 }, premium: { keyz: 1 } }',
  )
  expect(await run(place, 'nowhere.yaml')).toBe(2)
  expect(place.stderr()).toMatch(/nowhere\.yaml: expected a file, found none there/)
  expect(await run(place, 'tiers.yaml')).toBe(2)
  expect(place.stderr()).toMatch(/tiers\.free\.rate: .*did you mean '5\/s'/)
  expect(place.stderr()).toMatch(/tiers\.premium\.keyz: .*did you mean 'keys'/)
  place.write('bare.yaml', 'tiers: { free: { rate: 5/s } }')
  expect(await run(place, 'bare.yaml')).toBe(2)
  expect(place.stderr()).toMatch(/tiers\.free: expected prompt, completion; or a log that says it/)
  place.write(
    'never.yaml',
    tiers.replace(
      'tokens: { limit: 90000',
      'requests: { limit: 10, window: 1h }, minute: { limit: 90, window: 1m, unit: requests }, tokens: { limit: 90000',
    ),
  )
  expect(await run(place, 'never.yaml', '--no-save', '--futures', '1')).toBe(0)
  expect(place.stderr()).toMatch(
    /warning: tier premium: minute: 90 .* can never say no: requests: 10/,
  )
})
