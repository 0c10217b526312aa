// Gateways that nobody here wrote, from package registries: `npm run test:real`. What was found is in
// docs/real-targets.md.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { main } from '../../cli.ts'
import { gatewaySpec } from '../../gateway/overrides.ts'
import { type RunningGateway, startGateway } from '../../gateway/server.ts'
import { workplace } from '../../testing/commandIo.ts'
import { installLiteLlm, type LiteLlm, startLiteLlm } from '../../testing/litellm.ts'

const isWanted = process.env.LIMITSCOPE_REAL === '1'
const problem = isWanted ? installLiteLlm() : null
if (problem !== null) process.stderr.write(`skipped: LiteLLM cannot be installed: ${problem}\n`)

/** The proxy's minute, shortened. */
const windowS = 6

const limits = {
  'sk-rpm': { rpm_limit: 5 },
  'sk-tpm': { tpm_limit: 100 },
  'sk-parallel': { max_parallel_requests: 2 },
}

const config = `
model: small
dialect: litellm
lanes:
  - { name: rpm, bearer: '\${env:RPM}' }
  - { name: tpm, bearer: '\${env:TPM}' }
  - { name: parallel, bearer: '\${env:PARALLEL}' }
shapes:
  - { kind: chat, name: cheap, promptTokens: 4, outputTokensMax: 4 }
  - { kind: chat, name: expensive, promptTokens: 8, outputTokensMax: 60 }
scenarios:
  - name: rpm
    lanes: [rpm]
    phases:
      - { name: burst, mix: [cheap], arrivals: { kind: spaced, gap: 20ms }, until: { kind: requests, count: 8 } }
      - { name: recovery, mix: [cheap], arrivals: { kind: spaced, gap: 200ms }, until: { kind: admitted } }
  - name: tpm
    lanes: [tpm]
    mix: [expensive]
    arrivals: { kind: spaced, gap: 20ms }
    until: { kind: requests, count: 6 }
  - name: parallel
    lanes: [parallel]
    mix: [cheap]
    arrivals: { kind: burst, size: 6, count: 1 }
`

describe.skipIf(!isWanted || problem !== null)('the LiteLLM proxy', { timeout: 120_000 }, () => {
  let upstream: RunningGateway
  let proxy: LiteLlm

  beforeAll(async () => {
    upstream = await startGateway(gatewaySpec('plain', { ttft: '300ms', itl: '0ms' }))
    proxy = await startLiteLlm(upstream.url, limits, windowS)
  }, 180_000)

  afterAll(async () => {
    await proxy?.close()
    await upstream?.close()
  })

  test('names the limiter of each key, and is found out about its window and its advice', async () => {
    const place = workplace({ RPM: 'sk-rpm', TPM: 'sk-tpm', PARALLEL: 'sk-parallel' })
    place.write('bench.config.yaml', config)
    await main(['node', 'limitscope', 'run', '--target', proxy.url], place.io)
    const found = place.csv('limiters.csv')
    process.stdout.write(
      `LiteLLM ${proxy.version}\n${place.stdout()}\n${JSON.stringify(found, null, 1)}\n`,
    )
    const of = (scenario: string) => found.find((row) => row.scenario === scenario)!
    expect(of('rpm')).toMatchObject({ limiter: 'requests', confidence: 'named', status: '429' })
    expect(of('rpm').admitted_requests_before).toBe('5')
    expect(of('tpm')).toMatchObject({ limiter: 'tokens', confidence: 'named', status: '429' })
    expect(of('parallel')).toMatchObject({ limiter: 'concurrent-requests', confidence: 'named' })
  })
})
