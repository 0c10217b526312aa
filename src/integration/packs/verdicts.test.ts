// The capital of France with the mock and with a real backend: what each verdict is, and what the two mean
// together, in the words of the document.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { main } from '../../cli.ts'
import { gatewaySpec } from '../../gateway/overrides.ts'
import { type RunningGateway, startGateway } from '../../gateway/server.ts'
import { workplace } from '../../testing/commandIo.ts'

let backend: RunningGateway | null = null

afterEach(async () => {
  await backend?.close()
  backend = null
})

const scenario = join(import.meta.dirname, '../../../scenarios/api-router/paris.ts')

async function verdictsOf(url: string, gateway: object, ...more: string[]) {
  const place = workplace({ VLLM_BACKEND_URL: url })
  place.write(
    'bench.config.ts',
    `import { defineConfig } from 'limitscope'
import { paris } from ${JSON.stringify(scenario)}
export default defineConfig({ gateway: ${JSON.stringify(gateway)}, scenarios: [paris] })`,
  )
  const args = ['run', '--target-profile', 'embedded,vllm', '--reporter', 'silent', ...more]
  const code = await main(['node', 'limitscope', ...args], place.io)
  return { code, place }
}

const nobody = 'http://127.0.0.1:9'

test('a real model may be slower than the mock: both pass, and it may be deployed', async () => {
  // Slower than the mock may be: each profile has a band of its own.
  backend = await startGateway(gatewaySpec('plain', { ttft: '1100ms', itl: '0ms' }))
  const { code, place } = await verdictsOf(backend.url, {})
  expect(code).toBe(0)
  expect(place.stdout()).toContain(
    'api-router/paris  passed      passed\n  All good! Safe to deploy.\n',
  )
  expect(place.csv('verdicts.csv')).toMatchObject([
    { scenario: 'api-router/paris', profile: 'embedded', verdict: 'passed' },
    { scenario: 'api-router/paris', profile: 'vllm', verdict: 'passed' },
  ])
})

test('where the mock passes and the real backend fails, it is critical', async () => {
  const { code, place } = await verdictsOf(nobody, {})
  expect(code).toBe(1)
  expect(place.stdout()).toContain(
    'api-router/paris  passed      failed\n  CRITICAL! Real integration issue detected. Fix it before deploying.\n',
  )
})

test('where the mock fails, it is the router; and --json is one document of both runs', async () => {
  const { code, place } = await verdictsOf(nobody, { breaks: ['empty-content'] }, '--json')
  expect(code).toBe(1)
  const { runs, verdicts } = JSON.parse(place.stdout()) as {
    runs: { profile: string; summary: { runId: string } }[]
    verdicts: unknown
  }
  expect(runs.map(({ profile }) => profile)).toEqual(['embedded', 'vllm'])
  expect(verdicts).toEqual([
    {
      scenario: 'api-router/paris',
      verdicts: { embedded: 'failed', vllm: 'failed' },
      says: 'Logic error in API router. Fix the code, mocks caught a bug early!',
    },
  ])
  const [first] = place.runs().sort()
  const checks = readFileSync(join(place.path, 'results', first!, 'checks.csv'), 'utf8')
  expect(checks).toContain('paris-1: /choices/0/message/content contains paris,failed')
})
