// The rate limit service of Envoy, asked as `POST /json`: fixed windows by the clock, kept in Redis. What
// was found is in docs/real-targets.md.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { main } from '../../cli.ts'
import { workplace } from '../../testing/commandIo.ts'
import {
  envoyRatelimitVersion,
  installEnvoyRatelimit,
  startEnvoyRatelimit,
} from '../../testing/envoyRatelimit.ts'
import type { TestServer } from '../../testing/servers.ts'

const isWanted = process.env.LIMITSCOPE_REAL === '1'
const problem = isWanted ? installEnvoyRatelimit() : null
if (problem !== null) {
  process.stderr.write(`skipped: envoyproxy/ratelimit cannot be installed: ${problem}\n`)
}

const descriptors = `
  - { key: user, rate_limit: { unit: hour, requests_per_unit: 6 } }
  - { key: tier, rate_limit: { unit: hour, requests_per_unit: 10 } }
  - { key: second, rate_limit: { unit: second, requests_per_unit: 3 } }
`

/** A request that is counted for each of these descriptors. */
function shape(name: string, entries: Readonly<Record<string, string>>) {
  const asked = Object.entries(entries).map(([key, value]) => ({ entries: [{ key, value }] }))
  return { kind: 'raw', name, path: '/json', body: { domain: 'api', descriptors: asked } }
}

const shapes = [
  shape('ann', { user: 'ann', tier: 'free' }),
  shape('ben', { user: 'ben', tier: 'free' }),
  shape('eve', { user: 'eve' }),
  shape('brief', { second: 'a' }),
]

const oneByOne = (name: string, mix: string, count: number) => ({
  name,
  mix: [mix],
  arrivals: { kind: 'spaced', gap: '10ms' },
  until: { kind: 'requests', count },
})

const over = (index: number) => ({
  status: 429,
  json: { [`/statuses/${index}/code`]: 'OVER_LIMIT' },
})

/** The answer tells each descriptor on its own: who said no can be read. */
const named = {
  shapes,
  rules: [
    {
      limiter: 'second',
      unit: 'requests',
      when: { status: 429, json: { '/statuses/0/currentLimit/unit': 'SECOND' } },
      retryAfter: ['/statuses/0/durationUntilReset'],
    },
    {
      limiter: 'user',
      unit: 'requests',
      when: over(0),
    },
    { limiter: 'tier', unit: 'requests', when: over(1) },
  ],
  scenarios: [
    oneByOne('ann', 'ann', 8),
    oneByOne('ben', 'ben', 4),
    {
      name: 'second',
      phases: [
        oneByOne('burst', 'brief', 8),
        {
          name: 'recovery',
          mix: ['brief'],
          arrivals: { kind: 'spaced', gap: '50ms' },
          until: { kind: 'admitted' },
        },
      ],
    },
  ],
}

/** Nothing is read, the limit is declared. */
const declared = {
  shapes,
  limiters: { hourly: { limit: 6, window: '1h', anchor: 'wall-clock' } },
  scenarios: [oneByOne('eve', 'eve', 9)],
}

describe.skipIf(!isWanted || problem !== null)(
  `envoyproxy/ratelimit ${envoyRatelimitVersion}`,
  { timeout: 60_000 },
  () => {
    let server: TestServer

    beforeAll(async () => {
      server = await startEnvoyRatelimit(descriptors)
    })

    afterAll(() => server?.close())

    async function found(config: object) {
      const place = workplace()
      place.write('bench.config.json', JSON.stringify(config))
      await main(['node', 'limitscope', 'run', '--target', server.origin], place.io)
      process.stdout.write(`${place.stdout()}\n`)
      const rows = place.csv('limiters.csv').filter((row) => row.first_rejection_seq !== '')
      return (scenario: string) => rows.find((row) => row.scenario === scenario)!
    }

    test('the limit of a user and that of a tier are told apart, each at its first rejection', async () => {
      const of = await found(named)
      expect(of('ann')).toMatchObject({
        limiter: 'user',
        confidence: 'named',
        status: '429',
        admitted_requests_before: '6',
        rejections: '2',
      })
      // Rejected requests were counted for the tier, too: eight are gone, two are left.
      expect(of('ben')).toMatchObject({
        limiter: 'tier',
        confidence: 'named',
        admitted_requests_before: '2',
      })
      expect(of('second')).toMatchObject({ limiter: 'second', confidence: 'named' })
    })

    test('a limit that is declared is inferred where nothing names it', async () => {
      const of = await found(declared)
      expect(of('eve')).toMatchObject({
        limiter: 'hourly',
        confidence: 'inferred',
        admitted_requests_before: '6',
        rejections: '3',
      })
    })
  },
)
