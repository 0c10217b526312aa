// Limitador, the limiter of Kuadrant: both of its limiters answer with the same bytes, so that which of
// them spoke has to be inferred. What was found is in docs/real-targets.md.

import { afterEach, describe, expect, test } from 'vitest'
import { main } from '../../cli.ts'
import { workplace } from '../../testing/commandIo.ts'
import { buildLimitador, limitadorVersion, startLimitador } from '../../testing/limitador.ts'
import type { TestServer } from '../../testing/servers.ts'

const isWanted = process.env.LIMITSCOPE_REAL === '1'
const problem = isWanted ? buildLimitador() : null
if (problem !== null) process.stderr.write(`skipped: Limitador cannot be built: ${problem}\n`)

/** The free tier of MaaS, with windows of seconds. */
const limits = { requests: 5, requestWindowS: 4, tokens: 100, tokenWindowS: 2 }

const config = (charge: 'post' | 'reserve') => `
dialect: kuadrant
model: small
gateway: { requests: 5/4s, tokens: 100/2s, charge: ${charge}, ttft: 1ms, itl: 0ms }
lanes: [{ name: free, bearer: '\${env:TOKEN}' }]
limiters:
  requests: { limit: 5, window: 4s }
  tokens: { limit: 100, window: 2s, charge: ${charge} }
shapes:
  - { kind: chat, name: cheap, promptTokens: 1, outputTokensMax: 8 }
  - { kind: chat, name: expensive, promptTokens: 8, outputTokensMax: 60 }
scenarios:
  - name: many-cheap
    lanes: [free]
    phases:
      - { name: burst, isolate: window, mix: [cheap], arrivals: { kind: spaced, gap: 20ms }, until: { kind: requests, count: 10 } }
      - { name: recovery, mix: [cheap], arrivals: { kind: spaced, gap: 100ms }, until: { kind: admitted } }
    expect:
      - limit(requests).window >= 4s
      - limit(requests).window <= 5s
  - name: few-expensive
    lanes: [free]
    isolate: window
    mix: [expensive]
    arrivals: { kind: spaced, gap: 0ms }
    until: { kind: requests, count: 4 }
`

const compared = [
  'scenario',
  'limiter',
  'confidence',
  'status',
  'admitted_requests_before',
  'admitted_tokens_before',
  'overshoot',
]

function rejection(scenario: string, limiter: string, figures: readonly string[]) {
  const values = [scenario, limiter, 'inferred', '429', ...figures]
  return Object.fromEntries(compared.map((column, i) => [column, values[i]]))
}

describe.skipIf(!isWanted || problem !== null)(
  `Limitador ${limitadorVersion}`,
  { timeout: 60_000 },
  () => {
    let server: TestServer

    afterEach(() => server.close())

    /** What was found at one target: the first rejection of each scenario. */
    async function firstAt(target: string, charge: 'post' | 'reserve') {
      const place = workplace({ TOKEN: 'a-token' })
      place.write('bench.config.yaml', config(charge))
      const code = await main(['node', 'limitscope', 'run', '--target', target], place.io)
      process.stdout.write(`${target}, ${charge}\n${place.stdout()}\n`)
      expect(code).toBe(0)
      return place
        .csv('limiters.csv')
        .filter((row) => row.first_rejection_seq !== '')
        .map((row) => Object.fromEntries(compared.map((column) => [column, row[column]])))
    }

    test.each([
      // The second call crosses the limit, and is served as a whole.
      { mode: 'check-report', charge: 'post', calls: '2', spent: '136', overshoot: '36' },
      { mode: 'reservation', charge: 'reserve', calls: '1', spent: '68', overshoot: '0' },
    ] as const)(
      'each shape meets its own limiter, as at the embedded gateway: $mode',
      async ({ mode, charge, calls, spent, overshoot }) => {
        server = await startLimitador({ ...limits, mode })
        const found = await firstAt(server.origin, charge)
        expect(found).toEqual([
          rejection('many-cheap', 'requests', ['5', '45', '0']),
          rejection('few-expensive', 'tokens', [calls, spent, overshoot]),
        ])
        expect(await firstAt('gateway:kuadrant', charge)).toEqual(found)
      },
    )
  },
)
